/* tick: the order of things in the loop. tick.c gives the reason of each step. The loop thread. */
#ifndef HOST_SERVICE_TICK_H
#define HOST_SERVICE_TICK_H

#include "service/host.h"

/* Runs one tick. */
void tick(struct host *h);

#endif
