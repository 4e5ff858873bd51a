/* Counts and lists for status. See work/jobs.h. */
#include "work/postgres/parts.h"

#include <stdlib.h>

enum { KINDS_MAX = 100, LANES_MAX = 10000, ROWS_MAX = 5 * JOBS_COUNT_MAX };

int pg_jobs_each(struct jobs *j, bool dead, int limit, jobs_each_cb each, void *arg)
{
    int rc, count = 0;
    struct store_statement *row = jobs_row(
        j, &rc,
        dead ? "SELECT " JOBS_COLUMNS " FROM jobs WHERE state = 3 ORDER BY id LIMIT ?"
             : "SELECT " JOBS_COLUMNS " FROM jobs WHERE state < 3 ORDER BY id LIMIT ?",
        "i", (int64_t)limit);
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

/* A job is ready when it is its lane's first, whether it is marked as waiting or not. */
int pg_jobs_kinds(struct jobs *j, int64_t now_ms, jobs_kinds_cb each, void *arg)
{
    int rc;
    struct store_statement *row = jobs_row(
        j, &rc,
        "WITH placed AS (SELECT kind, state, run_at, CASE WHEN lane IS NULL THEN 1 ELSE "
        "row_number() OVER (PARTITION BY lane ORDER BY id) END AS place FROM (SELECT * FROM jobs "
        "LIMIT ?2) AS j) SELECT kind, count(*) FILTER (WHERE state < 2 AND place = 1 AND run_at <= "
        "?1), count(*) FILTER (WHERE state < 2 AND place = 1 AND run_at > ?1), count(*) FILTER "
        "(WHERE state < 2 AND place > 1), count(*) FILTER (WHERE state = 2), count(*) FILTER "
        "(WHERE state = 3), coalesce(min(run_at) FILTER (WHERE state < 2 AND place = 1), 0) FROM "
        "placed GROUP BY kind ORDER BY kind LIMIT ?3",
        "iii", now_ms, (int64_t)ROWS_MAX, (int64_t)KINDS_MAX);
    while (row && rc > 0) {
        struct jobs_kind_counts c = { .kind = store_column_text(row, 0),
                                      .due = store_column_integer(row, 1),
                                      .later = store_column_integer(row, 2),
                                      .waiting = store_column_integer(row, 3),
                                      .running = store_column_integer(row, 4),
                                      .dead = store_column_integer(row, 5),
                                      .oldest_run_at = store_column_integer(row, 6) };
        each(arg, &c);
        rc = jobs_next_row(j, row);
    }
    store_done(j->store, row);
    return rc < 0 ? -1 : 0;
}

int64_t pg_jobs_lanes_waiting(struct jobs *j)
{
    int64_t n = 0;
    jobs_number(j, &n,
                "SELECT count(*) FROM (SELECT lane FROM jobs WHERE lane IS NOT NULL GROUP BY lane "
                "HAVING count(*) > 1 LIMIT ?) AS w",
                "i", (int64_t)LANES_MAX);
    return n;
}
