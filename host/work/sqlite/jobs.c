/* The queue. See work/jobs.h. */
#include "work/sqlite/jobs_parts.h"

#include "base/buf.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

enum { ID_BLOCK = 1000, CLAIM_BITS = 40 };

/* When the next of a kind is due. */

/* A tick asks for all kinds in turn, so the search begins behind the kind that was found last. */
struct jobs_kind *jobs_kind_of(struct jobs *j, const char *name)
{
    for (size_t i = 0; i < j->kind_count; i++) {
        if (j->kind_next >= j->kind_count)
            j->kind_next = 0;
        struct jobs_kind *k = &j->kinds[j->kind_next++];
        if (strcmp(k->name, name) == 0)
            return k;
    }
    struct jobs_kind *grown = realloc(j->kinds, (j->kind_count + 1) * sizeof *grown);
    char *copy = buf_copy(name, strlen(name));
    if (!grown || !copy)
        abort();
    j->kinds = grown;
    grown[j->kind_count] = (struct jobs_kind){ .name = copy };
    return &grown[j->kind_count++];
}

void jobs_set_due(struct jobs *j, const char *kind, int64_t run_at)
{
    struct jobs_kind *k = jobs_kind_of(j, kind);
    if (k->known && run_at < k->due)
        k->due = run_at;
}

/* Without the fresh ones. */
static int64_t listed_due(struct jobs *j, const char *kind)
{
    struct jobs_kind *k = jobs_kind_of(j, kind);
    if (!k->known) {
        k->due = INT64_MAX;
        if (jobs_number(
                j, &k->due,
                "SELECT run_at FROM jobs INDEXED BY jobs_state WHERE state = 0 AND kind = ? "
                "AND claim = 0 AND crashes = 0 ORDER BY run_at LIMIT 1",
                "t", kind) < 0)
            return INT64_MAX; /* asked again when the store works */
        k->known = true;
    }
    return k->due;
}

int64_t sqlite_jobs_next_due(struct jobs *j, const char *kind)
{
    int64_t listed = listed_due(j, kind), fresh = jobs_fresh_due(j, kind);
    return fresh < listed ? fresh : listed;
}

void sqlite_jobs_forget(struct jobs *j)
{
    jobs_fresh_forget(j);
    for (size_t i = 0; i < j->kind_count; i++)
        j->kinds[i].known = false;
    j->running_known = false;
    memset(j->alone, 0, sizeof j->alone);
    j->id_limit = 0; /* the reserved block may be gone from the disk: the next put reserves again */
    j->crashed = j->inbox_crashed = true;
    if (j->suspects) /* no new ones appear while the process runs */
        j->suspects = -1;
    jobs_clock_forget(j);
    inbox_forget(j);
}

/* Which jobs are alone in their lanes. */

static bool is_recent(const struct jobs *j, int64_t id)
{
    return id > j->next_id - ALONE_BITS;
}

static void set_alone(struct jobs *j, int64_t id, bool alone)
{
    uint64_t *word = &j->alone[(uint64_t)id % ALONE_BITS / 64], bit = (uint64_t)1 << (id % 64);
    if (is_recent(j, id))
        *word = alone ? *word | bit : *word & ~bit;
}

static bool is_alone(const struct jobs *j, int64_t id)
{
    return is_recent(j, id) && (j->alone[(uint64_t)id % ALONE_BITS / 64] >> (id % 64) & 1) != 0;
}

/* Putting. */

static int64_t next_id(struct jobs *j)
{
    if (j->next_id >= j->id_limit) {
        int64_t limit = j->next_id + ID_BLOCK;
        if (jobs_run(j, "UPDATE marks SET value = ? WHERE name = 'jobs.id'", "i", limit) != 1)
            return 0;
        j->id_limit = limit;
    }
    int64_t id = j->next_id++;
    set_alone(j, id, false); /* the bit was an older job's */
    return id;
}

