/*
 * metrics_own: what the host counts of itself, by name: the registry of a service.
 *
 * Counters and histograms are added to where things happen (metrics_own_add and _observe, cheap),
 * bindings included, so they lie below them; gauges are set at scrape time (service/gauges.h). The
 * loop thread only.
 */
#ifndef HOST_METRICS_OWN_H
#define HOST_METRICS_OWN_H

#include "metrics/metrics.h"

enum metrics_own_id {
    OWN_REQUESTS, /* route, method, code */
    OWN_ACCEPTS,  /* reader */
    OWN_COMMIT,
    OWN_COMMITS_LOST,
    OWN_LOCKS,
    OWN_CHECKPOINTS,
    OWN_LOOP,
    OWN_RELOADS, /* result */
    OWN_SCRIPT_ERRORS,
    OWN_LOG_DROPPED,
    OWN_SERIES_OVERFLOWED,
    OWN_HEALTHY,
    OWN_LOCKED, /* program */
    OWN_CONNECTIONS,
    OWN_REQUESTS_OPEN,
    OWN_OUTBOUND_OPEN,
    OWN_TASKS,
    OWN_INBOX_UNREAD,
    OWN_INBOX_AGE,
    OWN_INBOX_PARKED,
    OWN_JOBS, /* kind, state */
    OWN_JOBS_AGE,
    OWN_LANES_WAITING,
    OWN_WAL,
    OWN_DATABASE,
    OWN_DISK_FREE,
    OWN_RELOAD_FINE,
    OWN_GENERATION,
    OWN_GENERATION_INFO, /* hash */
    OWN_GENERATION_LOADED,
    OWN_DRAINING,
    OWN_LUA_MEMORY,
    OWN_LUA_LIMIT,
    OWN_GAUGES_FINE,
    OWN_BUILD, /* version */
    OWN_START_TIME,
    OWN_CPU,
    OWN_RESIDENT,
    OWN_FDS,
    OWN_FDS_MAX,
    OWN_COUNT
};

/* The registry of a service. NULL: no memory. */
struct metrics *metrics_own_new(void);
/* Is this name one of the host's? Scripts cannot have it. */
bool metrics_own_has(const char *name);

/* labels: up to three C strings, NULL after the last one that is given. */
void metrics_own_add(struct metrics *m, enum metrics_own_id id, double n, const char *a,
                     const char *b, const char *c);
/* A number that something else counts; labels: up to two. */
void metrics_own_set(struct metrics *m, enum metrics_own_id id, double value, const char *a,
                     const char *b);
void metrics_own_observe_ns(struct metrics *m, enum metrics_own_id id, uint64_t ns);

#endif
