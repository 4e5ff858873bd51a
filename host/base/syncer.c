#include "base/syncer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

STAILQ_HEAD(items, syncer_item);

struct syncer {
    struct loop *loop;
    int ready; /* an eventfd that the owner's loop watches */
    pthread_t thread;
    bool started; /* the owner's */
    /* Shared, under the lock. */
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct items waiting, synced;
    bool stop;
};

static int sync_one(int fd)
{
    int rc;
    do
        rc = fsync(fd);
    while (rc != 0 && errno == EINTR);
    return rc == 0 ? 0 : errno;
}

static void *run(void *arg)
{
    struct syncer *s = arg;
    const uint64_t one = 1;
    pthread_mutex_lock(&s->lock);
    while (!s->stop) {
        struct syncer_item *i = STAILQ_FIRST(&s->waiting);
        if (!i) {
            pthread_cond_wait(&s->more, &s->lock);
            continue;
        }
        STAILQ_REMOVE_HEAD(&s->waiting, next);
        pthread_mutex_unlock(&s->lock);
        i->error = sync_one(i->fd);
        pthread_mutex_lock(&s->lock);
        STAILQ_INSERT_TAIL(&s->synced, i, next);
        if (write(s->ready, &one, sizeof one) != sizeof one) /* only when it is readable anyway */
            continue;
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void give_back(struct items *list)
{
    for (struct syncer_item *i; (i = STAILQ_FIRST(list));) {
        STAILQ_REMOVE_HEAD(list, next);
        i->done(i);
    }
}

static void on_ready(void *arg, int fd, uint32_t events)
{
    struct syncer *s = arg;
    struct items synced = STAILQ_HEAD_INITIALIZER(synced);
    uint64_t count;
    (void)events;
    pthread_mutex_lock(&s->lock);
    if (read(fd, &count, sizeof count) == sizeof count)
        STAILQ_CONCAT(&synced, &s->synced);
    pthread_mutex_unlock(&s->lock);
    give_back(&synced);
}

struct syncer *syncer_new(struct loop *l)
{
    struct syncer *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    *s = (struct syncer){ .loop = l, .ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
    if (s->ready < 0 || loop_add(l, s->ready, EPOLLIN, on_ready, s) != 0) {
        int error = errno;
        if (s->ready >= 0)
            close(s->ready);
        free(s);
        errno = error;
        return NULL;
    }
    STAILQ_INIT(&s->waiting);
    STAILQ_INIT(&s->synced);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->more, NULL);
    return s;
}

/* The loop thread handles all signals: this thread starts with all of them blocked. */
static int start(struct syncer *s)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&s->thread, NULL, run, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!failed)
        pthread_setname_np(s->thread, "syncer");
    s->started = !failed;
    return failed;
}

int syncer_put(struct syncer *s, struct syncer_item *i)
{
    int failed = s->started ? 0 : start(s);
    if (failed)
        return failed;
    pthread_mutex_lock(&s->lock);
    i->error = ECANCELED;
    STAILQ_INSERT_TAIL(&s->waiting, i, next);
    pthread_cond_signal(&s->more);
    pthread_mutex_unlock(&s->lock);
    return 0;
}

void syncer_stop(struct syncer *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_cond_signal(&s->more);
    pthread_mutex_unlock(&s->lock);
    if (s->started)
        pthread_join(s->thread, NULL);
    give_back(&s->synced);
    give_back(&s->waiting);
    loop_remove(s->loop, s->ready);
    close(s->ready);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->more);
    free(s);
}
