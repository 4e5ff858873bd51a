/*
 * A small HTTP server for pool_test: one thread, one epoll, and a path for every way a peer can
 * misbehave.
 *
 *   /echo the request's body   /head the request's head   /slow?MS   /never   /drip one byte each
 * 50 ms   /reset after the request /big 2 MB   /bomb gzip, 1:158   /redirect   /long 100 KB of
 * headers   /many 1,000 of them   /interim a 103 first   /folded its first line   /garbage no HTTP
 * /short body cut off /die closes, without an answer, a connection that was used before
 */
#ifndef SPEC_POOL_SERVER_H
#define SPEC_POOL_SERVER_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct server_peer {
    int number;
    unsigned requests;
    char *in;
    size_t len, cap, out_len;
    char *out; /* what the socket did not take yet */
    enum { PEER_FREE, PEER_READS, PEER_WRITES, PEER_SLOW, PEER_DRIPS, PEER_HOLDS } state;
    uint64_t due_ms;
};

struct server {
    int fd, epoll, port;
    pthread_t thread;
    atomic_int stop, connections, requests, died_bodies, held, most_held;
    struct server_peer peers[8192];
};

static uint64_t server_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void server_drop(struct server *s, int fd, bool reset)
{
    struct server_peer *p = &s->peers[fd];
    struct linger now = { .l_onoff = 1, .l_linger = 0 };
    if (reset)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    if (p->state == PEER_SLOW || p->state == PEER_HOLDS)
        atomic_fetch_sub(&s->held, 1);
    free(p->in);
    free(p->out);
    *p = (struct server_peer){ 0 };
    close(fd);
}

static void server_flush(struct server *s, int fd)
{
    struct server_peer *p = &s->peers[fd];
    ssize_t n = send(fd, p->out, p->out_len, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) {
        server_drop(s, fd, false);
        return;
    }
    size_t put = n < 0 ? 0 : (size_t)n;
    memmove(p->out, p->out + put, p->out_len - put);
    p->out_len -= put;
    p->state = p->out_len ? PEER_WRITES : PEER_READS;
    struct epoll_event e = { .events = p->out_len ? EPOLLOUT : EPOLLIN, .data.fd = fd };
    epoll_ctl(s->epoll, EPOLL_CTL_MOD, fd, &e);
}

static void server_put(struct server *s, int fd, const char *head, const char *body, size_t len)
{
    struct server_peer *p = &s->peers[fd];
    size_t head_len = strlen(head);
    p->out = realloc(p->out, head_len + len + 1);
    memcpy(p->out, head, head_len);
    if (len)
        memcpy(p->out + head_len, body, len);
    p->out_len = head_len + len;
    server_flush(s, fd);
}

static void server_answer(struct server *s, int fd, const char *more, const char *body, size_t len)
{
    char head[512];
    snprintf(head, sizeof head,
             "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nX-Connection: %d\r\n%s\r\n", len,
             s->peers[fd].number, more);
    server_put(s, fd, head, body, len);
}

/* A deflate stream of zeros: one literal, then "258 bytes at distance 1", 13 bits each. */
static size_t server_bomb(unsigned char *out, size_t size)
{
    static const unsigned char head[10] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };
    memset(out, 0, size);
    memcpy(out, head, sizeof head);
    size_t bit = 80;
    const char *first = "110"
                        "00110000"; /* last block, fixed codes; the literal 0 */
    for (const char *c = first; *c; c++, bit++)
        out[bit / 8] |= (unsigned char)((*c - '0') << bit % 8);
    while (bit + 13 < size * 8)
        for (const char *c = "1100010100000"; *c; c++, bit++)
            out[bit / 8] |= (unsigned char)((*c - '0') << bit % 8);
    return size;
}

static void server_large(struct server *s, int fd, const char *path)
{
    size_t len = 2 << 20;
    char *bytes = malloc(len);
    memset(bytes, 'x', len);
    if (strncmp(path, "/bomb", 5) == 0) {
        len = server_bomb((unsigned char *)bytes, 200000);
        server_answer(s, fd, "Content-Encoding: gzip\r\n", bytes, len);
    } else if (strncmp(path, "/long", 5) == 0 || strncmp(path, "/many", 5) == 0) {
        size_t line = path[1] == 'l' ? 1000 : 20, all = line == 20 ? 20000 : 100000;
        for (size_t i = 0; i + line <= all; i += line)
            memcpy(bytes + i, "X-Long: ", 8), memcpy(bytes + i + line - 2, "\r\n", 2);
        server_put(s, fd, "HTTP/1.1 200 OK\r\n", bytes, all);
    } else {
        server_answer(s, fd, "", bytes, len);
    }
    free(bytes);
}

static void server_hold(struct server *s, int fd, int state, uint64_t ms)
{
    s->peers[fd].state = state;
    s->peers[fd].due_ms = server_ms() + ms;
    if (state == PEER_DRIPS)
        return;
    int held = atomic_fetch_add(&s->held, 1) + 1;
    if (held > atomic_load(&s->most_held))
        atomic_store(&s->most_held, held);
}

static bool server_is(const char *path, const char *name)
{
    return strncmp(path, name, strlen(name)) == 0;
}

