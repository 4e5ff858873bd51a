/* The values of a statement and of its rows. See store.h. */
#include "store/sqlite/statements.h"

static int bound(int rc)
{
    return rc == SQLITE_OK ? 0 : STORE_MISUSE;
}

static int parameters(struct store_statement *st)
{
    return sqlite3_bind_parameter_count(stmt_of(st));
}

static int bind_null(struct store_statement *st, int i)
{
    return bound(sqlite3_bind_null(stmt_of(st), i));
}

static int bind_integer(struct store_statement *st, int i, int64_t value)
{
    return bound(sqlite3_bind_int64(stmt_of(st), i, value));
}

static int bind_number(struct store_statement *st, int i, double value)
{
    return bound(sqlite3_bind_double(stmt_of(st), i, value));
}

static int bind_text(struct store_statement *st, int i, const char *text, size_t len)
{
    return bound(sqlite3_bind_text64(stmt_of(st), i, text, len, SQLITE_STATIC, SQLITE_UTF8));
}

static int bind_bytes(struct store_statement *st, int i, const void *bytes, size_t len)
{
    return bound(sqlite3_bind_blob64(stmt_of(st), i, bytes ? bytes : "", len, SQLITE_STATIC));
}

static int columns(struct store_statement *st)
{
    return sqlite3_column_count(stmt_of(st));
}

static const char *column_name(struct store_statement *st, int i)
{
    return sqlite3_column_name(stmt_of(st), i);
}

static enum store_type column_type(struct store_statement *st, int i)
{
    static const unsigned char types[] = { [SQLITE_INTEGER] = STORE_INTEGER,
                                           [SQLITE_FLOAT] = STORE_NUMBER,
                                           [SQLITE_TEXT] = STORE_TEXT,
                                           [SQLITE_BLOB] = STORE_BYTES,
                                           [SQLITE_NULL] = STORE_NULL };
    return (enum store_type)types[sqlite3_column_type(stmt_of(st), i)];
}

static int64_t column_integer(struct store_statement *st, int i)
{
    return sqlite3_column_int64(stmt_of(st), i);
}

static double column_number(struct store_statement *st, int i)
{
    return sqlite3_column_double(stmt_of(st), i);
}

static const char *column_text(struct store_statement *st, int i)
{
    return (const char *)sqlite3_column_text(stmt_of(st), i);
}

static const void *column_bytes(struct store_statement *st, int i, size_t *len)
{
    const void *bytes = sqlite3_column_blob(stmt_of(st), i);
    *len = (size_t)sqlite3_column_bytes(stmt_of(st), i);
    return bytes;
}

const struct store_statement_calls sqlite_statement_calls = {
    .parameters = parameters,
    .bind_null = bind_null,
    .bind_integer = bind_integer,
    .bind_number = bind_number,
    .bind_text = bind_text,
    .bind_bytes = bind_bytes,
    .columns = columns,
    .column_name = column_name,
    .column_type = column_type,
    .column_integer = column_integer,
    .column_number = column_number,
    .column_text = column_text,
    .column_bytes = column_bytes,
};
