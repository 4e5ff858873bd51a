/*
 * parts: what metrics.c (what is counted) and text.c (how it reads) share. No other
 * file includes it.
 */
#ifndef HOST_METRICS_PARTS_H
#define HOST_METRICS_PARTS_H

#include "metrics/metrics.h"

struct series {
    uint64_t hash;
    size_t key_len;
    char *key;    /* the values, each with a NUL after it */
    double value; /* of a histogram: the sum */
    uint64_t count;
    uint64_t buckets[]; /* of a histogram: each its own, not added up */
};

struct metric {
    struct metric_shape shape;
    struct metrics *owner;
    unsigned users; /* the list, and each generation that declared it */
    size_t count;
    struct series *last; /* the last one found, because it is often asked for again */
    struct series *series[METRIC_SERIES_MAX + 1];
};

struct metrics {
    struct metric **own, **scripts;
    size_t own_count, script_count;
    uint64_t overflowed;
};

#endif