static void server_request(struct server *s, int fd, const char *path, const char *body, size_t len)
{
    struct server_peer *p = &s->peers[fd];
    if (server_is(path, "/echo"))
        server_answer(s, fd, "Set-Cookie: a=1\r\nSET-cookie:   b=2  \r\n", body, len);
    else if (server_is(path, "/head"))
        server_answer(s, fd, "", p->in, (size_t)(body - p->in));
    else if (server_is(path, "/slow"))
        server_hold(s, fd, PEER_SLOW, (uint64_t)atoi(path + 6));
    else if (server_is(path, "/never"))
        server_hold(s, fd, PEER_HOLDS, 0);
    else if (server_is(path, "/drip")) {
        (void)!send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", 41, MSG_NOSIGNAL);
        server_hold(s, fd, PEER_DRIPS, 50);
    } else if (server_is(path, "/reset"))
        server_drop(s, fd, true);
    else if (server_is(path, "/redirect"))
        server_put(s, fd, "HTTP/1.1 302 Found\r\nLocation: /echo\r\nContent-Length: 0\r\n\r\n", "",
                   0);
    else if (server_is(path, "/interim"))
        server_put(s, fd,
                   "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"
                   "HTTP/1.1 201 Created\r\nX-Late: 1\r\nX-Empty:\r\nContent-Length: 2\r\n\r\nok",
                   "", 0);
    else if (server_is(path, "/folded"))
        server_put(s, fd, "HTTP/1.1 200 OK\r\n X-Folded: 1\r\nContent-Length: 2\r\n\r\nok", "", 0);
    else if (server_is(path, "/garbage"))
        server_put(s, fd, "this is not HTTP\r\n\r\n", "", 0);
    else if (server_is(path, "/short")) {
        (void)!send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf", 43, MSG_NOSIGNAL);
        server_drop(s, fd, false);
    } else if (server_is(path, "/die")) {
        atomic_fetch_add(&s->died_bodies, 1);
        if (p->requests > 1)
            server_drop(s, fd, false);
        else
            server_answer(s, fd, "", "new", 3);
    } else
        server_large(s, fd, path);
}

static void server_read(struct server *s, int fd)
{
    struct server_peer *p = &s->peers[fd];
    if (p->cap - p->len < 4096)
        p->in = realloc(p->in, p->cap += 8192);
    ssize_t n = recv(fd, p->in + p->len, p->cap - p->len - 1, 0);
    if (n <= 0 || (p->len == 0 && p->in[0] == 0x16)) { /* gone, or it speaks TLS */
        if (n >= 0 || errno != EAGAIN)
            server_drop(s, fd, false);
        return;
    }
    p->len += (size_t)n;
    p->in[p->len] = '\0';
    char *end = strstr(p->in, "\r\n\r\n");
    if (!end)
        return;
    char *length = strcasestr(p->in, "\r\nContent-Length:");
    size_t want = length && length < end ? (size_t)atol(length + 17) : 0;
    if (p->len < (size_t)(end + 4 - p->in) + want)
        return;
    p->requests++;
    atomic_fetch_add(&s->requests, 1);
    p->len = 0;
    server_request(s, fd, strchr(p->in, ' ') + 1, end + 4, want);
}

static void server_tick(struct server *s)
{
    uint64_t now = server_ms();
    for (int fd = 0; fd < 8192; fd++) {
        struct server_peer *p = &s->peers[fd];
        if (p->state == PEER_SLOW && p->due_ms <= now) {
            atomic_fetch_sub(&s->held, 1);
            p->state = PEER_READS;
            server_answer(s, fd, "", "slow", 4);
        } else if (p->state == PEER_DRIPS && p->due_ms <= now) {
            p->due_ms = now + 50;
            if (send(fd, ".", 1, MSG_NOSIGNAL) < 0)
                server_drop(s, fd, false);
        }
    }
}

static void *server_run(void *arg)
{
    struct server *s = arg;
    struct epoll_event events[256];
    uint64_t ticked = 0;
    while (!atomic_load(&s->stop)) {
        int n = epoll_wait(s->epoll, events, 256, 5);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            if (fd == s->fd) {
                int peer = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (peer < 0)
                    continue;
                int one = 1;
                setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                int number = atomic_fetch_add(&s->connections, 1) + 1;
                s->peers[peer] = (struct server_peer){ .number = number, .state = PEER_READS };
                struct epoll_event e = { .events = EPOLLIN, .data.fd = peer };
                epoll_ctl(s->epoll, EPOLL_CTL_ADD, peer, &e);
            } else if (s->peers[fd].state == PEER_WRITES) {
                server_flush(s, fd);
            } else if (s->peers[fd].state != PEER_FREE) {
                server_read(s, fd);
            }
        }
        if (server_ms() - ticked >= 5) {
            server_tick(s);
            ticked = server_ms();
        }
    }
    for (int fd = 0; fd < 8192; fd++)
        if (s->peers[fd].state != PEER_FREE)
            server_drop(s, fd, false);
    return NULL;
}

/* A listening loopback socket; its port in *port. */
static int server_listen(int backlog, int *port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bind(fd, (struct sockaddr *)&a, len) || listen(fd, backlog) ||
        getsockname(fd, (struct sockaddr *)&a, &len)) {
        perror("listen");
        exit(1);
    }
    *port = ntohs(a.sin_port);
    return fd;
}

static void server_start(struct server *s)
{
    memset(s, 0, sizeof *s);
    s->fd = server_listen(4096, &s->port);
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event e = { .events = EPOLLIN, .data.fd = s->fd };
    epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->fd, &e);
    pthread_create(&s->thread, NULL, server_run, s);
}

static void server_stop(struct server *s)
{
    atomic_store(&s->stop, 1);
    pthread_join(s->thread, NULL);
    close(s->epoll);
    close(s->fd);
}

#endif
