#include "store/sqlite/parts.h"
#include "store/sqlite/vfs.h"

#include "base/log.h"
#include "base/loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MS 1000000ull

/* After one wait for another program's lock the next writes do not wait: the loop must go on. */
static const uint64_t busy_pause_ns = 75 * MS;

/* Logs one line and ends the process with exit code 3. */
static _Noreturn void die(struct store *s, int code, const char *doing)
{
    log_event(LOG_ERROR, "store.fatal", log_s("doing", doing), log_i("code", code),
              log_s("error", sqlite3_errmsg(s->db)), log_i("errno", sqlite3_system_errno(s->db)),
              log_s("remedy",
                    "check the disk; the next start looks at the database and says what it finds"));
    _exit(STORE_UNUSABLE);
}

_Noreturn void store_sync_failed(struct store *s, int error)
{
    log_event(LOG_ERROR, "store.fatal", log_s("doing", "sync"), log_s("path", s->wal_path),
              log_s("error", strerror(error)), log_i("errno", error),
              log_s("remedy",
                    "check the disk; the next start looks at the database and says what it finds"));
    _exit(STORE_UNUSABLE);
}

static int last_errno(sqlite3 *db, int which)
{
    sqlite3_file *file = NULL;
    int error = 0;
    if (sqlite3_file_control(db, "main", which, &file) == SQLITE_OK && file && file->pMethods)
        file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &error);
    return error;
}

int store_errno(sqlite3 *db)
{
    int extended = sqlite3_extended_errcode(db), error = sqlite3_system_errno(db);
    int wal = last_errno(db, SQLITE_FCNTL_JOURNAL_POINTER),
        home = last_errno(db, SQLITE_FCNTL_FILE_POINTER);
    switch (extended & 0xFF) {
    case SQLITE_FULL: return trouble_passes(error) ? error : ENOSPC;
    case SQLITE_READONLY: return trouble_passes(error) || error == EACCES ? error : EROFS;
    case SQLITE_IOERR:
        if (extended != SQLITE_IOERR_WRITE)
            return error ? error : EIO;
        return wal == EIO || home == EIO ? EIO
               : trouble_passes(wal)     ? wal
               : trouble_passes(home)    ? home
                                         : EIO;
    }
    return error;
}

/* SQLite reports ENOSPC as a full disk, but EFBIG, EDQUOT and EROFS as "I/O error". All four are
 * treated alike: nothing was written, and the service continues. */
static bool is_full(struct store *s, int extended)
{
    return (extended == SQLITE_IOERR_SHMSIZE || extended == SQLITE_IOERR_TRUNCATE ||
            extended == SQLITE_IOERR_WRITE) &&
           trouble_passes(store_errno(s->db));
}

static bool is_fatal(int extended)
{
    switch (extended & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return true;
    case SQLITE_IOERR: return extended != SQLITE_IOERR_NOMEM && extended != SQLITE_IOERR_BLOCKED;
    }
    return false;
}

static enum store_code code_of(int extended, int code)
{
    switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID: return STORE_TAKEN;
    }
    switch (code) {
    case SQLITE_BUSY: return STORE_BUSY;
    case SQLITE_FULL:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN: return STORE_FULL;
    case SQLITE_INTERRUPT: return STORE_STOPPED;
    case SQLITE_ABORT: return STORE_UNDONE;
    }
    return STORE_MISUSE;
}

enum store_code store_failed(struct store *s, const char *doing)
{
    int extended = sqlite3_extended_errcode(s->db), code = extended & 0xFF;
    if (is_full(s, extended))
        code = SQLITE_FULL;
    else if (is_fatal(extended))
        die(s, extended, doing);
    /* A13: on a full disk SQLite undoes the whole group; what comes next would be stored alone. */
    if (s->open && sqlite3_get_autocommit(s->db)) {
        s->open = false;
        s->lost = true;
    }
    if (code == SQLITE_FULL || code == SQLITE_READONLY || code == SQLITE_CANTOPEN || s->lost) {
        s->refused_errno = store_errno(s->db);
        if (s->healthy) { /* one line a spell */
            struct trouble why;
            sqlite_trouble(s, &why);
            log_event(LOG_ERROR, "store.refused", log_s("doing", doing), log_i("code", extended),
                      log_s("error", why.cause), log_s("remedy", why.remedy));
        }
        s->healthy = false;
    }
    return code_of(extended, code);
}

static int run(sqlite3_stmt *statement)
{
    int rc = sqlite3_step(statement);
    sqlite3_reset(statement);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

/* Fixed statements are not in the cache, which holds texts that the authorizer has checked. */
static int run_fixed(struct store *s, sqlite3_stmt **place, const char *sql)
{
    if (!*place &&
        sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, place, NULL) != SQLITE_OK)
        return sqlite3_errcode(s->db);
    return run(*place);
}

/* Reads outside a group share one read transaction until the next write or the end of the tick,
 * because taking SQLite's locks for each read costs more than the read. A write ends it; it is
 * never upgraded. */