/* 1: merged into a twin that does not run yet, *id; 0: no twin; -1. */
static int put_into_twin(struct jobs *j, const struct jobs_put *p, int64_t run_at, int64_t *id)
{
    int rc;
    if (jobs_fresh_marked(j, p->unique) && jobs_list(j) != 0)
        return -1;
    struct store_statement *row = jobs_row(
        j, &rc, "SELECT id, kind FROM jobs INDEXED BY jobs_unique WHERE ukey = ?", "t", p->unique);
    if (!row)
        return rc;
    *id = store_column_integer(row, 0);
    if (!p->keep)
        jobs_set_due(j, store_column_text(row, 1), run_at);
    store_done(j->store, row);
    if (!p->keep)
        rc = jobs_run(j, "UPDATE jobs SET run_at = ?, payload = ? WHERE id = ?", "ibi", run_at,
                      p->payload, p->payload_len, *id);
    return rc;
}

/* 1: a live job is in this lane, and its first one is not alone any more. 0: none, -1. */
static int lane_taken(struct jobs *j, const char *lane)
{
    int64_t first;
    int rc = jobs_number(
        j, &first, "SELECT id FROM jobs INDEXED BY jobs_lane WHERE lane = ? ORDER BY id LIMIT 1",
        "t", lane);
    if (rc == 1)
        set_alone(j, first, false);
    return rc;
}

int64_t sqlite_jobs_put(struct jobs *j, const struct jobs_put *p)
{
    int64_t now = loop_wall_ms(), run_at = p->run_at ? p->run_at : now, id = 0;
    int rc = p->unique ? put_into_twin(j, p, run_at, &id) : 0;
    if (rc != 0)
        return rc < 0 ? 0 : id;
    int waits = p->lane ? lane_taken(j, p->lane) : 0;
    if (waits < 0 || (id = next_id(j)) == 0)
        return 0;
    /* Behind listed ones that are due it would wait for the next group anyway. */
    bool fresh = !waits && run_at <= now && j->fresh_count < FRESH_MOST &&
                 listed_due(j, p->kind) > now;
    rc = jobs_run(j,
                  "INSERT INTO jobs (id, kind, lane, ukey, mark, state, run_at, claim, created_at, "
                  "payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                  "ittttiiiib", id, p->kind, p->lane, fresh ? NULL : p->unique, p->unique,
                  (int64_t)(waits ? JOB_WAITING : JOB_READY), run_at,
                  (int64_t)(fresh ? JOBS_FRESH : 0), now, p->payload, p->payload_len);
    if (rc != 1)
        return 0;
    set_alone(j, id, p->lane && !waits);
    if (fresh)
        jobs_fresh_add(j, p, id, run_at, now);
    else if (!waits)
        jobs_set_due(j, p->kind, run_at);
    return id;
}

int jobs_promote(struct jobs *j, const char *lane)
{
    int rc;
    struct store_statement *row = jobs_row(
        j, &rc,
        "SELECT id, state, kind, run_at FROM jobs INDEXED BY jobs_lane "
        "WHERE lane = ? ORDER BY id LIMIT 1",
        "t", lane);
    if (!row)
        return rc;
    int64_t id = store_column_integer(row, 0), run_at = store_column_integer(row, 3);
    bool waits = store_column_integer(row, 1) == JOB_WAITING;
    /* Behind what was due when its kind was last claimed: a long lane does not go first. */
    run_at = run_at > j->claimed_at ? run_at : j->claimed_at;
    if (waits)
        jobs_set_due(j, store_column_text(row, 2), run_at);
    store_done(j->store, row);
    if (!waits)
        return 0;
    rc = jobs_run(j, "UPDATE jobs SET state = 0, run_at = ? WHERE id = ?", "ii", run_at, id);
    return rc == 1 ? 0 : -1;
}

int jobs_remove(struct jobs *j, int64_t id, enum job_state last)
{
    int rc = jobs_list(j);
    struct store_statement *row = rc != 0
                                      ? NULL
                                      : jobs_row(
                                            j, &rc,
                                            "SELECT state, lane, kind FROM jobs WHERE id = ? AND "
                                            "state <= ?",
                                            "ii", id, (int64_t)last);
    if (!row)
        return rc;
    int state = (int)store_column_integer(row, 0);
    char *lane = jobs_column(row, 1, NULL);
    struct jobs_kind *kind = jobs_kind_of(j, store_column_text(row, 2));
    store_done(j->store, row);
    rc = jobs_run(j, "DELETE FROM jobs WHERE id = ?", "i", id);
    kind->running -= rc == 1 && state == JOB_RUNNING;
    if (rc == 1 && state != JOB_WAITING && lane && jobs_promote(j, lane) != 0)
        rc = -1;
    free(lane);
    return rc;
}

