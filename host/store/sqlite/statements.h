/*
 * statements: prepared statements kept by their text.
 *
 * Owned by store. Bounded: past STATEMENTS_MAX texts the least recently used is finalized. The key
 * is the text, byte for byte. A statement in use is never given to a second user, who gets another
 * one. The loop thread only.
 */
#ifndef HOST_STORE_SQLITE_STATEMENTS_H
#define HOST_STORE_SQLITE_STATEMENTS_H

#include "store/engine.h"

#include <sqlite3.h>

enum { STATEMENTS_MAX = 256 };

struct statements;

/* What store.h calls a statement, of this engine. */
struct sqlite_statement {
    struct store_statement st; /* the first member */
    sqlite3_stmt *stmt;
};
extern const struct store_statement_calls sqlite_statement_calls; /* values.c */

static inline sqlite3_stmt *stmt_of(const struct store_statement *st)
{
    return ((const struct sqlite_statement *)st)->stmt;
}

/* NULL: out of memory. */
struct statements *statements_new(sqlite3 *db);
/* Finalizes all statements, also those in use. NULL is fine. */
void statements_free(struct statements *c);
/* Ready to bind, or NULL with what is wrong with the text. */
struct store_statement *statements_take(struct statements *c, const char *sql, size_t len,
                                        const char **error);
/* Resets it, forgets what was bound, keeps it for the next. */
void statements_give(struct store_statement *statement);

#endif
