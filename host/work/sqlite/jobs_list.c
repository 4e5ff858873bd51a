/* Counts and lists for status. See work/jobs.h. */
#include "work/sqlite/jobs_parts.h"

#include <stdlib.h>
#include <string.h>

enum { KINDS_MAX = 100, LANES_MAX = 10000 };

int sqlite_jobs_each(struct jobs *j, bool dead, int limit, jobs_each_cb each, void *arg)
{
    static const char live_sql[] = "SELECT " JOBS_COLUMNS
                                   " FROM jobs WHERE state < 3 ORDER BY id LIMIT ?";
    static const char dead_sql[] =
        "SELECT " JOBS_COLUMNS
        " FROM jobs INDEXED BY jobs_dead WHERE state = 3 ORDER BY id LIMIT ?";
    int rc = jobs_list(j), count = 0;
    struct store_statement *row = rc != 0 ? NULL
                                          : jobs_row(j, &rc, dead ? dead_sql : live_sql, "i",
                                                     (int64_t)limit);
    while (row && rc > 0) {
        struct job job;
        jobs_read(row, &job);
        free(job.payload);
        job.payload = NULL;
        job.payload_len = 0;
        each(arg, &job, (enum job_state)store_column_integer(row, 11));
        job_free(&job);
        count++;
        rc = jobs_next_row(j, row);
    }
    store_done(j->store, row);
    return rc < 0 ? -1 : count;
}

/* The first kind past `kind` of which jobs run. NULL: none. */
static char *next_running(const struct jobs *j, const char *kind)
{
    const char *least = NULL;
    for (size_t i = 0; i < j->kind_count; i++) {
        const struct jobs_kind *k = &j->kinds[i];
        if (k->running > 0 && strcmp(k->name, kind) > 0 && (!least || strcmp(k->name, least) < 0))
            least = k->name;
    }
    return least ? strdup(least) : NULL;
}

/* The first kind past `kind` in one state: one seek in jobs_state. NULL: none. */
static char *next_kind(struct jobs *j, int64_t state, const char *kind, int *rc)
{
    if (state == JOB_RUNNING)
        return next_running(j, kind);
    struct store_statement *row = jobs_row(
        j, rc,
        "SELECT kind FROM jobs INDEXED BY jobs_state WHERE state = ? AND kind > ? AND claim = 0 "
        "ORDER BY kind LIMIT 1",
        "it", state, kind);
    char *next = row ? jobs_column(row, 0, NULL) : NULL;
    store_done(j->store, row);
    return next;
}

static int count_kind(struct jobs *j, int64_t state, const char *kind, int64_t from, int64_t to,
                      int64_t *count)
{
    return jobs_number(
               j, count,
               "SELECT count(*) FROM (SELECT 1 FROM jobs INDEXED BY jobs_state WHERE state = ? "
               "AND kind = ? AND claim = 0 AND run_at > ? AND run_at <= ? LIMIT ?)",
               "itiii", state, kind, from, to, (int64_t)JOBS_COUNT_MAX) -
           1;
}

static int tell_kind(struct jobs *j, const char *kind, int64_t now_ms, jobs_kinds_cb each,
                     void *arg)
{
    struct jobs_kind_counts c = { .kind = kind, .running = jobs_kind_of(j, kind)->running };
    if (count_kind(j, JOB_READY, kind, INT64_MIN, now_ms, &c.due) ||
        count_kind(j, JOB_READY, kind, now_ms, INT64_MAX, &c.later) ||
        count_kind(j, JOB_WAITING, kind, INT64_MIN, INT64_MAX, &c.waiting) ||
        count_kind(j, JOB_DEAD, kind, INT64_MIN, INT64_MAX, &c.dead) ||
        jobs_number(j, &c.oldest_run_at,
                    "SELECT run_at FROM jobs INDEXED BY jobs_state WHERE state = 0 AND kind = ? "
                    "AND claim = 0 ORDER BY run_at LIMIT 1",
                    "t", kind) < 0)
        return -1;
    each(arg, &c);
    return 0;
}

int jobs_count_running(struct jobs *j)
{
    int rc;
    if (j->running_known)
        return 0;
    for (size_t i = 0; i < j->kind_count; i++)
        j->kinds[i].running = 0;
    struct store_statement *row = jobs_row(
        j, &rc, "SELECT kind, count(*) FROM jobs WHERE claim > 0 GROUP BY kind", "");
    while (row && rc > 0) {
        struct jobs_kind *k = jobs_kind_of(j, store_column_text(row, 0));
        k->running = store_column_integer(row, 1);
        rc = jobs_next_row(j, row);
    }
    store_done(j->store, row);
    j->running_known = rc == 0;
    return rc < 0 ? -1 : 0;
}

/* Walks all four states together, so that each kind is given once, in the order of names. */
int sqlite_jobs_kinds(struct jobs *j, int64_t now_ms, jobs_kinds_cb each, void *arg)
{
    char *kind = strdup("");
    int rc = jobs_list(j) != 0 || jobs_count_running(j) != 0 ? -1 : 0;
    for (int told = 0; kind && rc == 0 && told < KINDS_MAX; told++) {
        char *least = NULL;
        for (int64_t state = JOB_READY; state <= JOB_DEAD && rc >= 0; state++) {
            char *next = next_kind(j, state, kind, &rc);
            if (next && (!least || strcmp(next, least) < 0)) {
                free(least);
                least = next;
            } else {
                free(next);
            }
        }
        free(kind);
        kind = least;
        if (rc >= 0 && kind)
            rc = tell_kind(j, kind, now_ms, each, arg);
    }
    free(kind);
    return rc < 0 ? -1 : 0;
}

int64_t sqlite_jobs_lanes_waiting(struct jobs *j)
{
    int64_t n = 0;
    jobs_number(
        j, &n,
        "SELECT count(DISTINCT lane) FROM (SELECT lane FROM jobs INDEXED BY jobs_state WHERE "
        "state = 1 AND claim = 0 LIMIT ?)",
        "i", (int64_t)LANES_MAX);
    return n;
}
