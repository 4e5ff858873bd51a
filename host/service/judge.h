/*
 * judge: what a script error means, and whose error it is.
 *
 * Work that fails on the files that serve is done at once on the last good files, for real
 * (reference.h). If it succeeds there, the failure counts against the files that serve; if it fails
 * there too, it counts against the work: a request gets 500, an inbox row is parked, a job's
 * `failed` handler decides, or the job dies. Without good files to compare with, a job or a row is
 * tried once more, a second later, and nothing counts against the files.
 *
 * Five counted failures from two conversations or more, or five of one kind of work that no
 * customer starts (`every`, a route), bring the last good files back. So no customer alone can undo
 * what the owner saved, and a mistake that customers meet one after another does. No success takes
 * a counted failure back; a week without one does. The conversation of a job is what follows the
 * last colon of its lane, that of a row what its reader says (inbox.about). Work that names none is
 * counted, and is never the second conversation: a customer could be behind it. A request counts
 * when the good files answered it with a status below 400; the others may be a stranger's, whose
 * signature they refused. The loop thread only.
 */
#ifndef HOST_SERVICE_JUDGE_H
#define HOST_SERVICE_JUDGE_H

#include "scripts/task.h"
#include "service/host.h"

enum { JUDGE_FAILURES = 5, JUDGE_TRIES = 2, JUDGE_AGAIN_MS = 1000 };

/* For tick, between task_run and task_end. Failed: moves its request or job to the good files,
 * answers it, or decides on it. */
void judge_failed(struct host *h, struct task *t);
void judge_fine(struct host *h, struct task *t);
/* The reader of a row threw on the files that serve. The generation of the good files, that is to
 * read it now, or NULL. */
struct generation *judge_row_failed(struct host *h, const char *error);
/* The good files could read the row that the files that serve could not. */
void judge_row_read(struct host *h, const struct inbox_row *row, const char *error);
/* next takes over from old (NULL: at the start): which files are the good ones now? */
void judge_takes_over(struct host *h, struct generation *old, struct generation *next);

#endif
