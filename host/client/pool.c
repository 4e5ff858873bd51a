#include "client/pool.h"

#include "base/loop.h"
#include "client/work.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* pool_transfer.state, under the lock. */
enum { STATE_OWNERS = 0, STATE_POOLS, STATE_FINISHED };

STAILQ_HEAD(chain, pool_transfer);

struct pool {
    pthread_t thread;
    int ready; /* the eventfd the owner's loop watches */
    /* Shared, under the lock. */
    pthread_mutex_t lock;
    struct chain submitted, finished;
    struct pool_exchanges cancels;
    bool woken, ready_set, stop;
    /* The owner's. */
    struct chain taken;
    size_t owned;
    /* The pool thread's, except its loop's wake-up. */
    struct pool_work work;
};

const char *pool_error_name(enum pool_error e)
{
    static const char *const names[] = { "ok",        "connect", "dns",       "tls",    "timeout",
                                         "too_large", "refused", "cancelled", "broken", "disk" };
    return (size_t)e < sizeof names / sizeof *names ? names[e] : "broken";
}

/* ---- the thread ---- */

/* Takes the owner's requests since the last round. false: stop. */
static bool round_begin(struct pool *p)
{
    struct pool_exchanges cancels = TAILQ_HEAD_INITIALIZER(cancels);
    struct chain came = STAILQ_HEAD_INITIALIZER(came);
    struct pool_exchange *x;
    pthread_mutex_lock(&p->lock);
    STAILQ_CONCAT(&came, &p->submitted);
    TAILQ_FOREACH(x, &p->cancels, cancel)
        x->cancel_taken = true;
    TAILQ_CONCAT(&cancels, &p->cancels, cancel);
    p->woken = false;
    bool stop = p->stop;
    pthread_mutex_unlock(&p->lock);
    struct pool_transfer *t;
    while ((t = STAILQ_FIRST(&came))) {
        STAILQ_REMOVE_HEAD(&came, next);
        pool_work_arrive(&p->work, t->inside);
    }
    while ((x = TAILQ_FIRST(&cancels))) {
        TAILQ_REMOVE(&cancels, x, cancel);
        pool_work_cancel(&p->work, x);
    }
    return !stop;
}

static void ready_raise(struct pool *p)
{
    uint64_t one = 1;
    if (!p->ready_set)
        p->ready_set = write(p->ready, &one, sizeof one) == sizeof one;
}

/* Gives finished transfers back. A later cancel finds STATE_FINISHED and does nothing. */
static void round_end(struct pool *p)
{
    struct pool_exchanges *leaving = &p->work.leaving;
    struct pool_exchange *x;
    if (TAILQ_EMPTY(leaving))
        return;
    pthread_mutex_lock(&p->lock);
    TAILQ_FOREACH(x, leaving, place) {
        if (x->cancel_asked && !x->cancel_taken)
            TAILQ_REMOVE(&p->cancels, x, cancel);
        x->transfer->state = STATE_FINISHED;
        x->transfer->inside = NULL;
        STAILQ_INSERT_TAIL(&p->finished, x->transfer, next);
    }
    ready_raise(p);
    pthread_mutex_unlock(&p->lock);
    while ((x = TAILQ_FIRST(leaving))) {
        TAILQ_REMOVE(leaving, x, place);
        pool_easy_free(x);
    }
}

static void *pool_run(void *arg)
{
    struct pool *p = arg;
    while (round_begin(p)) {
        bool more = pool_work_run(&p->work);
        round_end(p);
        loop_wait(p->work.shared.loop, more ? 0 : UINT64_MAX);
    }
    pool_work_empty(&p->work);
    round_end(p);
    return NULL;
}

/* ---- the owner's side ---- */

static void pool_free(struct pool *p)
{
    pool_work_close(&p->work);
    if (p->ready >= 0)
        close(p->ready);
    pthread_mutex_destroy(&p->lock);
    free(p);
    curl_global_cleanup();
}

/* The loop thread handles all signals: this thread starts with all of them blocked. */
static int thread_start(struct pool *p)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&p->thread, NULL, pool_run, p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!failed)
        pthread_setname_np(p->thread, "pool");
    return failed;
}

