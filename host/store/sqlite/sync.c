/*
 * The syncs of the write-ahead log, and of the database after a checkpoint, on threads of their
 * own. See store.h.
 *
 * A thread only calls fdatasync. A commit is written before the thread is asked, so one sync covers
 * every group that was committed before it began, whichever of several ends first.
 */
#include "store/sqlite/parts.h"
#include "store/sqlite/vfs.h"

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
#include <time.h>
#include <unistd.h>

/* One thread, which syncs one file. */
struct sync_thread {
    int fd; /* a descriptor of its own: SQLite's is not for other threads */
    pthread_t thread;
    bool started;
    void (*wake)(void *arg);
    void *arg;
    uint64_t asked; /* the loop's: what the thread was asked for last */
    pthread_mutex_t lock;
    pthread_cond_t more;
    uint64_t upto; /* guarded by lock, as stop is */
    bool stop;
    _Atomic uint64_t synced; /* what it was asked for and has done */
    _Atomic uint64_t took_ns;
    atomic_int error;
};

/* Syncs of the log at once. With 5 ms added to each, accepts per second of 64 connections: 1.34 x
 * those of a program with one sync at a time, before 0.99 x. */
enum { LOG_SYNCS = 4 };

struct store_sync {
    struct sync_thread log[LOG_SYNCS], home; /* of log, all but the first start when needed */
    uint64_t asked;                          /* of the log: what is synced, or will be */
    void (*wake)(void *arg);
    void *arg;
    uint64_t seen; /* what the loop has seen synced of the log, in its place */
    bool owed;     /* the database's sync after a checkpoint, see store_home_later */
};

/* UNIX_SHM_BASE + WAL_READ_LOCK(1) of SQLite: a part of its file format. A log begins again only
 * when nobody holds this byte. */
enum { READER_BYTE = 124 };

static int sync_file(int fd)
{
    int rc;
    do
        rc = fdatasync(fd);
    while (rc != 0 && errno == EINTR);
    return rc == 0 ? 0 : errno;
}

