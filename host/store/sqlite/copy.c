/*
 * A copy of the database while it is in use. See store.h.
 *
 * SQLite's backup interface reads through the one connection, some pages a step, between two
 * groups; what this connection writes meanwhile SQLite writes into the copy as well, so nothing
 * starts again. What another program writes makes it start again, which is accepted a few times.
 */
#include "store/sqlite/parts.h"

#include "base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum {
    STEP_PAGES = 16,
    ROUNDS = 8, /* this many times the number of pages: another program writes all the time */
    SPARE_PAGES = 1000,
    SPARE_BYTES = 16 << 20,
};

struct store_copy {
    struct store *store;
    char *to, *part;
    sqlite3 *db;
    sqlite3_backup *backup;
    uint64_t pages; /* copied so far */
    bool replace;
    const char *note; /* see store_copy_note */
    enum store_copy_state state;
    /* The checking thread. The loop reads its result after `checked`. */
    pthread_t thread;
    bool started;
    atomic_bool checked, cancelled;
    pthread_mutex_t mutex;
    sqlite3 *checking; /* by that thread; guarded by mutex */
    void (*wake)(void *arg);
    void *arg;
    bool sound;
    char problem[512];
};

static void remove_part(struct store_copy *c)
{
    static const char *const beside[] = { "", "-journal", "-wal", "-shm" };
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
        char *name = NULL;
        if (asprintf(&name, "%s%s", c->part, beside[i]) >= 0) {
            unlink(name);
            free(name);
        }
    }
}

/* ---- beginning ---- */

