/*
 * loop: epoll, timers and wake-ups.
 *
 * One thread owns a loop and calls everything here. Only loop_wake may be called from any thread.
 * Callbacks run inside loop_wait. A callback may add, change and remove descriptors and timers,
 * also its own.
 */
#ifndef HOST_BASE_LOOP_H
#define HOST_BASE_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

/* events: EPOLLIN | EPOLLOUT | … as epoll gave them. */
typedef void (*loop_fd_cb)(void *arg, int fd, uint32_t events);
typedef void (*loop_timer_cb)(void *arg);

/* A timer lives inside its owner's struct; zero-initialise it. index 0: not set, or over. */
struct loop_timer {
    uint64_t due_ns;
    size_t index;
    loop_timer_cb call;
    void *arg;
};

struct loop *loop_new(void);
void loop_free(struct loop *l);

/* 0, or -1 with errno. Level-triggered unless events says EPOLLET. loop_change on an unknown fd
 * adds it. */
int loop_add(struct loop *l, int fd, uint32_t events, loop_fd_cb call, void *arg);
int loop_change(struct loop *l, int fd, uint32_t events);
/* Forgets fd (which may be closed already); events of this wait still pending for it are not
 * delivered. */
void loop_remove(struct loop *l, int fd);

/* Sets or moves the timer. due_ns is CLOCK_MONOTONIC; call NULL: it only ends the wait. false: out
 * of memory. */
bool loop_timer_set(struct loop *l, struct loop_timer *t, uint64_t due_ns, loop_timer_cb call,
                    void *arg);
void loop_timer_stop(struct loop *l, struct loop_timer *t);
/* The whole second before due_ns: timers that need not be exact end one wait together. */
uint64_t loop_whole_second(uint64_t due_ns);
/* Nanoseconds to the nearest timer: 0 when one is due, UINT64_MAX when there is none. */
uint64_t loop_timer_next(const struct loop *l);

/* Waits at most max_ns (UINT64_MAX: without end) and at most to the nearest timer, then calls what
 * is due. */
void loop_wait(struct loop *l, uint64_t max_ns);
/* Makes the running or the next loop_wait return. Any thread, and signal handlers. */
void loop_wake(struct loop *l);

uint64_t loop_now_ns(void); /* CLOCK_MONOTONIC */
int64_t loop_wall_ms(void); /* CLOCK_REALTIME, milliseconds since 1970 */

#endif
