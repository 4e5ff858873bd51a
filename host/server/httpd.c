#include "server/inside.h"

#include "base/listener.h"
#include "base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    STOP_MS = 100,
    BACKLOG = 4096,
    TAKEN_MOST =
        10, /* MHD takes in so many in one run (or one more), and accepts the others later */
};

static const uint64_t ms_ns = 1000000;
static const uint64_t accept_ns =
    20000000; /* accepting connections, before those that are open are served */

static void on_connection(void *arg, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    (void)mhd;
    struct httpd *h = arg;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        h->connections++;
        h->taken++;
        *context = conn_new(h, mhd);
        if (h->connections >= h->limit)
            conn_make_room(h);
    } else {
        h->connections--;
        h->accept_error = 0; /* MHD tries again */
        conn_free(*context);
        *context = NULL;
    }
}

/* Paths and queries are read raw, never decoded by MHD. */
static size_t unescape_nothing(void *arg, struct MHD_Connection *mhd, char *text)
{
    (void)arg;
    (void)mhd;
    return strlen(text);
}

static void on_epoll(void *arg, int fd, uint32_t events)
{
    (void)arg, (void)fd, (void)events; /* httpd_run comes every tick */
}

static void watch_again(void *arg)
{
    struct httpd *h = arg;
    h->accept_error = 0;
    loop_add(h->loop, h->epoll, EPOLLIN, on_epoll, h);
}

/* Descriptors are needed for more than connections: the database, outbound requests, reloads. */
static unsigned connection_limit(unsigned wanted)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur == RLIM_INFINITY)
        return wanted;
    rlim_t spare = r.rlim_cur > 512 ? 256 : r.rlim_cur / 2;
    rlim_t most = r.rlim_cur > spare ? r.rlim_cur - spare : 1;
    return most < wanted ? (unsigned)most : wanted;
}

static bool daemon_start(struct httpd *h, int listener)
{
    /* Without MHD_USE_ITC (which MHD_ALLOW_SUSPEND_RESUME carries) a resume is no system call;
     * it wakes a waiting MHD, and ours never waits. */
    unsigned flags = MHD_USE_EPOLL | MHD_USE_TURBO |
                     ((unsigned)MHD_ALLOW_SUSPEND_RESUME & ~(unsigned)MHD_USE_ITC);
    h->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, request_access, h, MHD_OPTION_LISTEN_SOCKET, listener,
        MHD_OPTION_CONNECTION_LIMIT, h->limit, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)POOL_BYTES, MHD_OPTION_URI_LOG_CALLBACK, request_begin, h,
        MHD_OPTION_UNESCAPE_CALLBACK, unescape_nothing, h, MHD_OPTION_NOTIFY_COMPLETED,
        request_completed, h, MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_END);
    if (!h->daemon)
        return false;
    h->epoll = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    return loop_add(h->loop, h->epoll, EPOLLIN, on_epoll, h) == 0;
}

struct httpd *httpd_start(struct loop *l, const struct httpd_options *o, char *why, size_t why_size)
{
    struct httpd *h = calloc(1, sizeof *h);
    if (!h) {
        snprintf(why, why_size, "not enough memory");
        return NULL;
    }
    h->o = *o;
    h->o.host = NULL; /* the string belongs to the caller */
    h->loop = l;
    h->epoll = -1;
    h->now_ns = loop_now_ns();
    h->deadline_ns = o->deadline_ms * ms_ns;
    h->limit = connection_limit(o->max_connections);
    TAILQ_INIT(&h->idle);
    TAILQ_INIT(&h->reading);
    TAILQ_INIT(&h->sending);
    TAILQ_INIT(&h->lingering);
    TAILQ_INIT(&h->answered);
    LIST_INIT(&h->held);
    int listener = listener_open(o->host, o->port, BACKLOG, why, why_size);
    if (listener < 0) {
        free(h);
        return NULL;
    }
    if (!daemon_start(h, listener)) {
        snprintf(why, why_size, "the HTTP server cannot be started: %s", strerror(errno));
        if (!h->daemon)
            close(listener);
        httpd_stop(h);
        errno = 0;
        return NULL;
    }
    return h;
}

