/* Claiming, and what is kept in memory to know when to. See work/jobs.h. */
#include "work/postgres/parts.h"

#include "base/buf.h"
#include "base/fiber.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

enum {
    MORE = 64,      /* rows looked at beyond the room */
    ROUNDS = 8,     /* how often more rows are looked at in one call */
    TRIES = 5,      /* when another process claims in the same lane */
    LOCKED_MS = 50, /* until a look at rows that another transaction holds */
    SWEEP = 500,    /* lanes for one look */
};

static char *copied(const char *text)
{
    char *copy = text ? buf_copy(text, strlen(text)) : NULL;
    if (text && !copy)
        abort(); /* others take what this process had claimed */
    return copy;
}

/* ---- when a kind is due ---- */

struct kind_due *kind_of(struct jobs *j, const char *name)
{
    for (size_t i = 0; i < j->kind_count; i++)
        if (strcmp(j->kinds[i].name, name) == 0)
            return &j->kinds[i];
    struct kind_due *grown = realloc(j->kinds, (j->kind_count + 1) * sizeof *grown);
    if (!grown)
        abort();
    j->kinds = grown;
    grown[j->kind_count] = (struct kind_due){ .name = copied(name) };
    return &grown[j->kind_count++];
}

void kind_due(struct jobs *j, const char *name, int64_t run_at)
{
    struct kind_due *k = kind_of(j, name);
    if (run_at < k->due)
        k->due = run_at;
}

int64_t pg_jobs_next_due(struct jobs *j, const char *kind)
{
    return j->lane_count ? 0 : kind_of(j, kind)->due;
}

/* Sets when a kind is due, as it is stored: no earlier than `soon`, when it is due already. What is
 * put while the server answers counts too. */
static int due_look(struct jobs *j, size_t i, int64_t soon)
{
    int64_t due = INT64_MAX;
    j->kinds[i].due = INT64_MAX;
    int rc = jobs_number(j, &due,
                         "SELECT run_at FROM jobs WHERE state = 0 AND crashes = 0 AND kind = ? "
                         "ORDER BY run_at LIMIT 1",
                         "t", j->kinds[i].name);
    due = rc < 0 ? 0 : due > soon ? due : soon;
    if (due < j->kinds[i].due)
        j->kinds[i].due = due;
    return rc < 0 ? -1 : 0;
}

int kinds_look(struct jobs *j)
{
    for (size_t i = 0; i < j->kind_count; i++)
        if (due_look(j, i, 0) != 0)
            return -1;
    return 0;
}

/* ---- what a slice did ---- */

void told_add(struct jobs *j, const char *lane, const char *kind, int64_t run_at)
{
    if (j->told_count == j->told_cap) {
        size_t cap = j->told_cap ? 2 * j->told_cap : 16;
        struct told *grown = realloc(j->told, cap * sizeof *grown);
        if (!grown)
            abort();
        j->told = grown;
        j->told_cap = cap;
    }
    j->told[j->told_count++] = (struct told){
        .by = fiber_current(), .lane = copied(lane), .kind = copied(kind), .run_at = run_at
    };
}

/* Takes this slice's entries out; committed: what they say is true now. */
static void told_end(struct jobs *j, bool committed, bool all)
{
    const struct fiber *self = fiber_current();
    size_t kept = 0;
    for (size_t i = 0; i < j->told_count; i++) {
        struct told t = j->told[i];
        if (t.by != self && !all) {
            j->told[kept++] = t;
            continue;
        }
        if (committed && t.lane)
            lane_look(j, t.lane);
        if (committed && t.kind)
            kind_due(j, t.kind, t.run_at);
        free(t.lane);
        free(t.kind);
    }
    j->told_count = kept;
}

void told_forget(struct jobs *j, bool all)
{
    told_end(j, false, all);
}

void pg_jobs_committed(struct jobs *j)
{
    told_end(j, true, false);
    rows_committed(j);
}

void pg_jobs_forget(struct jobs *j)
{
    told_forget(j, false);
    rows_forget(j, false);
    j->crashed = j->inbox_crashed = true;
}

/* ---- lanes whose first job may be marked as waiting ---- */

void lane_look(struct jobs *j, const char *lane)
{
    if (j->lane_count == LANES_KEPT)
        return; /* jobs_poll finds it */
    if (!j->lanes && !(j->lanes = calloc(LANES_KEPT, sizeof *j->lanes)))
        abort();
    j->lanes[j->lane_count++] = copied(lane);
}

void lanes_forget(struct jobs *j)
{
    while (j->lane_count)
        free(j->lanes[--j->lane_count]);
}

