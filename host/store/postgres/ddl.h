/*
 * ddl: the schema steps, written for SQLite, as PostgreSQL takes them. Text to text: no connection,
 * any thread. The schema of this engine calls it (store_migrate).
 *
 * One list of steps makes both databases, and a new PostgreSQL database runs all of them from the
 * first one: a second text of the whole schema would have to be kept equal to the list by hand, and
 * the list must run there anyway for each later step.
 *
 * What changes, in CREATE TABLE and ALTER TABLE alone (types and keywords are in capitals there):
 *   INTEGER PRIMARY KEY [AUTOINCREMENT]   an identity, which an INSERT may also give itself
 *   INTEGER, REAL, BLOB                   BIGINT, DOUBLE PRECISION, BYTEA
 *   TEXT                                  TEXT COLLATE "C": compared byte by byte as SQLite does,
 *                                         in a database of any collation
 *   STRICT, WITHOUT ROWID                 nothing
 *   a table that has a hidden rowid       a column rowid of its own, an identity with an index: the
 *   in SQLite                             order of storing. A number is taken while its row is
 *                                         inserted, so the rows of one chat, whose transactions
 *                                         come one after the other, have it in their order
 *   strftime(…, 'now') of the times       the same text by to_char
 *   a column named user                   "user", which PostgreSQL reserves
 * All other statements stay as they are. PostgreSQL itself refuses what it does not know.
 */
#ifndef HOST_STORE_POSTGRES_DDL_H
#define HOST_STORE_POSTGRES_DDL_H

/* The translation of one step, which may hold several statements. The caller frees it. NULL: out of
 * memory. */
char *ddl_translate(const char *step);

/* Functions of SQLite that the statements use and PostgreSQL lacks: instr, and max and min of two
 * numbers (NULL when one of them is). To run before the first step, in the schema of the tables,
 * under the lock of the steps. It can run again. */
extern const char ddl_functions[];

#endif
