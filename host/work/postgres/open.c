/* Tables, the processes and their heartbeats, and taking over what a dead one had claimed. See
 * work/jobs.h. */
#include "work/postgres/parts.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Written as SQLite's, like all steps (store/postgres/ddl.h): the names and columns that scripts
 * and status read are the same. Of jobs, state 1: it waits behind another job of its lane; losses:
 * how often a process died that had claimed it. Of inbox, state 1: claimed, 2: parked whole. */
static const char *const steps[] = {
    "CREATE TABLE jobs ("
    "  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, lane TEXT, ukey TEXT, mark TEXT, state INTEGER "
    "NOT NULL, run_at INTEGER NOT NULL,"
    "  claim INTEGER NOT NULL DEFAULT 0, owner INTEGER, attempts INTEGER NOT NULL DEFAULT 0,"
    "  crashes INTEGER NOT NULL DEFAULT 0, losses INTEGER NOT NULL DEFAULT 0,"
    "  orphan INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL,"
    "  old_lane TEXT, error TEXT, payload BLOB NOT NULL) STRICT;"
    "CREATE INDEX jobs_due ON jobs (kind, run_at, id) WHERE state = 0 AND crashes = 0;"
    "CREATE INDEX jobs_suspect ON jobs (kind, run_at, id) WHERE crashes > 0;"
    "CREATE INDEX jobs_lane ON jobs (lane, id) WHERE lane IS NOT NULL;"
    "CREATE INDEX jobs_waiting ON jobs (lane) WHERE state = 1;"
    "CREATE UNIQUE INDEX jobs_running ON jobs (lane) WHERE state = 2;"
    "CREATE INDEX jobs_owner ON jobs (owner) WHERE state = 2;"
    "CREATE UNIQUE INDEX jobs_unique ON jobs (ukey) WHERE ukey IS NOT NULL;"
    "CREATE INDEX jobs_dead ON jobs (id) WHERE state = 3;"
    "CREATE SEQUENCE jobs_claims;"
    "CREATE TABLE inbox ("
    "  id INTEGER PRIMARY KEY, reader TEXT NOT NULL, received_at INTEGER NOT NULL, state INTEGER "
    "NOT NULL DEFAULT 0,"
    "  owner INTEGER, crashes INTEGER NOT NULL DEFAULT 0, losses INTEGER NOT NULL DEFAULT 0,"
    "  body BLOB NOT NULL) STRICT;"
    "CREATE INDEX inbox_unread ON inbox (id) WHERE state = 0;"
    "CREATE INDEX inbox_owner ON inbox (owner) WHERE state = 1;"
    "CREATE TABLE parked ("
    "  id INTEGER PRIMARY KEY, inbox_id INTEGER NOT NULL, reader TEXT NOT NULL, whole INTEGER NOT "
    "NULL, reason TEXT NOT NULL,"
    "  crashes INTEGER NOT NULL DEFAULT 0, parked_at INTEGER NOT NULL, item BLOB) STRICT;"
    "CREATE UNIQUE INDEX parked_whole ON parked (inbox_id) WHERE whole = 1;"
    "CREATE TABLE marks (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "INSERT INTO marks VALUES ('jobs.suspect', 0), ('inbox.reader', 0);"
    "CREATE TABLE processes ("
    "  id INTEGER PRIMARY KEY, name TEXT NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL,"
    "  started_at INTEGER NOT NULL, beat_at INTEGER NOT NULL, generation INTEGER, left_at INTEGER,"
    "  why TEXT) STRICT;"
    "CREATE INDEX processes_left ON processes (left_at);",
};

int pg_jobs_tables(struct store *s, char *why, size_t why_size)
{
    return store_migrate(s, "host", steps, sizeof steps / sizeof *steps, why, why_size);
}

/* ---- this process ---- */

/* Goes on while the machine sleeps. */
static uint64_t boot_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Enters this process with a new number. 0 or -1. */
static int enter(struct jobs *j)
{
    char host[256] = "", name[300];
    uint64_t at = boot_ns();
    gethostname(host, sizeof host - 1);
    snprintf(name, sizeof name, "%s/%ld", host, (long)getpid());
    if (jobs_number(
            j, &j->me,
            "INSERT INTO processes (name, host, pid, started_at, beat_at) VALUES (?, ?, ?, " NOW
            ", " NOW ") RETURNING id",
            "tti", name, host, (int64_t)getpid()) != 1 ||
        store_commit(j->store) != STORE_COMMITTED)
        return -1;
    j->beat_ns = at;
    return 0;
}