int sqlite_jobs_cancel(struct jobs *j, int64_t id)
{
    return jobs_remove(j, id, JOB_WAITING);
}

/* Claiming. */

/* The due rows, oldest first. How many, or -1 with nothing in out[]. */
static int due_rows(struct jobs *j, const char *kind, int64_t now_ms, struct job *out, int room,
                    bool suspects)
{
    int rc;
    struct store_statement *row = jobs_row(
        j, &rc,
        "SELECT " JOBS_COLUMNS " FROM jobs INDEXED BY jobs_state "
        "WHERE state = 0 AND kind = ? AND run_at <= ? AND claim = 0 AND (crashes > 0) = ? "
        "ORDER BY run_at, id LIMIT ?",
        "tiii", kind, now_ms, (int64_t)suspects, (int64_t)room);
    return jobs_take(j, row, rc, out, room);
}

/* A new number for a claim. */
static int64_t next_claim(struct jobs *j, int64_t now_ms)
{
    int64_t wall = loop_wall_ms();
    j->claimed_at = now_ms < wall ? now_ms : wall;
    return j->epoch << CLAIM_BITS | ++j->claims;
}

static int claim_rows(struct jobs *j, const char *kind, int64_t now_ms, struct job *out, int room,
                      bool suspects)
{
    int64_t claim = next_claim(j, now_ms);
    int count = due_rows(j, kind, now_ms, out, room, suspects);
    for (int i = 0; i < count;
         i++) { /* by id: cheaper than one statement with its temporary tables */
        out[i].claim = claim;
        if (jobs_run(j, "UPDATE jobs SET state = 2, claim = ?, ukey = NULL WHERE id = ?", "ii",
                     claim, out[i].id) == 1)
            continue;
        while (count > 0)
            job_free(&out[--count]);
        return -1;
    }
    if (count >= 0)
        jobs_kind_of(j, kind)->known = false; /* the next time is read when it is asked for */
    return count;
}

int sqlite_jobs_claim(struct jobs *j, const char *kind, int64_t now_ms, struct job *out, int room)
{
    bool fresh = jobs_fresh_due(j, kind) <= now_ms, listed = listed_due(j, kind) <= now_ms;
    if (room <= 0 || (!fresh && !listed))
        return 0;
    if (listed && fresh && jobs_list(j) != 0) /* all in one order */
        return -1;
    int count = listed ? claim_rows(j, kind, now_ms, out, room, false)
                       : jobs_fresh_claim(j, kind, now_ms, next_claim(j, now_ms), out, room);
    if (count > 0)
        jobs_kind_of(j, kind)->running += count;
    return count;
}

int sqlite_jobs_claim_suspect(struct jobs *j, const char *kind, int64_t now_ms, struct job *out)
{
    int count = claim_rows(j, kind, now_ms, out, 1, true);
    if (count > 0) {
        j->suspects = -1;
        jobs_kind_of(j, kind)->running += count;
    }
    return count;
}

int sqlite_jobs_suspects(struct jobs *j)
{
    int64_t count;
    if (j->suspects < 0 &&
        jobs_number(
            j, &count,
            "SELECT (SELECT count(*) FROM jobs INDEXED BY jobs_state WHERE state IN (0, 1) AND "
            "claim = 0 AND crashes > 0) + (SELECT "
            "count(*) FROM parked p JOIN inbox i ON i.id = p.inbox_id WHERE p.whole = 1 AND "
            "p.crashes > 0 AND p.crashes < ?)",
            "i", (int64_t)INBOX_GIVEN_UP) > 0)
        j->suspects = (int)count;
    return j->suspects > 0 ? j->suspects : 0;
}

/* The ends of a claim. */

static int end_lane(struct jobs *j, const struct job *job, int changed)
{
    if (changed != 1)
        return changed;
    jobs_kind_of(j, job->kind)->running--;
    bool alone = is_alone(j, job->id);
    set_alone(j, job->id, false);
    return job->lane && !alone && jobs_promote(j, job->lane) != 0 ? -1 : changed;
}

int sqlite_jobs_done(struct jobs *j, const struct job *job)
{
    return end_lane(j, job,
                    jobs_run(j, "DELETE FROM jobs WHERE id = ? AND claim = ? AND state = 2", "ii",
                             job->id, job->claim));
}

