#include "server/inside.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static const uint64_t idle_limit_ns = 75000 * 1000000ull;
static const uint64_t linger_ns = 1000 * 1000000ull;
/* How long a body may take when there is no room for another, and how long a request may take when
 * there is no place for another connection. */
static const uint64_t body_rush_ns = 1000 * 1000000ull;
static const uint64_t request_rush_ns = 200 * 1000000ull;

enum { LOOK_AT = 256 }; /* connections to look at for one to drop: the oldest come first */

static void clock_due(void *arg);

static void clock_until(struct httpd *h, uint64_t due_ns)
{
    if (h->clock.index == 0 || due_ns < h->clock.due_ns)
        loop_timer_set(h->loop, &h->clock, due_ns, clock_due, h);
}

static void list_remove(struct conn *c)
{
    if (c->list)
        TAILQ_REMOVE(c->list, c, at);
    c->list = NULL;
}

static void conn_wait(struct conn *c, struct conn_list *list, uint64_t delay_ns)
{
    list_remove(c);
    c->due_ns = c->httpd->now_ns + delay_ns;
    c->list = list;
    TAILQ_INSERT_TAIL(list, c, at);
    clock_until(c->httpd, c->due_ns);
}

/* Charges the connection with so many bytes from now on. */
static void conn_charge(struct conn *c, size_t bytes)
{
    c->httpd->conns_bytes += bytes - c->charged;
    c->charged = bytes;
}

static void conn_shut(struct conn *c)
{
    conn_move(c, CONN_DEAD);
    conn_charge(c, 0);          /* MHD frees its memory in the next run */
    shutdown(c->fd, SHUT_RDWR); /* MHD sees the end and closes it */
}

/* The oldest unfinished head, or else the oldest unfinished body. */
static struct conn *oldest_reading(struct httpd *h, const struct conn *but)
{
    struct conn *any = NULL;
    int looks = LOOK_AT;
    for (struct conn *c = TAILQ_FIRST(&h->reading); c && looks-- > 0; c = TAILQ_NEXT(c, at)) {
        if (c == but)
            continue;
        if (!c->request || c->request->stage == REQUEST_HEAD)
            return c;
        any = any ? any : c;
    }
    return any;
}

/* The connection that idles or reads for longest (a new one idles: age decides). NULL: none. */
static struct conn *oldest(struct httpd *h, const struct conn *but)
{
    struct conn *reading = oldest_reading(h, but), *idle = TAILQ_FIRST(&h->idle);
    if (idle && idle == but)
        idle = TAILQ_NEXT(idle, at);
    if (!idle || !reading)
        return idle ? idle : reading;
    return idle->since_ns < reading->since_ns ? idle : reading;
}

/* The memory of connections is bounded by closing the oldest. */
static void conns_shrink(struct httpd *h, const struct conn *but)
{
    struct conn *c;
    while (h->conns_bytes > CONNS_BYTES && (c = oldest(h, but))) {
        if (c->request)
            request_drop(c->request);
        conn_shut(c);
    }
}

void conn_move(struct conn *c, enum conn_stage stage)
{
    struct httpd *h = c->httpd;
    if (c->stage == stage || c->stage == CONN_DEAD)
        return;
    if (c->stage == CONN_LINGER && stage != CONN_DEAD)
        return;
    c->stage = stage;
    c->since_ns = h->now_ns;
    switch (stage) {
    case CONN_IDLE:
        c->received = 0;
        conn_wait(c, &h->idle, idle_limit_ns);
        /* Between two requests MHD clears the whole pool, so all its pages are in use. */
        conn_charge(c, POOL_BYTES);
        conns_shrink(h, c);
        break;
    case CONN_READING: conn_wait(c, &h->reading, h->deadline_ns); break;
    case CONN_SENDING: conn_wait(c, &h->sending, h->deadline_ns); break;
    case CONN_LINGER: conn_wait(c, &h->lingering, linger_ns); break;
    case CONN_HELD:
    case CONN_DEAD: list_remove(c); break;
    }
}

