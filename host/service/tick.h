/* tick: the order of things in the loop. tick.c gives the reason of each step. The loop thread. */
#ifndef HOST_SERVICE_TICK_H
#define HOST_SERVICE_TICK_H

#include "service/host.h"

/* Runs one tick. */
void tick(struct host *h);
/* For other work than requests, after each piece of it: true: a request waits, or something that
 * waits for a commit can have it now, or the tick has lasted long enough. */
bool tick_work_is_over(struct host *h);
/* true: more than 2,000 requests arrive per second. */
bool tick_flood(void);

#endif
