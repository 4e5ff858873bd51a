/*
 * A store on PostgreSQL, as thin as the tests of host/work need it: one session, one transaction
 * after another, all in one mode. It blocks.
 */
#ifndef SPEC_WORK_PG_STORE_H
#define SPEC_WORK_PG_STORE_H

#include "base/buf.h"
#include "store/engine.h"
#include "store/postgres/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pg_store {
    const struct store_engine *engine;
    struct pg *pool;
    struct pg_session *session; /* while a transaction is open */
    enum pg_mode mode;
    bool wrote;
    uint64_t group;
    char error[512];
};

static char pg_store_last_claim[4096]; /* the text of the newest claim */

struct pg_store_statement {
    struct store_statement head;
    struct pg_statement *st;
};

static inline struct pg_statement *pg_store_st(struct store_statement *st)
{
    return ((struct pg_store_statement *)(void *)st)->st;
}

static inline struct pg_session *pg_store_session(struct pg_store *s)
{
    int code;
    if (!s->session)
        s->session = pg_begin(s->pool, s->mode, &code, s->error, sizeof s->error);
    return s->session;
}

#define PG_STORE_BIND(NAME, ARGS, CALL)         \
    static inline int pg_store_bind_##NAME ARGS \
    {                                           \
        return CALL;                            \
    }
PG_STORE_BIND(null, (struct store_statement * st, int i), pg_bind_null(pg_store_st(st), i))
PG_STORE_BIND(integer, (struct store_statement * st, int i, int64_t v),
              pg_bind_integer(pg_store_st(st), i, v))
PG_STORE_BIND(number, (struct store_statement * st, int i, double v),
              pg_bind_number(pg_store_st(st), i, v))
PG_STORE_BIND(text, (struct store_statement * st, int i, const char *p, size_t n),
              pg_bind_text(pg_store_st(st), i, p, n))
PG_STORE_BIND(bytes, (struct store_statement * st, int i, const void *p, size_t n),
              pg_bind_bytes(pg_store_st(st), i, p, n))

static inline int pg_store_parameters(struct store_statement *st)
{
    return pg_parameters(pg_store_st(st));
}

static inline int pg_store_columns(struct store_statement *st)
{
    return pg_columns(pg_store_st(st));
}

static inline const char *pg_store_name(struct store_statement *st, int i)
{
    return pg_column_name(pg_store_st(st), i);
}

static inline enum store_type pg_store_type(struct store_statement *st, int i)
{
    return (enum store_type)pg_column_type(pg_store_st(st), i);
}

static inline int64_t pg_store_integer(struct store_statement *st, int i)
{
    return pg_column_integer(pg_store_st(st), i);
}

static inline double pg_store_number(struct store_statement *st, int i)
{
    return pg_column_number(pg_store_st(st), i);
}

static inline const char *pg_store_text(struct store_statement *st, int i)
{
    return pg_column_text(pg_store_st(st), i);
}

static inline const void *pg_store_bytes(struct store_statement *st, int i, size_t *len)
{
    return pg_column_bytes(pg_store_st(st), i, len);
}

static inline struct store_statement *pg_store_prepare(struct store *store, const char *sql,
                                                       size_t len, const char **error)
{
    static const struct store_statement_calls calls = {
        pg_store_parameters, pg_store_bind_null,  pg_store_bind_integer, pg_store_bind_number,
        pg_store_bind_text,  pg_store_bind_bytes, pg_store_columns,      pg_store_name,
        pg_store_type,       pg_store_integer,    pg_store_number,       pg_store_text,
        pg_store_bytes,
    };
    struct pg_store *s = (struct pg_store *)(void *)store;
    struct pg_session *session = pg_store_session(s);
    if (strncmp(sql, "WITH due", 8) == 0)
        snprintf(pg_store_last_claim, sizeof pg_store_last_claim, "%s", sql);
    struct pg_statement *st = session ? pg_prepare(session, sql, len, error) : NULL;
    struct pg_store_statement *out = st ? malloc(sizeof *out) : NULL;
    if (!session)
        *error = s->error;
    if (!out)
        return NULL;
    *out = (struct pg_store_statement){ { &calls, pg_reads(st) }, st };
    return &out->head;
}

