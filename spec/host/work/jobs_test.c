/* What jobs promises. The codes: docs/faults.md. */
#include "spec/host/work/jobs_contract.h"

static void fresh(void)
{
    struct job job, out[4] = { 0 };
    up();
    put("work", "l", "u", "one", 2, false);
    put("work", "m", NULL, "first", 1, false);
    CHECK(case_number(store, "SELECT count(*) FROM jobs WHERE claim = 0 OR ukey = 'u'") == 0);
    CHECK(take("first"));
    CHECK(claim(&job, 1) == 1 && payload_is(&job, "one") && jobs_next_due(jobs, "work") > 2);
    put("work", "l", NULL, "two", 1, false);
    CHECK(jobs_done(jobs, &job) == 1 && take("two"));
    job_free(&job);
    lane_put("l", "alone");
    CHECK(take("alone"));
    lane_put("l", "next");
    CHECK(take("next") && counts().running == 0);
    put("work", NULL, "u", "kept", 1, false);
    CHECK(commit() == STORE_COMMITTED);
    CHECK(case_number(store, "SELECT count(*) FROM jobs WHERE claim = 0 AND ukey = 'u'") == 1);
    CHECK(take("kept"));
    put("work", NULL, "u", "left", 1, false);
    CHECK(store_commit(store) == STORE_COMMITTED); /* without jobs_flush */
    down();
    up();
    CHECK(claim(out, 4) == 1 && payload_is(&out[0], "left") && !out[0].orphan);
    job_free(&out[0]);
    down();
}

static void rolled_back(void)
{
    struct job out[4] = { 0 };
    up();
    int64_t id = put("work", "l", "u", "one", 1, false);
    put("work", "m", NULL, "two", 2, false);
    CHECK(store_savepoint(store) == 0);
    CHECK(put("work", "l", "u", "merged", 1, false) == id && put("work", "n", NULL, "", 1, false));
    CHECK(store_rollback(store) == 0);
    jobs_forget(jobs);
    CHECK(jobs_next_due(jobs, "work") == 1 && put("work", "l", "u", "one!", 1, false) == id);
    put("work", "l", NULL, "behind", 1, false);
    CHECK(take("one!") && take("two") && take("behind"));
    CHECK(claim(out, 4) == 0 && counts().running == 0);
    down();
}

static void lost_claim(void)
{
    struct job job = { 0 };
    up();
    int64_t kept = put("work", "a", "u", "kept", 10, false);
    commit();
    int64_t gone = put("work", "a", NULL, "gone", 5, false);
    CHECK(claim(&job, 1) == 1 && job.id == kept);
    lose();
    CHECK(jobs_done(jobs, &job) == 0 && counts().ready == 1 && counts().waiting == 0);
    int64_t claim_then = job.claim;
    job_free(&job);
    CHECK(jobs_next_due(jobs, "work") == 10);
    CHECK(claim(&job, 1) == 1);
    CHECK(job.id == kept);
    CHECK(job.claim != claim_then);
    job_free(&job);
    int64_t fresh = put("work", NULL, NULL, "fresh", 1, false);
    CHECK(fresh > gone);
    CHECK(store_savepoint(store) == 0 && put("work", NULL, NULL, "undone", 0, false) > fresh &&
          store_rollback(store) == 0);
    jobs_forget(jobs);
    CHECK(jobs_next_due(jobs, "work") == 1 && commit() == STORE_COMMITTED);
    down();
}

