/*
 * Opening and closing: the lock, what may be wrong with a file, pragmas, the bounded check. See
 * store.h.
 */
#include "store/sqlite/parts.h"
#include "store/sqlite/vfs.h"

#include "base/log.h"
#include "base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* A start waits for it. With a million messages 200 ms were three quarters of a start. The whole
 * check takes more than a second there, and belongs to copies. */
static const uint64_t check_budget_ns = 50 * 1000000ull;

struct reason {
    char *text;
    size_t size;
};

__attribute__((format(printf, 3, 4))) static enum store_open_result
refuse(struct reason why, enum store_open_result result, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(why.text, why.size, format, args);
    va_end(args);
    for (char *p = why.text; why.size && *p; p++)
        if (*p == '\n' || *p == '\r')
            *p = ' ';
    return result;
}

static char *joined(const char *a, const char *b)
{
    char *text = NULL;
    return asprintf(&text, "%s%s", a, b) < 0 ? NULL : text;
}

/* WHAT: CAUSE: REMEDY, for an errno met with a file or folder. */
__attribute__((format(printf, 4, 5))) static enum store_open_result
refuse_for(struct reason why, int error, const char *path, const char *format, ...)
{
    struct trouble trouble;
    char what[4200];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    trouble_of(&trouble, error, path);
    return refuse(why, STORE_UNUSABLE, "%s: %s: %s, and start again", what, trouble.cause,
                  trouble.remedy);
}

/* Reports files of another user (a shell as root made them, say) before SQLite fails on them. */
static enum store_open_result rights(struct store *s, struct reason why)
{
    static const char *const names[] = { "", "-wal", "-shm", ".lock" };
    enum store_open_result result = STORE_OPENED;
    for (size_t i = 0; result == STORE_OPENED && i < sizeof names / sizeof *names; i++) {
        struct trouble trouble;
        struct stat st;
        char *path = joined(s->path, names[i]);
        if (path && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
            trouble_with_rights(&trouble, path))
            result = refuse(why, STORE_UNUSABLE,
                            "the database %s cannot be used: %s: %s, and start again", s->path,
                            trouble.cause, trouble.remedy);
        free(path);
    }
    return result;
}

int store_sync_path(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync(fd);
    if (fd >= 0)
        close(fd);
    return rc;
}

int store_sync_folder_of(const char *path)
{
    char *copy = strdup(path);
    int rc = copy ? store_sync_path(dirname(copy)) : -1;
    free(copy);
    return rc;
}

/* The folder's real path plus the file's name, so that two paths of one database use one lock. */
static enum store_open_result resolve(struct store *s, const char *path, struct reason why)
{
    char *copy = strdup(path), *real = NULL;
    enum store_open_result result = STORE_OPENED;
    struct stat st;
    if (!copy)
        return refuse(why, STORE_UNUSABLE, "not enough memory");
    const char *folder = dirname(copy);
    int seen = stat(folder, &st);
    if (seen != 0 || !S_ISDIR(st.st_mode)) {
        result = refuse(why, STORE_UNUSABLE,
                        "the database's folder %s cannot be used (%s): create it, or point "
                        "DATABASE_URL elsewhere",
                        folder, seen != 0 ? strerror(errno) : "not a folder");
    } else if (access(folder, W_OK | X_OK) != 0) {
        result = refuse_for(why, errno, folder, "the database's folder %s is not writable", folder);
    } else if (lstat(path, &st) == 0 && (real = realpath(path, NULL))) {
        s->path = real;
    } else if (lstat(path, &st) == 0) {
        result = refuse(why, STORE_UNUSABLE,
                        "%s cannot be followed (%s): repair or remove the link", path,
                        strerror(errno));
    } else if ((real = realpath(folder, NULL))) {
        const char *name = strrchr(path, '/');
        s->path = joined(strcmp(real, "/") == 0 ? "" : real, name ? name : "/");
        if (s->path && !name) {
            char *whole = joined(s->path, path);
            free(s->path);
            s->path = whole;
        }
        free(real);
    }
    free(copy);
    if (result != STORE_OPENED)
        return result;
    if (s->path) {
        s->wal_path = joined(s->path, "-wal");
        s->shm_path = joined(s->path, "-shm");
    }
    return s->path && s->wal_path && s->shm_path ? STORE_OPENED
                                                 : refuse(why, STORE_UNUSABLE, "not enough memory");
}

