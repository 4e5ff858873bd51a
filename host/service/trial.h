/*
 * trial: loads a tree in a child process first, so that scripts which end the process end only the
 * child.
 *
 * One long C call, a stack overflow or an abort while scripts load would take the service down, and
 * every start after. The child is our own executable (posix_spawn: with threads, fork is not safe).
 * It gets the tree's bytes through a memfd, loads them as serve does, opens no database, and
 * answers with an exit code and its problems. It has 2 s of CPU, 2 s of time (more only while it
 * gets no CPU), the memory of one generation, 16 descriptors, and can write no file. Its end comes
 * through the loop. The loop thread.
 */
#ifndef HOST_SERVICE_TRIAL_H
#define HOST_SERVICE_TRIAL_H

#include "base/buf.h"
#include "base/loop.h"
#include "scripts/tree.h"

#define TRIAL_ARGUMENT "--trial" /* of the child; not for people */

struct trial;

/* code: 0 it loads, 2 settings, 5 scripts or prompts. problems: for people; the receiver's. The
 * trial is gone by then. */
typedef void (*trial_done)(void *arg, int code, struct buf *problems);

/* mode: the name of a serve mode. NULL with errno: no child could be made. */
struct trial *trial_begin(struct loop *l, const struct tree *t, const char *mode, trial_done done,
                          void *arg);
/* Ends it without an answer. NULL is fine. */
void trial_end(struct trial *t);
/* As process 1 we also get the ends of what others left behind: takes them, and that of a trial. */
void trial_reap(void);

/* The child itself. An exit code. */
int trial_child(const char *mode);

#endif
