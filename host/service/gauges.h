/*
 * gauges: what is looked up of the instance when somebody asks for its metrics: the store, the
 * jobs, the listener, the scripts and the kernel, between two commits. Here and not beside the
 * counters (metrics/own.h), because it needs them all. The loop thread.
 */
#ifndef HOST_SERVICE_GAUGES_H
#define HOST_SERVICE_GAUGES_H

#include "service/host.h"

/* Everything that is counted, as Prometheus reads it. */
void gauges_text(struct host *h, struct buf *out);

#endif
