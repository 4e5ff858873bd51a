/*
 * claims: which jobs may start now: their time has come, their kind has room, and its pace allows
 * it. For tick alone. The loop thread. Never: starts one whose claim is not in the open group.
 */
#ifndef HOST_SERVICE_CLAIMS_H
#define HOST_SERVICE_CLAIMS_H

#include "scripts/generation.h"
#include "service/host.h"

/* Jobs claimed just before a commit. */
struct due {
    struct job *jobs; /* the caller frees the array */
    int count, cap;
};

/* Is there a generation that may do work, and nothing in its way? */
bool claims_takes_work(const struct host *h);
/* Claims what may start, in the open group. */
void claims_claim(struct host *h, struct due *c);
/* Starts what was claimed; fine false: its group was lost, and it is forgotten. */
void claims_start(struct host *h, struct due *c, bool fine);
/*
 * What the process before died of once or twice runs by itself, after everything else that waits:
 * no job runs, none is due within the next seconds, and the process has lived for a while. The more
 * of them wait the longer, so that ten of them do not keep the process from its other work. After
 * half a minute of work without a pause it runs all the same. true: a suspect may run in this tick.
 */
bool claims_quiet(struct host *h);
/* One ran: the next waits its time. */
void claims_suspect_ran(void);
/* Claims one suspect, when it may run and nothing else was claimed. */
void claims_claim_suspect(struct host *h, struct due *c);
/* May a job start now? */
bool claims_due(struct host *h);
/* The loop wakes when one may. */
void claims_set_timer(struct host *h);

#endif