static void *run(void *arg)
{
    struct sync_thread *y = arg;
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
        error = sync_file(y->fd);
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

static bool thread_busy(const struct sync_thread *y)
{
    return y->asked != atomic_load(&y->synced);
}

static void thread_ask(struct sync_thread *y, uint64_t upto)
{
    pthread_mutex_lock(&y->lock);
    y->upto = y->asked = upto;
    pthread_cond_signal(&y->more);
    pthread_mutex_unlock(&y->lock);
}

/* The open file must be the one that SQLite uses. */
static int open_same(const char *path, const struct store_inode *was)
{
    struct stat st;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0 && (fstat(fd, &st) != 0 || st.st_dev != was->dev || st.st_ino != was->ino)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* The loop thread handles all signals: this thread starts with all of them blocked. */
static bool thread_start(struct sync_thread *y, int fd, uint64_t synced, const char *name,
                         void (*wake)(void *arg), void *arg)
{
    sigset_t all, before;
    *y = (struct sync_thread){ .fd = fd, .wake = wake, .arg = arg };
    y->asked = y->upto = synced;
    atomic_store(&y->synced, synced);
    pthread_mutex_init(&y->lock, NULL);
    pthread_cond_init(&y->more, NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    y->started = fd >= 0 && pthread_create(&y->thread, NULL, run, y) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (y->started)
        pthread_setname_np(y->thread, name);
    return y->started;
}

static void thread_end(struct sync_thread *y)
{
    pthread_mutex_lock(&y->lock);
    y->stop = true;
    pthread_cond_signal(&y->more);
    pthread_mutex_unlock(&y->lock);
    if (y->started)
        pthread_join(y->thread, NULL);
    pthread_mutex_destroy(&y->lock);
    pthread_cond_destroy(&y->more);
}

/* In the same process no lock of SQLite is like this one: it belongs to the descriptor. */
static bool lock_reader(const struct store *s, short type)
{
    struct flock l = { .l_type = type, .l_whence = SEEK_SET, .l_start = READER_BYTE, .l_len = 1 };
    return s->shm_fd >= 0 && fcntl(s->shm_fd, F_OFD_SETLK, &l) == 0;
}

/* In a checkpoint, whose pages are written: leaves their sync to the thread, where no log can begin
 * again before that is done. What the log says is needed until then. */
static bool home_later(void *arg)
{
    struct store *s = arg;
    if (!s->sync || s->sync->owed || !lock_reader(s, F_RDLCK))
        return false;
    return s->sync->owed = true;
}

void store_home_later(struct store *s, bool later)
{
    store_vfs_ask_sync(later && s->sync ? home_later : NULL, s);
    if (!later && s->sync && s->sync->owed && !thread_busy(&s->sync->home))
        thread_ask(&s->sync->home, s->sync->home.asked + 1);
}

bool store_home_owed(struct store *s)
{
    struct store_sync *y = s->sync;
    if (!y || !y->owed)
        return false;
    int error = atomic_load(&y->home.error);
    if (error)
        store_sync_failed(s, error);
    if (thread_busy(&y->home))
        return true;
    lock_reader(s, F_UNLCK);
    return y->owed = false;
}

void store_home_wait(struct store *s)
{
    const struct timespec pause = { .tv_nsec = 100000 };
    while (store_home_owed(s))
        nanosleep(&pause, NULL);
}

/* Each has a descriptor of its own, because the kernel reports a failed write once to each. */
static bool log_start(struct store *s, struct store_sync *y, int i)
{
    int fd = y->log[i].wake ? -1 : open_same(s->wal_path, &s->wal_inode);
    return fd >= 0 && thread_start(&y->log[i], fd, y->seen, "log-sync", y->wake, y->arg);
}

static void log_stop(struct store_sync *y)
{
    for (int i = 0; i < LOG_SYNCS; i++)
        if (y->log[i].wake)
            thread_end(&y->log[i]);
}

static void log_close(struct store_sync *y)
{
    for (int i = 0; i < LOG_SYNCS; i++)
        if (y->log[i].wake)
            close(y->log[i].fd);
}

/* The groups below this number are synced. took_ns: the time of the sync that says so. */
static uint64_t log_synced(struct store_sync *y, uint64_t *took_ns)
{
    uint64_t most = y->seen;
    for (int i = 0; i < LOG_SYNCS; i++) {
        uint64_t synced = y->log[i].started ? atomic_load(&y->log[i].synced) : 0;
        if (synced <= most)
            continue;
        most = synced;
        if (took_ns)
            *took_ns = atomic_load(&y->log[i].took_ns);
    }
    return most;
}

void sqlite_sync_apart(struct store *s, void (*wake)(void *arg), void *arg)
{
    struct store_sync *y = s->path && !s->sync && !s->gone ? calloc(1, sizeof *y) : NULL;
    if (!y)
        return;
    /* Kept until SQLite has closed the database: closing it drops SQLite's locks. */
    if (s->home_fd < 0)
        s->home_fd = open_same(s->path, &s->inode);
    y->seen = y->asked = s->committed = s->group;
    y->wake = wake;
    y->arg = arg;
    if (log_start(s, y, 0) && thread_start(&y->home, s->home_fd, 0, "home-sync", wake, arg)) {
        s->sync = y;
        return;
    }
    log_stop(y);
    log_close(y);
    free(y);
}

void sqlite_sync_together(struct store *s)
{
    struct store_sync *y = s->sync;
    if (!y)
        return;
    store_home_wait(s);
    thread_end(&y->home);
    log_stop(y);
    sqlite_durable(s); /* its error ends the process */
    int error = log_synced(y, NULL) < s->committed ? sync_file(y->log[0].fd) : 0;
    if (error)
        store_sync_failed(s, error);
    s->sync = NULL;
    log_close(y);
    free(y);
}

uint64_t sqlite_durable(struct store *s)
{
    struct store_sync *y = s->sync;
    if (!y)
        return s->group;
    uint64_t took_ns = 0, synced = log_synced(y, &took_ns);
    for (int i = 0; i < LOG_SYNCS; i++) /* after it: one that failed before is seen */
        if (atomic_load(&y->log[i].error))
            store_sync_failed(s, atomic_load(&y->log[i].error));
    /* Nothing is durable in a file that nobody will find again. */
    if (synced != y->seen && sqlite_in_place(s)) {
        y->seen = synced;
        s->sync_took_ns = took_ns;
        store_commit_took(s, took_ns);
    }
    return y->seen >= s->committed ? s->group : y->seen;
}

bool sqlite_syncing(const struct store *s)
{
    for (int i = 0; s->sync && i < LOG_SYNCS; i++)
        if (thread_busy(&s->sync->log[i]))
            return true;
    return false;
}

bool sqlite_sync_beside(struct store *s)
{
    struct store_sync *y = s->sync;
    for (int i = 0; y && y->asked < s->committed && i < LOG_SYNCS; i++) {
        struct sync_thread *t = &y->log[i];
        if (thread_busy(t) || (!t->started && !log_start(s, y, i)))
            continue;
        thread_ask(t, y->asked = s->committed);
        return true;
    }
    return false;
}

void sqlite_sync(struct store *s)
{
    if (!sqlite_syncing(s))
        sqlite_sync_beside(s);
}
