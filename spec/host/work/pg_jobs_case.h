/* What the tests of jobs and inbox on PostgreSQL share: processes on one database. */
#ifndef SPEC_WORK_PG_JOBS_CASE_H
#define SPEC_WORK_PG_JOBS_CASE_H

#include "spec/host/store/store_case.h"
#include "spec/host/work/pg_store.h"
#include "spec/support/postgres.h"
#include "work/jobs.h"
#include "work/jobs_purge.h"

static struct postgres server;
static char url[128];

/* A process: its store and its jobs. */
static struct one {
    struct store *store;
    struct jobs *jobs;
    int64_t id; /* in the table processes */
} a, b, c;

static inline struct one one_up(void)
{
    char why[512] = "";
    struct one p = { .store = pg_store_open(url, PG_READ_COMMITTED) };
    p.jobs = jobs_open(p.store, NULL, why, sizeof why);
    if (!p.jobs) {
        printf("Bail out! %s\n", why);
        exit(1);
    }
    p.id = case_number(p.store, "SELECT max(id) FROM processes");
    store_commit(p.store);
    return p;
}

static inline void one_down(struct one *p)
{
    jobs_close(p->jobs);
    store_close(p->store);
    *p = (struct one){ 0 };
}

/* As if the process were gone: its connection ends, and its row stays. */
static inline void one_dies(struct one *p)
{
    store_close(p->store);
    p->store = NULL; /* its memory is the test's */
}

static inline enum store_commit_result commit(struct one *p)
{
    enum store_commit_result r = store_commit(p->store);
    if (r == STORE_LOST)
        jobs_forget(p->jobs);
    else
        jobs_committed(p->jobs);
    return r;
}

static inline void undo(struct one *p)
{
    pg_store_undo(p->store);
    jobs_forget(p->jobs);
}

static inline int64_t put(struct one *p, const char *lane, const char *unique, const char *payload,
                          bool keep)
{
    struct jobs_put put = { .kind = "work",
                            .lane = lane,
                            .unique = unique,
                            .payload = payload,
                            .payload_len = strlen(payload),
                            .run_at = 1,
                            .keep = keep };
    return jobs_put(p->jobs, &put);
}

/* In a transaction of its own. */
static inline int claim(struct one *p, struct job *out, int room)
{
    int n = jobs_claim(p->jobs, "work", INT64_MAX - 1, out, room);
    if (n < 0)
        printf("# claim: %s\n", store_error(p->store));
    return commit(p) == STORE_LOST ? -1 : n;
}

static inline int polls(struct one *p)
{
    int rc = jobs_poll(p->jobs);
    if (rc != 0)
        printf("# poll: %s\n", store_error(p->store));
    return commit(p) == STORE_LOST ? -1 : rc;
}

static inline int run(struct one *p, const char *sql)
{
    int code = store_exec(p->store, sql);
    if (code)
        printf("# %s: %s\n", sql, store_error(p->store));
    return store_commit(p->store) == STORE_LOST ? -1 : code;
}

static inline int64_t ask(struct one *p, const char *sql)
{
    int64_t n = case_number(p->store, sql);
    store_commit(p->store);
    return n;
}

static inline void fresh(void)
{
    postgres_tell(&server, "sql DROP SCHEMA public CASCADE");
    postgres_tell(&server, "sql CREATE SCHEMA public");
    a = one_up();
    b = one_up();
}

static inline void end(void)
{
    if (a.store)
        one_down(&a);
    if (b.store)
        one_down(&b);
    if (c.store)
        one_down(&c);
}

/* Its last heartbeat was so long ago. Another process writes it. */
static inline void silent(struct one *p, int64_t seconds)
{
    char sql[120];
    snprintf(sql, sizeof sql, "UPDATE processes SET beat_at = beat_at - %lld WHERE id = %lld",
             (long long)seconds * 1000, (long long)p->id);
    run(&b, sql);
}

static inline void begin(void)
{
    log_open(getenv("LOUD") ? LOG_DEBUG : LOG_OFF);
    postgres_start(&server, "fsync=off");
    snprintf(url, sizeof url, "postgres://assistant@127.0.0.1:%d/assistant", server.port);
}

#endif
