/*
 * The pool: connections without a session (idle), those that a session has (used), and the sessions
 * that wait for one (the line). A lost connection is replaced, after a pause that doubles while the
 * server is away. The connection that will listen for NOTIFY is to be one more, outside of both
 * lists.
 */
#include "base/fiber.h"
#include "base/log.h"
#include "store/postgres/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

enum {
    BACKOFF_FIRST_MS = 100,
    BACKOFF_LAST_MS = 5000,
    AWAY_LINE_MS = 1000, /* in line for a connection, while the server is away */
};

static void pool_grow(struct pg *p);

/* ---- giving connections ---- */

static void on_turn(void *arg)
{
    struct waiter *w = arg;
    fiber_resume(w->fiber);
}

/* To the first session in line, which goes on in the loop; else it is idle. */
static void give(struct pg *p, struct pg_session *s)
{
    struct waiter *w = TAILQ_FIRST(&p->line);
    if (!w) {
        TAILQ_INSERT_HEAD(&p->idle, s, at);
        return;
    }
    TAILQ_REMOVE(&p->line, w, at);
    TAILQ_INSERT_HEAD(&p->used, s, at);
    w->given = s;
    loop_timer_set(p->loop, &w->timer, 0, on_turn, w); /* its own timer moves: it cannot fail */
}

static size_t in_line(const struct pg *p)
{
    size_t n = 0;
    struct waiter *w;
    TAILQ_FOREACH(w, &p->line, at)
        n++;
    return n;
}

static void took(struct pg *p)
{
    p->open++;
    p->counted.connected++;
    if (p->open > p->aim)
        p->aim = p->open;
    if (p->away)
        log_event(LOG_INFO, "database.back", log_i("connections", (int64_t)p->open));
    p->away = false;
    p->backoff_ms = 0;
}

static void on_retry(void *arg)
{
    pool_grow(arg);
}

static void failed(struct pg *p, const char *why)
{
    if (!p->away)
        log_event(LOG_WARN, "database.away", log_s("message", why));
    p->away = true;
    p->counted.failed++;
    snprintf(p->why, sizeof p->why, "%s", why);
    p->backoff_ms = p->backoff_ms ? p->backoff_ms * 2 : BACKOFF_FIRST_MS;
    if (p->backoff_ms > BACKOFF_LAST_MS)
        p->backoff_ms = BACKOFF_LAST_MS;
    /* Up to a quarter less, so that processes do not come back in step. */
    uint64_t now = loop_now_ns(), pause_ns = (uint64_t)p->backoff_ms * 1000000;
    pause_ns -= now / 1000 % 1024 * pause_ns / 4096;
    loop_timer_set(p->loop, &p->retry, now + pause_ns, on_retry, p);
}

static void on_made(void *arg, int fd, uint32_t events)
{
    struct pg *p = arg;
    PGconn *conn;
    char why[PG_WHY];
    (void)fd;
    (void)events;
    while (maker_answer(p->maker, &conn, why)) {
        struct pg_session *s = conn ? session_new(p, conn) : NULL;
        p->being_made--;
        if (!s) {
            failed(p, conn ? "out of memory" : why);
            continue;
        }
        took(p);
        give(p, s);
    }
    pool_grow(p);
}

/* Asks for as many connections as are missing. While the server is away: for one at a time. */
static void pool_grow(struct pg *p)
{
    size_t wanted = p->open + in_line(p);
    if (!p->loop || p->retry.index)
        return;
    if (wanted < p->aim)
        wanted = p->aim;
    if (wanted > p->options.connections)
        wanted = p->options.connections;
    if (p->away && wanted > p->open)
        wanted = p->open + 1;
    while (p->open + p->being_made < wanted) {
        if (!p->maker) {
            p->maker = maker_new(p->url_text, p->options.lock_ms);
            if (!p->maker || loop_add(p->loop, maker_fd(p->maker), EPOLLIN, on_made, p) != 0) {
                maker_free(p->maker);
                p->maker = NULL;
                failed(p, "the thread that connects to the database cannot be started");
                return;
            }
        }
        p->being_made++;
        maker_connect(p->maker);
    }
}

/* ---- losing connections ---- */

static void drop(struct pg *p, struct pg_session *s)
{
    p->open--;
    p->counted.lost++;
    if (*s->error)
        snprintf(p->why, sizeof p->why, "%s", s->error);
    session_free(s);
    pool_grow(p);
}

/* Nobody waits for its answer: what comes is a notice, the word that the connection ends, or its
 * end. Costs one recv. */
static bool alive(struct pg_session *s)
{
    if (!PQconsumeInput(s->conn) || PQstatus(s->conn) != CONNECTION_OK)
        return false;
    PQisBusy(s->conn); /* reads what came */
    return !s->ending;
}

void pool_noticed(struct pg_session *s)
{
    struct pg *p = s->pool;
    struct pg_session *i;
    if (alive(s))
        return;
    session_gone(s, "the server has closed the connection");
    TAILQ_FOREACH(i, &p->idle, at)
        if (i == s) {
            TAILQ_REMOVE(&p->idle, s, at);
            drop(p, s);
            return;
        }
    loop_remove(p->loop, s->fd); /* its session ends it */
    s->fd = -1;
}

/* ---- sessions ---- */

