/*
 * The inbox: rows that this process has claimed, and parked ones. See work/jobs.h.
 *
 * One process at a time claims rows, the one that the mark inbox.reader names, so the rows of one
 * person are read in their order. Another takes the mark when that one has left. A row that is read
 * is deleted.
 */
#include "work/postgres/parts.h"

#include "base/fiber.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

#define PLACE "(SELECT value FROM marks WHERE name = 'inbox.place:' || i.id)"

int64_t pg_inbox_put(struct jobs *j, const char *reader, const void *body, size_t len)
{
    int64_t id, now;
    if (!row_numbers(j, "inbox", &id, &now))
        return 0;
    return jobs_run(j, "INSERT INTO inbox (id, reader, received_at, body) VALUES (?, ?, ?, ?)",
                    "itib", id, reader, now, body, len) == 1
               ? id
               : 0;
}

/* ---- claimed rows, in memory ---- */

static void row_add(struct jobs *j, int64_t id)
{
    struct held_row *grown = realloc(j->rows, (j->row_count + 1) * sizeof *grown);
    if (!grown)
        abort(); /* others take what this process had claimed */
    size_t at = j->row_count++;
    j->rows = grown;
    for (; at > 0 && grown[at - 1].id > id; at--)
        grown[at] = grown[at - 1];
    grown[at] = (struct held_row){ .id = id, .state = ROW_CLAIMED, .by = fiber_current() };
}

static struct held_row *row_of(struct jobs *j, int64_t id)
{
    for (size_t i = 0; i < j->row_count; i++)
        if (j->rows[i].id == id)
            return &j->rows[i];
    return NULL;
}

static void row_set(struct jobs *j, int64_t id, int state)
{
    struct held_row *r = row_of(j, id);
    if (!r)
        return;
    r->state = state;
    r->by = fiber_current();
    r->kept &= state != ROW_READ;
}

void rows_committed(struct jobs *j)
{
    const struct fiber *self = fiber_current();
    size_t kept = 0;
    for (size_t i = 0; i < j->row_count; i++) {
        struct held_row r = j->rows[i];
        bool own = r.state != ROW_WAITS && r.by == self;
        if (own && r.state == ROW_READ)
            continue;
        if (own && r.state == ROW_CLAIMED)
            r.state = ROW_WAITS;
        r.kept |= own && r.state == ROW_GIVEN;
        j->rows[kept++] = r;
    }
    j->row_count = kept;
}

void rows_forget(struct jobs *j, bool all)
{
    const struct fiber *self = fiber_current();
    size_t kept = 0;
    for (size_t i = 0; i < j->row_count && !all; i++) {
        struct held_row r = j->rows[i];
        if (r.by == self && r.state == ROW_CLAIMED)
            continue; /* the claim was undone */
        if (!r.kept && r.by == self)
            r.state = ROW_WAITS;
        j->rows[kept++] = r;
    }
    j->row_count = kept;
}

/* ---- claiming ---- */

/* true: this process reads the inbox, and nobody else does before the commit. */
static int reader_is_me(struct jobs *j)
{
    int64_t reader;
    int rc = jobs_number(
        j, &reader,
        "SELECT value FROM marks WHERE name = 'inbox.reader' AND (value = ?1 OR NOT EXISTS "
        "(SELECT 1 FROM processes p WHERE p.id = value AND p.left_at IS NULL)) FOR UPDATE",
        "i", j->me);
    if (rc == 1 && reader != j->me)
        rc = jobs_run(j, "UPDATE marks SET value = ? WHERE name = 'inbox.reader'", "i", j->me);
    return rc;
}

int pg_inbox_claim(struct jobs *j, int room)
{
    int rc, count = 0;
    if (room <= 0 || !pg_jobs_may_act(j))
        return 0;
    rc = reader_is_me(j);
    if (rc != 1)
        return rc < 0 ? -1 : 0;
    struct store_statement *row = jobs_row(
        j, &rc,
        "UPDATE inbox SET state = 1, owner = ?1 WHERE id = ANY (ARRAY(SELECT id FROM inbox WHERE "
        "state = 0 ORDER BY id LIMIT ?2 FOR UPDATE SKIP LOCKED)) RETURNING id",
        "ii", j->me, (int64_t)room);
    while (row && rc > 0) {
        row_add(j, store_column_integer(row, 0));
        count++;
        rc = jobs_next_row(j, row);
    }
    store_done(j->store, row);
    return rc < 0 ? -1 : count;
}

