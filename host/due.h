/*
 * due: which jobs may start now: their time has come, their kind has room, and its pace allows it. For tick alone. The loop
 * thread. Never: starts one whose claim is not in the open group.
 */
#ifndef HOST_DUE_H
#define HOST_DUE_H

#include "generation.h"
#include "host.h"

/* Jobs claimed just before a commit. */
struct due {
    struct job *jobs; /* the caller frees the array */
    int count, cap;
};

/* Is there a generation that may do work, and nothing in its way? */
bool due_takes_work(const struct host *h);
/* Claims what may start, in the open group. */
void due_claim(struct host *h, struct due *c);
/* Starts what was claimed; fine false: its group was lost, and it is forgotten. */
void due_start(struct host *h, struct due *c, bool fine);
/* ns until a job is due or may start; UINT64_MAX: nothing is waiting. */
uint64_t due_next_ns(struct host *h);

#endif
