#include "base/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_A_WAIT = 256 };

/* One per descriptor number. round: the wait that added it; events of that wait are not for it. */
struct watched {
    loop_fd_cb call;
    void *arg;
    uint64_t round;
};

struct loop {
    int epoll, wake;
    struct watched *fds;
    size_t fd_count;
    struct loop_timer **heap; /* [1..timers], the nearest first */
    size_t timers, heap_cap;
    uint64_t round;
    bool no_pwait2; /* a kernel before 5.11 */
};

uint64_t loop_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int64_t loop_wall_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct loop *loop_new(void)
{
    struct loop *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->wake = -1;
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (l->epoll < 0)
        goto fail;
    l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->wake < 0)
        goto fail;
    struct epoll_event e = { .events = EPOLLIN, .data.fd = l->wake };
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->wake, &e) != 0)
        goto fail;
    return l;
fail:
    loop_free(l);
    return NULL;
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    for (size_t i = 1; i <= l->timers; i++)
        l->heap[i]->index = 0;
    if (l->wake >= 0)
        close(l->wake);
    if (l->epoll >= 0)
        close(l->epoll);
    free(l->fds);
    free(l->heap);
    free(l);
}

static int fds_hold(struct loop *l, int fd)
{
    if ((size_t)fd < l->fd_count)
        return 0;
    size_t count = l->fd_count ? l->fd_count : 64;
    while (count <= (size_t)fd)
        count *= 2;
    struct watched *grown = realloc(l->fds, count * sizeof *grown);
    if (!grown) {
        errno = ENOMEM;
        return -1;
    }
    memset(grown + l->fd_count, 0, (count - l->fd_count) * sizeof *grown);
    l->fds = grown;
    l->fd_count = count;
    return 0;
}

int loop_add(struct loop *l, int fd, uint32_t events, loop_fd_cb call, void *arg)
{
    if (fd < 0) {
        errno = EBADF;
        return -1;
    }
    if (fds_hold(l, fd) != 0)
        return -1;
    struct epoll_event e = { .events = events, .data.fd = fd };
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &e) != 0) {
        /* The number may be reused already. */
        if (errno != EEXIST || epoll_ctl(l->epoll, EPOLL_CTL_MOD, fd, &e) != 0)
            return -1;
    }
    l->fds[fd] = (struct watched){ .call = call, .arg = arg, .round = l->round };
    return 0;
}

int loop_change(struct loop *l, int fd, uint32_t events)
{
    if (fd < 0 || (size_t)fd >= l->fd_count || !l->fds[fd].call) {
        errno = ENOENT; /* its events would reach no callback */
        return -1;
    }
    struct epoll_event e = { .events = events, .data.fd = fd };
    if (epoll_ctl(l->epoll, EPOLL_CTL_MOD, fd, &e) == 0)
        return 0;
    /* A descriptor that was closed and opened again under the same number is not in epoll any
     * more. */
    if (errno == ENOENT)
        return epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &e);
    return -1;
}

void loop_remove(struct loop *l, int fd)
{
    if (fd < 0 || (size_t)fd >= l->fd_count || !l->fds[fd].call)
        return;
    l->fds[fd].call = NULL;
    struct epoll_event none = { 0 };
    epoll_ctl(l->epoll, EPOLL_CTL_DEL, fd, &none); /* EBADF when it is closed already: fine */
}

static void heap_place(struct loop *l, size_t i, struct loop_timer *t)
{
    l->heap[i] = t;
    t->index = i;
}

static void heap_up(struct loop *l, size_t i, struct loop_timer *t)
{
    while (i > 1 && l->heap[i / 2]->due_ns > t->due_ns) {
        heap_place(l, i, l->heap[i / 2]);
        i /= 2;
    }
    heap_place(l, i, t);
}

static void heap_down(struct loop *l, size_t i, struct loop_timer *t)
{
    for (;;) {
        size_t child = 2 * i;
        if (child > l->timers)
            break;
        if (child < l->timers && l->heap[child + 1]->due_ns < l->heap[child]->due_ns)
            child++;
        if (l->heap[child]->due_ns >= t->due_ns)
            break;
        heap_place(l, i, l->heap[child]);
        i = child;
    }
    heap_place(l, i, t);
}