/* {"one","two"}, as PostgreSQL writes a list of texts. */
static void lanes_list(const struct jobs *j, struct buf *out)
{
    bool fine = buf_text(out, "{");
    for (size_t i = 0; i < j->lane_count && fine; i++) {
        fine = buf_text(out, i ? ",\"" : "\"");
        for (const char *c = j->lanes[i]; *c && fine; c++)
            fine = (*c != '"' && *c != '\\' ? true : buf_text(out, "\\")) && buf_add(out, c, 1);
        fine = fine && buf_text(out, "\"");
    }
    if (!fine || !buf_text(out, "}") || !buf_add(out, "", 1))
        abort();
}

/* Lanes are noted before their list is given to the server, and others may be noted while it
 * answers. */
static int lanes_promote(struct jobs *j)
{
    struct buf list = { 0 };
    int rc;
    if (!j->lane_count)
        return 0;
    lanes_list(j, &list);
    lanes_forget(j);
    struct store_statement *row = jobs_row(
        j, &rc,
        "UPDATE jobs SET state = 0, run_at = greatest(run_at, ?2) WHERE state = 1 AND id IN "
        "(SELECT (SELECT h.id FROM jobs h WHERE h.lane = l.lane ORDER BY h.id LIMIT 1) FROM "
        "unnest(CAST(?1 AS TEXT[])) AS l (lane)) RETURNING kind, run_at",
        "ti", list.data, j->claimed_at);
    while (row && rc > 0) {
        kind_due(j, store_column_text(row, 0), store_column_integer(row, 1));
        rc = jobs_next_row(j, row);
    }
    store_done(j->store, row);
    buf_free(&list);
    return rc < 0 ? -1 : 0;
}

/* Steps from lane to lane in the index of the waiting ones. */
int lanes_sweep(struct jobs *j)
{
    int rc, seen = 0;
    struct store_statement *row = jobs_row(
        j, &rc,
        "WITH RECURSIVE w AS ((SELECT lane FROM jobs WHERE state = 1 AND lane > ?1 ORDER BY lane "
        "LIMIT 1) UNION ALL SELECT (SELECT n.lane FROM jobs n WHERE n.state = 1 AND n.lane > "
        "w.lane ORDER BY n.lane LIMIT 1) FROM w WHERE w.lane IS NOT NULL) SELECT w.lane, (SELECT "
        "h.state FROM jobs h WHERE h.lane = w.lane ORDER BY h.id LIMIT 1) FROM w WHERE w.lane IS "
        "NOT NULL LIMIT ?2",
        "ti", j->swept ? j->swept : "", (int64_t)SWEEP);
    while (row && rc > 0) {
        if (store_column_integer(row, 1) == JOB_WAITING)
            lane_look(j, store_column_text(row, 0));
        if (++seen == SWEEP) {
            free(j->swept);
            j->swept = copied(store_column_text(row, 0));
        }
        rc = jobs_next_row(j, row);
    }
    store_done(j->store, row);
    if (rc >= 0 && seen < SWEEP) {
        free(j->swept);
        j->swept = NULL;
    }
    return rc < 0 ? -1 : 0;
}

/* ---- claiming ---- */

/* The due rows in their order, each with whether it is its lane's first and nothing runs there. The
 * first ones are claimed, those behind them marked as waiting, except what another transaction has
 * locked. A lane is read through its index for each row, whatever the table's statistics say, and
 * the unique index jobs_running has the last word. */
#define OF_PLACED(WHICH) "id = ANY (ARRAY(SELECT id FROM placed WHERE " WHICH ")) AND state = 0 "
#define CLAIM(WHICH)                                                                               \
    "WITH due AS MATERIALIZED (SELECT id, lane FROM jobs WHERE state = 0 AND " WHICH               \
    " AND kind = ?1 AND run_at <= least(CAST(?2 AS BIGINT), " NOW ") ORDER BY run_at, id LIMIT "   \
    "CAST(?4 AS BIGINT)), "                                                                        \
    "placed AS MATERIALIZED (SELECT id, lane IS NULL OR (id = (SELECT f.id FROM jobs f WHERE "     \
    "f.lane = due.lane ORDER BY f.id LIMIT 1) AND (SELECT r.id FROM jobs r WHERE r.lane = "        \
    "due.lane AND r.state = 2 LIMIT 1) IS NULL) AS first_one FROM due), "                          \
    "taking AS MATERIALIZED (SELECT id FROM jobs WHERE " OF_PLACED(                                \
        "first_one") "ORDER BY run_at, id LIMIT CAST(?5 AS BIGINT) FOR UPDATE SKIP LOCKED), "      \
                     "leaving AS MATERIALIZED (SELECT id FROM jobs WHERE " OF_PLACED(              \
                         "NOT first_one") "FOR UPDATE SKIP LOCKED), "                              \
                                          "n AS MATERIALIZED (SELECT nextval('jobs_claims') AS "   \
                                          "claim), "                                               \
                                          "taken AS (UPDATE jobs SET state = 2, claim = (SELECT "  \
                                          "claim FROM n), owner = ?3, ukey = NULL "                \
                                          "WHERE id = ANY (ARRAY(SELECT id FROM taking)) "         \
                                          "RETURNING *), "                                         \
                                          "aside AS (UPDATE jobs SET state = 1 WHERE id = ANY "    \
                                          "(ARRAY(SELECT id FROM leaving)) "                       \
                                          "RETURNING id, lane, run_at) "                           \
                                          "SELECT " JOBS_COLUMNS                                   \
                                          " FROM taken UNION ALL SELECT id, NULL, lane, NULL, 0, " \
                                          "0, run_at, 0, "                                         \
                                          "NULL, 0, 0, 1 FROM aside ORDER BY 7, 1"

