/*
 * A session's transaction, and its waits for the server.
 *
 * The connection is in pipeline mode all its life. A batch is: what has to go ahead (BEGIN,
 * savepoints), one statement, and a sync; its answers are all taken before the next batch is sent.
 */
#include "base/fiber.h"
#include "store/postgres/inside.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

/* ---- faults ---- */

int session_fault(struct pg_session *s, int code, const char *words)
{
    snprintf(s->error, sizeof s->error, "%s", words);
    s->sqlstate[0] = 0;
    return code;
}

static const char lost_words[] = "the connection to the database was lost";

int session_gone(struct pg_session *s, const char *words)
{
    if (s->lost == PG_AWAY)
        return PG_AWAY; /* the first fault's words stay */
    s->lost = PG_AWAY;
    return session_fault(s, PG_AWAY, words);
}

static int server_fault(struct pg_session *s, const PGresult *r)
{
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    const char *severity = PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED);
    int code = pg_code_of(state);
    pg_words_of_result(s->error, sizeof s->error, r);
    snprintf(s->sqlstate, sizeof s->sqlstate, "%s", state ? state : "");
    /* A plan that another program's schema step has made invalid: once more, newly prepared. */
    const char *where = PQresultErrorField(r, PG_DIAG_SOURCE_FUNCTION);
    if (state && strcmp(state, "0A000") == 0 && where &&
        strcmp(where, "RevalidateCachedQuery") == 0)
        code = PG_CONFLICT;
    if (severity && strcmp(severity, "ERROR") != 0)
        code = PG_AWAY; /* FATAL and PANIC end the connection */
    s->failed = true;
    if (code == PG_CONFLICT || code == PG_AWAY)
        s->lost = code;
    return code;
}

/* ---- waiting ---- */

static void on_socket(void *arg, int fd, uint32_t events)
{
    struct pg_session *s = arg;
    (void)fd;
    (void)events;
    if (!s->waiting) {
        pool_noticed(s);
        return;
    }
    s->ready = true;
    fiber_resume(s->waiting);
}

static void on_deadline(void *arg)
{
    struct pg_session *s = arg;
    s->overdue = true;
    fiber_resume(s->waiting);
}

static uint64_t deadline_of(const struct pg_session *s)
{
    uint64_t at = loop_now_ns() + (uint64_t)s->pool->options.wait_ms * 1000000;
    return s->deadline_ns && s->deadline_ns < at ? s->deadline_ns : at;
}

/* On a fiber: the loop goes on meanwhile. true: the socket is ready. */
static bool wait_in_loop(struct pg_session *s, uint32_t events, uint64_t deadline_ns)
{
    if (events != s->events && loop_change(s->pool->loop, s->fd, events) == 0)
        s->events = events;
    s->ready = s->overdue = false;
    s->waiting = fiber_current();
    if (loop_timer_set(s->pool->loop, &s->timer, deadline_ns, on_deadline, s))
        fiber_wait();
    else
        s->overdue = true;
    s->waiting = NULL;
    loop_timer_stop(s->pool->loop, &s->timer);
    return s->ready;
}

static bool wait_in_poll(struct pg_session *s, short events, uint64_t deadline_ns)
{
    struct pollfd p = { .fd = PQsocket(s->conn), .events = events };
    for (;;) {
        uint64_t now = loop_now_ns();
        if (now >= deadline_ns)
            return false;
        uint64_t ms = (deadline_ns - now + 999999) / 1000000;
        int n = poll(&p, 1, ms > 60000 ? 60000 : (int)ms);
        if (n > 0)
            return true;
        if (n < 0 && errno != EINTR)
            return false;
    }
}

/* Until an answer is there, or the rest of what was sent can go out. 0, or PG_AWAY. */
static int wait_for_server(struct pg_session *s, uint64_t deadline_ns)
{
    for (;;) {
        int more = PQflush(s->conn);
        if (!PQisBusy(s->conn))
            return 0;
        if (more < 0 || PQstatus(s->conn) == CONNECTION_BAD)
            return session_gone(s, lost_words);
        if (s->cancelled && !s->committing)
            return session_gone(s, "the work was cancelled");
        if (loop_now_ns() >= deadline_ns)
            return session_gone(s, "the database did not answer in time");
        if (s->fd >= 0 && fiber_current()
                ? !wait_in_loop(s, EPOLLIN | (more > 0 ? EPOLLOUT : 0), deadline_ns)
                : !wait_in_poll(s, (short)(POLLIN | (more > 0 ? POLLOUT : 0)), deadline_ns))
            continue;
        PQconsumeInput(s->conn); /* when it fails, the connection says so */
    }
}

