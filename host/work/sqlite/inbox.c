/*
 * The inbox: accepted bodies, the watermark of what is read, and parked items. See work/jobs.h.
 *
 * The watermark is one row for the whole inbox, so reading costs one write per group. A row of many
 * items is read in pieces. Its place is a row in marks, because in the inbox each piece would write
 * the whole body again.
 */
#include "work/sqlite/jobs_parts.h"

#include "base/log.h"

#include <stdlib.h>

#define PLACE "(SELECT value FROM marks WHERE name = 'inbox.place:' || i.id)"

int inbox_start(struct jobs *j)
{
    int rc;
    struct store_statement *row = jobs_row(
        j, &rc, "SELECT value, (SELECT max(id) FROM inbox) FROM marks WHERE name = 'inbox.read'",
        "");
    if (!row)
        return -1;
    j->mark = j->mark_outer = j->mark_written = j->mark_kept = store_column_integer(row, 0);
    int64_t highest = store_column_integer(row, 1);
    j->inbox_last = j->inbox_stored = j->inbox_kept =
        highest > j->mark ? highest : j->mark; /* old rows may be deleted: ids only grow */
    j->inbox_at_start = j->inbox_last;
    store_done(j->store, row);
    return 0;
}

int64_t sqlite_inbox_put(struct jobs *j, const char *reader, const void *body, size_t len)
{
    int64_t id = j->inbox_last + 1;
    if (jobs_run(j, "INSERT INTO inbox (id, reader, received_at, body) VALUES (?, ?, ?, ?)", "itib",
                 id, reader, loop_wall_ms(), body, len) != 1)
        return 0;
    j->inbox_last = id;
    return id;
}

void sqlite_inbox_committed(struct jobs *j)
{
    j->inbox_stored = j->inbox_last;
    j->mark_kept = j->mark_written;
    jobs_clock_durable(j);
}

int64_t sqlite_inbox_stored(const struct jobs *j)
{
    return j->inbox_stored;
}

bool sqlite_inbox_held(const struct jobs *j)
{
    return j->inbox_stored > j->inbox_kept;
}

void sqlite_inbox_may_read(struct jobs *j, int64_t id)
{
    if (id > j->inbox_kept)
        j->inbox_kept = id;
}

void sqlite_inbox_durable(struct jobs *j)
{
    sqlite_inbox_committed(j);
    sqlite_inbox_may_read(j, j->inbox_stored);
}

static void mark_set(struct jobs *j, int64_t id)
{
    j->mark = id;
    j->mark_group = store_group(j->store);
    if (store_depth(j->store) == 0)
        j->mark_outer = id;
}

void inbox_forget(struct jobs *j)
{
    if (j->mark_group !=
        store_group(
            j->store)) /* the group it moved in is over: what it made durable is in mark_kept */
        j->mark = j->mark_outer = j->mark_written = j->mark_kept;
    else
        j->mark = j->mark_outer;
}

