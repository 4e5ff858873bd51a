/*
 * judge: what a script error means, and whose error it is.
 *
 * Work that fails on the serving files is done at once on the last good files, for real
 * (reference.h). If it succeeds there, the failure counts against the serving files. If it fails
 * there too, it counts against the work: a request gets 500, an inbox row is parked, a job's
 * `failed` handler decides, or the job is dead. Without good files to compare with, a job or a row
 * is tried once more after a second, and nothing counts against the files.
 *
 * Two things bring the last good files back: five counted failures from two or more conversations,
 * or five of one kind of work that no customer starts (`every`, a route). So no customer alone can
 * undo what the owner saved, and an error that many customers meet is undone. A success takes no
 * counted failure back; a week without a failure takes all back.
 *
 * A job's conversation is the text after the last colon of its lane. A row's conversation is what
 * its reader says (inbox.about). Work without one is counted, but it is never the second
 * conversation, because a customer could have caused it. A request counts when the good files
 * answered it with a status below 400, because the others may come from a stranger. The loop thread
 * only.
 */
#ifndef HOST_SERVICE_JUDGE_H
#define HOST_SERVICE_JUDGE_H

#include "scripts/task.h"
#include "service/host.h"

enum { JUDGE_FAILURES = 5, JUDGE_TRIES = 2, JUDGE_AGAIN_MS = 1000 };

/* For tick, between task_run and task_end, for a task that failed: moves its request or job to the
 * good files, answers it, or decides what becomes of it. */
void judge_failed(struct host *h, struct task *t);
void judge_fine(struct host *h, struct task *t);
/* The reader of a row threw on the serving files. Returns the generation of the good files, which
 * must read it now. NULL: there is none. */
struct generation *judge_row_failed(struct host *h, const char *error);
/* The good files read the row on which the serving files failed. */
void judge_row_read(struct host *h, const struct inbox_row *row, const char *error);
/* `next` takes over from old (NULL: at the start). Decides which files are the good ones now. */
void judge_takes_over(struct host *h, struct generation *old, struct generation *next);

#endif
