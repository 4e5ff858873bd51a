/*
 * claims: which jobs may start now: they are due, and their kind's limit and rate limit allow it.
 * For tick alone. It never starts a job whose claim is not in the open group. The loop thread.
 */
#ifndef HOST_SERVICE_CLAIMS_H
#define HOST_SERVICE_CLAIMS_H

#include "service/host.h"

/* Jobs that were claimed just before a commit. */
struct due {
    struct job *jobs; /* the caller frees the array */
    int count, cap;
};

/* true: a generation may do work, and nothing prevents it. */
bool claims_takes_work(const struct host *h);
/* Claims the jobs that may start, in the open group. */
void claims_claim(struct host *h, struct due *c);
/* Starts the claimed jobs. fine false: their group was lost, so they are forgotten. */
void claims_start(struct host *h, struct due *c, bool fine);
/* true: a suspect may run in this tick. A suspect runs alone, after all other work: no job runs,
 * none is due within the next seconds, and the process has lived for a while. The more suspects
 * wait the longer that is, so that ten of them do not block other work. After half a minute of work
 * without a pause a suspect runs all the same. */
bool claims_quiet(struct host *h);
/* A suspect ran, so the next one waits. */
void claims_suspect_ran(void);
/* Claims one suspect, when it may run and no other job was claimed. */
void claims_claim_suspect(struct host *h, struct due *c);
/* true: a job may start now. */
bool claims_due(struct host *h);
/* Sets the timer that wakes the loop when a job may start. */
void claims_set_timer(struct host *h);

#endif
