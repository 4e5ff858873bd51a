#include "httpd_inside.h"

#include <arpa/inet.h>
#include <linux/tcp.h> /* glibc does not know tcpi_bytes_received */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static const uint64_t ms_ns = 1000000;
static const uint64_t jiffy_ns = 20 * 1000000; /* two of the coarsest the kernel counts in */
static const uint64_t idle_limit_ns = 75000 * 1000000ull;
static const uint64_t linger_ns = 1000 * 1000000ull;

static void clock_due(void *arg);

static void clock_until(struct httpd *h, uint64_t due_ns)
{
    if (h->clock.index == 0 || due_ns < h->clock.due_ns)
        loop_timer_set(h->loop, &h->clock, due_ns, clock_due, h);
}

static void list_add(struct conn_list *list, struct conn *c)
{
    c->list = list;
    c->next = NULL;
    c->prev = list->tail;
    if (list->tail)
        list->tail->next = c;
    else
        list->head = c;
    list->tail = c;
}

static void list_remove(struct conn *c)
{
    if (!c->list)
        return;
    if (c->prev)
        c->prev->next = c->next;
    else
        c->list->head = c->next;
    if (c->next)
        c->next->prev = c->prev;
    else
        c->list->tail = c->prev;
    c->list = NULL;
}

static void conn_wait(struct conn *c, struct conn_list *list, uint64_t delay_ns)
{
    list_remove(c);
    c->due_ns = c->httpd->now_ns + delay_ns;
    list_add(list, c);
    clock_until(c->httpd, c->due_ns);
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
    c->looked = false;
    switch (stage) {
    case CONN_IDLE: conn_wait(c, &h->idle, h->step_ns); break;
    case CONN_READING:
    case CONN_SENDING: conn_wait(c, &h->timed, h->deadline_ns); break;
    case CONN_LINGER: conn_wait(c, &h->lingering, linger_ns); break;
    case CONN_HELD:
    case CONN_DEAD: list_remove(c); break;
    }
}

struct conn *conn_new(struct httpd *h, struct MHD_Connection *mhd)
{
    struct conn *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->httpd = h;
    c->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    c->fresh = true;
    const struct sockaddr *peer =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
    const struct sockaddr_in *four = (const void *)peer;
    const struct sockaddr_in6 *six = (const void *)peer;
    if (peer && peer->sa_family == AF_INET)
        inet_ntop(AF_INET, &four->sin_addr, c->remote, sizeof c->remote);
    else if (peer && peer->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &six->sin6_addr, c->remote, sizeof c->remote);
    c->since_ns = h->now_ns;
    conn_wait(c, &h->idle, h->step_ns);
    return c;
}

void conn_free(struct conn *c)
{
    if (!c)
        return;
    list_remove(c);
    free(c);
}

static void conn_shut(struct conn *c)
{
    conn_move(c, CONN_DEAD);
    shutdown(c->fd, SHUT_RDWR); /* MHD sees the end and closes it */
}

/*
 * MHD says nothing of a request before its first line is whole, so the kernel is asked whether an
 * idle connection got bytes: then its request began at most one step ago. In the first look after
 * an answer the answered request's own bytes are told apart by the time of the last one. Bytes that
 * came in one packet with an earlier request stay unseen until more come; the idle limit ends
 * those.
 */
static bool conn_got_bytes(struct conn *c)
{
    struct tcp_info info;
    socklen_t len = sizeof info;
    memset(&info, 0, sizeof info);
    if (getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        return true;
    uint64_t bytes = info.tcpi_bytes_received, before = c->seen_bytes;
    uint64_t quiet_ns = (uint64_t)info.tcpi_last_data_recv * ms_ns;
    c->seen_bytes = bytes;
    if (c->fresh || c->looked)
        return bytes != before;
    c->looked = true;
    return bytes != before && c->since_ns + jiffy_ns + quiet_ns < c->httpd->now_ns;
}

static void sweep_idle(struct httpd *h)
{
    struct conn *c;
    while ((c = h->idle.head) && c->due_ns <= h->now_ns) {
        if (h->now_ns - c->since_ns >= idle_limit_ns)
            conn_shut(c);
        else if (conn_got_bytes(c))
            conn_move(c, CONN_READING);
        else
            conn_wait(c, &h->idle, h->step_ns);
    }
}

static void clock_due(void *arg)
{
    struct httpd *h = arg;
    struct conn *c;
    h->now_ns = loop_now_ns();
    sweep_idle(h);
    while ((c = h->timed.head) && c->due_ns <= h->now_ns) {
        if (c->stage == CONN_READING && c->named) /* else nobody knows that it speaks HTTP */
            answer_refuse(c, 408, "the request took too long", false);
        else
            conn_shut(c);
    }
    while ((c = h->lingering.head) && c->due_ns <= h->now_ns)
        conn_shut(c);
    const struct conn *heads[] = { h->idle.head, h->timed.head, h->lingering.head };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        if (heads[i])
            clock_until(h, heads[i]->due_ns);
}

void conn_make_room(struct httpd *h)
{
    struct conn *c = h->idle.head;
    if (!c) {
        c = h->timed.head;
        if (!c || h->now_ns - c->since_ns < h->deadline_ns / 4)
            return;
    }
    conn_shut(c);
}

bool conn_sending(const struct httpd *h)
{
    for (const struct conn *c = h->timed.head; c; c = c->next)
        if (c->stage == CONN_SENDING)
            return true;
    return false;
}

void conn_clock_stop(struct httpd *h)
{
    loop_timer_stop(h->loop, &h->clock);
    loop_timer_stop(h->loop, &h->hungry);
}
