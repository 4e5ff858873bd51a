/* The start of jobs: schema, mapped page, claims of a dead process. See work/jobs.h. */
#include "work/sqlite/jobs_parts.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE_BYTES = 4096 };

/* ukey is mark while a job does not run, lane is cleared at death: so the indexes that order lanes
 * and keep marks unique need no state in them. claim is 0 unless the job runs or is fresh
 * (jobs_parts.h). */
static const char *const steps[] = {
    "CREATE TABLE jobs ("
    "  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, lane TEXT, ukey TEXT, mark TEXT, state INTEGER "
    "NOT NULL, run_at INTEGER NOT NULL,"
    "  claim INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, crashes INTEGER NOT "
    "NULL DEFAULT 0,"
    "  orphan INTEGER NOT NULL DEFAULT 0 /* 2: died of crashes, nobody told yet */, created_at "
    "INTEGER NOT NULL,"
    "  old_lane TEXT, error TEXT, payload BLOB NOT NULL) STRICT;"
    "CREATE INDEX jobs_state ON jobs (state, kind, run_at);"
    "CREATE INDEX jobs_lane ON jobs (lane) WHERE lane IS NOT NULL;"
    "CREATE UNIQUE INDEX jobs_unique ON jobs (ukey) WHERE ukey IS NOT NULL;"
    "CREATE INDEX jobs_dead ON jobs (id) WHERE state = 3;"
    "CREATE TABLE inbox ("
    "  id INTEGER PRIMARY KEY, reader TEXT NOT NULL, received_at INTEGER NOT NULL, crashes INTEGER "
    "NOT NULL DEFAULT 0,"
    "  body BLOB NOT NULL) STRICT;"
    "CREATE TABLE parked ("
    "  id INTEGER PRIMARY KEY, inbox_id INTEGER NOT NULL, reader TEXT NOT NULL, whole INTEGER NOT "
    "NULL, reason TEXT NOT NULL,"
    "  crashes INTEGER NOT NULL DEFAULT 0, parked_at INTEGER NOT NULL, item BLOB) STRICT;"
    "CREATE UNIQUE INDEX parked_whole ON parked (inbox_id) WHERE whole = 1;"
    "CREATE TABLE marks (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "INSERT INTO marks VALUES ('jobs.id', 1), ('jobs.epoch', 0), ('inbox.read', 0);",
    "CREATE TABLE backups (path TEXT PRIMARY KEY, made_at INTEGER NOT NULL) STRICT, WITHOUT "
    "ROWID;",
    "DROP INDEX jobs_state; CREATE INDEX jobs_state ON jobs (state, kind, run_at) WHERE claim = 0;",
};

/* Writes the whole page, so that a full disk fails here and not as SIGBUS later. */
static int page_map(struct jobs *j, const char *path, char *why, size_t why_size)
{
    static const char zeros[PAGE_BYTES];
    struct stat st;
    int rc = -1, fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || fstat(fd, &st) != 0)
        goto out;
    if (st.st_size < PAGE_BYTES &&
        (ftruncate(fd, 0) != 0 || pwrite(fd, zeros, PAGE_BYTES, 0) != PAGE_BYTES))
        goto out;
    void *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED)
        goto out;
    j->page = page;
    j->mapped = true;
    rc = 0;
out:
    if (rc != 0) {
        struct trouble trouble;
        trouble_of(&trouble, errno, path);
        snprintf(why, why_size, "%s cannot be used: %s: %s, and start again", path, trouble.cause,
                 trouble.remedy);
    }
    if (fd >= 0)
        close(fd);
    return rc;
}

/* Counts a crash with this job on the CPU. After three it is dead, and its lane continues. Any
 * state counts, because the claim may be lost before it was durable. */
static int charge_job(struct jobs *j, int64_t id)
{
    int rc;
    struct store_statement *row = jobs_row(
        j, &rc,
        "UPDATE jobs SET crashes = crashes + 1 WHERE id = ? AND state <> 3 "
        "RETURNING crashes, lane, kind",
        "i", id);
    if (!row)
        return rc;
    int crashes = (int)store_column_integer(row, 0);
    char *lane = jobs_column(row, 1, NULL), *kind = jobs_column(row, 2, NULL);
    store_done(j->store, row);
    log_event(LOG_WARN, "jobs.crash", log_i("job", id), log_s("kind", kind),
              log_i("crashes", crashes));
    rc = 0;
    if (crashes >= JOBS_CRASH_LIMIT) {
        rc = jobs_run(
                 j,
                 "UPDATE jobs SET state = 3, claim = 0, ukey = NULL, old_lane = lane, lane = NULL, "
                 "orphan = 2, "
                 "error = 'the process died three times with this job on the CPU' WHERE id = ?",
                 "i", id) == 1
                 ? 0
                 : -1;
        if (rc == 0 && lane)
            rc = jobs_promote(j, lane);
    }
    free(lane);
    free(kind);
    return rc;
}

