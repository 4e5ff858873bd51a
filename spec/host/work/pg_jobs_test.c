/* Jobs of several processes on one PostgreSQL. Each struct jobs is a process here. */
#include "spec/host/work/pg_jobs_case.h"

/* ---- claims ---- */

static void two_claimers(void)
{
    struct job x[8] = { 0 }, y[8] = { 0 };
    fresh();
    for (int i = 0; i < 6; i++)
        put(&a, NULL, NULL, "x", false);
    CHECK(commit(&a) == STORE_COMMITTED);
    CHECK(jobs_claim(a.jobs, "work", 1000, x, 4) == 4); /* not committed */
    CHECK(claim(&b, y, 8) == 2);
    CHECK(commit(&a) == STORE_COMMITTED && claim(&b, y + 2, 4) == 0);
    CHECK(x[0].claim != y[0].claim && x[0].claim == x[3].claim);
    CHECK(jobs_hold(a.jobs, &x[0]) == 1 && jobs_hold(a.jobs, &y[0]) == 1);
    commit(&a);
    CHECK(jobs_done(b.jobs, &x[0]) == 1 && commit(&b) == STORE_COMMITTED);
    CHECK(jobs_hold(a.jobs, &x[0]) == 0 && jobs_done(a.jobs, &x[0]) == 0);
    CHECK(jobs_again(a.jobs, &x[0], 1, true, "x") == 0 && jobs_die(a.jobs, &x[0], "x") == 0);
    commit(&a);
    for (int i = 0; i < 8; i++) {
        job_free(&x[i]);
        job_free(&y[i]);
    }
    end();
}

static void lanes(void)
{
    struct job x = { 0 }, y = { 0 }, z = { 0 };
    fresh();
    int64_t first = put(&a, "l", NULL, "1", false), second = put(&a, "l", NULL, "2", false),
            third = put(&b, "l", NULL, "3", false);
    commit(&a);
    commit(&b);
    CHECK(claim(&a, &x, 1) == 1 && x.id == first && claim(&b, &y, 1) == 0);
    CHECK(jobs_again(a.jobs, &x, 5, true, "later") == 1 && commit(&a) == STORE_COMMITTED);
    job_free(&x);
    CHECK(claim(&b, &y, 3) == 1 && y.id == first && claim(&a, &x, 1) == 0); /* keeps its place */
    CHECK(jobs_done(b.jobs, &y) == 1 && claim(&a, &x, 1) == 0); /* commits only the claim of a */
    CHECK(commit(&b) == STORE_COMMITTED && claim(&b, &z, 3) == 1 && z.id == second);
    CHECK(jobs_die(b.jobs, &z, "x") == 1 && commit(&b) == STORE_COMMITTED);
    job_free(&y);
    CHECK(claim(&b, &y, 3) == 1 && y.id == third);
    CHECK(
        ask(&a, "SELECT count(*) FROM jobs WHERE state = 3 AND lane IS NULL AND old_lane = 'l'") ==
        1);
    job_free(&y);
    job_free(&z);
    end();
}

/* The number of a job that is committed late is lower than that of one that runs. */
static void late_head(void)
{
    struct job x = { 0 }, y = { 0 };
    fresh();
    int64_t late = put(&a, "l", NULL, "late", false), early = put(&b, "l", NULL, "early", false);
    commit(&b);
    CHECK(late < early && claim(&b, &x, 1) == 1 && x.id == early);
    commit(&a);
    CHECK(claim(&a, &y, 1) == 0);
    CHECK(jobs_done(b.jobs, &x) == 1 && commit(&b) == STORE_COMMITTED);
    CHECK(claim(&b, &y, 1) == 1 && y.id == late);
    job_free(&x);
    job_free(&y);
    end();
}

/* In a child: claims, and exits with how many it got. */
static void claims_child(void)
{
    struct job x[4];
    struct one p = one_up();
    int n = claim(&p, x, 4);
    _exit(n < 0 ? 100 : n);
}

static pid_t child(void (*body)(void))
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        body();
        _exit(0);
    }
    return pid;
}

