/*
 * backup: `assistant backup FILE`: a copy of the database while the service goes on. One at a time,
 * step by step from tick; the copy is noted in the table `backups` before it is spoken of, so that
 * an erasure can name every copy that still holds the person. The loop thread only.
 */
#ifndef HOST_SERVICE_BACKUP_H
#define HOST_SERVICE_BACKUP_H

#include "service/host.h"

struct backup;

/*
 * Begins one at this absolute path. `ended` hears once what came of it (an exit code and words),
 * when that is durable; also from within this call.
 */
void backup_begin(struct host *h, const char *path,
                  void (*ended)(void *arg, int code, const char *words), void *arg);
/* For tick, after each commit (lost: it was none; busy: with tasks about, less at a time). */
void backup_go_on(struct host *h, bool lost, bool busy);
/* Copies pages right now: the loop does not sleep. */
bool backup_copies(const struct host *h);
/* Gives up one that is under way; nothing is left of it. */
void backup_stop(struct host *h);

#endif
