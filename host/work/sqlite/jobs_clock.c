/* Moves waiting jobs when the wall clock is set. See work/jobs.h. */
#include "work/sqlite/jobs_parts.h"

#include "base/log.h"

enum {
    STEP_MS = 2000, /* less is no step: the clock is slewed, or the two clocks were read at
                       different times */
    SOON_MS = 3600000 + 5000, /* longer waits are planned times, and stay */
};

/* Moves jobs that are due soon by the old clock. 0 or -1. */
static int set_back(struct jobs *j, int64_t before_ms, int64_t now_ms)
{
    int64_t by = before_ms - now_ms;
    int rows = jobs_run(j,
                        "UPDATE jobs INDEXED BY jobs_state SET run_at = run_at - ? WHERE state IN "
                        "(0, 1) AND claim = 0 AND run_at > ? AND run_at <= ?",
                        "iii", by, now_ms, before_ms + SOON_MS);
    if (rows < 0)
        return -1;
    log_event(LOG_WARN, "clock.set_back", log_i("by_ms", by), log_i("jobs_moved", rows));
    for (size_t i = 0; i < j->kind_count; i++)
        j->kinds[i].known = false;
    j->clock_shift = by;
    j->claimed_at -= by;
    j->clock_group = store_group(j->store);
    return 0;
}

int sqlite_jobs_clock(struct jobs *j, int64_t monotonic_ms, int64_t wall_ms)
{
    int64_t lead = wall_ms - monotonic_ms;
    if (j->clock_known && lead < j->clock_ms - STEP_MS &&
        set_back(j, j->clock_ms + monotonic_ms, wall_ms) != 0)
        return -1;
    if (j->clock_known && lead > j->clock_ms + STEP_MS)
        log_event(LOG_WARN, "clock.set_forward", log_i("by_ms", lead - j->clock_ms));
    j->clock_known = true;
    j->clock_ms = lead;
    j->page->wall_ms = wall_ms;
    return 0;
}

int jobs_clock_start(struct jobs *j)
{
    int64_t now = loop_wall_ms(), last = store_strange(j->store) ? 0 : j->page->wall_ms;
    j->clock_ms = now - (int64_t)(loop_now_ns() / 1000000);
    j->clock_known = true;
    return last > now + STEP_MS ? set_back(j, last, now) : 0;
}

/* The group was lost: the step will be found again. */
void jobs_clock_forget(struct jobs *j)
{
    if (j->clock_shift && j->clock_group != store_group(j->store)) {
        j->clock_ms += j->clock_shift;
        j->clock_shift = 0;
    }
}

void jobs_clock_durable(struct jobs *j)
{
    j->clock_shift = 0;
}
