/* See rows.h. */
#include "work/rows.h"

#include "base/buf.h"
#include "base/log.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static struct store *jobs_store(const struct jobs *j)
{
    return ((const struct jobs_head *)j)->store;
}

static void bind_all(struct store_statement *statement, const char *types, va_list args)
{
    for (int i = 1; *types; types++, i++) {
        if (*types == 'i') {
            store_bind_integer(statement, i, va_arg(args, int64_t));
        } else if (*types == 't') {
            const char *text = va_arg(args, const char *);
            if (text)
                store_bind_text(statement, i, text, strlen(text));
        } else {
            const void *bytes = va_arg(args, const void *);
            size_t len = va_arg(args, size_t);
            store_bind_bytes(statement, i, bytes, len);
        }
    }
}

static int failure(int code)
{
    return code == STORE_TAKEN ? JOBS_TWIN : -1;
}

static struct store_statement *prepare(struct jobs *j, const char *sql)
{
    const char *error = NULL;
    struct store_statement *statement = store_prepare(jobs_store(j), sql, strlen(sql), &error);
    if (!statement && !store_lost(jobs_store(j)))
        log_event(LOG_ERROR, "jobs.sql", log_s("error", error), log_s("sql", sql));
    return statement;
}

int jobs_run(struct jobs *j, const char *sql, const char *types, ...)
{
    struct store_statement *statement = prepare(j, sql);
    if (!statement)
        return -1;
    va_list args;
    va_start(args, types);
    bind_all(statement, types, args);
    va_end(args);
    int rc = store_step(jobs_store(j), statement);
    rc = rc == STORE_DONE ? (int)store_changed(jobs_store(j), statement) : failure(rc);
    store_done(jobs_store(j), statement);
    return rc;
}

static struct store_statement *first_row(struct jobs *j, int *rc, const char *sql,
                                         const char *types, va_list args)
{
    struct store_statement *statement = prepare(j, sql);
    *rc = -1;
    if (!statement)
        return NULL;
    bind_all(statement, types, args);
    int step = store_step(jobs_store(j), statement);
    *rc = step == STORE_ROW ? 1 : step == STORE_DONE ? 0 : failure(step);
    if (step == STORE_ROW)
        return statement;
    store_done(jobs_store(j), statement);
    return NULL;
}

struct store_statement *jobs_row(struct jobs *j, int *rc, const char *sql, const char *types, ...)
{
    va_list args;
    va_start(args, types);
    struct store_statement *row = first_row(j, rc, sql, types, args);
    va_end(args);
    return row;
}

int jobs_number(struct jobs *j, int64_t *out, const char *sql, const char *types, ...)
{
    int rc;
    va_list args;
    va_start(args, types);
    struct store_statement *row = first_row(j, &rc, sql, types, args);
    va_end(args);
    if (row)
        *out = store_column_integer(row, 0);
    store_done(jobs_store(j), row);
    return rc;
}

int jobs_next_row(struct jobs *j, struct store_statement *row)
{
    int step = store_step(jobs_store(j), row);
    return step == STORE_ROW ? 1 : step == STORE_DONE ? 0 : -1;
}

char *jobs_column(struct store_statement *row, int column, size_t *len)
{
    size_t size;
    if (store_column_type(row, column) == STORE_NULL)
        return NULL;
    const void *bytes = store_column_bytes(row, column, &size);
    char *copy = buf_copy(bytes ? bytes : "", size);
    if (!copy)
        abort(); /* claimed jobs are ready again after the restart */
    if (len)
        *len = size;
    return copy;
}

void jobs_read(struct store_statement *row, struct job *out)
{
    *out = (struct job){ .id = store_column_integer(row, 0),
                         .attempts = (int)store_column_integer(row, 4),
                         .crashes = (int)store_column_integer(row, 5),
                         .run_at = store_column_integer(row, 6),
                         .created_at = store_column_integer(row, 7),
                         .orphan = store_column_integer(row, 9) == 1,
                         .claim = store_column_integer(row, 10) };
    out->kind = jobs_column(row, 1, NULL);
    out->lane = jobs_column(row, 2, NULL);
    out->payload = jobs_column(row, 3, &out->payload_len);
    out->error = jobs_column(row, 8, NULL);
}

int jobs_take(struct jobs *j, struct store_statement *row, int rc, struct job *out, int room)
{
    int count = 0;
    while (rc > 0 && count < room) {
        jobs_read(row, &out[count++]);
        rc = jobs_next_row(j, row);
    }
    store_done(jobs_store(j), row);
    while (rc < 0 && count > 0)
        job_free(&out[--count]);
    return rc < 0 ? -1 : count;
}

/* ---- the same for all engines ---- */

int inbox_from_start(struct jobs *j, int64_t id)
{
    return jobs_run(j, "DELETE FROM marks WHERE name = 'inbox.place:' || CAST(? AS BIGINT)", "i",
                    id) < 0
               ? -1
               : 0;
}

int inbox_give_up(struct jobs *j, int64_t id)
{
    return jobs_run(j, "UPDATE inbox SET crashes = ? WHERE id = ?", "ii", (int64_t)INBOX_GIVEN_UP,
                    id) == 1
               ? 0
               : -1;
}

int64_t jobs_parked(struct jobs *j)
{
    int64_t count = 0;
    jobs_number(j, &count, "SELECT count(*) FROM (SELECT 1 FROM parked LIMIT ?) AS p", "i",
                (int64_t)JOBS_COUNT_MAX);
    return count;
}

int inbox_replace(struct jobs *j, int64_t id, const void *body, size_t len)
{
    int rc = jobs_run(j, "UPDATE inbox SET body = ? WHERE id = ?", "bi", body, len, id);
    return rc > 0 && inbox_from_start(j, id) != 0 ? -1 : rc;
}

int inbox_erase(struct jobs *j, int64_t id)
{
    int rc = jobs_run(j, "DELETE FROM inbox WHERE id = ?", "i", id);
    if (rc == 1 &&
        (jobs_run(j, "DELETE FROM parked WHERE whole = 1 AND inbox_id = ?", "i", id) < 0 ||
         inbox_from_start(j, id) != 0))
        rc = -1;
    return rc;
}

int parked_erase(struct jobs *j, int64_t id)
{
    return jobs_run(j, "DELETE FROM parked WHERE id = ? AND whole = 0", "i", id);
}
