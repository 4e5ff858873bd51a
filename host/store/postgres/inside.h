/*
 * What the units of host/store/postgres share. Only they include it.
 */
#ifndef HOST_STORE_POSTGRES_INSIDE_H
#define HOST_STORE_POSTGRES_INSIDE_H

#include "base/buf.h"
#include "base/loop.h"
#include "store/engine.h"
#include "store/postgres/pg.h"

#include <libpq-fe.h>
#include <poll.h>
#include <sys/queue.h>

struct fiber;
struct maker;

enum { PG_WHY = 400, PG_BUCKETS = 256, PG_TEXT_KEPT = 64 * 1024 };

/* Numbers of PostgreSQL's own types (pg_type.dat). */
enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_OID = 26,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_NUMERIC = 1700,
};

/* ---- errors.c ---- */

/* The code of an SQLSTATE. "": the connection is at fault. */
int pg_code_of(const char *sqlstate);
/* One line without values: the server's message, clipped, and its SQLSTATE. */
void pg_words_of(char *out, size_t size, const char *message, const char *sqlstate);
/* The same for a result. */
void pg_words_of_result(char *out, size_t size, const PGresult *r);
/* Notices that the server sends beside an answer: warnings go to the log. arg: a bool that becomes
 * true when the server ends the connection, or NULL. */
void pg_notice(void *arg, const PGresult *r);

/* ---- connect.c: any thread ---- */

struct pg_url;
/* Reads and checks the text. NULL with why. */
struct pg_url *pg_url_read(const char *text, char *why, size_t why_size);
void pg_url_free(struct pg_url *u);
/* Connects, blocking: one host after another, each for PG_CONNECT_MS at most. The session's
 * settings are set. NULL with why. */
PGconn *pg_connect(const struct pg_url *u, unsigned lock_ms, char *why, size_t why_size);
/* What pg_open checks once. false with why. */
bool pg_server_fits(const struct pg_url *u, PGconn *conn, unsigned lock_ms, char *why,
                    size_t why_size);

/* ---- maker.c: the helper thread ---- */

/* Connects one connection after another, so that the loop never waits for a name or a password. */
struct maker *maker_new(const char *url, unsigned lock_ms);
/* Ends it; does not wait for a connection that is being made. NULL is fine. */
void maker_free(struct maker *m);
int maker_fd(const struct maker *m); /* readable when an answer is there */
void maker_connect(struct maker *m);
/* The next answer to maker_connect: true, with *conn NULL and why when it failed. */
bool maker_answer(struct maker *m, PGconn **conn, char why[PG_WHY]);

/* ---- the pool, its connections, their statements ---- */

/* A session in line for a connection; on its fiber's stack. */
struct waiter {
    TAILQ_ENTRY(waiter) at;
    struct fiber *fiber;
    struct loop_timer timer; /* its deadline, or its turn */
    struct pg_session *given;
    bool over;
};

TAILQ_HEAD(pg_sessions, pg_session);
TAILQ_HEAD(pg_statements, pg_statement);
TAILQ_HEAD(pg_waiters, waiter);

struct pg {
    struct pg_options options;
    struct pg_url *url;
    char *url_text;
    struct loop *loop;
    struct maker *maker;           /* NULL until the first fiber needs it */
    struct pg_sessions idle, used; /* connections */
    struct pg_waiters line;
    size_t open, being_made;
    size_t aim; /* so many connections were in use at once: lost ones are replaced up to it */
    struct loop_timer retry;
    unsigned backoff_ms;
    bool away;
    char why[PG_WHY];
    struct pg_figures counted;
};

struct pg_value {
    bool null;
    bool bytes;         /* bytea: sent as it is, from the caller's memory */
    size_t offset, len; /* a text: in the statement's buffer, with a zero after it */
    const void *at;
};

struct pg_statement {
    struct store_statement head;  /* the first member: what store.h calls a statement */
    TAILQ_ENTRY(pg_statement) at; /* the session's list: the last used one first */
    struct pg_statement *chain;   /* of its bucket */
    struct pg_session *session;
    char *sql, *text; /* as asked for; as sent */
    size_t len;
    uint32_t hash;
    unsigned number; /* its name at the server: s<number> */
    int parameters;
    bool busy, prepared, stepped;
    struct pg_value *values;
    Oid *types; /* as it was prepared */
    struct buf texts, decoded;
    PGresult *result;
    int row;         /* the one that stands; -1 before the first */
    int decoded_row; /* whose bytes are in `decoded`; -1: none */
};

/* A connection, and the session that has it. */
struct pg_session {
    TAILQ_ENTRY(pg_session) at;
    struct pg *pool;
    PGconn *conn;
    int fd; /* in the loop; -1: not there */
    uint32_t events;

    /* its statements */
    struct pg_statements statements;
    struct pg_statement *buckets[PG_BUCKETS], *borrowed;
    size_t count;
    unsigned numbers;
    struct buf forgotten; /* DEALLOCATE statements, each with a zero after it */

    /* its transaction */
    enum pg_mode mode;
    bool begun, failed, committing;
    int lost;          /* a code */
    int depth, sent;   /* savepoints: open, and known to the server */
    int syncs, queued; /* not answered yet; commands since the last batch */
    uint64_t deadline_ns;
    char error[PG_WHY], sqlstate[6];

    /* its wait */
    struct fiber *waiting;
    struct loop_timer timer;
    bool ready, overdue, cancelled;
    bool ending; /* the server has said that it ends the connection */
};

/* ---- pool.c ---- */

/* The socket became readable while nobody waited for it. */
void pool_noticed(struct pg_session *s);

/* ---- session.c ---- */

/* Puts the connection into pipeline mode. NULL: out of memory; conn is closed then. */
struct pg_session *session_new(struct pg *p, PGconn *conn);
void session_free(struct pg_session *s);
/* Remembers a fault: code and words. Returns code. */
int session_fault(struct pg_session *s, int code, const char *words);
/* Sends BEGIN and savepoints that the server has not heard of, ahead of a statement. 0, or a code.
 */
int session_ready(struct pg_session *s);
/* Ends the batch that was sent and waits for all its answers. *out is the last one's result (the
 * caller clears it); *done counts the commands that were carried out. 0, or a code. */
int session_collect(struct pg_session *s, PGresult **out, int *done);
/* The connection is not used again. PG_AWAY. */
int session_gone(struct pg_session *s, const char *words);
/* The session is as new. */
void session_reset(struct pg_session *s);
/* Undoes an open transaction. */
void session_undo(struct pg_session *s);
/* A command without values that goes ahead of the next statement. 0, or a code. */
int session_send(struct pg_session *s, const char *sql);

/* ---- schema.c ---- */

/* As store_migrate and store_known; they block. */
int schema_migrate(struct pg *p, const char *owner, const char *const *steps, size_t count,
                   char *why, size_t why_size);
int schema_known(struct pg *p, const char *owner, size_t count, char *why, size_t why_size);

/* ---- statement.c ---- */

void prepared_free(struct pg_session *s);
/* The next step asks the server again, with the same values. */
void pg_again(struct pg_statement *st);

#endif