static void ids(void)
{
    up();
    int64_t last = 0; /* ever durable, or given by this process */
    for (int round = 0; round < 6; round++) {
        int64_t kept = last;
        for (int i = 0; i < 1500; i++) {
            int64_t id = put("work", NULL, NULL, "", 1, false);
            CHECK(id > last);
            last = id;
        }
        if (round % 3 == 1) {
            lose();
            CHECK(put("work", NULL, NULL, "", 1, false) > last);
            last = kept; /* nobody outside has ever heard of the others */
            lose();
        }
        CHECK(store_exec(store, "DELETE FROM jobs") == 0 && commit() == STORE_COMMITTED);
        down();
        up();
    }
    CHECK(put("work", NULL, NULL, "", 1, false) > 3000);
    for (int i = 0; i < 1500; i++) /* a block is reserved in a group that is lost */
        put("work", NULL, NULL, "", 1, false);
    lose();
    last = put("work", NULL, NULL, "", 1, false);
    CHECK(commit() == STORE_COMMITTED && store_exec(store, "DELETE FROM jobs") == 0 &&
          commit() == STORE_COMMITTED);
    down();
    up();
    CHECK(put("work", NULL, NULL, "", 1, false) > last);
    down();
}

static void orphans(void)
{
    struct job out[8] = { 0 };
    up();
    int64_t head = lane_put("a", "head");
    put("work", NULL, "u", "marked", 2, false);
    lane_put("a", "second");
    commit();
    down();
    on_cpu = NULL;
    CHECK(case_child(dies_child) == -SIGKILL);
    up();
    CHECK(counts().running == 0);
    CHECK(counts().ready == 2);
    CHECK(counts().waiting == 1);
    CHECK(jobs_next_due(jobs, "work") == 1);
    CHECK(claim(out, 8) == 2);
    CHECK(out[0].id == head);
    CHECK(out[0].orphan);
    CHECK(out[0].crashes == 0);
    CHECK(out[0].attempts == 0);
    CHECK(out[1].orphan);
    CHECK(put("work", NULL, "u", "marked", 3, false) != out[1].id &&
          put("work", NULL, "w", "w", 3, false));
    CHECK(jobs_again(jobs, &out[0], 5, false, NULL) == 1);
    job_free(&out[0]);
    job_free(&out[1]);
    CHECK(claim(out, 1) == 1 && !out[0].orphan); /* w and the new twin come first by run_at */
    job_free(&out[0]);
    commit();
    down(); /* without finishing: they are orphans of a clean end too */
    up();
    CHECK(counts().running == 0 && counts().ready == 3 &&
          counts().waiting == 1); /* the twins are one again */
    CHECK(claim(out, 8) == 3);
    for (int i = 0; i < 3; i++) {
        if (out[i].id == head)
            CHECK(out[i].orphan && jobs_again(jobs, &out[i], 5, true, "tried") == 1);
        job_free(&out[i]);
    }
    CHECK(claim(out, 1) == 1 && out[0].id == head && !out[0].orphan);
    job_free(&out[0]);
    down();
}

static void crashes(void)
{
    struct job out[8] = { 0 };
    up();
    int64_t culprit = lane_put("a", "culprit"),
            innocent = put("work", NULL, NULL, "innocent", 1, false);
    lane_put("a", "next");
    commit();
    down();
    for (int round = 1; round <= 3; round++) {
        on_cpu = "culprit";
        CHECK(case_child(dies_child) == -SIGKILL);
    }
    up();
    CHECK(counts().dead == 1 && counts().ready == 2 && counts().waiting == 0);
    down(); /* nobody was told yet: it is told at the next start */
    up();
    CHECK(jobs_crashed(jobs, &out[0]));
    CHECK(out[0].id == culprit);
    CHECK(out[0].crashes == 3);
    CHECK(strcmp(out[0].lane, "a") == 0);
    CHECK(strstr(out[0].error, "died three times"));
    CHECK(payload_is(&out[0], "culprit"));
    CHECK(!jobs_crashed(jobs, &out[1]) && commit() == STORE_COMMITTED);
    job_free(&out[0]);
    CHECK(claim(out, 8) == 2);
    CHECK(out[0].id == innocent);
    CHECK(out[0].crashes == 0);
    CHECK(payload_is(&out[1], "next"));
    job_free(&out[0]);
    job_free(&out[1]);
    down();
    up();
    CHECK(!jobs_crashed(jobs, &out[0]));
    CHECK(jobs_requeue(jobs, culprit) == 1 && counts().dead == 0);
    commit();
    down();
}

