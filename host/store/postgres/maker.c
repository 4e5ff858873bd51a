/*
 * The helper thread: it connects, because a name's lookup, TLS and a password's key (4,096 rounds
 * of SHA-256) would hold the loop. It knows nothing of the pool: it takes requests and leaves
 * answers.
 */
#include "store/postgres/inside.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct answer {
    STAILQ_ENTRY(answer) at;
    PGconn *conn;
    char why[PG_WHY];
};

struct maker {
    pthread_mutex_t lock;
    pthread_cond_t wanted;
    struct pg_url *url;
    unsigned lock_ms;
    int event;
    size_t requests;
    STAILQ_HEAD(, answer) answers;
    int users; /* the pool and the thread; the last one frees it */
    bool stop;
};

/* With the lock; gives it back. */
static void maker_leave(struct maker *m)
{
    struct answer *a;
    bool last = --m->users == 0;
    pthread_mutex_unlock(&m->lock);
    if (!last)
        return;
    while ((a = STAILQ_FIRST(&m->answers))) {
        STAILQ_REMOVE_HEAD(&m->answers, at);
        PQfinish(a->conn);
        free(a);
    }
    pg_url_free(m->url);
    close(m->event);
    pthread_cond_destroy(&m->wanted);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

static void *maker_main(void *arg)
{
    struct maker *m = arg;
    pthread_mutex_lock(&m->lock);
    for (;;) {
        while (!m->stop && m->requests == 0)
            pthread_cond_wait(&m->wanted, &m->lock);
        if (m->stop)
            break;
        m->requests--;
        pthread_mutex_unlock(&m->lock);
        struct answer *a = calloc(1, sizeof *a);
        while (!a) { /* the pool counts on an answer */
            sleep(1);
            a = calloc(1, sizeof *a);
        }
        a->conn = pg_connect(m->url, m->lock_ms, a->why, sizeof a->why);
        pthread_mutex_lock(&m->lock);
        STAILQ_INSERT_TAIL(&m->answers, a, at);
        eventfd_write(m->event, 1);
    }
    maker_leave(m);
    return NULL;
}

static bool thread_start(struct maker *m)
{
    sigset_t every, before;
    pthread_attr_t detached;
    pthread_t thread;
    sigfillset(&every);
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_SETMASK, &every, &before);
    bool started = pthread_create(&thread, &detached, maker_main, m) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&detached);
    return started;
}

struct maker *maker_new(const char *url, unsigned lock_ms)
{
    char why[PG_WHY];
    struct maker *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->url = pg_url_read(url, why, sizeof why);
    m->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    m->lock_ms = lock_ms;
    m->users = 2;
    STAILQ_INIT(&m->answers);
    pthread_mutex_init(&m->lock, NULL);
    pthread_cond_init(&m->wanted, NULL);
    if (m->url && m->event >= 0 && thread_start(m))
        return m;
    m->users = 1;
    pthread_mutex_lock(&m->lock);
    maker_leave(m);
    return NULL;
}

void maker_free(struct maker *m)
{
    if (!m)
        return;
    pthread_mutex_lock(&m->lock);
    m->stop = true;
    pthread_cond_signal(&m->wanted);
    maker_leave(m);
}

int maker_fd(const struct maker *m)
{
    return m->event;
}

void maker_connect(struct maker *m)
{
    pthread_mutex_lock(&m->lock);
    m->requests++;
    pthread_cond_signal(&m->wanted);
    pthread_mutex_unlock(&m->lock);
}

bool maker_answer(struct maker *m, PGconn **conn, char why[PG_WHY])
{
    eventfd_t count;
    pthread_mutex_lock(&m->lock);
    struct answer *a = STAILQ_FIRST(&m->answers);
    if (a)
        STAILQ_REMOVE_HEAD(&m->answers, at);
    else
        eventfd_read(m->event, &count);
    pthread_mutex_unlock(&m->lock);
    if (!a)
        return false;
    *conn = a->conn;
    memcpy(why, a->why, PG_WHY);
    free(a);
    return true;
}
