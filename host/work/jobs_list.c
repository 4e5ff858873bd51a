/* Counts and lists for status. See jobs.h. */
#include "work/jobs_parts.h"

#include "base/buf.h"

#include <stdlib.h>

static int count_of(struct jobs *j, const char *sql, int64_t *out)
{
    int rc;
    sqlite3_stmt *row = jobs_row(j, &rc, sql, "i", (int64_t)JOBS_COUNT_MAX);
    if (row)
        *out = sqlite3_column_int64(row, 0);
    store_done(j->store, row);
    return row ? 0 : -1;
}

int jobs_count(struct jobs *j, struct jobs_counts *out)
{
    *out = (struct jobs_counts){ 0 };
#define JOBS_OF_STATE(n) \
    "SELECT count(*) FROM (SELECT 1 FROM jobs INDEXED BY jobs_state WHERE state = " n " LIMIT ?)"
    if (count_of(j, JOBS_OF_STATE("0"), &out->ready) ||
        count_of(j, JOBS_OF_STATE("1"), &out->waiting) ||
        count_of(j, JOBS_OF_STATE("2"), &out->running) ||
        count_of(j, JOBS_OF_STATE("3"), &out->dead) ||
        count_of(j, "SELECT count(*) FROM (SELECT 1 FROM parked LIMIT ?)", &out->parked))
        return -1;
#undef JOBS_OF_STATE
    char *kind = buf_copy("", 0);
    for (int rc = 1; rc > 0;) { /* one seek per kind */
        sqlite3_stmt *row = jobs_row(
            j, &rc,
            "SELECT kind, run_at FROM jobs INDEXED BY jobs_state WHERE state = 0 AND kind > ? "
            "ORDER BY kind, run_at LIMIT 1",
            "t", kind);
        if (row) {
            int64_t run_at = sqlite3_column_int64(row, 1);
            free(kind);
            kind = jobs_column(row, 0, NULL);
            if (!out->oldest_run_at || run_at < out->oldest_run_at)
                out->oldest_run_at = run_at;
            store_done(j->store, row);
        }
    }
    free(kind);
    return 0;
}

int jobs_each(struct jobs *j, bool dead, int limit, jobs_each_cb each, void *arg)
{
    static const char live_sql[] = "SELECT " JOBS_COLUMNS
                                   " FROM jobs WHERE state < 3 ORDER BY id LIMIT ?";
    static const char dead_sql[] =
        "SELECT " JOBS_COLUMNS
        " FROM jobs INDEXED BY jobs_dead WHERE state = 3 ORDER BY id LIMIT ?";
    int rc, count = 0;
    sqlite3_stmt *row = jobs_row(j, &rc, dead ? dead_sql : live_sql, "i", (int64_t)limit);
    while (row && rc > 0) {
        struct job job;
        jobs_read(row, &job);
        free(job.payload);
        job.payload = NULL;
        job.payload_len = 0;
        each(arg, &job, (enum job_state)sqlite3_column_int(row, 11));
        job_free(&job);
        count++;
        int step = store_step(j->store, row);
        rc = step == SQLITE_ROW ? 1 : step == SQLITE_DONE ? 0 : -1;
    }
    store_done(j->store, row);
    return rc < 0 ? -1 : count;
}