static void suspects(void)
{
    struct job out[8] = { 0 };
    up();
    int64_t culprit = lane_put("a", "culprit"),
            innocent = put("work", NULL, NULL, "innocent", 5, false);
    commit();
    down();
    on_cpu = "culprit";
    CHECK(case_child(dies_child) == -SIGKILL);
    up();
    CHECK(jobs_suspects(jobs) == 1 && jobs_next_due(jobs, "work") == 5);
    CHECK(claim(out, 8) == 1 && out[0].id == innocent && jobs_next_due(jobs, "work") == INT64_MAX);
    job_free(&out[0]);
    CHECK(jobs_claim_suspect(jobs, "other", 1000, out) == 0);
    CHECK(jobs_claim_suspect(jobs, "work", 1000, out) == 1);
    CHECK(out[0].id == culprit);
    CHECK(out[0].crashes == 1);
    CHECK(jobs_suspects(jobs) == 0);
    CHECK(jobs_again(jobs, &out[0], 1, false, NULL) == 1 && jobs_suspects(jobs) == 1);
    job_free(&out[0]);
    CHECK(jobs_claim_suspect(jobs, "work", 1000, out) == 1);
    CHECK(jobs_again(jobs, &out[0], 1, true, "tried") == 1 && jobs_suspects(jobs) == 0);
    job_free(&out[0]);
    CHECK(claim(out, 8) == 1 && out[0].id == culprit && out[0].crashes == 0);
    job_free(&out[0]);
    down();
}

static void waiting_kills(void)
{
    struct job out[2];
    up();
    put("work", NULL, NULL, "waits", 1, false);
    commit();
    down();
    on_cpu = NULL;
    for (int round = 0; round < 5; round++)
        CHECK(case_child(dies_child) == -SIGKILL);
    up();
    CHECK(claim(out, 2) == 1 && out[0].crashes == 0);
    job_free(&out[0]);
    down();
}

static int seen;
static void see(void *arg, const struct job *job, enum job_state state)
{
    CHECK(state == *(enum job_state *)arg);
    CHECK(!job->payload);
    CHECK(strcmp(job->kind, "work") == 0);
    CHECK((!job->lane || strcmp(job->lane, "l") == 0));
    seen++;
}

static void lists(void)
{
    struct job job = { 0 };
    enum job_state state = JOB_READY;
    up();
    for (int i = 0; i < 5; i++)
        put("work", NULL, NULL, "secret", 1, false);
    CHECK(jobs_each(jobs, false, 3, see, &state) == 3 && seen == 3 &&
          jobs_each(jobs, true, 3, see, &state) == 0);
    store_exec(store, "DELETE FROM jobs");
    lane_put("l", "x");
    CHECK(claim(&job, 1) == 1 && jobs_die(jobs, &job, "x") == 1);
    job_free(&job);
    state = JOB_DEAD;
    seen = 0;
    CHECK(jobs_each(jobs, true, 10, see, &state) == 1 && seen == 1);
    down();
}

/*
 * Work under kill -9: every job that was acknowledged runs to its end, in the order of its lane,
 * and none is done twice.
 */
static int told[2];

static void works_child(void)
{
    struct job out[16];
    char lane[16], payload[32];
    up();
    int64_t number = case_number(store, "SELECT count(*) FROM done") +
                     case_number(store, "SELECT count(*) FROM jobs");
    for (;;) {
        for (int i = 0; i < 5; i++, number++) {
            snprintf(lane, sizeof lane, "lane%d", (int)(number % 3));
            snprintf(payload, sizeof payload, "%lld", (long long)number);
            lane_put(lane, payload);
        }
        if (commit() == STORE_COMMITTED && write(told[1], &number, sizeof number) != sizeof number)
            _exit(1);
        int n = claim(out, 16);
        commit();
        for (int i = 0; i < n; i++) {
            char sql[96];
            snprintf(sql, sizeof sql, "INSERT INTO done (lane, number) VALUES ('%s', %s)",
                     out[i].lane, out[i].payload);
            if (store_exec(store, sql) != 0 || jobs_done(jobs, &out[i]) != 1)
                _exit(1);
            job_free(&out[i]);
        }
        commit();
    }
}

