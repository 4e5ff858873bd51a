/*
 * Statements: each connection keeps those it has prepared, by their text, the least recently used
 * one goes first. The entry of the cache is the statement itself.
 */
#include "base/loop.h"
#include "store/postgres/dialect.h"
#include "store/postgres/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t hash_of(const char *p, size_t len)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)p[i]) * 16777619u;
    return h;
}

static void statement_free(struct pg_statement *st)
{
    if (!st)
        return;
    PQclear(st->result);
    buf_free(&st->texts);
    buf_free(&st->decoded);
    free(st->values);
    free(st->types);
    free(st->sql);
    free(st->text);
    free(st);
}

/* The server forgets its name before the next transaction. */
static void name_forget(struct pg_session *s, struct pg_statement *st)
{
    if (st->prepared && buf_printf(&s->forgotten, "DEALLOCATE s%u", st->number))
        buf_add(&s->forgotten, "", 1);
    st->prepared = false;
}

static void statement_forget(struct pg_session *s, struct pg_statement *st)
{
    struct pg_statement **at = &s->buckets[st->hash % PG_BUCKETS];
    while (*at != st)
        at = &(*at)->chain;
    *at = st->chain;
    TAILQ_REMOVE(&s->statements, st, at);
    s->count--;
    name_forget(s, st);
    statement_free(st);
}

void prepared_free(struct pg_session *s)
{
    struct pg_statement *st;
    while ((st = TAILQ_FIRST(&s->statements))) {
        TAILQ_REMOVE(&s->statements, st, at);
        statement_free(st);
    }
}

static struct pg_statement *statement_new(struct pg_session *s, const char *sql, size_t len,
                                          const char **error)
{
    struct buf text = { 0 };
    struct dialect found;
    struct pg_statement *st = NULL;
    const char *fault = dialect_read(&text, sql, len, &found);
    if (!fault && text.len == 0)
        fault = "the statement is empty";
    if (fault) {
        session_fault(s, PG_MISUSE, fault);
        goto fail;
    }
    st = calloc(1, sizeof *st);
    if (!st)
        goto memory;
    st->text = text.data;
    text.data = NULL;
    st->sql = buf_copy(sql, len);
    st->values = calloc((size_t)found.parameters + 1, sizeof *st->values);
    st->types = calloc((size_t)found.parameters + 1, sizeof *st->types);
    if (!st->sql || !st->values || !st->types)
        goto memory;
    st->session = s;
    st->len = len;
    st->parameters = found.parameters;
    st->head.reads = found.reads;
    st->hash = hash_of(sql, len);
    st->chain = s->buckets[st->hash % PG_BUCKETS];
    s->buckets[st->hash % PG_BUCKETS] = st;
    TAILQ_INSERT_HEAD(&s->statements, st, at);
    s->count++;
    return st;
memory:
    session_fault(s, PG_STOPPED, "out of memory");
fail:
    free(text.data);
    statement_free(st);
    *error = s->error;
    return NULL;
}

struct pg_statement *pg_prepare(struct pg_session *s, const char *sql, size_t len,
                                const char **error)
{
    uint32_t hash = hash_of(sql, len);
    struct pg_statement *st = s->buckets[hash % PG_BUCKETS];
    while (st && (st->busy || st->hash != hash || st->len != len || memcmp(st->sql, sql, len) != 0))
        st = st->chain;
    if (!st)
        st = statement_new(s, sql, len, error);
    if (!st)
        return NULL;
    st->busy = true;
    st->stepped = false;
    st->row = st->decoded_row = -1;
    st->texts.len = 0;
    for (int i = 0; i < st->parameters; i++)
        st->values[i] = (struct pg_value){ .null = true };
    return st;
}

void pg_done(struct pg_session *s, struct pg_statement *st)
{
    if (!st)
        return;
    PQclear(st->result);
    st->result = NULL;
    st->busy = false;
    if (st->texts.cap > PG_TEXT_KEPT)
        buf_free(&st->texts);
    if (st->decoded.cap > PG_TEXT_KEPT)
        buf_free(&st->decoded);
    TAILQ_REMOVE(&s->statements, st, at);
    TAILQ_INSERT_HEAD(&s->statements, st, at);
    struct pg_statement *last = TAILQ_LAST(&s->statements, pg_statements);
    if (s->count > s->pool->options.statements && !last->busy)
        statement_forget(s, last);
}