/* Accepts all waiting connections, not only ten: the next run is after the next commit, and on a
 * slow disk the fortieth connection would wait for four commits. */
static void accept_waiting(struct httpd *h)
{
    uint64_t until = h->now_ns + accept_ns;
    do {
        h->taken = 0;
        sockets_run(h);
    } while (h->taken >= TAKEN_MOST && loop_now_ns() < until);
}

/* When MHD wants to run again without an event. */
static void run_again(struct httpd *h)
{
    MHD_UNSIGNED_LONG_LONG ms;
    if (MHD_get_timeout(h->daemon, &ms) != MHD_YES)
        loop_timer_stop(h->loop, &h->again);
    else
        loop_timer_set(h->loop, &h->again, h->now_ns + ms * ms_ns, NULL, NULL);
}

/* MHD accepts nobody. */
static bool no_room(const struct httpd *h)
{
    return h->connections >= h->limit || h->accept_error;
}

/* After a failed accept with connections open, MHD accepts nobody until one of them closes, even if
 * the cause is gone at once. With none its listener, readable but not acceptable, would wake the
 * loop without end (half a core). */
static void accept_failed(struct httpd *h)
{
    if (h->connections > 0) {
        conn_make_room(h);
        sockets_run(h); /* it is closed … */
        sockets_run(h); /* … and waiting connections are accepted */
    } else if (h->retry_accept.index == 0) {
        loop_remove(h->loop, h->epoll);
        loop_timer_set(h->loop, &h->retry_accept, h->now_ns + 200 * ms_ns, watch_again, h);
        log_event(LOG_WARN, "http.accept_failed", log_s("error", strerror(h->accept_error)));
    }
}

void httpd_run(struct httpd *h)
{
    h->now_ns = loop_now_ns();
    bool full = no_room(h);
    h->queued = false;
    accept_waiting(h);
    /* One run takes the answers, the next writes them; and only the next after a close listens
     * again. */
    if (h->queued || (full && !no_room(h)))
        sockets_run(h);
    if (h->accept_error)
        accept_failed(h);
    run_again(h);
}

bool httpd_waits(const struct httpd *h)
{
    struct pollfd p = { .fd = h->epoll, .events = POLLIN };
    return poll(&p, 1, 0) > 0;
}

size_t httpd_open(const struct httpd *h)
{
    return h->open;
}

unsigned httpd_connections(const struct httpd *h)
{
    return h->connections;
}

void httpd_quiesce(struct httpd *h)
{
    if (h->quiesced)
        return;
    sockets_run(h); /* takes in waiting connections */
    h->quiesced = true;
    h->accept_error = 0;
    answer_forget_all(h); /* later answers have Connection: close */
    int listener = MHD_quiesce_daemon(h->daemon);
    if (listener >= 0)
        close(listener);
}

void httpd_stop(struct httpd *h)
{
    struct request *r;
    if (!h)
        return;
    h->stopping = true;
    if (h->daemon) {
        httpd_quiesce(h);
        LIST_FOREACH(r, &h->held, at_held)
            httpd_error(&r->pub, 503, "stopping");
        uint64_t end = loop_now_ns() + STOP_MS * ms_ns;
        do {
            httpd_release(h, h->given);
            httpd_run(h);
        } while (!TAILQ_EMPTY(&h->sending) && loop_now_ns() < end && usleep(1000) == 0);
        loop_remove(h->loop, h->epoll);
        /* No connection is suspended: all answers were released and stopping holds no new
         * request. */
        MHD_stop_daemon(h->daemon);
    }
    LIST_FOREACH(r, &h->held, at_held)
        r->httpd = NULL;
    conn_clock_stop(h);
    answer_forget_all(h);
    free(h->by_fd);
    free(h);
}