static int64_t bytes_of(struct store *s)
{
    sqlite3_stmt *statement = NULL;
    int64_t bytes = 0;
    if (sqlite3_prepare_v2(s->db,
                           "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
                           -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        bytes = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return bytes;
}

/* May there be a file of this name? 0, or -1 with why. */
static int look_at_target(struct store_copy *c, char *why, size_t why_size)
{
    struct stat st;
    struct statvfs room;
    char *slash = strrchr(c->part, '/');
    if (!c->replace && lstat(c->to, &st) == 0) {
        snprintf(why, why_size,
                 S_ISDIR(st.st_mode) ? "%s is a folder: name a file in it"
                                     : "%s exists already: name a file that does not exist",
                 c->to);
        return -1;
    }
    if (!slash)
        return 0;
    char kept = slash[1];
    slash[1] = 0; /* the folder, with its slash */
    int rc = statvfs(c->part, &room), error = errno;
    if (rc != 0)
        snprintf(why, why_size,
                 "the folder %s cannot be used (%s): create it, or name one that the service may "
                 "write to",
                 c->part, strerror(error));
    slash[1] = kept;
    if (rc != 0)
        return -1;
    int64_t need = bytes_of(c->store) + SPARE_BYTES,
            have = (int64_t)room.f_bavail * (int64_t)room.f_frsize;
    if (need <= have)
        return 0;
    snprintf(why, why_size, "no space for %s: the copy needs %lld MB, %lld MB are free", c->to,
             (long long)(need >> 20), (long long)(have >> 20));
    return -1;
}

static int open_part(struct store_copy *c, char *why, size_t why_size)
{
    struct stat st;
    if (lstat(c->part, &st) == 0 && S_ISREG(st.st_mode))
        remove_part(c); /* of a copy that a killed process was making */
    int fd = open(c->part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        snprintf(why, why_size,
                 "%s cannot be made (%s): name a file in a folder that the service may write to",
                 c->part, strerror(errno));
        return -1;
    }
    close(fd);
    if (sqlite3_open_v2(c->part, &c->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ==
            SQLITE_OK &&
        sqlite3_exec(c->db,
                     "PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF; PRAGMA cache_size=-512;"
                     "PRAGMA locking_mode=EXCLUSIVE",
                     NULL, NULL, NULL) == SQLITE_OK)
        c->backup = sqlite3_backup_init(c->db, "main", c->store->db, "main");
    if (c->backup)
        return 0;
    snprintf(why, why_size, "the copy to %s cannot begin (%s)", c->to,
             c->db ? sqlite3_errmsg(c->db) : "not enough memory");
    remove_part(c);
    return -1;
}

static struct store_copy *begin(struct store *s, const char *to, bool replace, char *why,
                                size_t why_size)
{
    struct store_copy *c = calloc(1, sizeof *c);
    store_read_end(s);
    if (c)
        *c = (struct store_copy){
            .store = s, .to = strdup(to), .replace = replace, .mutex = PTHREAD_MUTEX_INITIALIZER
        };
    if (!c || !c->to || asprintf(&c->part, "%s.part", to) < 0) {
        snprintf(why, why_size, "not enough memory");
        if (c)
            c->part = NULL;
        goto fail;
    }
    if (look_at_target(c, why, why_size) == 0 && open_part(c, why, why_size) == 0)
        return c;
fail:
    if (c) {
        sqlite3_close(c->db);
        free(c->to);
        free(c->part);
    }
    free(c);
    return NULL;
}

struct store_copy *sqlite_copy_begin(struct store *s, const char *to, void (*wake)(void *arg),
                                     void *arg, char *why, size_t why_size)
{
    struct store_copy *c = begin(s, to, false, why, why_size);
    if (c) {
        c->wake = wake;
        c->arg = arg;
    }
    return c;
}

void store_copy_note(struct store_copy *c, const char *sql)
{
    c->note = sql;
}

/* ---- the end: checked, synced, named ---- */

static int is_cancelled(void *arg)
{
    const struct store_copy *c = arg;
    return atomic_load(&c->cancelled);
}

/* The loop may interrupt this connection, until it is NULL again. */
static void set_checking(struct store_copy *c, sqlite3 *db)
{
    pthread_mutex_lock(&c->mutex);
    c->checking = db;
    pthread_mutex_unlock(&c->mutex);
}

/* The check of a large copy takes seconds, and SQLite calls no progress handler meanwhile. An
 * interrupt before its first step is lost. */
static void call_off(struct store_copy *c)
{
    const struct timespec pause = { .tv_nsec = 1000000 };
    atomic_store(&c->cancelled, true);
    while (!atomic_load(&c->checked)) {
        pthread_mutex_lock(&c->mutex);
        if (c->checking)
            sqlite3_interrupt(c->checking);
        pthread_mutex_unlock(&c->mutex);
        nanosleep(&pause, NULL);
    }
    pthread_join(c->thread, NULL);
}

static bool write_note(struct store_copy *c, sqlite3 *db)
{
    sqlite3_stmt *statement = NULL;
    if (!c->note)
        return true;
    if (sqlite3_prepare_v2(db, c->note, -1, &statement, NULL) == SQLITE_OK) {
        sqlite3_bind_text(statement, 1, c->to, -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 2, loop_wall_ms());
        sqlite3_step(statement);
    }
    return sqlite3_finalize(statement) == SQLITE_OK && sqlite3_changes(db) > 0;
}

/* One file that needs no log beside it, with a new number, so that the log of the database it was
 * made from is never taken for its own (life.c). */
static bool make_whole(struct store_copy *c, bool check)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    bool sound = false;
    const char *found = NULL;
    if (sqlite3_open_v2(c->part, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
            SQLITE_OK ||
        sqlite3_exec(db,
                     "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=DELETE; PRAGMA "
                     "synchronous=OFF; PRAGMA cache_size=-8192; PRAGMA temp_store=MEMORY",
                     NULL, NULL, NULL) != SQLITE_OK ||
        store_set_life(db, store_new_life()) != SQLITE_OK || !write_note(c, db))
        goto out;
    sqlite3_progress_handler(db, 10000, is_cancelled, c);
    set_checking(c, db);
    sound = !check;
    if (check &&
        sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        found = (const char *)sqlite3_column_text(statement, 0);
        sound = found && strcmp(found, "ok") == 0 && !is_cancelled(c);
    }
out:
    set_checking(c, NULL);
    if (!sound)
        snprintf(c->problem, sizeof c->problem, "the copy for %s is damaged (%s)", c->to,
                 found ? found
                 : db  ? sqlite3_errmsg(db)
                       : "not enough memory");
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return sound;
}

static bool put_in_place(struct store_copy *c)
{
    int rc = store_sync_path(c->part);
    if (rc == 0 && c->replace)
        rc = rename(c->part, c->to);
    else if (rc == 0) { /* must not replace a file that was created meanwhile */
        rc = renameat2(AT_FDCWD, c->part, AT_FDCWD, c->to, RENAME_NOREPLACE);
        if (rc != 0 && errno == EINVAL && (rc = link(c->part, c->to)) == 0)
            unlink(c->part);
    }
    if (rc == 0)
        rc = store_sync_folder_of(c->to);
    if (rc != 0)
        snprintf(c->problem, sizeof c->problem, "the copy cannot be put at %s (%s)", c->to,
                 strerror(errno));
    return rc == 0;
}

static void *check_thread(void *arg)
{
    struct store_copy *c = arg;
    c->sound = make_whole(c, true) && put_in_place(c);
    atomic_store(&c->checked, true);
    c->wake(c->arg);
    return NULL;
}

static bool start_thread(struct store_copy *c)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    c->started = pthread_create(&c->thread, NULL, check_thread, c) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return c->started;
}

static enum store_copy_state failed(struct store_copy *c, const char *problem, char *why,
                                    size_t why_size)
{
    snprintf(why, why_size, "%s", problem);
    return c->state = STORE_NOT_COPIED;
}

/* ---- step by step ---- */

/* SQLITE_OK: there is more to do. */
static int copy_some(struct store_copy *c, uint64_t until)
{
    int rc;
    do {
        rc = sqlite3_backup_step(c->backup, STEP_PAGES);
        c->pages += STEP_PAGES;
        if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
            return SQLITE_OK; /* in the next tick again */
    } while (rc == SQLITE_OK && loop_now_ns() < until);
    if (rc == SQLITE_OK &&
        c->pages > ROUNDS * (uint64_t)sqlite3_backup_pagecount(c->backup) + SPARE_PAGES)
        return SQLITE_ABORT;
    return rc;
}

static enum store_copy_state copied(struct store_copy *c, int rc, char *why, size_t why_size)
{
    char problem[sizeof c->problem];
    int finished = sqlite3_backup_finish(c->backup), error = sqlite3_system_errno(c->db);
    c->backup = NULL;
    int closed = sqlite3_close(c->db);
    c->db = NULL;
    if (rc == SQLITE_DONE)
        rc = finished != SQLITE_OK ? finished : closed;
    if (rc == SQLITE_OK)
        return c->state = STORE_CHECKING;
    snprintf(problem, sizeof problem,
             "the copy to %s failed (%s%s%s); the incomplete copy was removed", c->to,
             rc == SQLITE_ABORT ? "another program keeps writing into the database"
                                : sqlite3_errstr(rc),
             error ? ": " : "", error ? strerror(error) : "");
    return failed(c, problem, why, why_size);
}

enum store_copy_state store_copy_go_on(struct store_copy *c, uint64_t budget_ns, char *why,
                                       size_t why_size)
{
    if (c->state == STORE_COPYING) {
        store_read_end(c->store);
        if (c->store->open || c->store->lost || c->store->gone)
            return c->state;
        int rc = copy_some(c, loop_now_ns() + budget_ns);
        if (rc == SQLITE_OK)
            return c->state;
        if (copied(c, rc, why, why_size) == STORE_CHECKING && c->wake && !start_thread(c))
            return failed(c, "the copy could not be checked: the thread cannot be started", why,
                          why_size);
    }
    if (c->state == STORE_CHECKING && c->started && atomic_load(&c->checked)) {
        pthread_join(c->thread, NULL);
        c->started = false;
        c->state = c->sound ? STORE_COPIED : failed(c, c->problem, why, why_size);
    }
    return c->state;
}

bool store_copy_copies(const struct store_copy *c)
{
    return c->state == STORE_COPYING;
}

void store_copy_end(struct store_copy *c)
{
    if (!c)
        return;
    if (c->started) {
        call_off(c);
        c->state = c->sound ? STORE_COPIED : STORE_NOT_COPIED;
    }
    if (c->backup)
        sqlite3_backup_finish(c->backup);
    sqlite3_close(c->db);
    if (c->state != STORE_COPIED)
        remove_part(c);
    free(c->to);
    free(c->part);
    free(c);
}

int store_backup(struct store *s, const char *to, bool replace, char *why, size_t why_size)
{
    struct store_copy *c;
    if (s->open || s->lost) {
        snprintf(why, why_size, "a transaction is open");
        return -1;
    }
    c = begin(s, to, replace, why, why_size);
    if (!c)
        return -1;
    enum store_copy_state state = STORE_COPYING;
    while (state == STORE_COPYING)
        state = store_copy_go_on(c, 100 * 1000000ull, why, why_size);
    if (state == STORE_CHECKING) {
        c->sound = make_whole(c, !replace) && put_in_place(c);
        c->state = c->sound ? STORE_COPIED : failed(c, c->problem, why, why_size);
    }
    state = c->state;
    store_copy_end(c);
    return state == STORE_COPIED ? 0 : -1;
}