struct pg_statement *pg_borrow(struct pg_session *s, const char *sql, size_t len,
                               const char **error)
{
    pg_settle(s);
    return s->borrowed = pg_prepare(s, sql, len, error);
}

void pg_settle(struct pg_session *s)
{
    pg_done(s, s->borrowed);
    s->borrowed = NULL;
}

/* ---- sending ---- */

/* Bytes have a type of their own, so a statement that gets bytes where it was prepared for text is
 * prepared again. */
static bool types_fit(const struct pg_statement *st)
{
    for (int i = 0; i < st->parameters; i++)
        if (!st->values[i].null && (st->types[i] == OID_BYTEA) != st->values[i].bytes)
            return false;
    return true;
}

static int send_prepare(struct pg_session *s, struct pg_statement *st)
{
    char name[16];
    name_forget(s, st);
    st->number = ++s->numbers;
    for (int i = 0; i < st->parameters; i++)
        st->types[i] = st->values[i].bytes ? OID_BYTEA : 0;
    snprintf(name, sizeof name, "s%u", st->number);
    s->pool->counted.prepared++;
    return PQsendPrepare(s->conn, name, st->text, st->parameters, st->types);
}

static int send_values(struct pg_session *s, struct pg_statement *st)
{
    enum { FEW = 32 };
    const char *few_at[FEW], **at = few_at;
    int few[2 * FEW], *lengths = few, *formats = few + FEW;
    int n = st->parameters, sent = 0;
    void *many = NULL;
    char name[16];
    if (n > FEW) {
        many = malloc((size_t)n * (sizeof *at + 2 * sizeof *lengths));
        if (!many)
            return 0;
        at = many;
        lengths = (int *)(void *)(at + n);
        formats = lengths + n;
    }
    for (int i = 0; i < n; i++) {
        const struct pg_value *v = &st->values[i];
        at[i] = v->null ? NULL : v->bytes ? v->at : st->texts.data + v->offset;
        lengths[i] = (int)v->len;
        formats[i] = v->bytes;
    }
    snprintf(name, sizeof name, "s%u", st->number);
    sent = PQsendQueryPrepared(s->conn, name, n, at, lengths, formats, 0);
    free(many);
    return sent;
}

/* 0, or a code. The result is in st. */
static int statement_run(struct pg_session *s, struct pg_statement *st)
{
    int code = session_ready(s), done = 0, prepared_at = 0;
    if (code)
        return code;
    bool prepare = !st->prepared || !types_fit(st), sent = true;
    if (prepare) {
        sent = send_prepare(s, st);
        prepared_at = ++s->queued;
    }
    if (!sent || !send_values(s, st))
        return session_gone(s, PQerrorMessage(s->conn));
    s->queued++;
    code = session_collect(s, &st->result, &done);
    if (prepare)
        st->prepared = done >= prepared_at;
    if (code == PG_CONFLICT && strcmp(s->sqlstate, "0A000") == 0)
        name_forget(s, st);
    else if (code == PG_CONFLICT && strcmp(s->sqlstate, "26000") == 0)
        st->prepared = false;
    return code;
}

int pg_step(struct pg_session *s, struct pg_statement *st)
{
    if (!st->stepped) {
        st->stepped = true;
        int code = statement_run(s, st);
        if (code)
            return code;
    }
    if (!st->result || PQresultStatus(st->result) != PGRES_TUPLES_OK)
        return PG_DONE;
    if (st->row + 1 >= PQntuples(st->result))
        return PG_DONE;
    st->row++;
    return PG_ROW;
}

void pg_again(struct pg_statement *st)
{
    PQclear(st->result);
    st->result = NULL;
    st->stepped = false;
    st->row = st->decoded_row = -1;
}

int pg_exec(struct pg_session *s, const char *sql)
{
    const char *error;
    struct pg_statement *st = pg_prepare(s, sql, strlen(sql), &error);
    if (!st)
        return PG_MISUSE;
    int code = pg_step(s, st);
    while (code == PG_ROW)
        code = pg_step(s, st);
    pg_done(s, st);
    return code == PG_DONE ? 0 : code;
}

bool pg_reads(const struct pg_statement *st)
{
    return st->head.reads;
}

int64_t pg_changed(const struct pg_statement *st)
{
    return st->result && !st->head.reads ? strtoll(PQcmdTuples(st->result), NULL, 10) : 0;
}
