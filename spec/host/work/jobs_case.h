/*
 * What jobs_test and inbox_test share: one store with its jobs, short ways to put and claim, and a
 * child that dies with something on the CPU.
 */
#ifndef SPEC_JOBS_CASE_H
#define SPEC_JOBS_CASE_H

#include "work/jobs.h"
#include "spec/host/store/store_case.h"

static struct store *store;
static struct jobs *jobs;
static const char *on_cpu; /* what dies_child dies of: a payload, "inbox", "parked", or nothing */

static struct store *(*shared_open)(void); /* of a database of several processes; NULL: SQLite */

static inline void up(void)
{
    char page[80], why[512] = "";
    snprintf(page, sizeof page, "%s.running", case_db);
    store = shared_open ? shared_open() : case_open();
    jobs = jobs_open(store, page, why, sizeof why);
    if (!jobs) {
        printf("Bail out! %s\n", why);
        fflush(stdout);
        _exit(1);
    }
}

static inline void down(void)
{
    jobs_close(jobs);
    store_close(store);
}

static inline enum store_commit_result commit(void)
{
    enum store_commit_result result = jobs_flush(jobs) == 0 ? store_commit(store)
                                                            : store_commit(store);
    if (result == STORE_COMMITTED)
        inbox_durable(jobs);
    if (result == STORE_LOST)
        jobs_forget(jobs);
    else
        jobs_committed(jobs);
    return result;
}

/* With several processes a claim sees what is committed, and what is due is looked up. */
static inline void settle(void)
{
    if (!shared_open)
        return;
    commit();
    CHECK(jobs_beat(jobs) == 1 && jobs_poll(jobs) == 0);
    commit();
}

static inline int64_t due(const char *kind)
{
    settle();
    jobs_next_due(jobs, kind); /* a kind is looked up from its first question on */
    settle();
    return jobs_next_due(jobs, kind);
}

static inline int claim_of(const char *kind, int64_t now_ms, struct job *out, int room)
{
    settle();
    int n = jobs_claim(jobs, kind, now_ms, out, room);
    settle();
    return n;
}

/* The group that is open is undone, as on a full disk. */
static inline void lose(void)
{
    CHECK(store_exec(store, "INSERT OR ROLLBACK INTO marks VALUES ('inbox.read', 0)") ==
              STORE_TAKEN &&
          store_lost(store));
    CHECK(commit() == STORE_LOST);
}

static inline int64_t put(const char *kind, const char *lane, const char *unique,
                          const char *payload, int64_t run_at, bool keep)
{
    struct jobs_put p = { .kind = kind,
                          .lane = lane,
                          .unique = unique,
                          .payload = payload,
                          .payload_len = payload ? strlen(payload) : 0,
                          .run_at = run_at,
                          .keep = keep };
    return jobs_put(jobs, &p);
}

static inline int64_t lane_put(const char *lane, const char *payload)
{
    return put("work", lane, NULL, payload, 1, false);
}

static inline int claim(struct job *out, int room)
{
    return claim_of("work", 1000, out, room);
}

struct counts {
    int64_t ready, waiting, running, dead, parked, oldest_run_at;
};

static inline void count_kind(void *arg, const struct jobs_kind_counts *kind)
{
    struct counts *all = arg;
    all->ready += kind->due + kind->later;
    all->waiting += kind->waiting;
    all->running += kind->running;
    all->dead += kind->dead;
    if (kind->oldest_run_at && (!all->oldest_run_at || kind->oldest_run_at < all->oldest_run_at))
        all->oldest_run_at = kind->oldest_run_at;
}

static inline struct counts counts(void)
{
    struct counts all = { .parked = jobs_parked(jobs) };
    CHECK(jobs_kinds(jobs, 1000, count_kind, &all) == 0);
    return all;
}

static inline void dies_child(void)
{
    struct job out[8] = { 0 };
    struct inbox_row row = { 0 };
    up();
    int n = claim(out, 8);
    n += jobs_claim_suspect(jobs, "work", 1000, &out[n]);
    commit();
    for (int i = 0; i < n; i++)
        if (on_cpu && strcmp(out[i].payload, on_cpu) == 0)
            jobs_on_cpu(jobs, out[i].id);
    if (on_cpu && strcmp(on_cpu, "inbox") == 0 && inbox_next(jobs, &row) == 1)
        jobs_on_cpu(jobs, -row.id);
    if (on_cpu && strcmp(on_cpu, "parked") == 0 && inbox_parked_next(jobs, 0, &row) == 1)
        jobs_on_cpu(jobs, -row.id);
    if (on_cpu && strcmp(on_cpu, "suspect") == 0 &&
        inbox_suspect_next(jobs, JOBS_CRASH_LIMIT, &row) == 1)
        jobs_on_cpu(jobs, -row.id);
    if (!on_cpu) {
        jobs_on_cpu(jobs, out[0].id);
        jobs_on_cpu(jobs, 0);
    }
    raise(SIGKILL);
}

#endif
