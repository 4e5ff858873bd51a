/*
 * pg: the client of PostgreSQL: a pool of connections, and sessions with statements.
 *
 * A session is one connection while a slice has it. Its transaction begins with the first statement
 * (both go out together) and ends with pg_commit or pg_end. The names and the shapes are those of
 * store/store.h: the engine (engine.h) is a table over them.
 *
 * The loop thread only. Each wait for the server goes through fiber_wait when a fiber runs
 * (base/fiber.h): the socket is in the loop, and the loop goes on meanwhile. Outside of a fiber (a
 * start, a command) the same call blocks in poll. Each wait has a deadline; when it passes, the
 * connection is closed, and the server stops what it left running within 2 s. A helper thread
 * connects, because name lookups and passwords would hold the loop.
 *
 * A statement that fails undoes its transaction: what follows is answered with PG_UNDONE until a
 * savepoint is rolled back or the transaction ends. After PG_CONFLICT and PG_AWAY no savepoint
 * helps: the whole transaction must run again.
 *
 * What is told to people holds no value of a statement and no password.
 */
#ifndef HOST_STORE_POSTGRES_PG_H
#define HOST_STORE_POSTGRES_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct pg;
struct pg_session;
struct pg_statement;

/* ---- the pool ---- */

enum {
    PG_CONNECTIONS = 10,  /* unless options say otherwise */
    PG_WAIT_MS = 30000,   /* for an answer of the server */
    PG_LINE_MS = 5000,    /* for a connection, when all are in use or the server is away */
    PG_LOCK_MS = 10000,   /* for a lock that another client holds: then PG_BUSY */
    PG_STATEMENTS = 256,  /* prepared statements that a connection keeps */
    PG_CONNECT_MS = 6000, /* for one host to accept a connection */
};

struct pg_options {
    const char *url;   /* postgres://…, postgresql://… or "host=… dbname=…" */
    struct loop *loop; /* NULL: no fiber ever waits */
    size_t connections;
    unsigned wait_ms, line_ms, lock_ms;
    size_t statements; /* 0 in any of them: as above */
};

/* How opening can end. The numbers are exit codes of the program (docs/contract.md). */
enum pg_open_result { PG_OPENED = 0, PG_UNUSABLE = 3 };

/* Connects once, blocking, and checks the server: version 14 or newer, UTF-8, not a standby, the
 * right to create tables, no tables of another product, no pooler that gives each transaction
 * another connection. On failure *out is NULL and why holds cause and remedy in one line. Writes
 * nothing to the database. */
enum pg_open_result pg_open(struct pg **out, const struct pg_options *options, char *why,
                            size_t why_size);
/* No session may be open. NULL is fine. */
void pg_close(struct pg *p);
/* Was the server reached at the last try? Else why (NULL is fine) holds the reason. */
bool pg_healthy(const struct pg *p, char *why, size_t why_size);

struct pg_figures {
    size_t open, idle, waiting; /* connections, those without a session, sessions in line */
    uint64_t connected, failed, lost, prepared;
};
struct pg_figures pg_figures(const struct pg *p);

/* ---- what calls answer ---- */

/* The numbers of enum store_code. 0: it is done. */
enum pg_code {
    PG_MISUSE = 1, /* the statement or a value is at fault */
    PG_TAKEN,      /* another row has this unique value */
    PG_STOPPED,    /* it took more time or memory than a statement may */
    PG_UNDONE,     /* the transaction was undone before */
    PG_BUSY,       /* another client holds a lock, or all connections are in use */
    PG_FULL,       /* no room on the server's disk */
    PG_CONFLICT,   /* another transaction wrote what this one has read: run it again */
    PG_AWAY,       /* the server cannot be reached, or did not answer in time */
    PG_ROW = 100,
    PG_DONE = 101,
};

/* ---- sessions ---- */

enum pg_mode { PG_SERIALIZABLE, PG_READ_COMMITTED, PG_READ_ONLY };

/* Takes a connection, in line and until line_ms has passed. NULL: *code is PG_AWAY or PG_BUSY and
 * why says more. The server hears of it with the first statement. */
struct pg_session *pg_begin(struct pg *p, enum pg_mode mode, int *code, char *why, size_t why_size);
/* Undoes what is not committed, and gives the connection back. NULL is fine. */
void pg_end(struct pg_session *s);