int pg_jobs_beat(struct jobs *j)
{
    uint64_t at = boot_ns();
    int rc = jobs_run(j, "UPDATE processes SET beat_at = " NOW " WHERE id = ? AND left_at IS NULL",
                      "i", j->me);
    enum store_commit_result r = store_commit(j->store);
    if (rc == 1 && r == STORE_COMMITTED) {
        j->beat_ns = at;
        return 1;
    }
    if (rc != 0)
        return -1;
    log_event(LOG_ERROR, "jobs.taken_over", log_i("process", j->me));
    told_forget(j, true);
    rows_forget(j, true);
    lanes_forget(j);
    return enter(j) == 0 ? 0 : -1;
}

bool pg_jobs_may_act(const struct jobs *j)
{
    return boot_ns() - j->beat_ns < (uint64_t)BEAT_STALE_MS * 1000000u;
}

struct jobs *pg_jobs_open(struct store *s, const char *page_path, char *why, size_t why_size)
{
    (void)page_path;
    struct jobs *j = calloc(1, sizeof *j);
    if (!j) {
        snprintf(why, why_size, "not enough memory");
        return NULL;
    }
    j->engine = &postgres_jobs;
    j->store = s;
    j->crashed = j->inbox_crashed = true;
    if (pg_jobs_tables(s, why, why_size) == 0) {
        if (enter(j) == 0)
            return j;
        snprintf(why, why_size, "this process cannot enter itself in the table processes: %s",
                 store_error(s));
        store_commit(s);
    }
    pg_jobs_close(j);
    return NULL;
}

void pg_jobs_close(struct jobs *j)
{
    if (!j)
        return;
    if (j->me) {
        jobs_run(j,
                 "UPDATE processes SET left_at = " NOW
                 ", why = 'closed' WHERE id = ? AND left_at IS NULL",
                 "i", j->me);
        store_commit(j->store);
    }
    told_forget(j, true);
    free(j->told);
    rows_forget(j, true);
    free(j->rows);
    lanes_forget(j);
    free(j->lanes);
    free(j->swept);
    for (size_t i = 0; i < j->kind_count; i++)
        free(j->kinds[i].name);
    free(j->kinds);
    free(j);
}

/* ---- the others ---- */

/* A process can die by itself, by its machine, or by a job. So the first death is charged to none
 * of the jobs that it had claimed, and each further one to all of them: a job that was claimed at
 * two deaths is one of few. It runs alone then, and after a rest, so that one process a minute dies
 * of it at most. */
#define CHARGE     "(CASE WHEN losses > 0 AND CAST(?2 AS BIGINT) = 1 THEN 1 ELSE 0 END)"
#define DEAD       "crashes + " CHARGE " >= " LIMIT_TEXT
#define LIMIT_TEXT "3" /* JOBS_CRASH_LIMIT */
_Static_assert(JOBS_CRASH_LIMIT == 3, "LIMIT_TEXT");

static int take_jobs(struct jobs *j, int64_t process, bool died)
{
    int rc, count = 0;
    struct store_statement *row = jobs_row(
        j, &rc,
        "UPDATE jobs SET claim = 0, owner = NULL, losses = losses + ?2, crashes = crashes + " CHARGE
        ", state = CASE WHEN " DEAD " THEN 3 ELSE 0 END, orphan = CASE WHEN " DEAD
        " THEN 2 ELSE 1 END, old_lane = CASE WHEN " DEAD " THEN lane ELSE old_lane END, lane = "
        "CASE WHEN " DEAD " THEN NULL ELSE lane END, error = CASE WHEN " DEAD
        " THEN 'three processes died while they had claimed this job' ELSE error END, run_at = "
        "CASE WHEN " CHARGE " = 1 THEN " NOW " + ?3 ELSE least(run_at, " NOW ") END, ukey = CASE "
        "WHEN " DEAD " OR EXISTS (SELECT 1 FROM jobs t WHERE t.ukey = jobs.mark) THEN NULL ELSE "
        "mark END WHERE id IN (SELECT id FROM jobs WHERE owner = ?1 AND state = 2 FOR UPDATE SKIP "
        "LOCKED) RETURNING id, kind, coalesce(lane, old_lane), state, crashes, CASE WHEN state = 0 "
        "AND mark IS NOT NULL AND ukey IS NULL THEN 1 ELSE 0 END",
        "iii", process, (int64_t)died, (int64_t)LOST_REST_MS);
    while (row && rc > 0) {
        int64_t id = store_column_integer(row, 0), crashes = store_column_integer(row, 4);
        const char *kind = store_column_text(row, 1), *lane = store_column_text(row, 2);
        count++;
        j->crashed |= store_column_integer(row, 3) == JOB_DEAD;
        if (crashes)
            log_event(LOG_WARN, "jobs.crash", log_i("job", id), log_s("kind", kind),
                      log_i("crashes", crashes));
        told_add(j, lane, kind, 0);
        if (store_column_integer(row, 5) && twin_settle(j, id) != 0)
            rc = -1;
        else
            rc = jobs_next_row(j, row);
    }
    store_done(j->store, row);
    return rc < 0 ? -1 : count;
}

