/*
 * metrics: counters, gauges and histograms in memory, and their text as Prometheus reads it.
 *
 * Owns every series of the host and of the scripts; they begin at 0 with the process and survive
 * reloads. The loop thread only. Nothing here waits, throws, writes to disk or knows Lua; adding to
 * a series that exists allocates nothing. Bounded: a metric has at most METRIC_SERIES_MAX series,
 * and later ones are counted under the label "other". So is a label with seven digits in a row,
 * because it may be a phone number. A NULL registry or metric ignores everything: only a service
 * has metrics.
 *
 * A count is not undone when its group is lost.
 */
#ifndef HOST_METRICS_METRICS_H
#define HOST_METRICS_METRICS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

enum {
    METRIC_LABELS_MAX = 4,
    METRIC_BUCKETS_MAX = 20,
    METRIC_SERIES_MAX = 100,
    METRIC_VALUE_BYTES = 64, /* of a label's value; the rest is cut */
    METRICS_LIST_MAX = 200   /* that scripts may declare */
};

struct metric_shape {
    char *name, *help;
    enum metric_type type;
    size_t label_count, bucket_count;
    char *labels[METRIC_LABELS_MAX];
    double buckets[METRIC_BUCKETS_MAX]; /* upper bounds, growing, without +Inf */
};

/* A label's value. */
struct metric_value {
    const char *text;
    size_t len;
};

struct metric;
struct metrics;

/* What one generation of scripts declares. */
struct metric_set {
    struct metric_shape *shapes;
    struct metric **live; /* one for each shape once metrics_adopt has run; NULL before */
    size_t count;
};

/* With the host's own (own.h). NULL: no memory. */
struct metrics *metrics_new(const struct metric_shape *own, size_t count);
void metrics_free(struct metrics *m);

/* Which rule of Prometheus it breaks, as the end of a sentence; NULL: none. */
const char *metric_wrong(const struct metric_shape *shape);
/* Adds a copy. false: no memory. */
bool metric_set_add(struct metric_set *set, const struct metric_shape *shape);
/* After metrics_adopt a metric is kept while another set has it. */
void metric_set_free(struct metric_set *set);
/* Counts under these names go to the metrics of the same shape, although other metrics are listed.
 * false: no memory. */
bool metrics_share(struct metrics *m, struct metric_set *set);
/* These are the scripts' metrics from now on. One that keeps its shape keeps its numbers. */
void metrics_adopt(struct metrics *m, struct metric_set *set);

/* n is finite, and 0 or more. values: one for each label. */
void metric_add(struct metric *x, double n, const struct metric_value *values);
void metric_observe(struct metric *x, double value, const struct metric_value *values);
void metric_set_to(struct metric *x, double value, const struct metric_value *values);
/* A gauge starts empty, without series. */
void metric_clear(struct metric *x);
struct metric *metrics_own(struct metrics *m, size_t index);
/* Values counted under "other" because there were too many series. */
uint64_t metrics_overflowed(const struct metrics *m);

/* Everything, in the text format 0.0.4. */
void metrics_text(const struct metrics *m, struct buf *out);

#endif