static int end_of(pid_t pid)
{
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static bool waits_for_lock(void)
{
    for (int i = 0; i < 1000; i++)
        if (ask(&c, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") > 0)
            return true;
        else
            usleep(10000);
    return false;
}

/* Both see a first job of the lane that nobody runs. The unique index has the last word. */
static void one_lane_two_claims(void)
{
    struct job x = { 0 };
    fresh();
    c = one_up();
    int64_t late = put(&a, "l", NULL, "late", false);
    put(&b, "l", NULL, "early", false);
    commit(&b);
    CHECK(jobs_claim(b.jobs, "work", 1000, &x, 1) == 1); /* not committed */
    commit(&a);
    pid_t pid = child(claims_child);
    CHECK(waits_for_lock());
    commit(&b);
    CHECK(end_of(pid) == 0 && ask(&a, "SELECT count(*) FROM jobs WHERE state = 2") == 1);
    CHECK(jobs_done(b.jobs, &x) == 1 && commit(&b) == STORE_COMMITTED);
    job_free(&x);
    CHECK(claim(&b, &x, 1) == 1 && x.id == late);
    job_free(&x);
    end();
}

/* A waiting job that was marked as waiting while the one before it ended is found by jobs_poll. */
static void swept(void)
{
    struct job x = { 0 };
    fresh();
    for (int i = 0; i < 3; i++)
        put(&a, "l", NULL, "x", false);
    put(&a, "quote\" \\ {,}", NULL, "y", false);
    commit(&a);
    run(&a, "UPDATE jobs SET state = 1");
    CHECK(claim(&b, &x, 1) == 0 && polls(&b) == 0);
    CHECK(jobs_next_due(b.jobs, "work") == 0 && claim(&b, &x, 1) == 1);
    CHECK(ask(&a, "SELECT count(*) FROM jobs WHERE state = 2") == 1);
    job_free(&x);
    CHECK(claim(&b, &x, 8) == 1);
    job_free(&x);
    end();
}

/* ---- three processes, a thousand jobs ---- */

enum { JOBS = 1000, LANES = 40 };

static bool slice(struct one *p, const struct job *job, int end_by)
{
    char sql[200];
    pg_store_mode(p->store, PG_SERIALIZABLE);
    int rc = jobs_hold(p->jobs, job);
    if (rc == 1 && end_by < 7) {
        snprintf(sql, sizeof sql, "INSERT INTO ran (job, lane, payload) VALUES (%lld, '%s', %s)",
                 (long long)job->id, job->lane ? job->lane : "", job->payload);
        rc = store_exec(p->store, sql) == 0 ? jobs_done(p->jobs, job) : -1;
    } else if (rc == 1) {
        rc = jobs_again(p->jobs, job, 1, end_by == 7, "again");
    }
    if (rc == 0)
        _exit(3);
    if (rc < 0)
        undo(p);
    bool fine = rc == 1 && commit(p) == STORE_COMMITTED;
    pg_store_mode(p->store, PG_READ_COMMITTED);
    return fine;
}

static void works_child(void)
{
    struct job x[16];
    struct one p = one_up();
    srand((unsigned)getpid());
    int idle = 0;
    while (idle < 2000) {
        if (jobs_beat(p.jobs) != 1)
            _exit(8);
        int n = claim(&p, x, 1 + rand() % 16);
        if (n < 0)
            _exit(4);
        for (int i = 0; i < n; i++) {
            char sql[120];
            if (x[i].lane) {
                snprintf(sql, sizeof sql, "INSERT INTO runs VALUES ('%s')", x[i].lane);
                if (run(&p, sql) != 0)
                    _exit(5);
            }
        }
        for (int i = 0; i < n; i++) {
            char sql[120];
            if (x[i].lane) {
                snprintf(sql, sizeof sql, "DELETE FROM runs WHERE lane = '%s'", x[i].lane);
                if (run(&p, sql) != 0)
                    _exit(6);
            }
            int tries = 0, how = rand() % 9;
            while (!slice(&p, &x[i], how))
                if (++tries == 50)
                    _exit(7);
            job_free(&x[i]);
        }
        if (n == 0) {
            polls(&p);
            idle = ask(&p, "SELECT count(*) FROM jobs WHERE state < 3") == 0 ? 2000 : idle + 1;
        }
    }
    one_down(&p);
    _exit(0);
}

static void thousand(void)
{
    pid_t pids[3];
    fresh();
    run(&a, "CREATE TABLE ran (id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, job BIGINT "
            "UNIQUE, lane TEXT, payload BIGINT)");
    run(&a, "CREATE TABLE runs (lane TEXT PRIMARY KEY)");
    for (int i = 0; i < JOBS; i++) {
        char lane[16], payload[16];
        snprintf(lane, sizeof lane, "lane%d", rand() % LANES);
        snprintf(payload, sizeof payload, "%d", i);
        put(&a, i % 10 ? lane : NULL, NULL, payload, false);
    }
    commit(&a);
    for (int i = 0; i < 3; i++)
        pids[i] = child(works_child);
    for (int i = 0; i < 3; i++)
        CHECK(end_of(pids[i]) == 0);
    CHECK(ask(&a, "SELECT count(*) FROM jobs") == 0 && ask(&a, "SELECT count(*) FROM ran") == JOBS);
    CHECK(ask(&a,
              "SELECT count(*) FROM (SELECT payload, lag(payload) OVER (PARTITION BY lane "
              "ORDER BY id) AS before FROM ran WHERE lane <> '') AS r WHERE before > payload") ==
          0);
    CHECK(ask(&a, "SELECT count(DISTINCT job) FROM ran") == JOBS);
    end();
}

/* ---- beside SERIALIZABLE slices ---- */

/* One process reads and writes as a turn does while the other claims and puts in the same lanes. */
static void no_false_conflict(void)
{
    struct job x[40] = { 0 }, y[8] = { 0 };
    fresh();
    run(&a, "CREATE TABLE t (id BIGINT PRIMARY KEY, n BIGINT)");
    for (int i = 0; i < 60; i++) {
        char lane[16];
        snprintf(lane, sizeof lane, "l%d", i % 20);
        put(&a, lane, NULL, "x", false);
    }
    commit(&a);
    int n = claim(&a, x, 20);
    CHECK(n == 20);
    for (int i = 0; i < n; i++) {
        char sql[80];
        snprintf(sql, sizeof sql, "INSERT INTO t VALUES (%d, 0)", i);
        pg_store_mode(a.store, PG_SERIALIZABLE);
        CHECK(jobs_hold(a.jobs, &x[i]) == 1 && store_exec(a.store, sql) == 0);
        CHECK(put(&b, x[i].lane, NULL, "more", false) && commit(&b) == STORE_COMMITTED);
        int m = claim(&b, y, 2); /* the next of lanes that have ended */
        CHECK(m >= 0 && put(&a, x[i].lane, NULL, "own", false));
        CHECK(jobs_done(a.jobs, &x[i]) == 1 && commit(&a) == STORE_COMMITTED);
        pg_store_mode(a.store, PG_READ_COMMITTED);
        for (int k = 0; k < m; k++) {
            CHECK(jobs_done(b.jobs, &y[k]) == 1 && commit(&b) == STORE_COMMITTED);
            job_free(&y[k]);
        }
        job_free(&x[i]);
    }
    end();
}

/* A slice that has looked at the database before the claim conflicts with it, and runs again. */
static void against_a_claim(void)
{
    struct job x[2] = { 0 };
    fresh();
    int64_t id = put(&a, NULL, "u", "one", false);
    commit(&a);
    pg_store_mode(b.store, PG_SERIALIZABLE);
    CHECK(case_number(b.store, "SELECT count(*) FROM jobs") == 1 && claim(&a, x, 1) == 1);
    CHECK(jobs_cancel(b.jobs, id) == -1);
    undo(&b);
    CHECK(jobs_cancel(b.jobs, id) == 0);
    undo(&b);
    CHECK(jobs_again(a.jobs, &x[0], 1, false, NULL) == 1 && commit(&a) == STORE_COMMITTED);
    job_free(&x[0]);
    CHECK(case_number(b.store, "SELECT count(*) FROM jobs") == 1 && claim(&a, x, 1) == 1);
    int64_t next = put(&b, NULL, "u", "two", false); /* the first one runs already */
    CHECK(next > id && commit(&b) == STORE_COMMITTED);
    CHECK(jobs_again(a.jobs, &x[0], 1, false, NULL) == 1 && commit(&a) == STORE_COMMITTED);
    CHECK(ask(&a, "SELECT count(*) FROM jobs WHERE state = 0") == 2 &&
          ask(&a, "SELECT count(*) FROM jobs WHERE mark = 'u' AND ukey = 'u'") == 1);
    job_free(&x[0]);
    CHECK(claim(&a, x, 2) == 2 && put(&b, NULL, "u", "two", true) && commit(&b) == STORE_COMMITTED);
    for (int i = 0; i < 2; i++) { /* the same payload: merged */
        CHECK(jobs_again(a.jobs, &x[i], 9, false, NULL) == 1 && commit(&a) == STORE_COMMITTED);
        job_free(&x[i]);
    }
    CHECK(ask(&a, "SELECT count(*) FROM jobs") == 2 &&
          ask(&a, "SELECT run_at FROM jobs WHERE ukey = 'u'") == 1);
    end();
}

/* ---- processes ---- */

static void taken_over(void)
{
    struct job x[4] = { 0 }, y[4] = { 0 };
    fresh();
    int64_t head = put(&a, "l", NULL, "head", false), other = put(&a, NULL, "u", "other", false);
    put(&a, "l", NULL, "next", false);
    commit(&a);
    CHECK(claim(&a, x, 4) == 2);
    silent(&a, 9);
    CHECK(polls(&b) == 0 && claim(&b, y, 4) == 0 && put(&b, NULL, "u", "twin", false) != other);
    commit(&b);
    silent(&a, 2);
    CHECK(polls(&b) == 0 && ask(&b, "SELECT count(*) FROM jobs WHERE state = 2") == 0);
    CHECK(claim(&b, y, 4) == 3 && y[0].id == head);
    CHECK(y[0].orphan && y[0].crashes == 0);
    CHECK(y[1].orphan && !y[2].orphan && y[0].attempts == 0);
    for (int i = 0; i < 2; i++)
        CHECK(jobs_hold(a.jobs, &x[i]) == 0 && jobs_done(a.jobs, &x[i]) == 0);
    commit(&a);
    CHECK(jobs_beat(b.jobs) == 1);
    CHECK(jobs_beat(a.jobs) == 0 && jobs_may_act(a.jobs) && jobs_beat(a.jobs) == 1);
    CHECK(jobs_again(b.jobs, &y[0], 1, true, "x") == 1 && commit(&b) == STORE_COMMITTED);
    job_free(&y[0]);
    CHECK(claim(&a, y, 1) == 1 && y[0].id == head && !y[0].orphan);
    for (int i = 0; i < 4; i++) {
        job_free(&x[i]);
        job_free(&y[i]);
    }
    end();
}

/* What a process claimed when it was declared dead already is found too. */
static void claimed_late(void)
{
    struct job x = { 0 };
    fresh();
    put(&a, NULL, NULL, "x", false);
    commit(&a);
    CHECK(jobs_claim(a.jobs, "work", 1000, &x, 1) == 1);
    silent(&a, 11);
    CHECK(polls(&b) == 0 && commit(&a) == STORE_COMMITTED);
    CHECK(ask(&b, "SELECT count(*) FROM jobs WHERE state = 2") == 1 && polls(&b) == 0 &&
          ask(&b, "SELECT count(*) FROM jobs WHERE state = 2") == 0);
    job_free(&x);
    end();
}

static void closed(void)
{
    struct job x = { 0 };
    fresh();
    put(&a, NULL, NULL, "x", false);
    commit(&a);
    CHECK(claim(&a, &x, 1) == 1);
    job_free(&x);
    one_down(&a);
    CHECK(polls(&b) == 0 && claim(&b, &x, 1) == 1 && x.orphan);
    CHECK(ask(&b, "SELECT losses FROM jobs") == 0);
    job_free(&x);
    end();
}

static void poison(void)
{
    struct job x[2] = { 0 };
    fresh();
    int64_t id = put(&a, "l", NULL, "deadly", false);
    put(&a, NULL, NULL, "fine", false);
    put(&a, "l", NULL, "behind", false);
    commit(&a);
    for (int death = 1; death <= 4; death++) {
        c = one_up();
        int n = death < 3 ? claim(&c, x, 1) : jobs_claim_suspect(c.jobs, "work", INT64_MAX - 1, x);
        CHECK(n == 1 && x[0].id == id && x[0].crashes == (death < 3 ? 0 : death - 2));
        job_free(&x[0]);
        commit(&c);
        silent(&c, 11);
        one_dies(&c);
        c.jobs = NULL;
        CHECK(polls(&b) == 0 && jobs_suspects(b.jobs) == (death == 2 || death == 3));
        if (death > 1 && death < 4) {
            CHECK(jobs_claim_suspect(b.jobs, "work", INT64_MAX - 1, x) == 0); /* rests */
            commit(&b);
            run(&b, "UPDATE jobs SET run_at = 1 WHERE crashes > 0");
        }
    }
    CHECK(ask(&b, "SELECT count(*) FROM jobs WHERE state = 3") == 1);
    CHECK(jobs_crashed(b.jobs, &x[0]) && x[0].id == id && x[0].crashes == 3);
    CHECK(strcmp(x[0].lane, "l") == 0 && commit(&b) == STORE_COMMITTED);
    CHECK(!jobs_crashed(b.jobs, &x[1]));
    job_free(&x[0]);
    CHECK(claim(&b, x, 2) == 2 && x[0].crashes == 0 && x[1].crashes == 0);
    job_free(&x[0]);
    job_free(&x[1]);
    end();
}

/* ---- the plan ---- */

/* The plan of the newest claim, with what it did. */
static const char *explained(struct one *p, const char *mode)
{
    static char text[65536], sql[5000];
    const char *error;
    double from = case_now_ms();
    *text = 0;
    snprintf(sql, sizeof sql, "SELECT set_config('plan_cache_mode', '%s', true)", mode);
    store_exec(p->store, sql);
    snprintf(sql, sizeof sql, "EXPLAIN (ANALYZE) %s", pg_store_last_claim);
    struct store_statement *st = store_prepare(p->store, sql, strlen(sql), &error);
    store_bind_text(st, 1, "work", 4);
    store_bind_integer(st, 2, INT64_MAX - 1);
    store_bind_integer(st, 3, 1);
    store_bind_integer(st, 4, 164);
    store_bind_integer(st, 5, 100);
    while (store_step(p->store, st) == STORE_ROW)
        snprintf(text + strlen(text), sizeof text - strlen(text), "# %s\n",
                 store_column_text(st, 0));
    store_done(p->store, st);
    undo(p);
    if (getenv("LOUD"))
        printf("%s# %s: %.1f ms\n", text, mode, case_now_ms() - from);
    return text;
}

static void plan(void)
{
    static struct job x[100];
    fresh();
    run(&a,
        "INSERT INTO jobs (kind, lane, state, run_at, created_at, payload) SELECT 'work', "
        "'lane' || i / 4, 0, 1000 + i % 1000, 1, '{}' FROM generate_series(1, 100000) AS s (i)");
    for (int pass = 0; pass < 3; pass++) {
        CHECK(jobs_beat(a.jobs) == 1); /* the rows took long */
        double from = case_now_ms();
        CHECK(jobs_claim(a.jobs, "work", INT64_MAX - 1, x, 100) == 100);
        if (getenv("LOUD"))
            printf("# claimed in %.1f ms\n", case_now_ms() - from);
        undo(&a);
        const char *text = explained(&a, pass == 2 ? "force_generic_plan" : "auto");
        CHECK(strstr(text, "jobs_due") && !strstr(text, "Seq Scan on jobs"));
        if (pass == 0) /* with the statistics of a large table from now on */
            run(&a, "ANALYZE jobs");
        for (int i = 0; i < 100; i++)
            job_free(&x[i]);
    }
    end();
}

int main(void)
{
    begin();
    case_run("a job is claimed by one process, whichever commits first", two_claimers);
    case_run("a lane runs one job at a time in the order of ids, whoever claims", lanes);
    case_run("a job that is committed late waits for the one of its lane that runs", late_head);
    case_run("two processes that claim in one lane at once: one gets a job", one_lane_two_claims);
    case_run("a lane whose first job is marked as waiting goes on", swept);
    case_run(
        "three processes end a thousand jobs: each is done once, in its lane's order, one at a "
        "time",
        thousand);
    case_run("claims and puts do not make the slice of a job of the same lane conflict",
             no_false_conflict);
    case_run("a cancel, a put with its mark or a retry against a claim: one of them counts",
             against_a_claim);
    case_run("what a process had claimed is ready 10 s after its last heartbeat, and its late ends "
             "count no more",
             taken_over);
    case_run("a claim that is committed after its process was declared dead is taken over",
             claimed_late);
    case_run("what a process leaves when it closes is taken over at once, and charged to nobody",
             closed);
    case_run(
        "a job that was claimed at four deaths runs alone from the second on, and is dead after "
        "the last",
        poison);
    case_run("claiming among 100,000 jobs reads no table whole", plan);
    return cases_end();
}
