/* What jobs.h promises of either engine: jobs_test runs it on SQLite, pg_contract_test on
 * PostgreSQL.
 */
#ifndef SPEC_JOBS_CONTRACT_H
#define SPEC_JOBS_CONTRACT_H

#include "spec/host/work/jobs_case.h"

static inline bool payload_is(const struct job *job, const char *text)
{
    return job->payload && job->payload_len == strlen(text) &&
           memcmp(job->payload, text, job->payload_len) == 0;
}

/* Claims one, which must carry this payload, and finishes it. */
static inline bool take(const char *payload)
{
    struct job job = { 0 };
    if (claim_of("work", INT64_MAX - 1, &job, 1) != 1) {
        printf("# nothing to take, expected %s\n", payload);
        return false;
    }
    bool right = payload_is(&job, payload);
    if (!right)
        printf("# took %s, expected %s\n", job.payload, payload);
    right = jobs_done(jobs, &job) == 1 && right;
    job_free(&job);
    return right;
}

static inline void life(void)
{
    struct job out[8] = { 0 };
    up();
    int64_t late = put("work", NULL, NULL, "late", 900, false),
            early = put("work", NULL, NULL, "early", 100, false);
    int64_t future = put("work", NULL, NULL, "future", 5000, false);
    CHECK(late && early > late);
    CHECK(future > early);
    CHECK(put("other", NULL, NULL, NULL, 1, false));
    CHECK(due("work") == 100 && due("nobody") == INT64_MAX);
    CHECK(counts().ready == 4 && counts().oldest_run_at == 1);
    CHECK(commit() != STORE_LOST);
    CHECK(claim(out, 8) == 2);
    CHECK(out[0].id == early);
    CHECK(out[1].id == late);
    CHECK(payload_is(&out[0], "early"));
    CHECK(out[0].claim > 0);
    CHECK(out[0].attempts == 0);
    CHECK(!out[0].orphan);
    CHECK(!out[0].lane);
    CHECK(!out[0].error);
    CHECK(out[0].run_at == 100);
    CHECK(due("work") == 5000 && counts().running == 2);
    CHECK(claim(out + 2, 6) == 0);
    CHECK(jobs_done(jobs, &out[0]) == 1 && jobs_done(jobs, &out[0]) == 0);
    CHECK(jobs_again(jobs, &out[1], 700, true, "refused") == 1 && jobs_done(jobs, &out[1]) == 0);
    CHECK(due("work") == 700 && counts().running == 0);
    int64_t old_claim = out[1].claim;
    job_free(&out[0]);
    job_free(&out[1]);
    CHECK(claim(out, 8) == 1);
    CHECK(out[0].id == late);
    CHECK(out[0].attempts == 1);
    CHECK(out[0].claim != old_claim);
    CHECK(strcmp(out[0].error, "refused") == 0);
    struct job stale = out[0];
    stale.claim = old_claim;
    CHECK(jobs_done(jobs, &stale) == 0 && jobs_again(jobs, &stale, 1, false, NULL) == 0 &&
          jobs_die(jobs, &stale, "x") == 0);
    CHECK(jobs_again(jobs, &out[0], 700, false, NULL) == 1);
    job_free(&out[0]);
    CHECK(claim(out, 8) == 1 && out[0].attempts == 1 && strcmp(out[0].error, "refused") == 0);
    CHECK(jobs_die(jobs, &out[0], "for good") == 1 && counts().dead == 1 && claim(out + 1, 1) == 0);
    CHECK(jobs_requeue(jobs, future) == 0 && jobs_requeue(jobs, late) == 1 && counts().dead == 0);
    job_free(&out[0]);
    CHECK(claim_of("work", INT64_MAX - 1, out, 8) == 2);
    CHECK(out[1].id == late);
    CHECK(out[1].attempts == 0);
    CHECK(out[0].id == future);
    CHECK(jobs_cancel(jobs, late) == 0 && jobs_cancel(jobs, 123456) == 0);
    job_free(&out[0]);
    job_free(&out[1]);
    CHECK(commit() == STORE_COMMITTED);
    down();
}

static inline void room(void)
{
    struct job out[10];
    up();
    for (int i = 0; i < 25; i++)
        put("work", NULL, NULL, "x", 25 - i, false);
    CHECK(claim(out, 10) == 10);
    CHECK(out[0].run_at == 1);
    CHECK(out[9].run_at == 10);
    CHECK(due("work") == 11);
    for (int i = 0; i < 10; i++)
        job_free(&out[i]);
    CHECK(claim_of("work", 10, out, 10) == 0 && claim(out, 0) == 0);
    down();
}

static inline void lanes(void)
{
    struct job a, b;
    up();
    int64_t a1 = lane_put("a", "a1"), a2 = lane_put("a", "a2"), b1 = lane_put("b", "b1");
    lane_put("a", "a3");
    CHECK(counts().ready == 2 && counts().waiting == 2 && commit() == STORE_COMMITTED);
    CHECK(claim(&a, 1) == 1);
    CHECK(a.id == a1);
    CHECK(strcmp(a.lane, "a") == 0);
    CHECK(claim(&b, 1) == 1);
    CHECK(b.id == b1);
    struct job none;
    CHECK(claim(&none, 1) == 0);
    CHECK(jobs_again(jobs, &a, 900, true, "later") == 1); /* keeps its place */
    job_free(&a);
    CHECK(claim(&a, 1) == 1 && a.id == a1);
    CHECK(jobs_done(jobs, &a) == 1 && jobs_done(jobs, &b) == 1);
    job_free(&a);
    job_free(&b);
    lane_put("a", "a4");
    CHECK(claim(&a, 1) == 1 && a.id == a2);
    CHECK(jobs_die(jobs, &a, "dead") == 1); /* a dead head frees its lane */
    job_free(&a);
    CHECK(take("a3"));
    CHECK(jobs_requeue(jobs, a2) == 1 && counts().waiting == 1);
    /* With several processes a job that is put back has its old place. */
    CHECK(take(shared_open ? "a2" : "a4"));
    CHECK(take(shared_open ? "a4" : "a2"));
    CHECK(counts().ready == 0);
    CHECK(claim(&a, 1) == 0);
    down();
}