/* What one process had claimed. 0 or -1. */
static int take_over(struct jobs *j, int64_t process, bool died)
{
    int jobs = take_jobs(j, process, died);
    int rows = jobs < 0 ? -1 : rows_take_over(j, process, died);
    if (jobs > 0 || rows > 0)
        log_event(LOG_WARN, "jobs.orphans", log_i("process", process), log_i("jobs", jobs),
                  log_i("rows", rows));
    return rows < 0 ? -1 : 0;
}

/* Also those who left lately: a claim may be committed after its process was declared dead. */
static int others_look(struct jobs *j)
{
    enum { MOST = 64 };
    struct {
        int64_t id;
        bool died;
    } gone[MOST];
    int rc, count = 0;
    if (jobs_run(j,
                 "UPDATE processes SET left_at = " NOW ", why = 'no heartbeat' WHERE left_at IS "
                 "NULL AND id <> ?1 AND beat_at < " NOW " - ?2",
                 "ii", j->me, (int64_t)BEAT_DEAD_MS) < 0)
        return -1;
    struct store_statement *row = jobs_row(
        j, &rc,
        "SELECT id, CASE WHEN why = 'closed' THEN 0 ELSE 1 END FROM processes WHERE left_at > " NOW
        " - ?1 AND id <> ?2 ORDER BY left_at DESC LIMIT ?3",
        "iii", (int64_t)LEFT_LOOK_MS, j->me, (int64_t)MOST);
    while (row && rc > 0 && count < MOST) {
        gone[count].id = store_column_integer(row, 0);
        gone[count++].died = store_column_integer(row, 1) != 0;
        rc = jobs_next_row(j, row);
    }
    store_done(j->store, row);
    for (int i = 0; i < count && rc >= 0; i++)
        rc = take_over(j, gone[i].id, gone[i].died);
    return rc < 0 ? -1 : 0;
}

int pg_jobs_poll(struct jobs *j)
{
    int64_t suspects = 0;
    if (!pg_jobs_may_act(j))
        return 0;
    if (others_look(j) != 0 || lanes_sweep(j) != 0 || kinds_look(j) != 0 || rows_look(j) != 0 ||
        jobs_number(j, &suspects,
                    "SELECT (SELECT count(*) FROM jobs WHERE crashes > 0 AND state < 2) + (SELECT "
                    "count(*) FROM parked WHERE whole = 1 AND crashes > 0 AND crashes < ?)",
                    "i", (int64_t)INBOX_GIVEN_UP) != 1)
        return -1;
    j->suspects = (int)suspects;
    return 0;
}

int pg_jobs_suspects(struct jobs *j)
{
    return j->suspects;
}

bool pg_jobs_crashed(struct jobs *j, struct job *out)
{
    int rc;
    if (!j->crashed)
        return false;
    struct store_statement *row = jobs_row(
        j, &rc,
        "UPDATE jobs SET orphan = 0 WHERE id IN (SELECT id FROM jobs WHERE state = 3 AND orphan = "
        "2 ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING " JOBS_COLUMNS,
        "");
    if (!row) {
        j->crashed = rc < 0;
        return false;
    }
    jobs_read(row, out);
    store_done(j->store, row);
    return true;
}

/* ---- what other processes make needless ---- */

int pg_jobs_flush(struct jobs *j)
{
    (void)j;
    return 0;
}

bool pg_jobs_after_crash(const struct jobs *j)
{
    (void)j;
    return true;
}

int pg_jobs_clock(struct jobs *j, int64_t monotonic_ms, int64_t wall_ms)
{
    (void)j, (void)monotonic_ms, (void)wall_ms;
    return 0;
}

void pg_jobs_on_cpu(struct jobs *j, int64_t id)
{
    (void)j, (void)id;
}
