#include "store/sqlite/vfs.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

/* SQLite's Unix files write less than 128 KB at once (`seekAndWriteFd` cuts at 17 bits). */
enum { ROOM = 124 * 1024 };

/* A write-ahead log. The real file follows it in the same allocation. */
struct log_file {
    sqlite3_file file;
    char *bytes;      /* gathered, ROOM large; NULL until the first write */
    sqlite3_int64 at; /* where the first of them belongs */
    int len;
};

static sqlite3_vfs *below, gathering;
static bool sync_later; /* store_vfs_sync_later */
static bool (*ask_sync)(void *arg);
static void *ask_arg;
/* Those of databases: the default ones, but for xSync. */
static sqlite3_io_methods home_methods;
static int (*home_sync_now)(sqlite3_file *f, int flags);

static sqlite3_file *real_of(sqlite3_file *f)
{
    return (sqlite3_file *)((struct log_file *)f + 1);
}

/* Bytes that cannot be written during a read are kept: SQLite may continue their transaction. */
static int flush(sqlite3_file *f)
{
    struct log_file *log = (struct log_file *)f;
    int rc = log->len ? real_of(f)->pMethods->xWrite(real_of(f), log->bytes, log->len, log->at)
                      : SQLITE_OK;
    if (rc == SQLITE_OK)
        log->len = 0;
    return rc;
}

/* Bytes that cannot be written during a write or sync are dropped: SQLite undoes the whole
 * transaction, and they belong to no other. If they were kept, every checkpoint would fail, and a
 * full disk could not be resolved: a log that starts again in the space it has. */
static int flush_or_drop(sqlite3_file *f)
{
    int rc = flush(f);
    ((struct log_file *)f)->len = 0;
    return rc;
}

static int log_close(sqlite3_file *f)
{
    int written = flush(f);
    int closed = real_of(f)->pMethods->xClose(real_of(f));
    free(((struct log_file *)f)->bytes);
    return written ? written : closed;
}

static int log_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
    struct log_file *log = (struct log_file *)f;
    if (log->len && at >= log->at && at + n <= log->at + log->len) {
        memcpy(to, log->bytes + (at - log->at), (size_t)n);
        return SQLITE_OK;
    }
    if (log->len && at < log->at + log->len && at + n > log->at) {
        int rc = flush(f);
        if (rc != SQLITE_OK)
            return rc;
    }
    return real_of(f)->pMethods->xRead(real_of(f), to, n, at);
}

static int log_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
    struct log_file *log = (struct log_file *)f;
    if (log->len && (at != log->at + log->len || log->len + n > ROOM)) {
        int rc = flush_or_drop(f);
        if (rc != SQLITE_OK)
            return rc;
    }
    if (!log->bytes)
        log->bytes = malloc(ROOM);
    if (!log->bytes || n > ROOM) /* nothing is gathered here: it was written above, or never */
        return real_of(f)->pMethods->xWrite(real_of(f), from, n, at);
    if (!log->len)
        log->at = at;
    memcpy(log->bytes + log->len, from, (size_t)n);
    log->len += n;
    return SQLITE_OK;
}

static int log_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    int rc = flush(f);
    return rc ? rc : real_of(f)->pMethods->xTruncate(real_of(f), size);
}

/* A new header must be on the disk before the frames that follow it, or a log would be half old and
 * half new after a power cut. It is the only sync of a commit that cannot wait. */
static int log_sync(sqlite3_file *f, int flags)
{
    const struct log_file *log = (const struct log_file *)f;
    bool head = log->len && log->at == 0;
    int rc = flush_or_drop(f);
    return rc || (sync_later && !head) ? rc : real_of(f)->pMethods->xSync(real_of(f), flags);
}

void store_vfs_sync_later(bool later)
{
    sync_later = later;
}

static int log_size(sqlite3_file *f, sqlite3_int64 *size)
{
    int rc = flush(f);
    return rc ? rc : real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int log_lock(sqlite3_file *f, int how)
{
    return real_of(f)->pMethods->xLock(real_of(f), how);
}

static int log_unlock(sqlite3_file *f, int how)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), how);
}

static int log_reserved(sqlite3_file *f, int *out)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}

static int log_control(sqlite3_file *f, int what, void *arg)
{
    return real_of(f)->pMethods->xFileControl(real_of(f), what, arg);
}

static int log_sector(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int log_traits(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

/* Version 1: logs are neither shared memory nor mapped. */
static const sqlite3_io_methods log_methods = {
    .iVersion = 1,
    .xClose = log_close,
    .xRead = log_read,
    .xWrite = log_write,
    .xTruncate = log_truncate,
    .xSync = log_sync,
    .xFileSize = log_size,
    .xLock = log_lock,
    .xUnlock = log_unlock,
    .xCheckReservedLock = log_reserved,
    .xFileControl = log_control,
    .xSectorSize = log_sector,
    .xDeviceCharacteristics = log_traits,
};

void store_vfs_ask_sync(bool (*later)(void *arg), void *arg)
{
    ask_sync = later;
    ask_arg = arg;
}

static int home_sync(sqlite3_file *f, int flags)
{
    return ask_sync && ask_sync(ask_arg) ? SQLITE_OK : home_sync_now(f, flags);
}

static int home_open(const char *name, sqlite3_file *f, int flags, int *out)
{
    int rc = below->xOpen(below, name, f, flags, out);
    if (rc == SQLITE_OK && f->pMethods && f->pMethods != &home_methods) {
        home_methods = *f->pMethods;
        home_sync_now = home_methods.xSync;
        home_methods.xSync = home_sync;
        f->pMethods = &home_methods;
    }
    return rc;
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
    (void)vfs;
    if (flags & SQLITE_OPEN_MAIN_DB)
        return home_open(name, f, flags, out);
    if (!(flags & SQLITE_OPEN_WAL))
        return below->xOpen(below, name, f, flags, out);
    *(struct log_file *)f = (struct log_file){ .bytes = NULL };
    real_of(f)->pMethods = NULL;
    int rc = below->xOpen(below, name, real_of(f), flags, out);
    if (rc == SQLITE_OK)
        f->pMethods = &log_methods;
    else if (real_of(f)->pMethods) /* after a failed open some systems need a close */
        real_of(f)->pMethods->xClose(real_of(f));
    return rc;
}

const char *store_vfs(void)
{
    sqlite3_vfs *found = sqlite3_vfs_find(NULL);
    if (!found || found == below)
        return found ? gathering.zName : NULL;
    gathering = *found;
    gathering.pNext = NULL;
    gathering.zName = "gathering";
    gathering.szOsFile = found->szOsFile + (int)sizeof(struct log_file);
    gathering.xOpen = vfs_open;
    below = sqlite3_vfs_register(&gathering, 0) == SQLITE_OK ? found : NULL;
    return below ? gathering.zName : NULL;
}
