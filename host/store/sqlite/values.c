/* The values of a statement and of its rows. See store.h. */
#include "store/sqlite/statements.h"

static int bound(int rc)
{
    return rc == SQLITE_OK ? 0 : STORE_MISUSE;
}

int store_parameters(struct store_statement *st)
{
    return sqlite3_bind_parameter_count(st->stmt);
}

int store_bind_null(struct store_statement *st, int i)
{
    return bound(sqlite3_bind_null(st->stmt, i));
}

int store_bind_integer(struct store_statement *st, int i, int64_t value)
{
    return bound(sqlite3_bind_int64(st->stmt, i, value));
}

int store_bind_number(struct store_statement *st, int i, double value)
{
    return bound(sqlite3_bind_double(st->stmt, i, value));
}

int store_bind_text(struct store_statement *st, int i, const char *text, size_t len)
{
    return bound(sqlite3_bind_text64(st->stmt, i, text, len, SQLITE_STATIC, SQLITE_UTF8));
}

int store_bind_bytes(struct store_statement *st, int i, const void *bytes, size_t len)
{
    return bound(sqlite3_bind_blob64(st->stmt, i, bytes ? bytes : "", len, SQLITE_STATIC));
}

bool store_reads(const struct store_statement *st)
{
    return st->reads;
}

int store_columns(struct store_statement *st)
{
    return sqlite3_column_count(st->stmt);
}

const char *store_column_name(struct store_statement *st, int i)
{
    return sqlite3_column_name(st->stmt, i);
}

enum store_type store_column_type(struct store_statement *st, int i)
{
    static const unsigned char types[] = { [SQLITE_INTEGER] = STORE_INTEGER,
                                           [SQLITE_FLOAT] = STORE_NUMBER,
                                           [SQLITE_TEXT] = STORE_TEXT,
                                           [SQLITE_BLOB] = STORE_BYTES,
                                           [SQLITE_NULL] = STORE_NULL };
    return (enum store_type)types[sqlite3_column_type(st->stmt, i)];
}

int64_t store_column_integer(struct store_statement *st, int i)
{
    return sqlite3_column_int64(st->stmt, i);
}

double store_column_number(struct store_statement *st, int i)
{
    return sqlite3_column_double(st->stmt, i);
}

const char *store_column_text(struct store_statement *st, int i)
{
    return (const char *)sqlite3_column_text(st->stmt, i);
}

const void *store_column_bytes(struct store_statement *st, int i, size_t *len)
{
    const void *bytes = sqlite3_column_blob(st->stmt, i);
    *len = (size_t)sqlite3_column_bytes(st->stmt, i);
    return bytes;
}