int session_collect(struct pg_session *s, PGresult **out, int *done)
{
    uint64_t deadline_ns = deadline_of(s);
    int code = 0, between = 0, commands = 0;
    *out = NULL;
    if (!PQpipelineSync(s->conn))
        return session_gone(s, lost_words);
    s->syncs++;
    while (s->syncs > 0) {
        int away = wait_for_server(s, deadline_ns);
        if (away) {
            code = away;
            break;
        }
        PGresult *r = PQgetResult(s->conn);
        ExecStatusType status = r ? PQresultStatus(r) : PGRES_FATAL_ERROR;
        if (!r) { /* between two answers; twice: nothing more comes */
            if (++between > 1 || PQstatus(s->conn) == CONNECTION_BAD) {
                code = s->lost ? s->lost : session_gone(s, lost_words);
                break;
            }
            continue;
        }
        between = 0;
        if (status == PGRES_PIPELINE_SYNC) {
            s->syncs--;
        } else if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) {
            code = code ? code : server_fault(s, r);
        } else if (status != PGRES_PIPELINE_ABORTED) {
            commands++;
            PQclear(*out);
            *out = r;
            continue;
        }
        PQclear(r);
    }
    if (code) {
        PQclear(*out);
        *out = NULL;
    }
    s->queued = 0;
    if (done)
        *done = commands;
    return code;
}

/* ---- the transaction ---- */

static const char *const begins[] = {
    [PG_SERIALIZABLE] = "BEGIN ISOLATION LEVEL SERIALIZABLE",
    [PG_READ_COMMITTED] = "BEGIN ISOLATION LEVEL READ COMMITTED",
    [PG_READ_ONLY] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
};

int session_send(struct pg_session *s, const char *sql)
{
    if (PQsendQueryParams(s->conn, sql, 0, NULL, NULL, NULL, NULL, 0)) {
        s->queued++;
        return 0;
    }
    return session_gone(s, lost_words);
}

static int send_savepoint(struct pg_session *s, const char *what, int depth)
{
    char sql[48];
    snprintf(sql, sizeof sql, "%s a%d", what, depth);
    return session_send(s, sql);
}

/* Statements that the cache has let go of; before BEGIN, where no error of the transaction stops
 * them. */
static int send_forgotten(struct pg_session *s)
{
    if (s->forgotten.len == 0)
        return 0;
    for (size_t at = 0; at < s->forgotten.len; at += strlen(s->forgotten.data + at) + 1)
        if (session_send(s, s->forgotten.data + at) != 0)
            return s->lost;
    s->forgotten.len = 0;
    if (!PQpipelineSync(s->conn))
        return session_gone(s, lost_words);
    s->syncs++;
    return 0;
}

int session_ready(struct pg_session *s)
{
    if (s->cancelled)
        return session_gone(s, "the work was cancelled");
    if (!s->begun && s->lost == PG_CONFLICT)
        s->lost = 0; /* of the transaction before */
    if (s->lost)
        return s->lost;
    if (s->failed)
        return PG_UNDONE; /* the first fault's words stay */
    if (!s->begun) {
        if (send_forgotten(s) != 0 || session_send(s, begins[s->mode]) != 0)
            return s->lost;
        s->begun = true;
    }
    while (s->sent < s->depth)
        if (send_savepoint(s, "SAVEPOINT", ++s->sent) != 0)
            return s->lost;
    return 0;
}

int pg_savepoint(struct pg_session *s)
{
    s->depth++;
    return 0;
}

int pg_release(struct pg_session *s)
{
    assert(s->depth > 0);
    int code = 0;
    if (s->sent == s->depth && !s->lost && !s->failed)
        code = send_savepoint(s, "RELEASE", s->sent);
    if (s->sent == s->depth)
        s->sent--;
    s->depth--;
    return code ? code : s->lost ? s->lost : s->failed ? PG_UNDONE : 0;
}

int pg_rollback(struct pg_session *s)
{
    assert(s->depth > 0);
    int code = 0;
    if (s->sent == s->depth && !s->lost) {
        code = send_savepoint(s, "ROLLBACK TO", s->sent);
        if (!code)
            code = send_savepoint(s, "RELEASE", s->sent);
        s->failed = false;
    }
    if (s->sent == s->depth)
        s->sent--;
    s->depth--;
    return code ? code : s->lost;
}

