/*
 * The sync of the write-ahead log on a thread of its own. See store.h.
 *
 * The thread only calls fdatasync. A commit is written before the thread is asked, so one sync
 * covers every group that was committed before it began.
 */
#include "store/sqlite/parts.h"

#include "base/log.h"
#include "base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct store_sync {
    int log; /* a descriptor of its own: SQLite's is not for other threads */
    pthread_t thread;
    void (*wake)(void *arg);
    void *arg;
    uint64_t asked; /* the loop's: what the thread was asked for last */
    uint64_t seen;  /* the loop's: what it has seen synced */
    pthread_mutex_t lock;
    pthread_cond_t more;
    uint64_t upto; /* guarded by lock, as stop is */
    bool stop;
    _Atomic uint64_t synced; /* the groups below this number are on the disk */
    _Atomic uint64_t took_ns;
    atomic_int error;
};

static int sync_log(int fd)
{
    int rc;
    do
        rc = fdatasync(fd);
    while (rc != 0 && errno == EINTR);
    return rc == 0 ? 0 : errno;
}

static void *run(void *arg)
{
    struct store_sync *y = arg;
    int error = 0;
    pthread_mutex_lock(&y->lock);
    while (!y->stop && !error) {
        uint64_t upto = y->upto, began;
        if (upto == atomic_load(&y->synced)) {
            pthread_cond_wait(&y->more, &y->lock);
            continue;
        }
        pthread_mutex_unlock(&y->lock);
        began = loop_now_ns();
        error = sync_log(y->log);
        atomic_store(&y->took_ns, loop_now_ns() - began);
        if (error)
            atomic_store(&y->error, error);
        else
            atomic_store(&y->synced, upto);
        y->wake(y->arg);
        pthread_mutex_lock(&y->lock);
    }
    pthread_mutex_unlock(&y->lock);
    return NULL;
}

/* The open file must be the one that SQLite writes. */
static int open_log(const struct store *s)
{
    struct stat st;
    int fd = open(s->wal_path, O_RDWR | O_CLOEXEC);
    if (fd >= 0 && (fstat(fd, &st) != 0 || st.st_dev != s->wal_inode.dev ||
                    st.st_ino != s->wal_inode.ino)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* The loop thread handles all signals: this thread starts with all of them blocked. */
static int start(struct store_sync *y)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&y->thread, NULL, run, y);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!failed)
        pthread_setname_np(y->thread, "log-sync");
    return failed;
}

void store_sync_apart(struct store *s, void (*wake)(void *arg), void *arg)
{
    if (!s->path || s->sync || s->gone)
        return;
    struct store_sync *y = calloc(1, sizeof *y);
    if (!y)
        return;
    *y = (struct store_sync){ .log = open_log(s), .wake = wake, .arg = arg };
    y->asked = y->seen = y->upto = s->committed = s->group;
    atomic_store(&y->synced, s->group);
    pthread_mutex_init(&y->lock, NULL);
    pthread_cond_init(&y->more, NULL);
    if (y->log >= 0 && start(y) == 0) {
        s->sync = y;
        return;
    }
    if (y->log >= 0)
        close(y->log);
    pthread_mutex_destroy(&y->lock);
    pthread_cond_destroy(&y->more);
    free(y);
}

void store_sync_together(struct store *s)
{
    struct store_sync *y = s->sync;
    if (!y)
        return;
    pthread_mutex_lock(&y->lock);
    y->stop = true;
    pthread_cond_signal(&y->more);
    pthread_mutex_unlock(&y->lock);
    pthread_join(y->thread, NULL);
    store_durable(s); /* its error ends the process */
    int error = atomic_load(&y->synced) < s->committed ? sync_log(y->log) : 0;
    if (error)
        store_sync_failed(s, error);
    s->sync = NULL;
    close(y->log);
    pthread_mutex_destroy(&y->lock);
    pthread_cond_destroy(&y->more);
    free(y);
}

uint64_t store_durable(struct store *s)
{
    struct store_sync *y = s->sync;
    if (!y)
        return s->group;
    int error = atomic_load(&y->error);
    if (error)
        store_sync_failed(s, error);
    uint64_t synced = atomic_load(&y->synced);
    if (synced != y->seen) {
        y->seen = synced;
        store_commit_took(s, atomic_load(&y->took_ns));
    }
    return synced >= s->committed ? s->group : synced;
}

bool store_syncing(const struct store *s)
{
    return s->sync && s->sync->asked != atomic_load(&s->sync->synced);
}

void store_sync(struct store *s)
{
    struct store_sync *y = s->sync;
    if (!y || store_syncing(s) || atomic_load(&y->synced) >= s->committed)
        return;
    pthread_mutex_lock(&y->lock);
    y->upto = y->asked = s->committed;
    pthread_cond_signal(&y->more);
    pthread_mutex_unlock(&y->lock);
}