struct pool *pool_start(const struct pool_options *o, char *why, size_t why_size)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        snprintf(why, why_size, "libcurl cannot be started");
        return NULL;
    }
    struct pool *p = calloc(1, sizeof *p);
    if (!p) {
        curl_global_cleanup();
        snprintf(why, why_size, "not enough memory");
        return NULL;
    }
    pthread_mutex_init(&p->lock, NULL);
    STAILQ_INIT(&p->submitted);
    STAILQ_INIT(&p->finished);
    STAILQ_INIT(&p->taken);
    TAILQ_INIT(&p->cancels);
    p->ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!pool_work_open(&p->work, o, why, why_size))
        goto fail;
    if (p->ready < 0) {
        snprintf(why, why_size, "no file descriptor left");
        goto fail;
    }
    int failed = thread_start(p);
    if (failed) {
        snprintf(why, why_size, "the thread cannot be started: %s", strerrordesc_np(failed));
        goto fail;
    }
    return p;
fail:
    pool_free(p);
    return NULL;
}

int pool_fd(const struct pool *p)
{
    return p->ready;
}

size_t pool_in_flight(const struct pool *p)
{
    return p->owned;
}

void pool_submit(struct pool *p, struct pool_transfer *t)
{
    uint64_t now = loop_now_ns();
    t->error = POOL_OK;
    t->message[0] = '\0';
    t->sent = false;
    t->status = 0;
    t->answer_headers = NULL;
    t->answer = NULL;
    t->answer_header_count = t->answer_len = 0;
    t->elapsed_ns = 0;
    t->due_ns = now + (uint64_t)t->timeout_ms * 1000000u;
    p->owned++;
    struct pool_exchange *x = t->inside = calloc(1, sizeof *x);
    if (x)
        *x = (struct pool_exchange){ .transfer = t, .work = &p->work, .submitted_ns = now };
    else
        pool_easy_fail(t, POOL_CONNECT, "not enough memory");
    pthread_mutex_lock(&p->lock);
    t->state = x ? STATE_POOLS : STATE_FINISHED;
    struct chain *to = x ? &p->submitted : &p->finished;
    STAILQ_INSERT_TAIL(to, t, next);
    bool wake = x && !p->woken;
    p->woken = p->woken || wake;
    if (!x)
        ready_raise(p);
    pthread_mutex_unlock(&p->lock);
    if (wake)
        loop_wake(p->work.shared.loop);
}

void pool_cancel(struct pool *p, struct pool_transfer *t)
{
    bool wake = false;
    pthread_mutex_lock(&p->lock);
    if (t->state == STATE_POOLS) {
        struct pool_exchange *x = t->inside;
        if (!x->cancel_asked) {
            x->cancel_asked = true;
            TAILQ_INSERT_TAIL(&p->cancels, x, cancel);
            wake = !p->woken;
            p->woken = true;
        }
    }
    pthread_mutex_unlock(&p->lock);
    if (wake)
        loop_wake(p->work.shared.loop);
}

/* The descriptor stays readable until this answers NULL, so an owner may stop early. */
struct pool_transfer *pool_take(struct pool *p)
{
    if (STAILQ_EMPTY(&p->taken)) {
        uint64_t count;
        pthread_mutex_lock(&p->lock);
        STAILQ_CONCAT(&p->taken, &p->finished);
        if (STAILQ_EMPTY(&p->taken) && p->ready_set)
            p->ready_set = read(p->ready, &count, sizeof count) != sizeof count;
        pthread_mutex_unlock(&p->lock);
    }
    struct pool_transfer *t = STAILQ_FIRST(&p->taken);
    if (t) {
        STAILQ_REMOVE_HEAD(&p->taken, next);
        t->state = STATE_OWNERS;
        p->owned--;
    }
    return t;
}

void pool_transfer_clear(struct pool_transfer *t)
{
    pool_easy_forget(t);
    if (t->file && t->file->made) { /* nobody took it */
        unlinkat(t->file->folder, t->file->name, 0);
        t->file->made = false;
    }
}

void pool_stop(struct pool *p, void (*each)(void *arg, struct pool_transfer *t), void *arg)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_mutex_unlock(&p->lock);
    loop_wake(p->work.shared.loop);
    pthread_join(p->thread, NULL);
    struct pool_transfer *t;
    while ((t = pool_take(p)))
        if (each)
            each(arg, t);
    pool_free(p);
}