static void row_read(struct store_statement *row, struct inbox_row *out)
{
    *out = (struct inbox_row){ .id = store_column_integer(row, 0),
                               .received_at = store_column_integer(row, 2),
                               .crashes = (int)store_column_integer(row, 3),
                               .place = store_column_integer(row, 5) };
    out->singly = out->crashes > 0;
    out->reader = jobs_column(row, 1, NULL);
    out->body = jobs_column(row, 4, &out->body_len);
}

/* The next claimed row that nobody was given. 0: none. */
static int64_t next_waiting(const struct jobs *j)
{
    for (size_t i = 0; i < j->row_count; i++)
        if (j->rows[i].state == ROW_WAITS)
            return j->rows[i].id;
    return 0;
}

int pg_inbox_next(struct jobs *j, struct inbox_row *out)
{
    int64_t id;
    while ((id = next_waiting(j)) != 0) {
        int rc;
        row_set(j, id, ROW_GIVEN); /* before the wait */
        struct store_statement *row = jobs_row(
            j, &rc,
            "SELECT id, reader, received_at, crashes, body, " PLACE
            " FROM inbox i WHERE id = ? AND state = 1 AND owner = ? FOR UPDATE",
            "ii", id, j->me);
        if (rc < 0)
            return -1;
        if (!row) {
            /* It was claimed after this transaction began to read. The second time: it was erased,
             * or others have taken it. */
            struct held_row *held = row_of(j, id);
            bool twice = held && held->missed;
            row_set(j, id, twice ? ROW_READ : ROW_WAITS);
            if (held)
                held->missed = true;
            return 0;
        }
        row_read(row, out);
        store_done(j->store, row);
        if (!out->crashes)
            return 1;
        rc = pg_inbox_park(j, out, NULL, 0,
                           "processes died while they had claimed it; it is read again when "
                           "nothing else waits");
        out->parked_again = true;
        if (rc == 0)
            rc = pg_inbox_read(j, out);
        j->inbox_crashed = true;
        inbox_row_free(out);
        if (rc != 0)
            return -1;
    }
    return 0;
}

int pg_inbox_read(struct jobs *j, const struct inbox_row *row)
{
    int64_t one;
    if (!row->parked) {
        int rc = jobs_run(j, "DELETE FROM inbox WHERE id = ? AND state = 1 AND owner = ?", "ii",
                          row->id, j->me);
        if (rc == 0) /* parked by this slice, or not ours */
            rc = jobs_number(j, &one, "SELECT 1 FROM inbox WHERE id = ? AND state = 2", "i",
                             row->id);
        if (rc != 1)
            return -1;
        row_set(j, row->id, ROW_READ);
    }
    return row->place && !row->parked_again ? inbox_from_start(j, row->id) : 0;
}

int rows_take_over(struct jobs *j, int64_t process, bool died)
{
    return jobs_run(j,
                    "UPDATE inbox SET state = 0, owner = NULL, losses = losses + ?2, crashes = "
                    "crashes + CASE WHEN losses > 0 AND CAST(?2 AS BIGINT) = 1 THEN 1 ELSE 0 END "
                    "WHERE id IN (SELECT id FROM inbox WHERE owner = ?1 AND state = 1 FOR UPDATE "
                    "SKIP LOCKED)",
                    "ii", process, (int64_t)died);
}

/* ---- places and parked rows ---- */

