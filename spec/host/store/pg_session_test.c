/* Sessions, statements and values of the PostgreSQL client, against a real server. */
#include "spec/host/store/pg_case.h"

#include <math.h>

/* ---- values ---- */

/* What comes back of a value that was bound by `bind`, through a column of this type. */
static struct pg_statement *through(struct pg_session *s, const char *type,
                                    int (*bind)(struct pg_statement *st, const void *value),
                                    const void *value)
{
    char sql[80];
    snprintf(sql, sizeof sql, "SELECT CAST(? AS %s)", type);
    struct pg_statement *st = prepare(s, sql);
    if (st && (bind(st, value) != 0 || pg_step(s, st) != PG_ROW)) {
        printf("# %s: %s\n", sql, pg_error(s));
        pg_done(s, st);
        return NULL;
    }
    return st;
}

static int bind_integer(struct pg_statement *st, const void *value)
{
    return pg_bind_integer(st, 1, *(const int64_t *)value);
}

static int bind_number(struct pg_statement *st, const void *value)
{
    return pg_bind_number(st, 1, *(const double *)value);
}

static void integers(void)
{
    static const int64_t list[] = { 0, 1, -1, 1LL << 53, (1LL << 53) + 1, INT64_MAX, INT64_MIN };
    struct pg_session *s = begin(PG_SERIALIZABLE);
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        struct pg_statement *st = through(s, "BIGINT", bind_integer, &list[i]);
        CHECK(st && pg_column_type(st, 0) == PG_INTEGER && pg_column_integer(st, 0) == list[i]);
        pg_done(s, st);
    }
    pg_end(s);
}

static void numbers(void)
{
    static const double list[] = {
        0, 0.1, -1.5, 1e300, 5e-324, 1.7976931348623157e308, 1e15 + 0.3
    };
    struct pg_session *s = begin(PG_SERIALIZABLE);
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        struct pg_statement *st = through(s, "DOUBLE PRECISION", bind_number, &list[i]);
        CHECK(st && pg_column_type(st, 0) == PG_NUMBER && pg_column_number(st, 0) == list[i]);
        pg_done(s, st);
    }
    struct pg_statement *st = prepare(s, "SELECT CAST(? AS DOUBLE PRECISION)");
    CHECK(pg_bind_number(st, 1, NAN) == PG_MISUSE && pg_bind_number(st, 1, INFINITY) == PG_MISUSE);
    CHECK(strstr(pg_error(s), "not finite"));
    pg_done(s, st);
    pg_end(s);
}

static bool text_is(struct pg_session *s, const char *text, size_t len, const char *back)
{
    struct pg_statement *st = prepare(s, "SELECT CAST(? AS TEXT)");
    size_t n = 0;
    pg_bind_text(st, 1, text, len);
    if (pg_step(s, st) != PG_ROW)
        printf("# %s\n", pg_error(s));
    const char *got = pg_column_text(st, 0);
    pg_column_bytes(st, 0, &n);
    bool same = got && pg_column_type(st, 0) == PG_TEXT && n == strlen(back) &&
                strcmp(got, back) == 0;
    pg_done(s, st);
    return same;
}