void conn_received(struct conn *c, size_t bytes)
{
    if (bytes == 0 || (c->stage != CONN_IDLE && c->stage != CONN_READING))
        return;
    conn_move(c, CONN_READING);
    c->received += bytes;
    size_t touched = CONN_BYTES + c->received < POOL_BYTES ? CONN_BYTES + c->received : POOL_BYTES;
    if (touched > c->charged) {
        conn_charge(c, touched);
        conns_shrink(c->httpd, c);
    }
}

static bool remember_fd(struct httpd *h, struct conn *c)
{
    size_t need = (size_t)c->fd + 1;
    if (need > h->fd_count) {
        struct conn **more = realloc(h->by_fd, 2 * need * sizeof(struct conn *));
        if (!more)
            return false;
        memset(more + h->fd_count, 0, (2 * need - h->fd_count) * sizeof(struct conn *));
        h->by_fd = more;
        h->fd_count = 2 * need;
    }
    h->by_fd[c->fd] = c;
    return true;
}

struct conn *conn_new(struct httpd *h, struct MHD_Connection *mhd)
{
    struct conn *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->httpd = h;
    c->mhd = mhd;
    c->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    if (!remember_fd(h, c)) {
        free(c);
        return NULL;
    }
    const struct sockaddr *peer =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
    const struct sockaddr_in *four = (const void *)peer;
    const struct sockaddr_in6 *six = (const void *)peer;
    if (peer && peer->sa_family == AF_INET)
        inet_ntop(AF_INET, &four->sin_addr, c->remote, sizeof c->remote);
    else if (peer && peer->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &six->sin6_addr, c->remote, sizeof c->remote);
    c->since_ns = h->now_ns;
    conn_wait(c, &h->idle, idle_limit_ns);
    conn_charge(c, CONN_BYTES);
    conns_shrink(h, c);
    return c;
}

void conn_free(struct conn *c)
{
    if (!c)
        return;
    struct httpd *h = c->httpd;
    list_remove(c);
    conn_charge(c, 0);
    h->by_fd[c->fd] = NULL;
    free(c);
}

static void clock_due(void *arg)
{
    struct httpd *h = arg;
    struct conn_list *const lists[] = { &h->idle, &h->reading, &h->sending, &h->lingering };
    h->now_ns = loop_now_ns();
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct conn *c;
        while ((c = TAILQ_FIRST(lists[i])) && c->due_ns <= h->now_ns) {
            if (c->stage == CONN_READING && c->request)
                answer_refuse(c, 408, "the request took too long", false);
            else /* without a request line it is perhaps not HTTP */
                conn_shut(c);
        }
        if (c)
            clock_until(h, c->due_ns);
    }
    if (h->connections >= h->limit || h->accept_error)
        conn_make_room(h);
}

void conn_make_room(struct httpd *h)
{
    struct conn *c = oldest(h, NULL);
    if (c && c->stage == CONN_READING && h->now_ns - c->since_ns < request_rush_ns)
        clock_until(h, c->since_ns + request_rush_ns);
    else if (c)
        conn_shut(c);
}

bool conn_drop_body(struct httpd *h, const struct request *r, bool all)
{
    struct request *worst = NULL;
    int looks = LOOK_AT;
    for (struct conn *c = TAILQ_FIRST(&h->reading); c && looks-- > 0; c = TAILQ_NEXT(c, at)) {
        struct request *one = c->request;
        if (!one || one == r || one->body_cap == 0)
            continue;
        if (!all && h->now_ns - c->since_ns < body_rush_ns)
            break;
        if (!request_nearly(one, 0)) {
            worst = one;
            break;
        }
        if (all && !worst)
            worst = one;
    }
    if (worst)
        request_drop(worst);
    return worst != NULL;
}

void conn_clock_stop(struct httpd *h)
{
    loop_timer_stop(h->loop, &h->clock);
    loop_timer_stop(h->loop, &h->retry_accept);
    loop_timer_stop(h->loop, &h->again);
}
