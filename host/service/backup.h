/*
 * backup: `assistant backup FILE` copies the database while the service runs. One copy at a time,
 * some pages per tick. Before the result is reported, the copy is noted in the table `backups`, in
 * the database and in the copy itself, so that an erasure can name every copy that still holds the
 * person, also after a restore. The loop thread only.
 */
#ifndef HOST_SERVICE_BACKUP_H
#define HOST_SERVICE_BACKUP_H

#include "service/host.h"

/* Begins a copy at this absolute path. `ended` is called once, with an exit code and a text, when
 * the result is durable. It may be called inside this call. */
void backup_begin(struct host *h, const char *path,
                  void (*ended)(void *arg, int code, const char *words), void *arg);
/* For tick, after each commit. lost: the group was lost. busy: tasks are ready, so it copies
 * less. */
void backup_go_on(struct host *h, bool lost, bool busy);
/* true: pages are being copied, so the loop must not sleep. */
bool backup_copies(const struct host *h);
/* Cancels a running copy and removes its file. */
void backup_stop(struct host *h);

#endif
