/* Putting, and the ends of a claim. See work/jobs.h. */
#include "work/postgres/parts.h"

#include <stdlib.h>

/* ---- putting ---- */

bool row_numbers(struct jobs *j, const char *table, int64_t *id, int64_t *now)
{
    int rc;
    struct store_statement *row = jobs_row(
        j, &rc, "SELECT nextval(pg_get_serial_sequence(?, 'id')), " NOW, "t", table);
    if (!row)
        return false;
    *id = store_column_integer(row, 0);
    *now = store_column_integer(row, 1);
    store_done(j->store, row);
    return true;
}

#define PUT                                                                                     \
    "INSERT INTO jobs (id, kind, lane, ukey, mark, state, run_at, created_at, payload) VALUES " \
    "(?6, ?1, ?2, ?3, ?3, 0, ?4, ?7, ?5) "

int64_t pg_jobs_put(struct jobs *j, const struct jobs_put *p)
{
    static const char fresh[] = PUT "RETURNING id, run_at";
    static const char moves[] = PUT
        "ON CONFLICT (ukey) WHERE ukey IS NOT NULL DO UPDATE SET run_at = excluded.run_at, "
        "payload = excluded.payload RETURNING id, run_at";
    static const char keeps[] = PUT /* RETURNING gives a row that was changed alone */
        "ON CONFLICT (ukey) WHERE ukey IS NOT NULL DO UPDATE SET ukey = jobs.ukey "
        "RETURNING id, run_at";
    const char *sql = !p->unique ? fresh : p->keep ? keeps : moves;
    int rc;
    int64_t id, now;
    if (!row_numbers(j, "jobs", &id, &now))
        return 0;
    struct store_statement *row = jobs_row(j, &rc, sql, "tttibii", p->kind, p->lane, p->unique,
                                           p->run_at ? p->run_at : now, p->payload, p->payload_len,
                                           id, now);
    if (!row)
        return 0;
    id = store_column_integer(row, 0);
    told_add(j, NULL, p->kind, store_column_integer(row, 1));
    store_done(j->store, row);
    return id;
}

/* Ends a statement that removes a job and returns its lane. 1, 0 or -1. */
static int removed(struct jobs *j, struct store_statement *row, int rc)
{
    if (!row)
        return rc < 0 ? -1 : 0;
    char *lane = jobs_column(row, 0, NULL);
    store_done(j->store, row);
    if (lane)
        told_add(j, lane, NULL, 0);
    free(lane);
    return 1;
}

int pg_jobs_cancel(struct jobs *j, int64_t id)
{
    int rc;
    struct store_statement *row = jobs_row(
        j, &rc, "DELETE FROM jobs WHERE id = ? AND state < 2 RETURNING lane", "i", id);
    return removed(j, row, rc);
}

int pg_jobs_erase(struct jobs *j, int64_t id)
{
    int rc;
    struct store_statement *row = jobs_row(j, &rc, "DELETE FROM jobs WHERE id = ? RETURNING lane",
                                           "i", id);
    return removed(j, row, rc);
}

/* ---- the ends of a claim ---- */

int pg_jobs_hold(struct jobs *j, const struct job *job)
{
    int64_t one;
    int rc = jobs_number(j, &one,
                         "SELECT 1 FROM jobs WHERE id = ? AND claim = ? AND state = 2 FOR SHARE",
                         "ii", job->id, job->claim);
    return rc < 0 ? -1 : rc;
}

static int ended(struct jobs *j, const struct job *job, int rc)
{
    if (rc == 1 && job->lane)
        told_add(j, job->lane, NULL, 0);
    return rc < 0 ? -1 : rc;
}

int pg_jobs_done(struct jobs *j, const struct job *job)
{
    return ended(j, job,
                 jobs_run(j, "DELETE FROM jobs WHERE id = ? AND claim = ? AND state = 2", "ii",
                          job->id, job->claim));
}