/* A separate lock file, because closing any descriptor of the database drops SQLite's locks. */
static enum store_open_result lock(struct store *s, struct reason why)
{
    enum store_open_result result = STORE_OPENED;
    struct stat mine, there;
    char *path = joined(s->path, ".lock");
    if (!path)
        return refuse(why, STORE_UNUSABLE, "not enough memory");
    for (int tries = 0; tries < 8; tries++) {
        s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (s->lock_fd < 0) {
            result = refuse_for(why, errno, path, "the lock file %s cannot be made", path);
            break;
        }
        if (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0) {
            result = refuse(
                why, STORE_IN_USE,
                "another assistant is using %s: stop it, or point DATABASE_URL at another file",
                s->path);
            break;
        }
        /* The file may have been removed between open and flock: then this lock means nothing. */
        if (fstat(s->lock_fd, &mine) == 0 && stat(path, &there) == 0 &&
            mine.st_ino == there.st_ino && mine.st_dev == there.st_dev)
            break;
        close(s->lock_fd);
        s->lock_fd = -1;
    }
    free(path);
    if (result == STORE_OPENED && s->lock_fd < 0)
        return refuse(why, STORE_UNUSABLE, "the lock file beside %s does not stay in place",
                      s->path);
    return result;
}

/* WAL without shared memory, for this moment alone; closing moves everything into the file. */
static bool make_empty(sqlite3 *db)
{
    return sqlite3_exec(
               db,
               "PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous=OFF; PRAGMA journal_mode=WAL;"
               "BEGIN; CREATE TABLE schema_steps (owner TEXT PRIMARY KEY, step INTEGER NOT NULL) "
               "WITHOUT ROWID;"
               "CREATE TABLE probe (id INTEGER PRIMARY KEY, filler BLOB); COMMIT",
               NULL, NULL, NULL) == SQLITE_OK;
}

/* A new database is built under another name, synced and renamed. So a file of zero bytes has lost
 * its content, and is refused. */