static void texts(void)
{
    struct pg_session *s = begin(PG_SERIALIZABLE);
    CHECK(text_is(s, "", 0, "") && text_is(s, "a'b\\c\"$1?", 9, "a'b\\c\"$1?"));
    CHECK(text_is(s, "h\xC3\xA9 \xF0\x9F\x98\x80", 8, "h\xC3\xA9 \xF0\x9F\x98\x80"));
    CHECK(text_is(s, "abcdef", 3, "abc"));
    CHECK(text_is(s, "a\0b", 3,
                  "a\xEF\xBF\xBD"
                  "b") &&
          text_is(s, "\0", 1, "\xEF\xBF\xBD"));
    CHECK(text_is(s,
                  "a\xFF"
                  "b\xC3",
                  4,
                  "a\xEF\xBF\xBD"
                  "b\xEF\xBF\xBD"));
    CHECK(text_is(s, "\xED\xA0\x80", 3, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"));
    struct pg_statement *st = prepare(s, "SELECT CAST(? AS TEXT), CAST(?2 AS TEXT) IS NULL");
    CHECK(pg_bind_null(st, 1) == 0 && pg_step(s, st) == PG_ROW);
    CHECK(pg_column_type(st, 0) == PG_NULL && !pg_column_text(st, 0));
    CHECK(pg_column_type(st, 1) == PG_INTEGER && pg_column_integer(st, 1) == 1);
    pg_done(s, st);
    pg_end(s);
}

static void large_text(void)
{
    struct pg_session *s = begin(PG_SERIALIZABLE);
    enum { LEN = 1 << 20 };
    char *text = malloc(LEN + 1);
    for (size_t i = 0; i < LEN; i++)
        text[i] = (char)('a' + i % 26);
    text[LEN] = 0;
    CHECK(text_is(s, text, LEN, text));
    free(text);
    pg_end(s);
}

static void bytes(void)
{
    struct pg_session *s = begin(PG_SERIALIZABLE);
    unsigned char all[512];
    size_t n = 0, m = 0;
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (unsigned char)i;
    struct pg_statement *st = prepare(s, "SELECT ?1, CAST(NULL AS BYTEA), ?2, ?1");
    CHECK(pg_bind_bytes(st, 1, all, sizeof all) == 0 && pg_bind_bytes(st, 2, NULL, 0) == 0);
    CHECK(pg_step(s, st) == PG_ROW && pg_column_type(st, 0) == PG_BYTES);
    const void *first = pg_column_bytes(st, 0, &n), *last = pg_column_bytes(st, 3, &m);
    CHECK(n == sizeof all && memcmp(first, all, n) == 0);
    CHECK(m == sizeof all && memcmp(last, all, m) == 0);
    CHECK(pg_column_type(st, 1) == PG_NULL && pg_column_type(st, 2) == PG_BYTES);
    CHECK(!pg_column_bytes(st, 2, &n) && n == 0);
    pg_done(s, st);
    st = prepare(s, "SELECT ?1, CAST(NULL AS BYTEA), ?2, ?1"); /* now with texts */
    CHECK(pg_bind_text(st, 1, "a", 1) == 0 && pg_step(s, st) == PG_ROW);
    CHECK(pg_column_type(st, 0) == PG_TEXT && strcmp(pg_column_text(st, 0), "a") == 0);
    pg_done(s, st);
    pg_end(s);
}

static void other_types(void)
{
    struct pg_session *s = begin(PG_SERIALIZABLE);
    struct pg_statement *st = prepare(
        s, "SELECT 1 = 1, 1 = 2, sum(a), avg(a / 1000000000000), count(*), max(b) FROM "
           "(VALUES (9223372036854775807, 'x'), (-7, 'y')) AS t(a, b)");
    CHECK(pg_step(s, st) == PG_ROW && pg_columns(st) == 6);
    CHECK(pg_column_type(st, 0) == PG_INTEGER && pg_column_integer(st, 0) == 1);
    CHECK(pg_column_integer(st, 1) == 0 && strcmp(pg_column_text(st, 1), "0") == 0);
    CHECK(pg_column_type(st, 2) == PG_INTEGER && pg_column_integer(st, 2) == INT64_MAX - 7);
    CHECK(pg_column_type(st, 3) == PG_NUMBER && pg_column_type(st, 4) == PG_INTEGER);
    CHECK(strcmp(pg_column_name(st, 5), "max") == 0 && pg_step(s, st) == PG_DONE);
    pg_done(s, st);
    pg_end(s);
}

/* ---- statements ---- */

static void rows(void)
{
    struct pg_session *s = begin(PG_READ_COMMITTED);
    CHECK(pg_exec(s, "CREATE TABLE rows (a BIGINT PRIMARY KEY, b TEXT)") == 0);
    struct pg_statement *st = prepare(s, "INSERT INTO rows VALUES (?, ?) RETURNING a");
    CHECK(pg_parameters(st) == 2 && !pg_reads(st));
    CHECK(pg_bind_integer(st, 1, 1) == 0 && pg_bind_text(st, 2, "one", 3) == 0);
    CHECK(pg_bind_integer(st, 3, 1) == PG_MISUSE && pg_bind_integer(st, 0, 1) == PG_MISUSE);
    CHECK(pg_step(s, st) == PG_ROW && pg_column_integer(st, 0) == 1 && pg_step(s, st) == PG_DONE);
    CHECK(pg_changed(st) == 1);
    pg_done(s, st);
    CHECK(pg_exec(s, "INSERT INTO rows SELECT n, 'x' FROM generate_series(2, 5000) n") == 0);
    st = prepare(s, "SELECT a FROM rows ORDER BY a");
    int64_t sum = 0;
    while (pg_step(s, st) == PG_ROW)
        sum += pg_column_integer(st, 0);
    CHECK(sum == 5000LL * 5001 / 2 && pg_reads(st) && pg_changed(st) == 0);
    pg_done(s, st);
    st = prepare(s, "UPDATE rows SET b = 'y' WHERE a > ?");
    pg_bind_integer(st, 1, 4990);
    CHECK(pg_step(s, st) == PG_DONE && pg_changed(st) == 10);
    pg_done(s, st);
    CHECK(pg_commit(s) == PG_COMMITTED);
    pg_end(s);
    CHECK(ask("SELECT count(*) FROM rows") == 5000);
}

static void cache(void)
{
    db_close();
    db_open((struct pg_options){ .statements = 8 });
    struct pg_session *s;
    for (int round = 0; round < 3; round++) {
        s = begin(PG_SERIALIZABLE);
        for (int i = 0; i < 40; i++) {
            char sql[64];
            snprintf(sql, sizeof sql, "SELECT CAST(? AS BIGINT) + %d", i);
            struct pg_statement *st = prepare(s, sql);
            pg_bind_integer(st, 1, round);
            CHECK(pg_step(s, st) == PG_ROW && pg_column_integer(st, 0) == round + i);
            pg_done(s, st);
        }
        CHECK(pg_commit(s) == PG_COMMITTED);
        pg_end(s);
    }
    CHECK(ask("SELECT count(*) FROM pg_prepared_statements") <= 10);
    uint64_t before = pg_figures(db).prepared;
    for (int i = 0; i < 20; i++)
        CHECK(ask("SELECT 4") == 4);
    CHECK(pg_figures(db).prepared == before + 1);
    s = begin(PG_SERIALIZABLE); /* two users of one text */
    struct pg_statement *a = prepare(s, "SELECT 5"), *b = prepare(s, "SELECT 5");
    CHECK(a != b && pg_step(s, a) == PG_ROW && pg_step(s, b) == PG_ROW);
    CHECK(pg_column_integer(a, 0) == 5 && pg_column_integer(b, 0) == 5);
    pg_done(s, a);
    pg_done(s, b);
    pg_end(s);
}

/* ---- transactions ---- */

static void commits(void)
{
    struct pg_session *s = begin(PG_SERIALIZABLE);
    CHECK(run("CREATE TABLE t (a BIGINT PRIMARY KEY, b BIGINT)") == 0);
    CHECK(pg_commit(s) == PG_NOTHING && !pg_open_transaction(s));
    CHECK(pg_exec(s, "INSERT INTO t VALUES (1, 1)") == 0 && pg_open_transaction(s));
    CHECK(ask("SELECT count(*) FROM t") == 0);
    CHECK(pg_commit(s) == PG_COMMITTED && pg_commit(s) == PG_NOTHING);
    CHECK(pg_exec(s, "INSERT INTO t VALUES (2, 2)") == 0);
    pg_end(s);
    CHECK(ask("SELECT count(*) FROM t") == 1);
    s = begin(PG_READ_ONLY);
    CHECK(pg_exec(s, "INSERT INTO t VALUES (2, 2)") == PG_AWAY);
    pg_end(s);
}

static void savepoints(void)
{
    struct pg_session *s = begin(PG_SERIALIZABLE);
    CHECK(pg_savepoint(s) == 0 && pg_release(s) == 0 && !pg_open_transaction(s));
    CHECK(pg_exec(s, "INSERT INTO t VALUES (10, 1)") == 0);
    pg_savepoint(s);
    CHECK(pg_exec(s, "INSERT INTO t VALUES (11, 1)") == 0);
    pg_savepoint(s);
    CHECK(pg_exec(s, "INSERT INTO t VALUES (12, 1)") == 0 && pg_depth(s) == 2);
    CHECK(pg_rollback(s) == 0 && number(s, "SELECT count(*) FROM t WHERE a > 9") == 2);
    pg_savepoint(s);
    CHECK(pg_exec(s, "INSERT INTO t VALUES (13, 1)") == 0 && pg_release(s) == 0);
    CHECK(pg_release(s) == 0 && pg_depth(s) == 0 && pg_commit(s) == PG_COMMITTED);
    pg_end(s);
    CHECK(ask("SELECT sum(a) FROM t WHERE a > 9") == 10 + 11 + 13);
}

static void faults(void)
{
    struct pg_session *s = begin(PG_SERIALIZABLE);
    CHECK(pg_exec(s, "INSERT INTO t VALUES (20, 1)") == 0);
    pg_savepoint(s);
    CHECK(pg_exec(s, "INSERT INTO t VALUES (20, 1)") == PG_TAKEN);
    CHECK(strcmp(pg_sqlstate(s), "23505") == 0 && !pg_lost(s));
    CHECK(pg_exec(s, "SELECT 1") == PG_UNDONE && strstr(pg_error(s), "unique"));
    CHECK(pg_rollback(s) == 0 && number(s, "SELECT 7") == 7);
    CHECK(pg_commit(s) == PG_COMMITTED && ask("SELECT count(*) FROM t WHERE a = 20") == 1);
    CHECK(pg_exec(s, "INSERT INTO t VALUES (21, 1)") == 0);
    CHECK(pg_exec(s, "SELECT nothing FROM nowhere") == PG_MISUSE);
    CHECK(strstr(pg_error(s), "nowhere") && strstr(pg_error(s), "42P01"));
    CHECK(pg_commit(s) == PG_NOT_COMMITTED && ask("SELECT count(*) FROM t WHERE a = 21") == 0);
    CHECK(number(s, "SELECT 8") == 8); /* the next transaction */
    CHECK(pg_exec(s, "SELECT 1; SELECT 2") == PG_MISUSE);
    pg_end(s);
}

static void tells_no_value(void)
{
    struct pg_session *s = begin(PG_SERIALIZABLE);
    struct pg_statement *st = prepare(s, "SELECT CAST(? AS BIGINT)");
    pg_bind_text(st, 1, "geheim12", 8);
    CHECK(pg_step(s, st) == PG_MISUSE && !strstr(pg_error(s), "geheim"));
    CHECK(strstr(pg_error(s), "bigint") && strstr(pg_error(s), "22P02"));
    pg_done(s, st);
    pg_commit(s);
    st = prepare(s, "INSERT INTO t VALUES (?, 1), (1, 1)");
    pg_bind_integer(st, 1, 777001);
    CHECK(pg_step(s, st) == PG_TAKEN && !strstr(pg_error(s), "777001"));
    pg_done(s, st);
    pg_commit(s);
    CHECK(pg_exec(s, "SELECT 'geheim") == PG_MISUSE && !strstr(pg_error(s), "geheim"));
    pg_end(s);
}

/* Each of the two reads what the other one writes. */
static void conflict(void)
{
    struct pg_session *a = begin(PG_SERIALIZABLE), *b = begin(PG_SERIALIZABLE);
    CHECK(number(a, "SELECT sum(b) FROM t") > 0 && number(b, "SELECT sum(b) FROM t") > 0);
    CHECK(pg_exec(a, "INSERT INTO t VALUES (30, 1)") == 0);
    CHECK(pg_commit(a) == PG_COMMITTED);
    int code = pg_exec(b, "INSERT INTO t VALUES (31, 1)");
    CHECK(code == PG_CONFLICT || pg_commit(b) == PG_NOT_COMMITTED);
    CHECK(pg_lost(b) == PG_CONFLICT && strcmp(pg_sqlstate(b), "40001") == 0);
    pg_savepoint(b);
    CHECK(code == 0 || (pg_exec(b, "SELECT 1") == PG_CONFLICT && pg_rollback(b) == PG_CONFLICT));
    pg_commit(b);
    CHECK(pg_exec(b, "INSERT INTO t VALUES (31, 1)") == 0 &&
          pg_commit(b) == PG_COMMITTED); /* again */
    pg_end(a);
    pg_end(b);
}

int main(void)
{
    log_open(LOG_OFF);
    loop = loop_new();
    fiber_most(8);
    server_new("");
    db_open((struct pg_options){ 0 });
    case_run("whole numbers come back as they were, to both ends of 64 bits", integers);
    case_run("numbers come back to the last bit, and none that is not finite goes out", numbers);
    case_run("a text keeps its characters, and what the server refuses becomes U+FFFD", texts);
    case_run("a text of 1 MB comes back", large_text);
    case_run("bytes come back, beside texts in the same place", bytes);
    case_run("truth values and sums are whole numbers", other_types);
    case_run("rows come one after another, and changes are counted", rows);
    case_run("more statements than the cache holds are prepared again", cache);
    case_run("what is committed is there, and what is not is not", commits);
    case_run("savepoints nest, and what is rolled back to one is gone", savepoints);
    case_run("a fault undoes the transaction, or what its savepoint holds", faults);
    case_run("no message holds a value", tells_no_value);
    case_run("two that read what the other writes: one must run again", conflict);
    db_close();
    fiber_free();
    loop_free(loop);
    return cases_end();
}