/* PG_UNKNOWN: COMMIT was sent and no answer came: the transaction may be stored. A COMMIT is never
 * cancelled. After it the session may begin another transaction. */
enum pg_commit_result { PG_NOTHING, PG_COMMITTED, PG_NOT_COMMITTED, PG_UNKNOWN };
enum pg_commit_result pg_commit(struct pg_session *s);

/* Savepoints nest. They go out with the next statement and cost no round trip. 0, or a code. */
int pg_savepoint(struct pg_session *s);
int pg_release(struct pg_session *s);
int pg_rollback(struct pg_session *s);
int pg_depth(const struct pg_session *s);

/* The whole transaction failed for good (PG_CONFLICT, PG_AWAY): its code. 0: it has not. */
int pg_lost(const struct pg_session *s);
/* Has the transaction begun at the server? */
bool pg_open_transaction(const struct pg_session *s);
/* The cause, after a call answered with a code. */
const char *pg_error(const struct pg_session *s);
/* The five characters that SQL defines for it, "" when the server said nothing. */
const char *pg_sqlstate(const struct pg_session *s);
/* No wait of this session ends later than at_ns (CLOCK_MONOTONIC); 0: wait_ms alone counts. */
void pg_deadline(struct pg_session *s, uint64_t at_ns);
/* From outside of its fiber: its wait, and each one that follows, ends with PG_AWAY. A COMMIT that
 * was sent goes on. */
void pg_cancel(struct pg_session *s);

/* ---- statements: as those of store/store.h ---- */

/* Values stand as ? or ?1. The server sees the text at the first step, so a fault in it is answered
 * there. NULL: *error says why. */
struct pg_statement *pg_prepare(struct pg_session *s, const char *sql, size_t len,
                                const char **error);
void pg_done(struct pg_session *s, struct pg_statement *st);
/* For a caller that may be thrown out: pg_settle and the next pg_borrow take it back. */
struct pg_statement *pg_borrow(struct pg_session *s, const char *sql, size_t len,
                               const char **error);
void pg_settle(struct pg_session *s);

/* Text: a zero byte and bytes that are not UTF-8 become U+FFFD, because the server refuses them.
 * A number that is not finite is PG_MISUSE. Texts are copied; bytes stay the caller's. */
int pg_parameters(const struct pg_statement *st);
int pg_bind_null(struct pg_statement *st, int i);
int pg_bind_integer(struct pg_statement *st, int i, int64_t value);
int pg_bind_number(struct pg_statement *st, int i, double value);
int pg_bind_text(struct pg_statement *st, int i, const char *text, size_t len);
int pg_bind_bytes(struct pg_statement *st, int i, const void *bytes, size_t len);

/* PG_ROW, PG_DONE or a code. The first step asks the server and takes all rows. */
int pg_step(struct pg_session *s, struct pg_statement *st);
/* Prepares, steps to the end and is done: for fixed statements without values. 0, or a code. */
int pg_exec(struct pg_session *s, const char *sql);
/* Several statements at once, in the transaction that a statement has begun. Blocks as long as it
 * takes: for schema steps, outside of fibers. 0, or a code. */
int pg_script(struct pg_session *s, const char *sql);
/* Does it change nothing, by its words? (A function that it calls may.) */
bool pg_reads(const struct pg_statement *st);
int64_t pg_changed(const struct pg_statement *st);

/* Columns are known after the first step. Whole numbers (also of sum) and truth values (1 and 0)
 * are PG_INTEGER, other numbers PG_NUMBER, bytea PG_BYTES, all else PG_TEXT. */
enum pg_type { PG_NULL, PG_INTEGER, PG_NUMBER, PG_TEXT, PG_BYTES };
int pg_columns(const struct pg_statement *st);
const char *pg_column_name(const struct pg_statement *st, int i);
enum pg_type pg_column_type(const struct pg_statement *st, int i);
int64_t pg_column_integer(const struct pg_statement *st, int i);
double pg_column_number(const struct pg_statement *st, int i);
const char *pg_column_text(struct pg_statement *st, int i);
const void *pg_column_bytes(struct pg_statement *st, int i, size_t *len);

#endif
