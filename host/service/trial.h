/*
 * trial: loads a tree in a child process first, so that scripts that end the process end only the
 * child.
 *
 * A long C call, a stack overflow or an abort while scripts load would end the service, and every
 * start after that. The child is our own executable (posix_spawn, because fork is not safe with
 * threads). It gets the tree's bytes through a memfd, loads them as serve does, opens no database,
 * and returns an exit code and its problems. It has 2 s of CPU, 2 s of time (more only while it
 * gets no CPU), the memory of one generation, 16 descriptors, and can write no file. The loop
 * reports its end. The loop thread.
 */
#ifndef HOST_SERVICE_TRIAL_H
#define HOST_SERVICE_TRIAL_H

#include "base/buf.h"
#include "base/loop.h"
#include "scripts/tree.h"

#define TRIAL_ARGUMENT "--trial" /* the child's; not for people */

struct trial;

/* code: 0 it loads, 2 settings, 5 scripts or prompts. problems: for people; the callee frees them.
 * The trial is freed already. */
typedef void (*trial_done)(void *arg, int code, struct buf *problems);

/* mode: the name of a serve mode. NULL: no child could be started (errno). */
struct trial *trial_begin(struct loop *l, const struct tree *t, const char *mode, trial_done done,
                          void *arg);
/* Ends it; `done` is not called. NULL is fine. */
void trial_end(struct trial *t);
/* As process 1 we must reap all children that others left. Reaps them, and a trial. */
void trial_reap(void);

/* Runs in the child. Returns the exit code. */
int trial_child(const char *mode);

#endif