static void read_begin(struct store *s)
{
    s->reading = run_fixed(s, &s->fixed_read, "BEGIN") == SQLITE_OK;
}

void store_read_end(struct store *s)
{
    if (s->reading)
        run_fixed(s, &s->fixed[1], "COMMIT");
    s->reading = false;
}

static void group_opened(struct store *s)
{
    s->open = true;
    s->written = false;
    if (s->busy_since_ns)
        store_busy_over(s);
}

bool sqlite_begin(struct store *s)
{
    if (s->open || s->lost || s->gone)
        return true;
    store_read_end(s);
    sqlite3_busy_timeout(s->db, 0);
    int rc = run_fixed(s, &s->fixed[0], "BEGIN IMMEDIATE");
    sqlite3_busy_timeout(s->db, STORE_BUSY_MS);
    if (rc == SQLITE_OK)
        group_opened(s);
    else if (store_failed(s, "begin") == STORE_BUSY) {
        store_busy_note(s);
        return false;
    }
    return true;
}

/* 0, or an error code. */
static int group_open(struct store *s)
{
    store_read_end(s);
    if (s->gone)
        return STORE_FULL;
    uint64_t now = s->busy_until_ns || s->busy_since_ns ? loop_now_ns() : 0;
    if (now < s->busy_until_ns)
        return STORE_BUSY;
    if (run_fixed(s, &s->fixed[0], "BEGIN IMMEDIATE") == SQLITE_OK) {
        group_opened(s);
        return 0;
    }
    enum store_code code = store_failed(s, "begin");
    if (code == STORE_BUSY) {
        s->busy_until_ns = loop_now_ns() + busy_pause_ns;
        store_busy_note(s);
    }
    return code;
}

struct store_statement *sqlite_prepare(struct store *s, const char *sql, size_t len,
                                       const char **error)
{
    s->vetting = true;
    struct store_statement *statement = statements_take(s->statements, sql, len, error);
    s->vetting = false;
    if (!statement && sqlite3_errcode(s->db) == SQLITE_AUTH)
        *error =
            "transactions, savepoints, ATTACH and PRAGMAs that change something belong to the host";
    else if (!statement && is_fatal(sqlite3_extended_errcode(s->db)))
        die(s, sqlite3_extended_errcode(s->db), "prepare");
    return statement;
}

void sqlite_done(struct store *s, struct store_statement *statement)
{
    (void)s;
    statements_give(statement);
}

struct store_statement *sqlite_borrow(struct store *s, const char *sql, size_t len,
                                      const char **error)
{
    sqlite_settle(s);
    return s->borrowed = sqlite_prepare(s, sql, len, error);
}

void sqlite_settle(struct store *s)
{
    if (s->borrowed)
        sqlite_done(s, s->borrowed);
    s->borrowed = NULL;
}

int sqlite_step(struct store *s, struct store_statement *statement)
{
    if (s->lost)
        return STORE_UNDONE;
    if (!s->open && statement->reads) {
        if (!s->reading)
            read_begin(s);
    } else if (!s->open) {
        int rc = group_open(s);
        if (rc != 0)
            return rc;
    }
    s->written |= !statement->reads;
    s->step_began_ns = 0;
    s->timing = true;
    int rc = sqlite3_step(stmt_of(statement));
    s->timing = false;
    return rc == SQLITE_ROW    ? STORE_ROW
           : rc == SQLITE_DONE ? STORE_DONE
                               : (int)store_failed(s, "step");
}

int64_t sqlite_changed(struct store *s, const struct store_statement *statement)
{
    return statement->reads ? 0 : sqlite3_changes(s->db);
}

int sqlite_exec(struct store *s, const char *sql)
{
    const char *error = NULL;
    struct store_statement *statement = sqlite_prepare(s, sql, strlen(sql), &error);
    if (!statement)
        return store_failed(s, "prepare");
    int rc = sqlite_step(s, statement);
    while (rc == STORE_ROW)
        rc = sqlite_step(s, statement);
    sqlite_done(s, statement);
    return rc == STORE_DONE ? 0 : rc;
}

const char *sqlite_error(struct store *s)
{
    if (s->lost)
        return "the transaction was undone by the database (full disk?)";
    if (s->gone)
        return "the database file was moved, removed or replaced";
    if (s->busy_since_ns)
        return "another program holds the database's write lock";
    return sqlite3_errmsg(s->db);
}

/* Savepoints. Their names are by depth; a statement for each is kept. */
static int savepoint_run(struct store *s, int which, const char *verb, int depth)
{
    char sql[48];
    if (s->lost)
        return STORE_UNDONE;
    if (depth < 0 || depth >= STORE_DEPTH_MAX)
        return STORE_MISUSE;
    sqlite3_stmt **place = &s->fixed[3 + 3 * depth + which];
    if (!*place)
        snprintf(sql, sizeof sql, "%s s%d", verb, depth);
    return run_fixed(s, place, sql) == SQLITE_OK ? 0 : (int)store_failed(s, verb);
}