int pg_depth(const struct pg_session *s)
{
    return s->depth;
}

static void transaction_over(struct pg_session *s)
{
    s->begun = s->failed = s->committing = false;
    s->depth = s->sent = 0;
}

/* The words of the first fault stay. */
void session_undo(struct pg_session *s)
{
    char error[PG_WHY], sqlstate[6];
    PGresult *r = NULL;
    memcpy(error, s->error, sizeof error);
    memcpy(sqlstate, s->sqlstate, sizeof sqlstate);
    if (s->begun && s->lost != PG_AWAY && !s->cancelled && session_send(s, "ROLLBACK") == 0)
        session_collect(s, &r, NULL);
    PQclear(r);
    memcpy(s->error, error, sizeof error);
    memcpy(s->sqlstate, sqlstate, sizeof sqlstate);
    transaction_over(s);
}

enum pg_commit_result pg_commit(struct pg_session *s)
{
    PGresult *r = NULL;
    enum pg_commit_result result = PG_NOT_COMMITTED;
    if (!s->begun)
        return s->lost ? PG_NOT_COMMITTED : PG_NOTHING;
    if (s->lost || s->failed || s->cancelled) {
        session_undo(s);
        return PG_NOT_COMMITTED;
    }
    if (session_send(s, "COMMIT") == 0) {
        s->committing = true;
        int code = session_collect(s, &r, NULL);
        if (code == PG_AWAY)
            result = PG_UNKNOWN;
        else if (!code && r && strcmp(PQcmdStatus(r), "COMMIT") == 0)
            result = PG_COMMITTED;
    }
    PQclear(r);
    transaction_over(s);
    return result;
}

int pg_script(struct pg_session *s, const char *sql)
{
    int code = session_ready(s);
    if (code)
        return code;
    assert(s->queued == 0 && s->depth == 0);
    if (!PQexitPipelineMode(s->conn) || PQsetnonblocking(s->conn, 0) != 0)
        return session_gone(s, PQerrorMessage(s->conn));
    PGresult *r = PQexec(s->conn, sql);
    ExecStatusType status = PQresultStatus(r);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        code = server_fault(s, r);
    PQclear(r);
    if (PQsetnonblocking(s->conn, 1) != 0 || !PQenterPipelineMode(s->conn))
        return session_gone(s, lost_words);
    return code;
}

/* ---- questions ---- */

int pg_lost(const struct pg_session *s)
{
    return s->lost;
}

bool pg_open_transaction(const struct pg_session *s)
{
    return s->begun;
}

const char *pg_error(const struct pg_session *s)
{
    return s->error;
}

const char *pg_sqlstate(const struct pg_session *s)
{
    return s->sqlstate;
}

void pg_deadline(struct pg_session *s, uint64_t at_ns)
{
    s->deadline_ns = at_ns;
}

void pg_cancel(struct pg_session *s)
{
    s->cancelled = true;
    if (s->waiting && !s->committing)
        loop_timer_set(s->pool->loop, &s->timer, 0, on_deadline, s);
}

/* ---- a connection as a session ---- */

struct pg_session *session_new(struct pg *p, PGconn *conn)
{
    struct pg_session *s = calloc(1, sizeof *s);
    if (!s || PQsetnonblocking(conn, 1) != 0 || !PQenterPipelineMode(conn)) {
        PQfinish(conn);
        free(s);
        return NULL;
    }
    s->pool = p;
    s->conn = conn;
    s->fd = -1;
    TAILQ_INIT(&s->statements);
    PQsetNoticeReceiver(conn, pg_notice, &s->ending);
    if (p->loop && loop_add(p->loop, PQsocket(conn), EPOLLIN, on_socket, s) == 0) {
        s->fd = PQsocket(conn);
        s->events = EPOLLIN;
    }
    return s;
}

void session_reset(struct pg_session *s)
{
    s->deadline_ns = 0;
    s->lost = s->queued = 0;
    s->cancelled = false;
    session_fault(s, 0, "");
}

void session_free(struct pg_session *s)
{
    if (s->fd >= 0)
        loop_remove(s->pool->loop, s->fd);
    prepared_free(s);
    buf_free(&s->forgotten);
    PQfinish(s->conn);
    free(s);
}
