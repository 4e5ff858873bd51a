#include "work/jobs_purge.h"

#include "work/postgres/parts.h"

enum { LOOK_ROWS = 100 /* of one statement: the server's answer is in memory as a whole */ };

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

int pg_jobs_look_for(struct jobs *j, enum jobs_table in, struct needles *n, int64_t *after,
                     int64_t *ids, int room, uint64_t budget_ns, bool *more)
{
    static const char *const sql[] = {
        [LOOK_JOBS] = "SELECT id, lane, old_lane, mark, error, payload FROM jobs WHERE id > ? "
                      "ORDER BY id LIMIT ?",
        [LOOK_INBOX] = "SELECT id, body FROM inbox WHERE id > ? ORDER BY id LIMIT ?",
        [LOOK_PARKED] = "SELECT id, item, reason FROM parked WHERE id > ? ORDER BY id LIMIT ?",
    };
    int rc, count = 0, seen;
    uint64_t until = loop_now_ns() + budget_ns;
    do {
        struct store_statement *row = jobs_row(j, &rc, sql[in], "ii", *after, (int64_t)LOOK_ROWS);
        for (seen = 0; rc > 0 && count < room; seen++) {
            *after = store_column_integer(row, 0);
            if (row_holds(row, n))
                ids[count++] = *after;
            rc = jobs_next_row(j, row);
        }
        store_done(j->store, row);
    } while (rc >= 0 && seen == LOOK_ROWS && count < room && loop_now_ns() < until);
    *more = seen == LOOK_ROWS || count == room;
    return rc < 0 ? -1 : count;
}

int pg_jobs_of_kind(struct jobs *j, const char *kind, int64_t after, struct job *out, int room)
{
    int rc;
    struct store_statement *row = jobs_row(
        j, &rc,
        "SELECT " JOBS_COLUMNS " FROM jobs WHERE kind = ? AND id > ? AND state <> 3 ORDER BY id "
        "LIMIT ?",
        "tii", kind, after, (int64_t)room);
    return jobs_take(j, row, rc, out, room);
}

int pg_jobs_purge(struct jobs *j, int64_t before_ms, int limit)
{
    return jobs_run(j,
                    "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE state = 3 AND "
                    "created_at < ? ORDER BY id LIMIT ?)",
                    "ii", before_ms, (int64_t)limit);
}

int pg_inbox_get(struct jobs *j, int64_t id, struct inbox_row *out, bool *unread)
{
    int rc;
    struct store_statement *row = jobs_row(
        j, &rc, "SELECT id, reader, received_at, crashes, body FROM inbox WHERE id = ?", "i", id);
    if (!row)
        return rc < 0 ? -1 : 0;
    *out = (struct inbox_row){ .id = store_column_integer(row, 0),
                               .received_at = store_column_integer(row, 2),
                               .crashes = (int)store_column_integer(row, 3) };
    out->reader = jobs_column(row, 1, NULL);
    out->body = jobs_column(row, 4, &out->body_len);
    store_done(j->store, row);
    *unread = true; /* what was read is deleted */
    return 1;
}

/* Rows that were read are gone already. Parked ones go by their age. */
int pg_inbox_purge(struct jobs *j, int64_t before_ms, int limit)
{
    int64_t rows = 0;
    if (jobs_number(j, &rows,
                    "WITH gone AS (DELETE FROM inbox WHERE id IN (SELECT id FROM inbox WHERE state "
                    "= 2 AND received_at < ?1 ORDER BY id LIMIT ?2) RETURNING id), p AS (DELETE "
                    "FROM parked WHERE whole = 1 AND inbox_id IN (SELECT id FROM gone)), m AS "
                    "(DELETE FROM marks WHERE name IN (SELECT 'inbox.place:' || id FROM gone)) "
                    "SELECT count(*) FROM gone",
                    "ii", before_ms, (int64_t)limit) != 1)
        return -1;
    int items = jobs_run(j,
                         "DELETE FROM parked WHERE id IN (SELECT id FROM parked WHERE whole = 0 "
                         "ORDER BY id LIMIT ?1) AND parked_at < ?2",
                         "ii", (int64_t)limit - rows, before_ms);
    return items < 0 ? -1 : (int)rows + items;
}