int sqlite_jobs_die(struct jobs *j, const struct job *job, const char *error)
{
    return end_lane(j, job,
                    jobs_run(j,
                             "UPDATE jobs SET state = 3, claim = 0, old_lane = lane, lane = NULL, "
                             "error = coalesce(?, error) "
                             "WHERE id = ? AND claim = ? AND state = 2",
                             "tii", error, job->id, job->claim));
}

int jobs_settle_twin(struct jobs *j, int64_t id, int64_t *run_at)
{
    int rc;
    struct store_statement *row = jobs_row(
        j, &rc,
        "SELECT t.id, t.run_at, t.payload IS j.payload AND t.lane IS coalesce(j.lane, j.old_lane) "
        "AND (t.lane IS NULL OR t.state = 1) FROM jobs j JOIN jobs t ON t.ukey = j.mark WHERE j.id "
        "= ?",
        "i", id);
    if (!row)
        return -1;
    int64_t twin = store_column_integer(row, 0), twin_run_at = store_column_integer(row, 1);
    bool merge = store_column_integer(row, 2) != 0;
    store_done(j->store, row);
    if (!merge)
        return jobs_run(j, "UPDATE jobs SET mark = NULL WHERE id = ?", "i", id) == 1 ? 0 : -1;
    if (twin_run_at < *run_at)
        *run_at = twin_run_at;
    return jobs_run(j, "DELETE FROM jobs WHERE id = ?", "i", twin) == 1 ? 0 : -1;
}

static int again(struct jobs *j, const struct job *job, int64_t run_at, bool add_attempt,
                 const char *error)
{
    return jobs_run(j,
                    "UPDATE jobs SET state = 0, claim = 0, ukey = mark, run_at = ?, attempts = "
                    "attempts + ?2, error = coalesce(?, error), "
                    "orphan = orphan AND NOT ?2, crashes = iif(?2, 0, crashes) "
                    "WHERE id = ? AND claim = ? AND state = 2",
                    "iitii", run_at, (int64_t)add_attempt, error, job->id, job->claim);
}

int sqlite_jobs_again(struct jobs *j, const struct job *job, int64_t run_at, bool add_attempt,
                      const char *error)
{
    int rc = jobs_list(j); /* a fresh one may have its mark */
    if (rc == 0)
        rc = again(j, job, run_at, add_attempt, error);
    if (rc == JOBS_TWIN)
        rc = jobs_settle_twin(j, job->id, &run_at) == 0 ? again(j, job, run_at, add_attempt, error)
                                                        : -1;
    if (rc == 1) {
        jobs_kind_of(j, job->kind)->running--;
        jobs_set_due(j, job->kind, run_at);
    }
    if (job->crashes)
        j->suspects = -1;
    return rc;
}

static int requeue(struct jobs *j, int64_t id, int64_t run_at, int waits)
{
    return jobs_run(j,
                    "UPDATE jobs SET state = ?, lane = old_lane, old_lane = NULL, ukey = mark, "
                    "run_at = ?, attempts = 0, crashes = 0, "
                    "orphan = 0 WHERE id = ? AND state = 3",
                    "iii", (int64_t)(waits ? JOB_WAITING : JOB_READY), run_at, id);
}

int sqlite_jobs_requeue(struct jobs *j, int64_t id)
{
    int rc = jobs_list(j);
    int64_t now = loop_wall_ms();
    struct store_statement *row = rc != 0
                                      ? NULL
                                      : jobs_row(j, &rc,
                                                 "SELECT kind, old_lane FROM jobs WHERE id = ? AND "
                                                 "state = 3",
                                                 "i", id);
    if (!row)
        return rc;
    char *kind = jobs_column(row, 0, NULL), *lane = jobs_column(row, 1, NULL);
    store_done(j->store, row);
    int waits = lane ? lane_taken(j, lane) : 0;
    rc = waits < 0 ? -1 : requeue(j, id, now, waits);
    if (rc == JOBS_TWIN)
        rc = jobs_settle_twin(j, id, &now) == 0 ? requeue(j, id, now, waits) : -1;
    if (rc == 1 && !waits)
        jobs_set_due(j, kind, now);
    free(kind);
    free(lane);
    return rc;
}

void sqlite_jobs_on_cpu(struct jobs *j, int64_t id)
{
    j->page->id = id;
}