/* A dead process's claims are ready again; those whose mark was taken meanwhile one by one. */
static int take_orphans(struct jobs *j)
{
    int64_t now = loop_wall_ms();
    int rc = jobs_run(
        j,
        "UPDATE OR IGNORE jobs SET state = 0, claim = 0, orphan = orphan OR state = 2, "
        "ukey = mark, run_at = min(run_at, ?) WHERE claim <> 0",
        "i", now);
    if (rc > 0)
        log_event(LOG_INFO, "jobs.orphans", log_i("count", rc));
    while (rc >= 0) {
        int64_t id, run_at = now;
        rc = jobs_number(j, &id, "SELECT id FROM jobs WHERE claim <> 0 LIMIT 1", "");
        if (rc <= 0)
            break;
        rc = jobs_settle_twin(j, id, &run_at);
        if (rc == 0)
            rc = jobs_run(
                     j,
                     "UPDATE jobs SET state = 0, claim = 0, orphan = orphan OR state = 2, ukey = "
                     "mark, run_at = min(run_at, ?) WHERE id = ?",
                     "ii", run_at, id) == 1
                     ? 0
                     : -1;
    }
    return rc < 0 ? -1 : 0;
}

static int reserve(struct jobs *j)
{
    static const char mark_sql[] = "SELECT value FROM marks WHERE name = ?";
    int64_t highest = 0, mark = 0;
    if (jobs_number(j, &highest, "SELECT max(id) FROM jobs", "") != 1 ||
        jobs_number(j, &mark, mark_sql, "t", "jobs.id") != 1 ||
        jobs_number(j, &j->epoch, mark_sql, "t", "jobs.epoch") != 1)
        return -1;
    j->next_id = mark > highest ? mark : highest + 1;
    return 0;
}

/* All of it is one group: a crash is charged once, or not at all. */
static int start(struct jobs *j)
{
    /* The page belongs to another database file: its ids name other jobs. */
    int64_t culprit = store_strange(j->store) ? 0 : j->page->id;
    j->after_crash = culprit != 0;
    if (reserve(j) != 0 || inbox_start(j) != 0)
        return -1;
    if (culprit > 0 && j->page->epoch == j->epoch && charge_job(j, culprit) < 0)
        return -1;
    if (culprit < 0 && j->page->epoch == j->epoch && inbox_charge(j, -culprit) < 0)
        return -1;
    if (take_orphans(j) != 0 || jobs_clock_start(j) != 0 ||
        jobs_run(j, "UPDATE marks SET value = ? WHERE name = 'jobs.epoch'", "i", j->epoch + 1) != 1)
        return -1;
    if (store_commit(j->store) != STORE_COMMITTED)
        return -1;
    jobs_clock_durable(j);
    j->epoch++;
    j->page->id = 0; /* before the epoch: a crash between the two lines is not counted */
    j->page->epoch = j->epoch;
    j->page->wall_ms = loop_wall_ms();
    j->crashed = j->inbox_crashed = true;
    j->suspects = -1;
    j->running_known = true; /* nothing runs */
    return 0;
}

static void say_refused(struct store *s, char *why, size_t size)
{
    struct trouble t = { .cause = "" };
    if (!store_busy(s, &t) && !store_healthy(s))
        store_trouble(s, &t);
    if (t.cause[0])
        snprintf(why, size, "the database cannot be written: %s: %s, and start again", t.cause,
                 t.remedy);
    else
        snprintf(why, size, "the jobs of the last run cannot be loaded: %s", store_error(s));
}

int sqlite_jobs_tables(struct store *s, char *why, size_t why_size)
{
    return store_migrate(s, "host", steps, sizeof steps / sizeof *steps, why, why_size);
}

struct jobs *sqlite_jobs_open(struct store *s, const char *page_path, char *why, size_t why_size)
{
    struct jobs *j = calloc(1, sizeof *j);
    if (!j) {
        snprintf(why, why_size, "not enough memory");
        return NULL;
    }
    j->engine = &sqlite_jobs;
    j->store = s;
    if (sqlite_jobs_tables(s, why, why_size) != 0)
        goto fail;
    if (page_path ? page_map(j, page_path, why, why_size) != 0
                  : !(j->page = calloc(1, sizeof *j->page)))
        goto fail;
    if (start(j) != 0) {
        say_refused(s, why, why_size);
        store_commit(s); /* ends what is open, so that closing is clean */
        goto fail;
    }
    return j;
fail:
    sqlite_jobs_close(j);
    return NULL;
}

void sqlite_jobs_close(struct jobs *j)
{
    if (!j)
        return;
    if (j->mapped)
        munmap(j->page, PAGE_BYTES);
    else
        free(j->page);
    jobs_fresh_drop(j);
    for (size_t i = 0; i < j->kind_count; i++)
        free(j->kinds[i].name);
    free(j->kinds);
    free(j);
}

bool sqlite_jobs_crashed(struct jobs *j, struct job *out)
{
    int rc;
    if (!j->crashed)
        return false;
    struct store_statement *row = jobs_row(
        j, &rc,
        "SELECT " JOBS_COLUMNS
        " FROM jobs INDEXED BY jobs_dead WHERE state = 3 AND orphan = 2 LIMIT 1",
        "");
    if (!row) {
        j->crashed = rc < 0;
        return false;
    }
    jobs_read(row, out);
    store_done(j->store, row);
    if (jobs_run(j, "UPDATE jobs SET orphan = 0 WHERE id = ?", "i", out->id) == 1)
        return true;
    job_free(out);
    return false;
}

bool sqlite_jobs_after_crash(const struct jobs *j)
{
    return j->after_crash;
}