static void killed(void)
{
    int64_t last = 0;
    up();
    store_exec(store,
               "CREATE TABLE done (id INTEGER PRIMARY KEY, lane TEXT, number INTEGER UNIQUE)");
    commit();
    down();
    srand(11);
    for (int round = 0; round < 12; round++) {
        CHECK(pipe(told) == 0);
        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0)
            works_child();
        close(told[1]);
        for (int reads = rand() % 80;
             reads >= 0 && read(told[0], &last, sizeof last) == sizeof last; reads--)
            continue;
        kill(pid, SIGKILL);
        while (read(told[0], &last, sizeof last) == sizeof last)
            continue;
        close(told[0]);
        int status = 0;
        waitpid(pid, &status, 0);
        CHECK(WIFSIGNALED(status));
    }
    up();
    struct job job = { 0 };
    while (claim(&job, 1) == 1) {
        char sql[96];
        snprintf(sql, sizeof sql, "INSERT INTO done (lane, number) VALUES ('%s', %s)", job.lane,
                 job.payload);
        CHECK(store_exec(store, sql) == 0 && jobs_done(jobs, &job) == 1);
        job_free(&job);
    }
    CHECK(case_sound(store) && case_number(store, "SELECT count(*) FROM done") >= last &&
          case_number(store, "SELECT count(*) FROM jobs") == 0);
    CHECK(case_number(store, "SELECT max(number) - count(*) + 1 FROM done") == 0);
    /* Each row with the one before it only: every pair is millions of steps, and the store ends a
     * statement that takes too long. */
    CHECK(case_number(store, "SELECT count(*) FROM (SELECT number, lag(number) OVER (PARTITION BY "
                             "lane ORDER BY id) AS before FROM done) WHERE before > number") == 0);
    commit();
    down();
}

static void in_memory(void)
{
    char why[256] = "";
    struct job job = { 0 };
    CHECK(store_open(&store, NULL, why, sizeof why) == STORE_OPENED &&
          (jobs = jobs_open(store, NULL, why, sizeof why)));
    lane_put("a", "x");
    CHECK(commit() == STORE_COMMITTED && claim(&job, 1) == 1);
    jobs_on_cpu(jobs, job.id);
    jobs_on_cpu(jobs, 0);
    CHECK(jobs_done(jobs, &job) == 1);
    job_free(&job);
    down();
}

int main(void)
{
    log_open(LOG_OFF);
    jobs_contract();
    case_run("a job that is due when it is put enters no index that its claim would leave", fresh);
    case_run("a transaction that fails leaves what others have put before it as it was",
             rolled_back);
    case_run("A13: a claim and a put of a lost group never were", lost_claim);
    case_run("no job id is given twice, whatever is lost, deleted or restarted", ids);
    case_run("A4, A6: what a dead process had claimed is an orphan, at the head of its lane",
             orphans);
    case_run("A32: a job on the CPU at three deaths is dead, told once, and its lane goes on",
             crashes);
    case_run(
        "A32: a job on the CPU at a death is passed over by the ordinary claim until an attempt is "
        "counted",
        suspects);
    case_run("A32: deaths while waiting are charged to nobody", waiting_kills);
    case_run("lists show no payload and count by state", lists);
    case_run("A3: under kill -9 each acknowledged job is done once, in the order of its lane",
             killed);
    case_run("jobs work in memory", in_memory);
    return cases_end();
}
