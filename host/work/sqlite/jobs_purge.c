#include "work/jobs_purge.h"

#include "work/sqlite/jobs_parts.h"

enum { LOOK_EVERY = 16 /* rows between two looks at the clock */ };

/* The columns of a row after its id, searched one by one. */
static bool row_holds(struct store_statement *row, struct needles *n)
{
    for (int i = 1, count = store_columns(row); i < count; i++) {
        size_t len;
        const void *bytes = store_column_bytes(row, i, &len);
        if (bytes && needles_in(n, bytes, len))
            return true;
    }
    return false;
}

int sqlite_jobs_look_for(struct jobs *j, enum jobs_table in, struct needles *n, int64_t *after,
                         int64_t *ids, int room, uint64_t budget_ns, bool *more)
{
    static const char *const sql[] = {
        [LOOK_JOBS] = "SELECT id, lane, old_lane, mark, error, payload FROM jobs WHERE id > ? "
                      "ORDER BY id",
        [LOOK_INBOX] = "SELECT id, body FROM inbox WHERE id > ? ORDER BY id",
        [LOOK_PARKED] = "SELECT id, item, reason FROM parked WHERE id > ? ORDER BY id",
    };
    int rc, count = 0, seen = 0;
    uint64_t until = loop_now_ns() + budget_ns;
    *more = false;
    struct store_statement *row = jobs_row(j, &rc, sql[in], "i", *after);
    while (rc > 0) {
        *after = store_column_integer(row, 0);
        if (row_holds(row, n))
            ids[count++] = *after;
        if (count == room || (++seen % LOOK_EVERY == 0 && loop_now_ns() > until)) {
            *more = true;
            break;
        }
        rc = jobs_next_row(j, row);
    }
    store_done(j->store, row);
    return rc < 0 ? -1 : count;
}

int sqlite_jobs_of_kind(struct jobs *j, const char *kind, int64_t after, struct job *out, int room)
{
    int rc = jobs_list(j);
    if (rc != 0)
        return rc;
    struct store_statement *row = jobs_row(j, &rc,
                                           "SELECT " JOBS_COLUMNS
                                           " FROM jobs WHERE kind = ? AND id > ? AND "
                                           "state <> 3 ORDER BY id LIMIT ?",
                                           "tii", kind, after, (int64_t)room);
    return jobs_take(j, row, rc, out, room);
}

int sqlite_jobs_erase(struct jobs *j, int64_t id)
{
    return jobs_remove(j, id, JOB_DEAD);
}

int sqlite_jobs_purge(struct jobs *j, int64_t before_ms, int limit)
{
    return jobs_run(j,
                    "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs INDEXED BY jobs_dead WHERE "
                    "state = 3 AND created_at < ? ORDER BY id LIMIT ?)",
                    "ii", before_ms, (int64_t)limit);
}

int sqlite_inbox_get(struct jobs *j, int64_t id, struct inbox_row *out, bool *unread)
{
    int rc;
    struct store_statement *row = jobs_row(
        j, &rc,
        "SELECT id, reader, received_at, crashes, body, EXISTS (SELECT 1 FROM parked WHERE whole = "
        "1 AND inbox_id = inbox.id) FROM inbox WHERE id = ?",
        "i", id);
    if (!row)
        return rc;
    *out = (struct inbox_row){ .id = store_column_integer(row, 0),
                               .received_at = store_column_integer(row, 2),
                               .crashes = (int)store_column_integer(row, 3) };
    out->reader = jobs_column(row, 1, NULL);
    out->body = jobs_column(row, 4, &out->body_len);
    *unread = id > j->mark || store_column_integer(row, 5) != 0;
    store_done(j->store, row);
    return 1;
}

/* Ids grow with time: the oldest come first. A clock set back keeps a row longer, never shorter. */
int sqlite_inbox_purge(struct jobs *j, int64_t before_ms, int limit)
{
    int rc = 1, count = 0;
    while (rc == 1 && count < limit) {
        struct store_statement *row = jobs_row(
            j, &rc, "SELECT id, received_at FROM inbox WHERE id <= ? ORDER BY id LIMIT 1", "i",
            j->mark_kept < j->mark ? j->mark_kept : j->mark);
        if (!row)
            break;
        int64_t id = store_column_integer(row, 0), at = store_column_integer(row, 1);
        store_done(j->store, row);
        if (at >= before_ms)
            break;
        rc = inbox_erase(j, id);
        count++;
    }
    while (rc >= 0 && count < limit) {
        int items = jobs_run(j,
                             "DELETE FROM parked WHERE id IN (SELECT id FROM parked ORDER BY id "
                             "LIMIT ?1) AND parked_at < ?2",
                             "ii", (int64_t)(limit - count), before_ms);
        if (items <= 0) {
            rc = items < 0 ? -1 : rc;
            break;
        }
        count += items;
    }
    return rc < 0 ? -1 : count;
}
