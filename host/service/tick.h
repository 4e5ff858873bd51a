/*
 * tick: THE order of things. Each step of it has its reason beside it, in tick.c.
 */
#ifndef HOST_SERVICE_TICK_H
#define HOST_SERVICE_TICK_H

#include "service/host.h"

/* One turn of the loop. */
void tick(struct host *h);

#endif
