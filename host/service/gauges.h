/*
 * gauges: reads the current numbers when metrics are asked for: of the store, the jobs, the
 * listener, the scripts and the kernel, between two commits. It is apart from the counters
 * (metrics/own.h), because it needs all of service/. The loop thread.
 */
#ifndef HOST_SERVICE_GAUGES_H
#define HOST_SERVICE_GAUGES_H

#include "service/host.h"

/* All metrics in Prometheus' text format. */
void gauges_text(struct host *h, struct buf *out);

#endif
