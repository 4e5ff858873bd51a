/* Values on their way to the server and back. All but bytea is text in both directions: the server
 * knows from the place of a value which type it has. */
#include "store/postgres/inside.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

/* ---- there ---- */

int pg_parameters(const struct pg_statement *st)
{
    return st->parameters;
}

static int fault(const struct pg_statement *st, const char *words)
{
    return session_fault(st->session, PG_MISUSE, words);
}

static struct pg_value *value_at(const struct pg_statement *st, int i)
{
    if (i < 1 || i > st->parameters || st->stepped) {
        fault(st, st->stepped ? "a value was given after the first step"
                              : "the statement has no such placeholder");
        return NULL;
    }
    return &st->values[i - 1];
}

int pg_bind_null(struct pg_statement *st, int i)
{
    struct pg_value *v = value_at(st, i);
    if (!v)
        return PG_MISUSE;
    *v = (struct pg_value){ .null = true };
    return 0;
}

/* Text that is known to be clean. */
static int bind_clean(struct pg_statement *st, int i, const char *text, size_t len)
{
    struct pg_value *v = value_at(st, i);
    if (!v)
        return PG_MISUSE;
    *v = (struct pg_value){ .offset = st->texts.len, .len = len };
    if (buf_add(&st->texts, text, len) && buf_add(&st->texts, "", 1))
        return 0;
    *v = (struct pg_value){ .null = true };
    return session_fault(st->session, PG_STOPPED, "out of memory");
}

int pg_bind_integer(struct pg_statement *st, int i, int64_t value)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%lld", (long long)value);
    return bind_clean(st, i, text, (size_t)len);
}

int pg_bind_number(struct pg_statement *st, int i, double value)
{
    char text[32];
    if (!isfinite(value))
        return fault(st, "a number is not finite, and the database takes none");
    int len = snprintf(text, sizeof text, "%.17g", value);
    return bind_clean(st, i, text, (size_t)len);
}

/* The length of the part from p on that the server takes as it is. */
static size_t clean_part(const unsigned char *p, size_t len)
{
    size_t i = 0;
    while (i < len) {
        bool valid;
        if (p[i] >= 0x80) {
            size_t one = utf8_sequence(p + i, len - i, &valid);
            if (!valid)
                break;
            i += one;
        } else if (p[i]) {
            i++;
        } else {
            break;
        }
    }
    return i;
}

int pg_bind_text(struct pg_statement *st, int i, const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + len;
    struct pg_value *v = value_at(st, i);
    if (!v)
        return PG_MISUSE;
    *v = (struct pg_value){ .offset = st->texts.len };
    for (;;) {
        size_t part = clean_part(p, (size_t)(end - p));
        bool valid;
        if (!buf_add(&st->texts, p, part))
            goto memory;
        p += part;
        if (p == end)
            break;
        if (!buf_text(&st->texts, replacement))
            goto memory;
        p += *p ? utf8_sequence(p, (size_t)(end - p), &valid) : 1;
    }
    v->len = st->texts.len - v->offset;
    if (buf_add(&st->texts, "", 1))
        return 0;
memory:
    *v = (struct pg_value){ .null = true };
    return session_fault(st->session, PG_STOPPED, "out of memory");
}

int pg_bind_bytes(struct pg_statement *st, int i, const void *bytes, size_t len)
{
    struct pg_value *v = value_at(st, i);
    if (!v)
        return PG_MISUSE;
    if (len > INT32_MAX)
        return fault(st, "a value is larger than 2 GB");
    *v = (struct pg_value){ .bytes = true, .at = len ? bytes : "", .len = len };
    return 0;
}

/* ---- and back ---- */

int pg_columns(const struct pg_statement *st)
{
    return st->result ? PQnfields(st->result) : 0;
}

const char *pg_column_name(const struct pg_statement *st, int i)
{
    return st->result ? PQfname(st->result, i) : NULL;
}

static bool there(const struct pg_statement *st, int i)
{
    return st->result && st->row >= 0 && i >= 0 && i < PQnfields(st->result) &&
           !PQgetisnull(st->result, st->row, i);
}