int sqlite_jobs_flush(struct jobs *j)
{
    if (jobs_list(j) != 0)
        return -1;
    j->fresh_from = 0;
    if (j->mark == j->mark_written)
        return 0;
    if (jobs_run(j, "UPDATE marks SET value = ? WHERE name = 'inbox.read'", "i", j->mark) != 1)
        return -1;
    j->mark_written = j->mark_outer = j->mark;
    return 0;
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

int sqlite_inbox_next(struct jobs *j, struct inbox_row *out)
{
    while (j->mark < j->inbox_kept) {
        int rc;
        struct store_statement *row = jobs_row(
            j, &rc,
            "SELECT id, reader, received_at, crashes, body, " PLACE
            " FROM inbox i WHERE id > ? AND id <= ? ORDER BY id LIMIT 1",
            "ii", j->mark, j->inbox_kept);
        if (rc < 0)
            return -1;
        if (!row) { /* only ids that were never stored are left */
            j->mark = j->inbox_kept;
            if (store_depth(j->store) == 0)
                j->mark_outer = j->mark;
            break;
        }
        row_read(row, out);
        store_done(j->store, row);
        if (!out->crashes)
            return 1;
        rc = sqlite_inbox_park(
            j, out, NULL, 0,
            "the process died while reading it; it is read again when nothing else waits");
        out->parked_again = true;
        if (rc == 0)
            rc = sqlite_inbox_read(j, out);
        j->inbox_crashed = true;
        j->suspects = -1;
        inbox_row_free(out);
        if (rc != 0)
            return -1;
    }
    return 0;
}

bool sqlite_inbox_caught_up(const struct jobs *j)
{
    return j->mark_kept >= j->inbox_at_start;
}

/* Reads before it writes, because a group without changes would count as a successful commit. */
int sqlite_inbox_crashed(struct jobs *j)
{
    int64_t any;
    static const char reason[] = "the process died three times while reading it";
    if (!j->inbox_crashed)
        return 0;
    int rows = jobs_number(
        j, &any, "SELECT 1 FROM parked WHERE whole = 1 AND crashes >= ? AND reason <> ? LIMIT 1",
        "it", (int64_t)INBOX_GIVEN_UP, reason);
    if (rows > 0)
        rows = jobs_run(j,
                        "UPDATE parked SET reason = ?1 WHERE whole = 1 AND crashes >= ?2 "
                        "AND reason <> ?1",
                        "ti", reason, (int64_t)INBOX_GIVEN_UP);
    j->inbox_crashed = rows < 0;
    if (rows > 0)
        log_event(LOG_ERROR, "inbox.crashed", log_i("rows", rows));
    return rows > 0 ? rows : 0;
}

int sqlite_inbox_read(struct jobs *j, const struct inbox_row *row)
{
    if (store_lost(j->store))
        return -1;
    if (!row->parked && row->id > j->mark)
        mark_set(j, row->id);
    return row->place && !row->parked_again ? inbox_from_start(j, row->id) : 0;
}

int sqlite_inbox_place(struct jobs *j, struct inbox_row *row, int64_t place)
{
    row->place = place;
    return jobs_run(j,
                    "INSERT INTO marks (name, value) VALUES ('inbox.place:' || ?, ?) ON CONFLICT "
                    "(name) DO UPDATE SET value = excluded.value",
                    "ii", row->id, place) == 1
               ? 0
               : -1;
}

int sqlite_inbox_park(struct jobs *j, const struct inbox_row *row, const char *item,
                      size_t item_len, const char *reason)
{
    int rc;
    if (item)
        rc = jobs_run(j,
                      "INSERT INTO parked (inbox_id, reader, whole, reason, crashes, parked_at, "
                      "item) VALUES (?, ?, 0, ?, ?, ?, ?)",
                      "ittiib", row->id, row->reader, reason, (int64_t)row->crashes, loop_wall_ms(),
                      item, item_len);
    else
        rc = jobs_run(
            j,
            "INSERT INTO parked (inbox_id, reader, whole, reason, crashes, parked_at) VALUES (?, "
            "?, 1, ?, ?, ?) "
            "ON CONFLICT (inbox_id) WHERE whole = 1 DO UPDATE SET reason = excluded.reason",
            "ittii", row->id, row->reader, reason, (int64_t)row->crashes, loop_wall_ms());
    return rc == 1 ? 0 : -1;
}

static int parked_row(struct jobs *j, struct store_statement *row, int rc, struct inbox_row *out)
{
    if (!row)
        return rc;
    row_read(row, out);
    out->parked = true;
    store_done(j->store, row);
    return 1;
}

#define PARKED_ROWS                                                         \
    "SELECT p.inbox_id, p.reader, i.received_at, p.crashes, i.body, " PLACE \
    " FROM parked p JOIN inbox i ON i.id = p.inbox_id WHERE p.whole = 1 AND "

int sqlite_inbox_parked_next(struct jobs *j, int64_t after_id, struct inbox_row *out)
{
    int rc;
    struct store_statement *row = jobs_row(
        j, &rc, PARKED_ROWS "p.crashes = 0 AND p.inbox_id > ? ORDER BY p.inbox_id LIMIT 1", "i",
        after_id);
    return parked_row(j, row, rc, out);
}

int sqlite_inbox_suspect_next(struct jobs *j, int most_crashes, struct inbox_row *out)
{
    int rc;
    struct store_statement *row = jobs_row(
        j, &rc,
        PARKED_ROWS "p.crashes > 0 AND p.crashes <= ? ORDER BY p.crashes, p.inbox_id LIMIT 1", "i",
        (int64_t)most_crashes);
    return parked_row(j, row, rc, out);
}

int sqlite_inbox_set_crashes(struct jobs *j, const struct inbox_row *row, int crashes)
{
    j->suspects = -1;
    j->inbox_crashed |= crashes >= INBOX_GIVEN_UP;
    return jobs_run(j, "UPDATE parked SET crashes = ? WHERE inbox_id = ? AND whole = 1", "ii",
                    (int64_t)crashes, row->id) < 0
               ? -1
               : 0;
}

int sqlite_inbox_unpark(struct jobs *j, const struct inbox_row *row)
{
    if (row->crashes)
        j->suspects = -1;
    int rc = jobs_run(j, "DELETE FROM parked WHERE inbox_id = ? AND whole = 1", "i", row->id);
    return rc > 0 && inbox_from_start(j, row->id) != 0 ? -1 : rc;
}

/* A row past the watermark was read for the first time, one before it from the parked ones. */
int inbox_charge(struct jobs *j, int64_t id)
{
    int rc = id > j->mark
                 ? jobs_run(j, "UPDATE inbox SET crashes = crashes + 1 WHERE id = ?", "i", id)
                 : jobs_run(
                       j,
                       "UPDATE parked SET crashes = crashes + 1 WHERE inbox_id = ? AND whole = 1",
                       "i", id);
    if (rc > 0)
        log_event(LOG_WARN, "inbox.crash", log_i("row", id));
    return rc;
}

int64_t sqlite_inbox_backlog(struct jobs *j)
{
    return j->inbox_kept > j->mark ? j->inbox_kept - j->mark : 0;
}

int64_t sqlite_inbox_oldest_ms(struct jobs *j)
{
    int64_t at = 0;
    if (j->mark < j->inbox_kept)
        jobs_number(j, &at, "SELECT received_at FROM inbox WHERE id > ? ORDER BY id LIMIT 1", "i",
                    j->mark);
    return at;
}