static struct pg_session *connect_now(struct pg *p, int *code, char *why, size_t why_size)
{
    if (p->open + p->being_made >= p->options.connections) {
        *code = PG_BUSY;
        snprintf(why, why_size, "all %zu connections to the database are in use", p->open);
        return NULL;
    }
    PGconn *conn = pg_connect(p->url, p->options.lock_ms, why, why_size);
    struct pg_session *s = conn ? session_new(p, conn) : NULL;
    *code = PG_AWAY;
    if (s)
        took(p);
    else if (conn)
        snprintf(why, why_size, "out of memory");
    return s;
}

static struct pg_session *stand_in_line(struct pg *p, int *code, char *why, size_t why_size)
{
    struct waiter w = { .fiber = fiber_current() };
    unsigned most = p->options.line_ms;
    most = p->away && most > AWAY_LINE_MS ? AWAY_LINE_MS : most;
    uint64_t until = loop_now_ns() + (uint64_t)most * 1000000;
    if (!loop_timer_set(p->loop, &w.timer, until, on_turn, &w)) {
        *code = PG_STOPPED;
        snprintf(why, why_size, "out of memory");
        return NULL;
    }
    TAILQ_INSERT_TAIL(&p->line, &w, at);
    pool_grow(p);
    fiber_wait();
    loop_timer_stop(p->loop, &w.timer);
    if (w.given)
        return w.given;
    TAILQ_REMOVE(&p->line, &w, at);
    *code = p->away ? PG_AWAY : PG_BUSY;
    if (p->away)
        snprintf(why, why_size, "%s", p->why);
    else
        snprintf(why, why_size, "all %zu connections to the database are in use", p->open);
    return NULL;
}

struct pg_session *pg_begin(struct pg *p, enum pg_mode mode, int *code, char *why, size_t why_size)
{
    bool fiber = p->loop && fiber_current();
    struct pg_session *s;
    while ((s = TAILQ_FIRST(&p->idle))) {
        TAILQ_REMOVE(&p->idle, s, at);
        if (alive(s))
            break;
        session_gone(s, "the server has closed the connection");
        drop(p, s);
    }
    if (s) {
        TAILQ_INSERT_HEAD(&p->used, s, at);
    } else if (fiber) {
        s = stand_in_line(p, code, why, why_size); /* it is among the used ones */
    } else {
        s = connect_now(p, code, why, why_size);
        if (s)
            TAILQ_INSERT_HEAD(&p->used, s, at);
    }
    if (s) {
        s->mode = mode;
        *code = 0;
    }
    return s;
}

void pg_end(struct pg_session *s)
{
    if (!s)
        return;
    struct pg *p = s->pool;
    pg_settle(s);
    session_undo(s);
    TAILQ_REMOVE(&p->used, s, at);
    if (s->cancelled || s->queued > 0 || s->lost == PG_AWAY ||
        PQtransactionStatus(s->conn) != PQTRANS_IDLE) {
        drop(p, s);
        return;
    }
    session_reset(s);
    give(p, s);
}

/* ---- the whole ---- */

enum pg_open_result pg_open(struct pg **out, const struct pg_options *options, char *why,
                            size_t why_size)
{
    struct pg *p = calloc(1, sizeof *p);
    *out = NULL;
    snprintf(why, why_size, "out of memory");
    if (!p)
        return PG_UNUSABLE;
    p->options = *options;
    p->loop = options->loop;
    if (!p->options.connections)
        p->options.connections = PG_CONNECTIONS;
    if (!p->options.wait_ms)
        p->options.wait_ms = PG_WAIT_MS;
    if (!p->options.line_ms)
        p->options.line_ms = PG_LINE_MS;
    if (!p->options.lock_ms)
        p->options.lock_ms = PG_LOCK_MS;
    if (!p->options.statements)
        p->options.statements = PG_STATEMENTS;
    TAILQ_INIT(&p->idle);
    TAILQ_INIT(&p->used);
    TAILQ_INIT(&p->line);
    p->url_text = strdup(options->url);
    p->options.url = p->url_text;
    p->url = p->url_text ? pg_url_read(p->url_text, why, why_size) : NULL;
    PGconn *conn = p->url ? pg_connect(p->url, p->options.lock_ms, why, why_size) : NULL;
    if (!conn)
        goto fail;
    if (!pg_server_fits(p->url, conn, p->options.lock_ms, why, why_size)) {
        PQfinish(conn);
        goto fail;
    }
    struct pg_session *s = session_new(p, conn);
    if (!s)
        goto fail;
    took(p);
    TAILQ_INSERT_HEAD(&p->idle, s, at);
    *out = p;
    *why = 0;
    return PG_OPENED;
fail:
    pg_close(p);
    return PG_UNUSABLE;
}

void pg_close(struct pg *p)
{
    struct pg_session *s;
    if (!p)
        return;
    while ((s = TAILQ_FIRST(&p->idle))) {
        TAILQ_REMOVE(&p->idle, s, at);
        session_free(s);
    }
    if (p->maker)
        loop_remove(p->loop, maker_fd(p->maker));
    maker_free(p->maker);
    if (p->loop)
        loop_timer_stop(p->loop, &p->retry);
    pg_url_free(p->url);
    free(p->url_text);
    free(p);
}

bool pg_healthy(const struct pg *p, char *why, size_t why_size)
{
    if (why && why_size)
        snprintf(why, why_size, "%s", p->away ? p->why : "");
    return !p->away;
}

struct pg_figures pg_figures(const struct pg *p)
{
    struct pg_figures f = p->counted;
    struct pg_session *s;
    f.open = p->open;
    f.waiting = in_line(p);
    TAILQ_FOREACH(s, &p->idle, at)
        f.idle++;
    return f;
}
