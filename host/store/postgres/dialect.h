/*
 * dialect: SQL with SQLite's placeholders as PostgreSQL takes it.
 *
 * ? and ?1 become $1, outside of strings, quoted names, comments and dollar quotes. ? takes the
 * number after the highest one before it. Nothing else is changed. Owns nothing; any thread.
 */
#ifndef HOST_STORE_POSTGRES_DIALECT_H
#define HOST_STORE_POSTGRES_DIALECT_H

#include "base/buf.h"

enum { DIALECT_PARAMETERS = 32767 };

struct dialect {
    int parameters; /* the highest number */
    bool reads;     /* SELECT, VALUES, or WITH without a statement that writes */
};

/* Adds the text to out. NULL, or the fault in words. Statements that would end or nest a
 * transaction are refused. */
const char *dialect_read(struct buf *out, const char *sql, size_t len, struct dialect *found);

#endif