struct look {
    const char *sql, *kind;
    int64_t now_ms;
    int room;
};

/* Runs it once. How many were claimed, JOBS_TWIN when another process claims in the same lane, or
 * -1; *seen counts the rows it looked at. */
static int claim_once(struct jobs *j, const struct look *l, struct job *out, int room, int *seen)
{
    int rc, count = 0;
    *seen = 0;
    struct store_statement *row = jobs_row(j, &rc, l->sql, "tiiii", l->kind, l->now_ms, j->me,
                                           (int64_t)l->room + MORE, (int64_t)room);
    while (row && rc > 0) {
        ++*seen;
        if (store_column_integer(row, 11) == JOB_WAITING)
            lane_look(j, store_column_text(row, 2)); /* it may end meanwhile */
        else
            jobs_read(row, &out[count++]);
        rc = jobs_next_row(j, row);
    }
    store_done(j->store, row);
    while (rc < 0 && count > 0)
        job_free(&out[--count]);
    return rc < 0 ? rc : count;
}

/* The same again while another process claims in the same lane. */
static int claim_try(struct jobs *j, const struct look *l, struct job *out, int room, int *seen)
{
    int rc = JOBS_TWIN;
    for (int i = 0; i < TRIES && rc == JOBS_TWIN; i++) {
        if (store_savepoint(j->store) != 0)
            return -1;
        rc = claim_once(j, l, out, room, seen);
        if ((rc < 0 ? store_rollback(j->store) : store_release(j->store)) != 0)
            rc = rc < 0 ? rc : -1;
    }
    return rc == JOBS_TWIN ? 0 : rc;
}

static int claim_rows(struct jobs *j, const struct look *l, struct job *out)
{
    int count = 0, seen = l->room + MORE;
    for (int i = 0; i < ROUNDS && count < l->room && seen == l->room + MORE; i++) {
        int n = claim_try(j, l, out + count, l->room - count, &seen);
        if (n < 0) {
            while (count > 0)
                job_free(&out[--count]);
            return -1;
        }
        count += n;
    }
    return count;
}

int pg_jobs_claim(struct jobs *j, const char *kind, int64_t now_ms, struct job *out, int room)
{
    static const char sql[] = CLAIM("crashes = 0");
    struct look l = { sql, kind, now_ms, room };
    int64_t wall = loop_wall_ms();
    if (room <= 0 || !pg_jobs_may_act(j))
        return 0;
    if (lanes_promote(j) != 0)
        return -1;
    size_t k = (size_t)(kind_of(j, kind) - j->kinds);
    int count = claim_rows(j, &l, out);
    j->claimed_at = now_ms < wall ? now_ms : wall;
    if (count >= 0 && count < room) /* what is left of it is locked by another transaction */
        due_look(j, k, j->claimed_at + LOCKED_MS);
    return count;
}

/* One suspect runs at a time over all processes: whoever claims one locks the mark first. */
int pg_jobs_claim_suspect(struct jobs *j, const char *kind, int64_t now_ms, struct job *out)
{
    static const char sql[] = CLAIM("crashes > 0 AND NOT EXISTS (SELECT 1 FROM jobs s WHERE "
                                    "s.crashes > 0 AND s.state = 2)");
    struct look l = { sql, kind, now_ms, 1 };
    int64_t value;
    if (!pg_jobs_may_act(j))
        return 0;
    if (lanes_promote(j) != 0 ||
        jobs_number(j, &value, "SELECT value FROM marks WHERE name = 'jobs.suspect' FOR UPDATE",
                    "") != 1)
        return -1;
    int count = claim_rows(j, &l, out);
    if (count > 0)
        j->suspects -= j->suspects > 0;
    return count;
}