static void heap_settle(struct loop *l, size_t i, struct loop_timer *t)
{
    if (i > 1 && l->heap[i / 2]->due_ns > t->due_ns)
        heap_up(l, i, t);
    else
        heap_down(l, i, t);
}

bool loop_timer_set(struct loop *l, struct loop_timer *t, uint64_t due_ns, loop_timer_cb call,
                    void *arg)
{
    if (t->index == 0) {
        if (l->timers + 1 >= l->heap_cap) {
            size_t cap = l->heap_cap ? l->heap_cap * 2 : 64;
            struct loop_timer **grown = realloc(l->heap, cap * sizeof(struct loop_timer *));
            if (!grown)
                return false;
            l->heap = grown;
            l->heap_cap = cap;
        }
        l->timers++;
        t->index = l->timers;
        l->heap[l->timers] = t;
    }
    t->due_ns = due_ns;
    t->call = call;
    t->arg = arg;
    heap_settle(l, t->index, t);
    return true;
}

void loop_timer_stop(struct loop *l, struct loop_timer *t)
{
    if (t->index == 0)
        return;
    size_t hole = t->index;
    struct loop_timer *last = l->heap[l->timers--];
    t->index = 0;
    if (last != t)
        heap_settle(l, hole, last);
}

uint64_t loop_whole_second(uint64_t due_ns)
{
    return due_ns - due_ns % 1000000000u;
}

uint64_t loop_timer_next(const struct loop *l)
{
    if (l->timers == 0)
        return UINT64_MAX;
    uint64_t now = loop_now_ns(), due = l->heap[1]->due_ns;
    return due > now ? due - now : 0;
}

static int wait_events(struct loop *l, struct epoll_event *events, uint64_t ns)
{
    if (ns == 0)
        return epoll_wait(l->epoll, events, EVENTS_A_WAIT, 0);
    if (ns == UINT64_MAX)
        return epoll_wait(l->epoll, events, EVENTS_A_WAIT, -1);
    if (!l->no_pwait2) {
        struct timespec t = { .tv_sec = (time_t)(ns / 1000000000u),
                              .tv_nsec = (long)(ns % 1000000000u) };
        int n = epoll_pwait2(l->epoll, events, EVENTS_A_WAIT, &t, NULL);
        if (n >= 0 || (errno != ENOSYS && errno != EPERM))
            return n;
        l->no_pwait2 = true; /* an old container's seccomp filter answers the same */
    }
    uint64_t ms = (ns + 999999) / 1000000;
    return epoll_wait(l->epoll, events, EVENTS_A_WAIT, ms > 60000 ? 60000 : (int)ms);
}

static void call_fds(struct loop *l, const struct epoll_event *events, int n)
{
    for (int i = 0; i < n; i++) {
        int fd = events[i].data.fd;
        if (fd == l->wake) {
            uint64_t count;
            ssize_t got = read(l->wake, &count, sizeof count);
            (void)got; /* another reader is fine: the descriptor only has to be empty */
            continue;
        }
        struct watched w = l->fds[fd];
        if (w.call && w.round != l->round)
            w.call(w.arg, fd, events[i].events);
    }
}

/* At most as many as were set before: a timer that sets itself again must not hold the loop. */
static void call_timers(struct loop *l)
{
    if (l->timers == 0)
        return;
    uint64_t now = loop_now_ns();
    size_t budget = l->timers;
    while (budget-- > 0 && l->timers > 0 && l->heap[1]->due_ns <= now) {
        struct loop_timer *t = l->heap[1];
        loop_timer_stop(l, t);
        if (t->call)
            t->call(t->arg); /* it may free t */
    }
}

void loop_wait(struct loop *l, uint64_t max_ns)
{
    struct epoll_event events[EVENTS_A_WAIT];
    if (max_ns > 0) {
        uint64_t timer = loop_timer_next(l);
        if (timer < max_ns)
            max_ns = timer;
    }
    l->round++;
    int n = wait_events(l, events, max_ns);
    if (n > 0)
        call_fds(l, events, n);
    call_timers(l);
}

void loop_wake(struct loop *l)
{
    int saved = errno;
    uint64_t one = 1;
    ssize_t put = write(l->wake, &one, sizeof one);
    (void)put; /* EAGAIN: it is awake already */
    errno = saved;
}