static enum store_open_result create(struct store *s, const void *bytes, size_t len,
                                     struct reason why)
{
    static const char *const leftovers[] = { ".new", ".new-wal", ".new-shm", ".new-journal" };
    enum store_open_result result = STORE_UNUSABLE;
    sqlite3 *db = NULL;
    int fd = -1;
    for (size_t i = 0; i < sizeof leftovers / sizeof *leftovers; i++) {
        char *old = joined(s->path, leftovers[i]);
        if (old)
            unlink(old);
        free(old);
    }
    char *path = joined(s->path, ".new");
    if (!path || (fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0) {
        refuse_for(why, errno, s->path, "the database %s cannot be created", s->path);
        goto out;
    }
    bool copied = bytes && pwrite(fd, bytes, len, 0) == (ssize_t)len;
    close(fd);
    if (bytes ? !copied
              : sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
                        SQLITE_OK ||
                    !make_empty(db)) {
        refuse_for(why,
                   db      ? store_errno(db)
                   : bytes ? errno
                           : ENOMEM,
                   s->path, "the database %s cannot be created", s->path);
        goto out;
    }
    int closed = sqlite3_close(db);
    db = NULL;
    if (closed != SQLITE_OK || store_first_life(s, path) != 0 || store_sync_path(path) != 0 ||
        rename(path, s->path) != 0 || store_sync_folder_of(s->path) != 0) {
        refuse_for(why, errno, s->path, "the database %s cannot be created", s->path);
        goto out;
    }
    s->created = true;
    result = STORE_OPENED;
out:
    sqlite3_close(db);
    if (result != STORE_OPENED && path)
        unlink(path);
    free(path);
    return result;
}

/* Checks without SQLite, whose messages would be less clear. */
static enum store_open_result look(struct store *s, const void *bytes, size_t len,
                                   struct reason why)
{
    struct stat st;
    if (!s->path) /* in memory */
        return STORE_OPENED;
    unsigned char head[STORE_HEAD] = "";
    char hint[4300];
    if (stat(s->path, &st) != 0) {
        struct stat wal;
        if (errno != ENOENT)
            return refuse_for(why, errno, s->path, "the database %s cannot be used", s->path);
        if (stat(s->wal_path, &wal) == 0 && wal.st_size > 0)
            return refuse(why, STORE_UNUSABLE,
                          "%s is missing but its %s-wal is there: put the database back beside it, "
                          "or move the -wal away to begin with an empty database",
                          s->path, s->path);
        s->strange = true;
        return create(s, bytes, len, why);
    }
    if (!S_ISREG(st.st_mode))
        return refuse(why, STORE_UNUSABLE, "%s is not a file: point DATABASE_URL at a file",
                      s->path);
    int fd = open(s->path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return refuse_for(why, errno, s->path, "the database %s cannot be used", s->path);
    ssize_t got = pread(fd, head, sizeof head, 0);
    close(fd);
    if (st.st_size == 0)
        return refuse(why, STORE_UNUSABLE,
                      "the database %s is empty (0 bytes), its content is lost: %s, "
                      "or move the file away to begin with an empty database",
                      s->path, store_newest_copy(s, hint, sizeof hint));
    if (got < (ssize_t)sizeof head || memcmp(head, "SQLite format 3", 16) != 0)
        return refuse(why, STORE_UNUSABLE,
                      "%s is not a database: %s, or point DATABASE_URL at another file", s->path,
                      store_newest_copy(s, hint, sizeof hint));
    if (!store_log_is_ours(s, head))
        return refuse(why, STORE_UNUSABLE,
                      "%s-wal belongs to another database than the %s beside it: if that is a copy "
                      "you have just restored, move the -wal and the -shm away and start again; if "
                      "not, put the database back that belongs to it",
                      s->path, s->path);
    return STORE_OPENED;
}

static enum store_open_result locked(struct store *s, struct reason why)
{
    struct store_holder w = { .pid = 0 };
    struct trouble trouble = { "another program holds the database", "close it" };
    if (s->path) {
        store_lock_watch(s);
        store_lock_look(s, &w);
        store_lock_trouble(s, &w, &trouble);
    }
    return refuse(why, STORE_UNUSABLE, "the database %s cannot be used: %s: %s and start again",
                  s->path ? s->path : "in memory", trouble.cause, trouble.remedy);
}

static enum store_open_result explain(struct store *s, struct reason why, const char *detail)
{
    const char *name = s->path ? s->path : "in memory",
               *text = detail ? detail : sqlite3_errmsg(s->db);
    char hint[4300];
    switch (sqlite3_errcode(s->db) & 0xFF) {
    case SQLITE_NOTADB:
        return refuse(why, STORE_UNUSABLE,
                      "%s is not a database: %s, or point DATABASE_URL at another file", name,
                      store_newest_copy(s, hint, sizeof hint));
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return locked(s, why);
    case SQLITE_FULL:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_IOERR:
        return refuse_for(why, store_errno(s->db), s->path ? s->path : "memory",
                          "the database %s cannot be used", name);
    case SQLITE_CORRUPT: break;
    default:
        if (!detail)
            return refuse(why, STORE_UNUSABLE, "the database %s cannot be used (%s)", name, text);
    }
    return refuse(
        why, STORE_UNUSABLE,
        "the database %s is damaged (%s): stop what uses it and %s in its place; nothing was "
        "changed",
        name, text, store_newest_copy(s, hint, sizeof hint));
}

/*
 * secure_delete=ON and not FAST: FAST leaves the text on pages that become free, where a later
 * erasure of the person would have to find it (H4). With ON, deleted text is left only in the WAL,
 * until a TRUNCATE checkpoint. No difference in time was measured. The cache grows on demand.
 * Temporary tables stay in memory.
 *
 * cache_spill=OFF: SQLite up to 3.40.1 at least loses commits otherwise. A transaction that
 * outgrows the cache has its pages written to the log before it ends; one that is written a second
 * time is written over in place, and the log's checksums from there on are computed again at the
 * commit. ROLLBACK TO shortens the log but keeps that mark: when the commit ends before it, the
 * checksums of the next commits are wrong, and after a crash all from there on is gone, while
 * integrity_check says ok (193 of 200 commits in store_spill_test; 160 of 168 messages after a
 * batch with a bad item at its end). So a transaction stays in memory until it commits, and its
 * size is bounded: store_heavy, and hooks.c for one statement.
 */
#define TEXT_OF(number) #number
#define CACHE_SIZE(kb)  "PRAGMA cache_size=-" TEXT_OF(kb) ";"
static const char pragmas[] =
    "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF; PRAGMA "
    "cell_size_check=ON;"
    "PRAGMA secure_delete=ON; PRAGMA wal_autocheckpoint=0; PRAGMA cache_spill=OFF; PRAGMA "
    "mmap_size=0; PRAGMA temp_store=MEMORY;" CACHE_SIZE(
        STORE_CACHE_KB) "PRAGMA journal_size_limit=67108864; CREATE TABLE IF NOT EXISTS "
                        "schema_steps (owner TEXT "
                        "PRIMARY KEY, step INTEGER NOT NULL) "
                        "WITHOUT ROWID; CREATE TABLE IF NOT EXISTS probe (id INTEGER PRIMARY KEY, "
                        "filler BLOB)";

static enum store_open_result set_up(struct store *s, struct reason why)
{
    sqlite3_stmt *mode = NULL;
    enum store_open_result result = STORE_OPENED;
    if (s->path) {
        if (sqlite3_prepare_v2(s->db, "PRAGMA journal_mode=WAL", -1, &mode, NULL) != SQLITE_OK ||
            sqlite3_step(mode) != SQLITE_ROW)
            result = explain(s, why, NULL);
        else if (strcmp((const char *)sqlite3_column_text(mode, 0), "wal") != 0)
            result = refuse(why, STORE_UNUSABLE,
                            "the database %s cannot use a write-ahead log: put it on a local disk",
                            s->path);
        sqlite3_finalize(mode);
    }
    if (result == STORE_OPENED && sqlite3_exec(s->db, pragmas, NULL, NULL, NULL) != SQLITE_OK)
        result = explain(s, why, NULL);
    return result;
}

static enum store_open_result check(struct store *s, struct reason why)
{
    char found[256] = "";
    int rc = store_check(s->db, check_budget_ns, found, sizeof found);
    return rc == SQLITE_OK ? STORE_OPENED : explain(s, why, found[0] ? found : NULL);
}

/* A process that was killed in a checkpoint may leave pages in the database that are not on the
 * disk, and the log may begin again when another program still knows that they were copied. */
static enum store_open_result sync_home(struct store *s, struct reason why)
{
    sqlite3_file *f = NULL;
    if (sqlite3_file_control(s->db, "main", SQLITE_FCNTL_FILE_POINTER, &f) == SQLITE_OK && f &&
        f->pMethods && f->pMethods->xSync(f, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY) != 0)
        return refuse_for(why, errno, s->path, "the database %s cannot be synced", s->path);
    return STORE_OPENED;
}

static int remember(const char *path, struct store_inode *out)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return -1;
    *out = (struct store_inode){ .dev = st.st_dev, .ino = st.st_ino };
    return 0;
}

/* Remembers which files are open now. 0 or -1. */
static int remember_files(struct store *s)
{
    return remember(s->path, &s->inode) || remember(s->wal_path, &s->wal_inode) ||
                   remember(s->shm_path, &s->shm_inode)
               ? -1
               : 0;
}

static enum store_open_result open_database(struct store *s, struct reason why)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                (s->path ? 0 : SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY);
    int rc = sqlite3_open_v2(s->path ? s->path : ":memory:", &s->db, flags, store_vfs());
    if (!s->db)
        return refuse(why, STORE_UNUSABLE, "not enough memory");
    if (rc != SQLITE_OK)
        return explain(s, why, NULL);
    sqlite3_busy_timeout(s->db, 1000); /* nobody is served yet */
    /* A refused database must not change: closing it must not move the WAL into it. */
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    enum store_open_result result = s->path && !s->created ? check(s, why) : STORE_OPENED;
    if (result == STORE_OPENED && s->path && !s->created)
        result = sync_home(s, why);
    if (result == STORE_OPENED)
        result = set_up(s, why);
    if (result != STORE_OPENED)
        return result;
    if (s->path && remember_files(s) != 0)
        return refuse_for(why, errno, s->path, "the files beside %s cannot be seen", s->path);
    if (s->path)
        store_lock_watch(s);
    if (store_attach(s) != 0)
        return refuse(why, STORE_UNUSABLE, "not enough memory");
    return STORE_OPENED;
}