int pg_jobs_die(struct jobs *j, const struct job *job, const char *error)
{
    return ended(j, job,
                 jobs_run(j,
                          "UPDATE jobs SET state = 3, claim = 0, owner = NULL, old_lane = lane, "
                          "lane = NULL, error = coalesce(?, error) WHERE id = ? AND claim = ? AND "
                          "state = 2",
                          "tii", error, job->id, job->claim));
}

/* The mark of a job that is ready again, unless another has it. Reading it first makes a twin that
 * is put meanwhile a conflict (STORE_CONFLICT) in a SERIALIZABLE transaction, and no error. */
#define OWN_MARK \
    "CASE WHEN EXISTS (SELECT 1 FROM jobs t WHERE t.ukey = jobs.mark) THEN NULL ELSE mark END"
#define HAS_TWIN "CASE WHEN mark IS NOT NULL AND ukey IS NULL THEN 1 ELSE 0 END"

int twin_settle(struct jobs *j, int64_t id)
{
    int rc;
    struct store_statement *row = jobs_row(
        j, &rc,
        "SELECT t.id, t.run_at, CASE WHEN t.payload = j.payload AND t.lane IS NOT DISTINCT FROM "
        "j.lane THEN 1 ELSE 0 END FROM jobs j JOIN jobs t ON t.ukey = j.mark WHERE j.id = ?",
        "i", id);
    if (!row)
        return -1;
    int64_t twin = store_column_integer(row, 0), run_at = store_column_integer(row, 1);
    bool merge = store_column_integer(row, 2) != 0;
    store_done(j->store, row);
    if (!merge)
        return jobs_run(j, "UPDATE jobs SET mark = NULL WHERE id = ?", "i", id) == 1 ? 0 : -1;
    if (jobs_run(j, "DELETE FROM jobs WHERE id = ?", "i", twin) != 1)
        return -1;
    return jobs_run(j, "UPDATE jobs SET ukey = mark, run_at = least(run_at, ?) WHERE id = ?", "ii",
                    run_at, id) == 1
               ? 0
               : -1;
}

/* Ends a statement that makes a job ready and returns HAS_TWIN. 1, 0 or -1. */
static int made_ready(struct jobs *j, struct store_statement *row, int rc, int64_t id,
                      const char *kind, int64_t run_at)
{
    if (!row)
        return rc < 0 ? -1 : 0;
    bool twin = store_column_integer(row, 0) != 0;
    store_done(j->store, row);
    if (twin && twin_settle(j, id) != 0)
        return -1;
    told_add(j, NULL, kind, run_at);
    return 1;
}

int pg_jobs_again(struct jobs *j, const struct job *job, int64_t run_at, bool add_attempt,
                  const char *error)
{
    int rc;
    struct store_statement *row = jobs_row(
        j, &rc,
        "UPDATE jobs SET state = 0, claim = 0, owner = NULL, losses = 0, run_at = ?1, attempts = "
        "attempts + CAST(?2 AS BIGINT), error = coalesce(?3, error), orphan = CASE WHEN ?2 = 1 "
        "THEN 0 ELSE orphan END, crashes = CASE WHEN ?2 = 1 THEN 0 ELSE crashes END, ukey "
        "= " OWN_MARK " WHERE id = ?4 AND claim = ?5 AND state = 2 RETURNING " HAS_TWIN,
        "iitii", run_at, (int64_t)add_attempt, error, job->id, job->claim);
    return made_ready(j, row, rc, job->id, job->kind, run_at);
}

int pg_jobs_requeue(struct jobs *j, int64_t id)
{
    int rc;
    struct store_statement *row = jobs_row(
        j, &rc,
        "UPDATE jobs SET state = 0, lane = old_lane, old_lane = NULL, run_at = " NOW
        ", attempts = 0, crashes = 0, losses = 0, orphan = 0, ukey = " OWN_MARK
        " WHERE id = ? AND state = 3 RETURNING " HAS_TWIN ", kind",
        "i", id);
    char *kind = row ? jobs_column(row, 1, NULL) : NULL;
    rc = made_ready(j, row, rc, id, kind, 0);
    free(kind);
    return rc;
}
