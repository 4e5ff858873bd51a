/* What the tests of the PostgreSQL client share: one server, its URL, sessions on fibers. */
#ifndef SPEC_STORE_PG_CASE_H
#define SPEC_STORE_PG_CASE_H

#include "base/fiber.h"
#include "base/loop.h"
#include "spec/host/store/store_case.h"
#include "spec/support/postgres.h"
#include "store/postgres/pg.h"

static struct postgres server;
static struct loop *loop;
static struct pg *db;
static char url[256], why[512];

/* Its database counts as ours: another product's tables are refused. */
static inline void server_new(const char *options)
{
    postgres_start(&server, options);
    postgres_tell(&server, "sql CREATE TABLE schema_steps (owner TEXT PRIMARY KEY, step BIGINT)");
}

/* Through the server's own port, or through the proxy. */
static inline const char *url_at(int port)
{
    snprintf(url, sizeof url, "postgres://assistant@127.0.0.1:%d/assistant", port);
    return url;
}

static inline void db_open(struct pg_options options)
{
    options.loop = loop;
    if (!options.url)
        options.url = url_at(server.port);
    if (pg_open(&db, &options, why, sizeof why) != PG_OPENED) {
        printf("Bail out! %s\n", why);
        exit(1);
    }
}

static inline void db_close(void)
{
    pg_close(db);
    db = NULL;
}

static inline struct pg_session *begin(enum pg_mode mode)
{
    int code;
    struct pg_session *s = pg_begin(db, mode, &code, why, sizeof why);
    if (!s)
        printf("# no session: %d %s\n", code, why);
    return s;
}

static inline struct pg_statement *prepare(struct pg_session *s, const char *sql)
{
    const char *error = NULL;
    struct pg_statement *st = pg_prepare(s, sql, strlen(sql), &error);
    if (!st)
        printf("# %s: %s\n", sql, error);
    return st;
}

/* The first column of the first row as a number; -1 when there is none. */
static inline int64_t number(struct pg_session *s, const char *sql)
{
    struct pg_statement *st = prepare(s, sql);
    int64_t n = st && pg_step(s, st) == PG_ROW ? pg_column_integer(st, 0) : -1;
    pg_done(s, st);
    return n;
}

/* In a transaction of its own. */
static inline int run(const char *sql)
{
    struct pg_session *s = begin(PG_READ_COMMITTED);
    int code = pg_exec(s, sql);
    if (code)
        printf("# %s: %s\n", sql, pg_error(s));
    else if (pg_commit(s) != PG_COMMITTED)
        code = -1;
    pg_end(s);
    return code;
}

static inline int64_t ask(const char *sql)
{
    struct pg_session *s = begin(PG_READ_ONLY);
    int64_t n = number(s, sql);
    pg_end(s);
    return n;
}

/* Turns the loop until done says so; at most 30 s. */
static inline bool turn_until(bool (*done)(void))
{
    double from = case_now_ms();
    while (!done() && case_now_ms() - from < 30000)
        loop_wait(loop, 20000000);
    return done();
}

static inline bool no_fibers(void)
{
    return fiber_count() == 0;
}

#endif