/* The long lane's second job was put before the other lane's, and was due earlier. */
static inline void lane_turns(void)
{
    struct job job;
    up();
    int64_t first = put("work", "long", NULL, "long1", 100, false),
            second = put("work", "long", NULL, "long2", 100, false),
            other = put("work", "other", NULL, "other", 150, false);
    CHECK(commit() == STORE_COMMITTED);
    CHECK(claim(&job, 1) == 1 && job.id == first);
    CHECK(jobs_done(jobs, &job) == 1);
    job_free(&job);
    CHECK(claim(&job, 1) == 1 && job.id == other);
    CHECK(jobs_done(jobs, &job) == 1);
    job_free(&job);
    CHECK(claim(&job, 1) == 1 && job.id == second);
    job_free(&job);
    down();
}

static inline void lane_cancel(void)
{
    struct job a;
    up();
    int64_t first = lane_put("a", "1"), second = lane_put("a", "2"), third = lane_put("a", "3"),
            fourth = lane_put("a", "4");
    CHECK(jobs_cancel(jobs, second) == 1 && counts().ready == 1);
    CHECK(jobs_cancel(jobs, first) == 1 && counts().ready == 1 && counts().waiting == 1);
    CHECK(claim(&a, 1) == 1 && a.id == third && jobs_cancel(jobs, third) == 0);
    CHECK(jobs_die(jobs, &a, "x") == 1);
    CHECK(jobs_cancel(jobs, third) == 0 && jobs_requeue(jobs, third) == 1 && counts().waiting == 1);
    CHECK(jobs_cancel(jobs, third) == 1 && counts().ready == 1 && counts().waiting == 0);
    job_free(&a);
    CHECK(claim(&a, 1) == 1 && a.id == fourth);
    job_free(&a);
    down();
}

static inline void fairness(void)
{
    up();
    for (int i = 0; i < 10000; i++)
        lane_put("full", "x");
    lane_put("other", "o");
    struct job out[8] = { 0 };
    int n = claim(out, 8);
    while (shared_open && n < 2 &&
           jobs_next_due(jobs, "work") == 0) /* looks at 600 with each call */
        n += claim(out + n, 8 - n);
    CHECK(n == 2 && strcmp(out[1].lane, "other") == 0);
    job_free(&out[0]);
    job_free(&out[1]);
    down();
}

static inline void twins(void)
{
    struct job job, second;
    up();
    int64_t id = put("work", "l", "u", "one", 50, false);
    CHECK(put("work", "l", "u", "two", 40, false) == id);
    CHECK(due("work") == 40);
    CHECK(counts().ready == 1);
    CHECK(counts().waiting == 0);
    CHECK(put("work", "l", "u", "three", 30, true) == id && due("work") == 40);
    CHECK(put("work", "l", "v", "v", 1, false) != id);
    CHECK(claim(&job, 1) == 1 && job.id == id && payload_is(&job, "two"));
    int64_t next = put("work", "l", "u", "next", 60, false); /* the first runs already */
    CHECK(next != id && put("work", "l", "u", "next!", 70, false) == next && counts().waiting == 2);
    CHECK(jobs_again(jobs, &job, 80, true, "other payload") == 1 && counts().ready == 1 &&
          counts().waiting == 2);
    job_free(&job);
    CHECK(take("two") && take("v") && take("next!"));
    CHECK(put("every", NULL, "e", "", 10, false) && claim_of("every", 10, &job, 1) == 1);
    CHECK(put("every", NULL, "e", "", 20, true) != job.id); /* seeded again by a reload */
    CHECK(jobs_again(jobs, &job, 300, false, NULL) == 1 && counts().ready == 1 &&
          due("every") == 20);
    CHECK(claim_of("every", 20, &second, 1) == 1 && second.id == job.id);
    job_free(&job);
    CHECK(jobs_die(jobs, &second, "x") == 1 && put("every", NULL, "e", "", 9, false) != second.id &&
          jobs_requeue(jobs, second.id) == 1);
    CHECK(counts().ready == 1 && put("every", NULL, "e", "", 9, true) == second.id &&
          jobs_cancel(jobs, second.id) == 1);
    job_free(&second);
    CHECK(counts().ready == 0 && counts().waiting == 0);
    down();
}

static inline void jobs_contract(void)
{
    case_run("a job is put, claimed once, and ends: done, again, dead, requeued", life);
    case_run("a claim takes the oldest and no more than there is room for", room);
    case_run("a lane runs one job at a time in the order of ids, whatever becomes of its head",
             lanes);
    case_run("E13: what a long lane has next comes behind what is due in other lanes", lane_turns);
    case_run("cancelling promotes the next of a lane only when the head goes", lane_cancel);
    case_run("H11: a lane of ten thousand jobs delays no other lane", fairness);
    case_run("a unique mark has at most one job that does not run, also after a retry", twins);
}

#endif