static inline void pg_store_done(struct store *store, struct store_statement *st)
{
    struct pg_store *s = (struct pg_store *)(void *)store;
    if (st)
        pg_done(s->session, pg_store_st(st));
    free(st);
}

static inline int pg_store_step(struct store *store, struct store_statement *st)
{
    struct pg_store *s = (struct pg_store *)(void *)store;
    s->wrote |= !st->reads;
    int code = pg_step(s->session, pg_store_st(st));
    if (code != PG_ROW && code != PG_DONE)
        snprintf(s->error, sizeof s->error, "%s", pg_error(s->session));
    return code;
}

static inline int64_t pg_store_changed(struct store *store, const struct store_statement *st)
{
    (void)store;
    return pg_changed(((const struct pg_store_statement *)(const void *)st)->st);
}

static inline int pg_store_exec(struct store *store, const char *sql)
{
    struct pg_store *s = (struct pg_store *)(void *)store;
    struct pg_session *session = pg_store_session(s);
    int code = session ? pg_exec(session, sql) : PG_AWAY;
    s->wrote = true;
    if (code)
        snprintf(s->error, sizeof s->error, "%s", pg_error(session));
    return code;
}

static inline const char *pg_store_error(struct store *store)
{
    return ((struct pg_store *)(void *)store)->error;
}

static inline int pg_store_savepoint(struct store *s)
{
    return pg_savepoint(pg_store_session((struct pg_store *)(void *)s));
}

static inline int pg_store_release(struct store *s)
{
    return pg_release(pg_store_session((struct pg_store *)(void *)s));
}

static inline int pg_store_rollback(struct store *s)
{
    return pg_rollback(pg_store_session((struct pg_store *)(void *)s));
}

static inline enum store_commit_result pg_store_commit(struct store *store)
{
    struct pg_store *s = (struct pg_store *)(void *)store;
    if (!s->session)
        return STORE_NOTHING;
    enum pg_commit_result r = pg_commit(s->session);
    pg_end(s->session);
    bool wrote = s->wrote;
    s->session = NULL;
    s->wrote = false;
    s->group++;
    return r == PG_NOTHING || (r == PG_COMMITTED && !wrote) ? STORE_NOTHING
           : r == PG_COMMITTED                              ? STORE_COMMITTED
                                                            : STORE_LOST;
}

/* The open transaction is undone. */
static inline void pg_store_undo(struct store *store)
{
    struct pg_store *s = (struct pg_store *)(void *)store;
    pg_end(s->session);
    s->session = NULL;
    s->wrote = false;
}

static inline int pg_store_migrate(struct store *store, const char *owner, const char *const *steps,
                                   size_t count, char *why, size_t why_size)
{
    return schema_migrate(((struct pg_store *)(void *)store)->pool, owner, steps, count, why,
                          why_size);
}

static inline void pg_store_close(struct store *store)
{
    struct pg_store *s = (struct pg_store *)(void *)store;
    pg_end(s->session);
    pg_close(s->pool);
    free(s);
}

static inline struct store *pg_store_open(const char *url, enum pg_mode mode)
{
    static const struct store_engine engine = {
        .shared = true,
        .close = pg_store_close,
        .migrate = pg_store_migrate,
        .prepare = pg_store_prepare,
        .done = pg_store_done,
        .step = pg_store_step,
        .changed = pg_store_changed,
        .exec = pg_store_exec,
        .error = pg_store_error,
        .savepoint = pg_store_savepoint,
        .release = pg_store_release,
        .rollback = pg_store_rollback,
        .commit = pg_store_commit,
    };
    struct pg_store *s = calloc(1, sizeof *s);
    struct pg_options options = { .url = url, .connections = 4 };
    s->engine = &engine;
    s->mode = mode;
    if (pg_open(&s->pool, &options, s->error, sizeof s->error) != PG_OPENED) {
        printf("Bail out! %s\n", s->error);
        exit(1);
    }
    return (struct store *)(void *)s;
}

static inline void pg_store_mode(struct store *store, enum pg_mode mode)
{
    ((struct pg_store *)(void *)store)->mode = mode;
}

#endif
