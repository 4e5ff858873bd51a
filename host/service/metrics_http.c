#include "service/metrics_http.h"

#include "base/listener.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PEERS = 16, BACKLOG = 16, POOL_BYTES = 8192, LIFE_S = 10 };

static const uint64_t second_ns = 1000000000;
static const char type[] = "text/plain; version=0.0.4; charset=utf-8";

struct peer {
    struct metrics_http *owner;
    struct MHD_Connection *mhd; /* NULL: this place is free */
    uint64_t due_ns;
    int fd;
    bool asks; /* suspended until metrics_http_answer */
};

struct metrics_http {
    struct loop *loop;
    struct MHD_Daemon *daemon;
    int epoll;
    void (*text)(void *arg, struct buf *out);
    void *arg;
    bool fired;  /* its epoll has something */
    bool asking; /* someone waits for metrics_http_answer */
    size_t connections;
    struct buf said;                /* for those, while they are answered */
    struct loop_timer clock, again; /* again: the library has more to do */
    struct peer peers[PEERS + 1];
};

static void on_epoll(void *arg, int fd, uint32_t events)
{
    struct metrics_http *m = arg;
    (void)fd, (void)events;
    m->fired = true;
}

/* ---- the clock of each connection: absolute, because the library's starts again with every byte ---- */

static void set_clock(struct metrics_http *m);

static void on_clock(void *arg)
{
    struct metrics_http *m = arg;
    uint64_t now = loop_now_ns();
    for (size_t i = 0; i < PEERS; i++)
        if (m->peers[i].mhd && m->peers[i].due_ns <= now) {
            shutdown(m->peers[i].fd, SHUT_RDWR);
            m->peers[i].due_ns = now + second_ns;
            m->fired = true;
        }
    set_clock(m);
}

static void set_clock(struct metrics_http *m)
{
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < PEERS; i++)
        if (m->peers[i].mhd && m->peers[i].due_ns < least)
            least = m->peers[i].due_ns;
    if (least == UINT64_MAX)
        loop_timer_stop(m->loop, &m->clock);
    else
        loop_timer_set(m->loop, &m->clock, least, on_clock, m);
}

static void on_connection(void *arg, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct metrics_http *m = arg;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        size_t i = 0;
        while (i < PEERS && m->peers[i].mhd)
            i++;
        int fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        m->peers[i] = (struct peer){ m, mhd, loop_now_ns() + LIFE_S * second_ns, fd, false };
        *context = &m->peers[i];
        m->connections++;
    } else {
        struct peer *p = *context;
        p->mhd = NULL;
        m->connections--;
    }
    set_clock(m);
}

/* ---- requests ---- */

static enum MHD_Result say(struct MHD_Connection *mhd, unsigned status, const char *content,
                           const char *allow, const void *body, size_t len)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(len, (void *)(uintptr_t)body,
                                                             MHD_RESPMEM_MUST_COPY);
    if (!r)
        return MHD_NO;
    enum MHD_Result result = MHD_NO;
    if (MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, content) == MHD_YES &&
        MHD_add_response_header(r, "X-Content-Type-Options", "nosniff") == MHD_YES &&
        MHD_add_response_header(r, MHD_HTTP_HEADER_CONNECTION, "close") == MHD_YES &&
        (!allow || MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, allow) == MHD_YES))
        result = MHD_queue_response(mhd, status, r);
    MHD_destroy_response(r);
    return result;
}

static enum MHD_Result say_error(struct MHD_Connection *mhd, unsigned status, const char *allow,
                                 const char *body)
{
    return say(mhd, status, "application/json", allow, body, strlen(body));
}

static struct peer *peer_of(struct metrics_http *m, const struct MHD_Connection *mhd)
{
    for (size_t i = 0; i < PEERS; i++)
        if (m->peers[i].mhd == mhd)
            return &m->peers[i];
    return NULL;
}

/* Called with the head, with each piece of a body (thrown away), and at its end. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_len, void **context)
{
    struct metrics_http *m = arg;
    (void)version, (void)upload;
    if (!*context || *upload_len) {
        *context = m;
        *upload_len = 0;
        return MHD_YES;
    }
    if (strcmp(url, "/metrics") != 0)
        return say_error(mhd, 404, NULL, "{\"error\":\"not found\"}");
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return say_error(mhd, 405, "GET, HEAD", "{\"error\":\"method not allowed\"}");
    struct peer *p = peer_of(m, mhd);
    if (!p)
        return MHD_NO;
    if (p->asks) { /* resumed */
        p->asks = false;
        return m->said.len ? say(mhd, 200, type, NULL, m->said.data, m->said.len) : MHD_NO;
    }
    p->asks = true;
    m->asking = true;
    MHD_suspend_connection(mhd);
    return MHD_YES;
}

struct metrics_http *metrics_http_start(struct loop *l, const char *host, uint16_t port,
                                        void (*text)(void *arg, struct buf *out), void *arg,
                                        char *why, size_t why_size)
{
    struct metrics_http *m = calloc(1, sizeof *m);
    if (!m) {
        snprintf(why, why_size, "not enough memory");
        return NULL;
    }
    m->loop = l;
    m->text = text;
    m->arg = arg;
    int listener = listener_open(host, port, BACKLOG, why, why_size);
    if (listener < 0) {
        free(m);
        return NULL;
    }
    m->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, m,
        MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_LIMIT, (unsigned)PEERS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)LIFE_S, MHD_OPTION_NOTIFY_CONNECTION, on_connection, m, MHD_OPTION_END);
    if (!m->daemon) {
        snprintf(why, why_size, "the metrics server cannot be started: %s", strerror(errno));
        close(listener);
        free(m);
        return NULL;
    }
    m->epoll = MHD_get_daemon_info(m->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    if (loop_add(l, m->epoll, EPOLLIN, on_epoll, m) != 0) {
        snprintf(why, why_size, "%s", strerror(errno));
        metrics_http_stop(m);
        return NULL;
    }
    return m;
}

/* With every place taken the library listens no more, and only the run after one is free does it again. */
static void run(struct metrics_http *m)
{
    bool full = m->connections >= PEERS;
    MHD_run(m->daemon);
    if (full && m->connections < PEERS)
        MHD_run(m->daemon);
    MHD_UNSIGNED_LONG_LONG ms;
    if (!m->connections || MHD_get_timeout(m->daemon, &ms) != MHD_YES)
        loop_timer_stop(m->loop, &m->again);
    else
        loop_timer_set(m->loop, &m->again, loop_now_ns() + ms * 1000000u, NULL, NULL);
}

void metrics_http_run(struct metrics_http *m)
{
    if (!m || (!m->fired && !m->connections))
        return;
    m->fired = false;
    run(m);
}

static void answer_all(struct metrics_http *m)
{
    m->asking = false;
    for (size_t i = 0; i < PEERS; i++)
        if (m->peers[i].mhd && m->peers[i].asks)
            MHD_resume_connection(m->peers[i].mhd);
    run(m); /* takes the answers … */
    buf_free(&m->said);
    run(m); /* … and writes them */
}

void metrics_http_answer(struct metrics_http *m)
{
    if (!m || !m->asking)
        return;
    m->text(m->arg, &m->said);
    answer_all(m);
}

void metrics_http_stop(struct metrics_http *m)
{
    if (!m)
        return;
    if (m->asking)
        answer_all(m); /* with nothing: none may be suspended when the library stops */
    loop_remove(m->loop, m->epoll);
    MHD_stop_daemon(m->daemon);
    loop_timer_stop(m->loop, &m->clock);
    loop_timer_stop(m->loop, &m->again);
    free(m);
}