int pg_inbox_place(struct jobs *j, struct inbox_row *row, int64_t place)
{
    row->place = place;
    return jobs_run(j,
                    "INSERT INTO marks (name, value) VALUES ('inbox.place:' || CAST(? AS BIGINT), "
                    "?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    "ii", row->id, place) == 1
               ? 0
               : -1;
}

int pg_inbox_park(struct jobs *j, const struct inbox_row *row, const char *item, size_t item_len,
                  const char *reason)
{
    if (item)
        return jobs_run(j,
                        "INSERT INTO parked (inbox_id, reader, whole, reason, crashes, parked_at, "
                        "item) VALUES (?, ?, 0, ?, ?, " NOW ", ?)",
                        "ittib", row->id, row->reader, reason, (int64_t)row->crashes, item,
                        item_len) == 1
                   ? 0
                   : -1;
    if (jobs_run(j,
                 "INSERT INTO parked (inbox_id, reader, whole, reason, crashes, parked_at) VALUES "
                 "(?, ?, 1, ?, ?, " NOW ") ON CONFLICT (inbox_id) WHERE whole = 1 DO UPDATE SET "
                 "reason = excluded.reason",
                 "itti", row->id, row->reader, reason, (int64_t)row->crashes) != 1)
        return -1;
    return jobs_run(j, "UPDATE inbox SET state = 2, owner = NULL WHERE id = ?", "i", row->id) == 1
               ? 0
               : -1;
}

static int parked_row(struct jobs *j, struct store_statement *row, int rc, struct inbox_row *out)
{
    if (!row)
        return rc < 0 ? -1 : 0;
    row_read(row, out);
    out->parked = true;
    store_done(j->store, row);
    return 1;
}

/* Locked until the commit, so that no other process reads it at the same time. */
#define PARKED_ROWS                                                         \
    "SELECT p.inbox_id, p.reader, i.received_at, p.crashes, i.body, " PLACE \
    " FROM parked p JOIN inbox i ON i.id = p.inbox_id WHERE p.whole = 1 AND "
#define ALONE " LIMIT 1 FOR UPDATE OF p SKIP LOCKED"

int pg_inbox_parked_next(struct jobs *j, int64_t after_id, struct inbox_row *out)
{
    int rc;
    struct store_statement *row = jobs_row(
        j, &rc, PARKED_ROWS "p.crashes = 0 AND p.inbox_id > ? ORDER BY p.inbox_id" ALONE, "i",
        after_id);
    return parked_row(j, row, rc, out);
}

int pg_inbox_suspect_next(struct jobs *j, int most_crashes, struct inbox_row *out)
{
    int rc;
    struct store_statement *row = jobs_row(
        j, &rc, PARKED_ROWS "p.crashes > 0 AND p.crashes <= ? ORDER BY p.crashes, p.inbox_id" ALONE,
        "i", (int64_t)most_crashes);
    return parked_row(j, row, rc, out);
}

int pg_inbox_set_crashes(struct jobs *j, const struct inbox_row *row, int crashes)
{
    j->inbox_crashed |= crashes >= INBOX_GIVEN_UP;
    return jobs_run(j, "UPDATE parked SET crashes = ? WHERE inbox_id = ? AND whole = 1", "ii",
                    (int64_t)crashes, row->id) < 0
               ? -1
               : 0;
}

int pg_inbox_unpark(struct jobs *j, const struct inbox_row *row)
{
    int rc = jobs_run(j, "DELETE FROM parked WHERE inbox_id = ? AND whole = 1", "i", row->id);
    if (rc <= 0)
        return rc < 0 ? -1 : 0;
    return jobs_run(j, "DELETE FROM inbox WHERE id = ? AND state = 2", "i", row->id) < 0 ||
                   inbox_from_start(j, row->id) != 0
               ? -1
               : 1;
}

int pg_inbox_crashed(struct jobs *j)
{
    static const char reason[] = "processes died three times while they had claimed it";
    if (!j->inbox_crashed)
        return 0;
    int rows = jobs_run(j,
                        "UPDATE parked SET reason = ?1 WHERE whole = 1 AND crashes >= ?2 AND "
                        "reason <> ?1",
                        "ti", reason, (int64_t)INBOX_GIVEN_UP);
    j->inbox_crashed = rows < 0;
    if (rows > 0)
        log_event(LOG_ERROR, "inbox.crashed", log_i("rows", rows));
    return rows > 0 ? rows : 0;
}

/* ---- counts ---- */

int rows_look(struct jobs *j)
{
    int rc;
    struct store_statement *row = jobs_row(
        j, &rc,
        "SELECT count(*), coalesce((SELECT o.received_at FROM inbox o WHERE o.state < 2 ORDER BY "
        "o.id LIMIT 1), 0) FROM (SELECT 1 FROM inbox WHERE state < 2 LIMIT ?) AS unread",
        "i", (int64_t)JOBS_COUNT_MAX);
    if (!row)
        return -1;
    j->unread = store_column_integer(row, 0);
    j->oldest = store_column_integer(row, 1);
    store_done(j->store, row);
    return 0;
}

int64_t pg_inbox_backlog(struct jobs *j)
{
    int64_t count = 0;
    for (size_t i = 0; i < j->row_count; i++)
        count += j->rows[i].state == ROW_WAITS;
    return count;
}

int64_t pg_inbox_unread(struct jobs *j)
{
    return j->unread;
}

int64_t pg_inbox_oldest_ms(struct jobs *j)
{
    return j->oldest;
}

/* ---- what other processes make needless ---- */

bool pg_inbox_caught_up(const struct jobs *j)
{
    return j->row_count == 0;
}

void pg_inbox_durable(struct jobs *j)
{
    (void)j;
}

void pg_inbox_committed(struct jobs *j)
{
    (void)j;
}

void pg_inbox_may_read(struct jobs *j, int64_t id)
{
    (void)j, (void)id;
}

int64_t pg_inbox_stored(const struct jobs *j)
{
    (void)j;
    return 0;
}

bool pg_inbox_held(const struct jobs *j)
{
    (void)j;
    return false;
}
