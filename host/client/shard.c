#include "client/shard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Idle shards close connections and free buffers and TLS states, which libcurl would keep. */
static const uint64_t RETIRE_NS = 60u * 1000000000ull;

static struct pool_socket *socket_of(struct pool_shards *shared, curl_socket_t fd)
{
    if (fd < 0)
        return NULL;
    if ((size_t)fd >= shared->socket_count) {
        size_t count = shared->socket_count ? shared->socket_count : 256;
        while (count <= (size_t)fd)
            count *= 2;
        struct pool_socket *grown = realloc(shared->sockets, count * sizeof *grown);
        if (!grown)
            return NULL;
        memset(grown + shared->socket_count, 0, (count - shared->socket_count) * sizeof *grown);
        shared->sockets = grown;
        shared->socket_count = count;
    }
    return &shared->sockets[fd];
}

static void socket_forget(struct pool_shards *shared, curl_socket_t fd)
{
    struct pool_socket *k = socket_of(shared, fd);
    if (!k)
        return;
    if (k->watched)
        loop_remove(shared->loop, fd);
    *k = (struct pool_socket){ 0 };
}

static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
    (void)purpose;
    struct pool_shards *shared = arg;
    int fd = socket(a->family, a->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->protocol);
    if (fd < 0)
        return CURL_SOCKET_BAD;
    struct pool_socket *k = socket_of(shared, fd);
    if (!k) {
        close(fd);
        return CURL_SOCKET_BAD;
    }
    *k = (struct pool_socket){ .ours = true };
    return fd;
}

static int on_close(void *arg, curl_socket_t fd)
{
    socket_forget(arg, fd);
    return close(fd);
}

static void on_ready(void *arg, int fd, uint32_t events)
{
    struct pool_shard *s = arg;
    struct pool_socket *k = &s->shared->sockets[fd];
    if (!k->wanted) {
        /* An idle connection that the peer closed. libcurl finds out when it next looks for one. */
        loop_remove(s->shared->loop, fd);
        k->watched = 0;
        return;
    }
    int what = 0, running;
    if (events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP))
        what |= CURL_CSELECT_IN;
    if (events & EPOLLOUT)
        what |= CURL_CSELECT_OUT;
    if (events & EPOLLERR)
        what |= CURL_CSELECT_ERR;
    curl_multi_socket_action(s->multi, fd, what, &running);
    s->touched = true;
}

/* libcurl forgets a connection that goes idle and asks again when it is reused. Our sockets stay in
 * epoll meanwhile, which saves two calls per transfer. Others (the resolver's socket pair) may be
 * closed by libcurl, so they are removed at once. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
    (void)easy;
    (void)known;
    struct pool_shard *s = arg;
    struct pool_socket *k = socket_of(s->shared, fd);
    if (!k)
        return 0; /* not enough memory: the transfer ends at its deadline */
    if (what == CURL_POLL_REMOVE) {
        k->wanted = 0;
        if (!k->ours)
            socket_forget(s->shared, fd);
        return 0;
    }
    k->wanted = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
    if (k->wanted == k->watched)
        return 0;
    int failed = k->watched ? loop_change(s->shared->loop, fd, k->wanted)
                            : loop_add(s->shared->loop, fd, k->wanted, on_ready, s);
    k->watched = failed ? 0 : k->wanted;
    return 0;
}

static void on_due(void *arg)
{
    struct pool_shard *s = arg;
    int running;
    curl_multi_socket_action(s->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    s->touched = true;
}

/* Called from inside libcurl: only stores. */
static int on_timer(CURLM *multi, long ms, void *arg)
{
    (void)multi;
    struct pool_shard *s = arg;
    s->kick = ms == 0;
    if (s->kick)
        s->shared->kicked = true;
    if (ms <= 0)
        loop_timer_stop(s->shared->loop, &s->timer);
    else if (!loop_timer_set(s->shared->loop, &s->timer, loop_now_ns() + (uint64_t)ms * 1000000u,
                             on_due, s))
        s->kick = s->shared->kicked = true; /* not enough memory: too early is better than never */
    return 0;
}

static CURLM *multi_new(struct pool_shard *s)
{
    CURLM *m = curl_multi_init();
    if (!m)
        return NULL;
    curl_multi_setopt(m, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(m, CURLMOPT_SOCKETDATA, s);
    curl_multi_setopt(m, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(m, CURLMOPT_TIMERDATA, s);
    curl_multi_setopt(m, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    curl_multi_setopt(m, CURLMOPT_MAX_CONCURRENT_STREAMS, (long)POOL_STREAMS);
    /* Past this number libcurl searches all of them for the oldest each time one becomes idle. */
    curl_multi_setopt(m, CURLMOPT_MAXCONNECTS, s->shared->max_connections);
    return m;
}

bool pool_shard_open(struct pool_shard *s, struct pool_shards *shared)
{
    *s = (struct pool_shard){ .shared = shared };
    s->multi = multi_new(s);
    return s->multi != NULL;
}

void pool_shard_close(struct pool_shard *s)
{
    if (!s->multi)
        return;
    curl_multi_cleanup(s->multi);
    s->multi = NULL;
    loop_timer_stop(s->shared->loop, &s->timer);
    loop_timer_stop(s->shared->loop, &s->retire);
}

static void on_retire(void *arg)
{
    struct pool_shard *s = arg;
    if (s->in_flight > 0)
        return;
    uint64_t due = s->idle_since_ns + RETIRE_NS;
    if (loop_now_ns() < due) {
        loop_timer_set(s->shared->loop, &s->retire, due, on_retire, s);
        return;
    }
    CURLM *fresh = multi_new(s);
    if (!fresh)
        return;
    curl_multi_cleanup(s->multi);
    loop_timer_stop(s->shared->loop, &s->timer);
    s->kick = false;
    s->multi = fresh;
}

static void shard_leave(struct pool_shard *s)
{
    if (--s->in_flight > 0)
        return;
    s->idle_since_ns = loop_now_ns();
    if (s->retire.index == 0)
        loop_timer_set(s->shared->loop, &s->retire, s->idle_since_ns + RETIRE_NS, on_retire, s);
}

bool pool_shard_add(struct pool_shard *s, CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, s->shared);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, s->shared);
    if (curl_multi_add_handle(s->multi, easy) != CURLM_OK)
        return false;
    s->in_flight++;
    return true;
}

void pool_shard_remove(struct pool_shard *s, CURL *easy)
{
    curl_multi_remove_handle(s->multi, easy);
    shard_leave(s);
}

void pool_shard_run(struct pool_shard *s, pool_shard_done done, void *arg)
{
    if (s->kick) {
        s->kick = false;
        on_due(s);
    }
    if (!s->touched)
        return;
    s->touched = false;
    CURLMsg *m;
    int left;
    while ((m = curl_multi_info_read(s->multi, &left))) {
        if (m->msg != CURLMSG_DONE)
            continue;
        CURL *easy = m->easy_handle;
        CURLcode code = m->data.result;
        pool_shard_remove(s, easy);
        done(arg, easy, code);
    }
}
