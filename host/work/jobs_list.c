/* Counts and lists for status. See jobs.h. */
#include "work/jobs_parts.h"

#include <stdlib.h>

int64_t jobs_parked(struct jobs *j)
{
    int64_t count = 0;
    jobs_number(j, &count, "SELECT count(*) FROM (SELECT 1 FROM parked LIMIT ?)", "i",
                (int64_t)JOBS_COUNT_MAX);
    return count;
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
        rc = jobs_next_row(j, row);
    }
    store_done(j->store, row);
    return rc < 0 ? -1 : count;
}