enum store_open_result sqlite_open(struct store **out, const struct store_options *o, char *why,
                                   size_t why_size)
{
    struct reason reason = { .text = why, .size = why_size };
    uint64_t began = loop_now_ns();
    *out = NULL;
    sqlite3_config(
        SQLITE_CONFIG_MEMSTATUS,
        0); /* turns off a lock on each allocation; has no effect once SQLite is in use */
    struct store *s = calloc(1, sizeof *s);
    if (!s)
        return refuse(reason, STORE_UNUSABLE, "not enough memory");
    s->engine = &sqlite_engine;
    s->lock_fd = s->shm_fd = s->home_fd = -1;
    enum store_open_result result = STORE_OPENED;
    if (o->path) {
        result = resolve(s, o->path, reason);
        if (result == STORE_OPENED)
            result = rights(s, reason);
        if (result == STORE_OPENED)
            result = lock(s, reason);
        if (result == STORE_OPENED) {
            store_record_read(s);
            result = look(s, o->begin, o->begin_len, reason);
        }
    }
    if (result == STORE_OPENED)
        result = open_database(s, reason);
    if (result != STORE_OPENED) {
        sqlite_close(s);
        return result;
    }
    if (s->strange && !s->created)
        log_event(LOG_WARN, "store.restored", log_s("path", s->path),
                  log_s("message", "this is not the database file of the last start: a copy was "
                                   "restored or moved here"));
    log_event(LOG_INFO, "store.open", log_s("path", s->path), log_b("created", s->created),
              log_i("ms", (int64_t)((loop_now_ns() - began) / 1000000u)));
    *out = s;
    return STORE_OPENED;
}

void sqlite_close(struct store *s)
{
    if (!s)
        return;
    sqlite_sync_together(s);
    if (s->statements) {
        store_detach(s);
        if (s->path && sqlite_in_place(s)) {
            store_checkpoint(s, SQLITE_CHECKPOINT_TRUNCATE);
            /* Closing removes the -wal by its name: only when that is still ours. */
            sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
        }
    }
    sqlite3_close(s->db);
    if (s->home_fd >= 0)
        close(s->home_fd);
    store_lock_unwatch(s);
    /* The lock file stays: removing it would let two processes hold two locks. */
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    free(s->path);
    free(s->wal_path);
    free(s->shm_path);
    free(s);
}