static bool whole(const char *text)
{
    char *end;
    errno = 0;
    strtoll(text, &end, 10);
    return !*end && !errno;
}

enum pg_type pg_column_type(const struct pg_statement *st, int i)
{
    if (!there(st, i))
        return PG_NULL;
    switch (PQftype(st->result, i)) {
    case OID_BOOL:
    case OID_INT8:
    case OID_INT2:
    case OID_INT4:
    case OID_OID: return PG_INTEGER;
    case OID_FLOAT4:
    case OID_FLOAT8: return PG_NUMBER;
    /* sum of whole numbers is numeric there */
    case OID_NUMERIC: return whole(PQgetvalue(st->result, st->row, i)) ? PG_INTEGER : PG_NUMBER;
    case OID_BYTEA: return PG_BYTES;
    default: return PG_TEXT;
    }
}

static const char *raw(const struct pg_statement *st, int i)
{
    const char *text = PQgetvalue(st->result, st->row, i);
    if (PQftype(st->result, i) == OID_BOOL)
        return *text == 't' ? "1" : "0";
    return text;
}

int64_t pg_column_integer(const struct pg_statement *st, int i)
{
    if (!there(st, i))
        return 0;
    const char *text = raw(st, i);
    if (whole(text))
        return strtoll(text, NULL, 10);
    double number = strtod(text,
                           NULL); /* as SQLite: what has no place is at the end of the range */
    if (isnan(number))
        return 0;
    return number >= 0x1p63 ? INT64_MAX : number < -0x1p63 ? INT64_MIN : (int64_t)number;
}

double pg_column_number(const struct pg_statement *st, int i)
{
    return there(st, i) ? strtod(raw(st, i), NULL) : 0;
}

static int digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* How many bytes a bytea column holds, that stands as \x0a1b…; 0 for every other. */
static size_t bytes_in(const struct pg_statement *st, int i)
{
    if (!there(st, i) || PQftype(st->result, i) != OID_BYTEA)
        return 0;
    size_t len = (size_t)PQgetlength(st->result, st->row, i);
    return len > 2 ? (len - 2) / 2 : 0;
}

/* All bytea columns of the row, one after another, in the statement's buffer. */
static bool row_decode(struct pg_statement *st)
{
    size_t all = 0;
    int columns = PQnfields(st->result);
    for (int i = 0; i < columns; i++)
        all += bytes_in(st, i);
    st->decoded.len = 0;
    if (!buf_reserve(&st->decoded, all + 1))
        return false;
    for (int i = 0; i < columns; i++) {
        size_t len = bytes_in(st, i);
        const char *text = len ? PQgetvalue(st->result, st->row, i) + 2 : NULL;
        for (size_t k = 0; k < len; k++)
            st->decoded.data[st->decoded.len++] = (char)(digit(text[2 * k]) << 4 |
                                                         digit(text[2 * k + 1]));
    }
    st->decoded_row = st->row;
    return true;
}

static const void *decoded(struct pg_statement *st, int i, size_t *len)
{
    size_t offset = 0, n = bytes_in(st, i);
    if (n == 0 || (st->decoded_row != st->row && !row_decode(st)))
        return NULL;
    for (int j = 0; j < i; j++)
        offset += bytes_in(st, j);
    *len = n;
    return st->decoded.data + offset;
}

const char *pg_column_text(struct pg_statement *st, int i)
{
    return there(st, i) ? raw(st, i) : NULL;
}

const void *pg_column_bytes(struct pg_statement *st, int i, size_t *len)
{
    *len = 0;
    if (!there(st, i))
        return NULL;
    const char *text = raw(st, i);
    size_t n = PQftype(st->result, i) == OID_BOOL ? 1 : (size_t)PQgetlength(st->result, st->row, i);
    if (PQftype(st->result, i) == OID_BYTEA)
        return decoded(st, i, len);
    *len = n;
    return n ? text : NULL;
}