int sqlite_savepoint(struct store *s)
{
    int rc = s->lost || s->open ? 0 : group_open(s);
    if (rc == 0)
        rc = savepoint_run(s, 0, "SAVEPOINT", s->depth);
    s->depth += rc == 0;
    return rc;
}

int sqlite_release(struct store *s)
{
    int rc = savepoint_run(s, 1, "RELEASE", s->depth - 1);
    s->depth -= rc == 0;
    return rc;
}

int sqlite_rollback(struct store *s)
{
    int rc = savepoint_run(s, 2, "ROLLBACK TO", s->depth - 1);
    return rc == 0 ? sqlite_release(s) : rc;
}

int sqlite_depth(const struct store *s)
{
    return s->depth;
}

uint64_t sqlite_group(const struct store *s)
{
    return s->group;
}

bool sqlite_dirty(const struct store *s)
{
    return s->open && s->written;
}

int64_t store_cache_bytes(struct store *s)
{
    int now = 0, most = 0;
    return sqlite3_db_status(s->db, SQLITE_DBSTATUS_CACHE_USED, &now, &most, 0) == SQLITE_OK ? now
                                                                                             : 0;
}

/* Clean pages are reused at the cache's size, so beyond it all pages are dirty. */
bool sqlite_heavy(struct store *s)
{
    return sqlite_dirty(s) &&
           store_cache_bytes(s) > (STORE_CACHE_KB + STORE_CACHE_KB / 16) * 1024ll;
}

bool sqlite_lost(const struct store *s)
{
    return s->lost;
}

void store_lose(struct store *s)
{
    if (s->open && !sqlite3_get_autocommit(s->db)) {
        run_fixed(s, &s->fixed[2], "ROLLBACK");
        if (!sqlite3_get_autocommit(s->db))
            die(s, sqlite3_extended_errcode(s->db), "rollback");
    }
    s->open = s->written = s->lost = s->healthy = false;
    s->depth = 0;
    s->group++;
    s->figures.lost++;
}

/* An unfinished statement with RETURNING would make each COMMIT fail with BUSY. */
static void reset_forgotten(struct store *s)
{
    for (sqlite3_stmt *p = sqlite3_next_stmt(s->db, NULL); p; p = sqlite3_next_stmt(s->db, p)) {
        if (sqlite3_stmt_busy(p)) {
            log_event(LOG_WARN, "store.forgotten", log_s("sql", sqlite3_sql(p)));
            sqlite3_reset(p);
        }
    }
}

void store_commit_took(struct store *s, uint64_t ns)
{
    s->figures.commit_ns_total += ns;
    if (ns > s->figures.commit_ns_max)
        s->figures.commit_ns_max = ns;
}

static int run_commit(struct store *s)
{
    store_vfs_sync_later(s->sync != NULL);
    int rc = run_fixed(s, &s->fixed[1], "COMMIT");
    store_vfs_sync_later(false);
    return rc;
}

enum store_commit_result sqlite_commit(struct store *s)
{
    store_read_end(s);
    if (!s->open && !s->lost)
        return STORE_NOTHING;
    if (s->lost) {
        store_lose(s);
        return STORE_LOST;
    }
    uint64_t began = loop_now_ns();
    int rc = run_commit(s);
    if (rc == SQLITE_BUSY) {
        reset_forgotten(s);
        rc = run_commit(s);
    }
    if (rc != SQLITE_OK)
        store_failed(s, "commit");
    if (rc == SQLITE_OK && !s->written) { /* nothing was written */
        s->open = false;
        s->depth = 0;
        return STORE_NOTHING;
    }
    /* Nothing must be acknowledged that is in a file nobody will find again. (Without
     * store_sync_apart this is after the sync; with it sync.c looks again.) */
    if (rc != SQLITE_OK || !sqlite_in_place(s)) {
        store_lose(s);
        return STORE_LOST;
    }
    uint64_t now = loop_now_ns();
    s->open = false;
    s->healthy = true;
    s->relieved = false;
    s->depth = 0;
    s->committed = ++s->group;
    s->last_commit_ns = now;
    s->figures.commits++;
    store_commit_took(s, now - began);
    return STORE_COMMITTED;
}

sqlite3 *store_db(struct store *s)
{
    return s->db;
}

const char *sqlite_path(const struct store *s)
{
    return s->path;
}

void store_detach(struct store *s)
{
    store_read_end(s);
    if (s->open || s->lost)
        store_lose(s);
    statements_free(s->statements);
    s->statements = NULL;
    for (size_t i = 0; i < 3 + 3 * STORE_DEPTH_MAX; i++)
        sqlite3_finalize(s->fixed[i]);
    sqlite3_finalize(s->fixed_read);
    memset(s->fixed, 0, sizeof s->fixed);
}
