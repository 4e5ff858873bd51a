#include "store/postgres/journal.h"

#include <stdlib.h>
#include <string.h>

/*
 * An entry is a mark, or 'q', the text, the number of values, the values, the hash of the answer.
 * A value is 'n', or 't' or 'b' and its bytes. Texts and bytes have their length before them.
 */

static uint64_t mixed(uint64_t h, const void *p, size_t len)
{
    const unsigned char *c = p;
    for (size_t i = 0; i < len; i++)
        h = (h ^ c[i]) * 1099511628211u; /* FNV-1a */
    return h;
}

static uint64_t answer_of(const struct pg_statement *st)
{
    const PGresult *r = st->result;
    int rows = PQntuples(r), columns = PQnfields(r);
    uint64_t h = mixed(14695981039346656037u, &rows, sizeof rows);
    for (int i = 0; i < rows; i++)
        for (int c = 0; c < columns; c++) {
            int len = PQgetisnull(r, i, c) ? -1 : PQgetlength(r, i, c);
            h = mixed(h, &len, sizeof len);
            h = mixed(h, PQgetvalue(r, i, c), len > 0 ? (size_t)len : 0);
        }
    const char *changed = PQcmdTuples(st->result);
    return mixed(h, changed, strlen(changed));
}

static bool put(struct buf *b, const void *bytes, size_t len)
{
    return buf_add(b, &len, sizeof len) && buf_add(b, bytes, len);
}

static bool put_value(struct buf *b, const struct pg_statement *st, const struct pg_value *v)
{
    if (v->null)
        return buf_add(b, "n", 1);
    return buf_add(b, v->bytes ? "b" : "t", 1) &&
           put(b, v->bytes ? v->at : st->texts.data + v->offset, v->len);
}

void journal_mark(struct journal *j, enum journal_mark what)
{
    char mark = (char)what;
    if (!j->gone && !buf_add(&j->entries, &mark, 1))
        journal_give_up(j);
}

void journal_add(struct journal *j, const struct pg_statement *st)
{
    static const char once[] = "SELECT nextval(";
    if (j->gone || strncmp(st->sql, once, sizeof once - 1) == 0)
        return;
    uint64_t answer = answer_of(st);
    bool fine = j->entries.len < JOURNAL_MOST && buf_add(&j->entries, "q", 1) &&
                put(&j->entries, st->sql, st->len);
    for (int i = 0; fine && i < st->parameters; i++)
        fine = put_value(&j->entries, st, &st->values[i]);
    if (!fine || !buf_add(&j->entries, &answer, sizeof answer))
        journal_give_up(j);
}

void journal_give_up(struct journal *j)
{
    j->gone = true;
    buf_free(&j->entries);
}

void journal_end(struct journal *j)
{
    buf_free(&j->entries);
    j->gone = false;
}

/* ---- once more ---- */

struct reader {
    const char *at;
};

static void take(struct reader *r, void *out, size_t len)
{
    memcpy(out, r->at, len);
    r->at += len;
}

static const char *take_bytes(struct reader *r, size_t *len)
{
    take(r, len, sizeof *len);
    const char *bytes = r->at;
    r->at += *len;
    return bytes;
}

static int bind_next(struct reader *r, struct pg_statement *st, int i)
{
    size_t len;
    char kind;
    take(r, &kind, 1);
    if (kind == 'n')
        return pg_bind_null(st, i);
    const char *bytes = take_bytes(r, &len);
    return kind == 'b' ? pg_bind_bytes(st, i, bytes, len) : pg_bind_text(st, i, bytes, len);
}

static int run_next(struct reader *r, struct pg_session *s)
{
    size_t len;
    uint64_t answer;
    const char *error, *sql = take_bytes(r, &len);
    struct pg_statement *st = pg_prepare(s, sql, len, &error);
    if (!st)
        return PG_MISUSE;
    int code = 0;
    for (int i = 1; !code && i <= st->parameters; i++)
        code = bind_next(r, st, i);
    code = code ? code : pg_step(s, st);
    take(r, &answer, sizeof answer);
    if (code == PG_ROW || code == PG_DONE)
        code = answer == answer_of(st) ? 0 : PG_MISUSE;
    pg_done(s, st);
    return code;
}

int journal_run(struct journal *j, struct pg_session *s)
{
    struct reader r = { j->entries.data };
    const char *end = r.at + j->entries.len;
    if (j->gone)
        return PG_MISUSE;
    for (int code; r.at < end;) {
        char kind;
        take(&r, &kind, 1);
        code = kind == JOURNAL_SAVEPOINT ? pg_savepoint(s)
               : kind == JOURNAL_RELEASE ? pg_release(s)
                                         : run_next(&r, s);
        if (code)
            return code;
    }
    return 0;
}
