/*
 * Schema steps, at a start: on a connection of their own, blocking. One process applies them at a
 * time, under a lock of the database that ends with the connection.
 */
#include "base/log.h"
#include "store/postgres/ddl.h"
#include "store/postgres/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOCK "pg_advisory_lock(7310034215840617)" /* any number; only ours uses it */

struct work {
    PGconn *conn;
    char words[PG_WHY], state[6]; /* of the last fault */
};

/* One or several statements. false: words say why. */
static bool run(struct work *w, const char *sql)
{
    PGresult *r = PQexec(w->conn, sql);
    ExecStatusType status = PQresultStatus(r);
    bool fine = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    const char *state = fine ? NULL : PQresultErrorField(r, PG_DIAG_SQLSTATE);
    if (!fine)
        pg_words_of_result(w->words, sizeof w->words, r);
    snprintf(w->state, sizeof w->state, "%s", state ? state : "");
    PQclear(r);
    return fine;
}

/* One number by the owner's name, -1 when there is no row. false: words say why. */
static bool number(struct work *w, const char *sql, const char *owner, int64_t *out)
{
    PGresult *r = PQexecParams(w->conn, sql, 1, NULL, &owner, NULL, NULL, 0);
    bool fine = PQresultStatus(r) == PGRES_TUPLES_OK;
    if (!fine)
        pg_words_of_result(w->words, sizeof w->words, r);
    *out = fine && PQntuples(r) > 0 ? strtoll(PQgetvalue(r, 0, 0), NULL, 10) : -1;
    PQclear(r);
    return fine;
}

static bool note(struct work *w, const char *owner, size_t step)
{
    char text[24];
    const char *values[] = { owner, text };
    snprintf(text, sizeof text, "%zu", step);
    PGresult *r = PQexecParams(w->conn,
                               "INSERT INTO schema_steps (owner, step) VALUES ($1, $2) ON CONFLICT "
                               "(owner) DO UPDATE SET step = excluded.step",
                               2, NULL, values, NULL, NULL, 0);
    bool fine = PQresultStatus(r) == PGRES_COMMAND_OK;
    if (!fine)
        pg_words_of_result(w->words, sizeof w->words, r);
    PQclear(r);
    return fine;
}

/* The step and its number, or neither. */
static bool apply(struct work *w, const char *owner, size_t step, const char *sql)
{
    char *text = ddl_translate(sql);
    bool fine = text && run(w, "BEGIN") && run(w, text);
    if (!text)
        snprintf(w->words, sizeof w->words, "not enough memory");
    if (fine && PQtransactionStatus(w->conn) != PQTRANS_INTRANS) {
        snprintf(w->words, sizeof w->words, "it must not contain BEGIN, COMMIT or ROLLBACK");
        fine = false;
    }
    fine = fine && note(w, owner, step) && run(w, "COMMIT");
    free(text);
    return fine;
}

/* The last step that was applied. 0, or -1 with why: unreadable, or newer than count. */
static int stored_step(struct work *w, const char *owner, size_t count, int64_t *stored, char *why,
                       size_t why_size)
{
    int64_t there = 0;
    if (!number(w, "SELECT count(to_regclass('schema_steps')) WHERE $1 <> ''", owner, &there) ||
        (there > 0 &&
         !number(w, "SELECT step FROM schema_steps WHERE owner = $1", owner, stored))) {
        snprintf(why, why_size, "the schema cannot be read: %s", w->words);
        return -1;
    }
    if (there == 0 || *stored < 0)
        *stored = 0;
    if (*stored <= (int64_t)count)
        return 0;
    snprintf(why, why_size,
             "the database is newer than this program (step %lld of %s, this program knows %zu): "
             "use the newer program. Nothing was changed",
             (long long)*stored, owner, count);
    return -1;
}

static bool begin(struct work *w, struct pg *p, char *why, size_t why_size)
{
    *w = (struct work){ .conn = pg_connect(p->url, p->options.lock_ms, why, why_size) };
    return w->conn != NULL;
}

int schema_known(struct pg *p, const char *owner, size_t count, char *why, size_t why_size)
{
    struct work w;
    int64_t stored = 0;
    if (!begin(&w, p, why, why_size))
        return -1;
    int rc = stored_step(&w, owner, count, &stored, why, why_size);
    PQfinish(w.conn);
    return rc;
}

int schema_migrate(struct pg *p, const char *owner, const char *const *steps, size_t count,
                   char *why, size_t why_size)
{
    struct work w;
    int64_t stored = 0;
    int rc = -1;
    if (!begin(&w, p, why, why_size))
        return -1;
    if (!run(&w, "SELECT " LOCK)) {
        snprintf(why, why_size, "the schema cannot be locked: %s%s", w.words,
                 strcmp(w.state, "55P03") == 0 ? ": another process applies its steps. Start again "
                                                 "when it is ready"
                                               : "");
        goto out;
    }
    if (stored_step(&w, owner, count, &stored, why, why_size) != 0)
        goto out;
    if (stored < (int64_t)count &&
        (!run(&w, "CREATE TABLE IF NOT EXISTS schema_steps (owner TEXT PRIMARY KEY, step BIGINT "
                  "NOT NULL)") ||
         !run(&w, ddl_functions))) {
        snprintf(why, why_size, "the schema cannot be written: %s", w.words);
        goto out;
    }
    for (size_t i = (size_t)stored; i < count; i++)
        if (!apply(&w, owner, i + 1, steps[i])) {
            snprintf(why, why_size, "schema step %zu of %s failed: %s", i + 1, owner, w.words);
            goto out;
        }
    if (stored < (int64_t)count)
        log_event(LOG_INFO, "store.migrated", log_s("owner", owner), log_i("from", stored),
                  log_i("to", (int64_t)count));
    rc = 0;
out:
    PQfinish(w.conn); /* what is open is undone, and the lock is free */
    return rc;
}
