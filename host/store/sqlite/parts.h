/*
 * parts: what store.c (the group), open.c (the file), life.c (whose file it is),
 * check.c, upkeep.c, lock.c, schema.c (steps) and copy.c share. Theirs alone.
 */
#ifndef HOST_STORE_SQLITE_PARTS_H
#define HOST_STORE_SQLITE_PARTS_H

#include "store/sqlite/engine.h"
#include "store/sqlite/statements.h"

#include <sqlite3.h>
#include <sys/types.h>

enum { STORE_DEPTH_MAX = 16, STORE_BUSY_MS = 25 };
/* A macro, because a PRAGMA's text holds it. A transaction may need a larger cache for its time. */
#define STORE_CACHE_KB 8192

/* Which file a name led to when the database was opened. */
struct store_inode {
    dev_t dev;
    ino_t ino;
};

/* What the lock file says. */
struct store_record {
    bool known;
    uint32_t was, now; /* lives that the file may have */
    int64_t copied_at; /* of the newest copy, ms since 1970 */
    char copy[4096];
};

struct store {
    const struct store_engine *engine; /* sqlite_engine; the first member */
    sqlite3 *db;
    char *path; /* absolute, links resolved; NULL: in memory */
    char *wal_path, *shm_path;
    int lock_fd;
    int shm_fd; /* to ask who holds the write lock: open until the database is closed */
    struct store_inode inode, wal_inode, shm_inode;
    bool created; /* by this very opening: nothing in it is worth a copy yet */
    struct statements *statements;
    sqlite3_stmt *fixed[3 + 3 * STORE_DEPTH_MAX]; /* BEGIN, COMMIT, ROLLBACK, and those of each
                                                     depth of savepoints */

    sqlite3_stmt *fixed_read;         /* BEGIN */
    struct store_statement *borrowed; /* store_borrow's */
    uint64_t group;
    bool reading; /* a read transaction is open; never together with open */
    bool open;    /* BEGIN IMMEDIATE was taken */
    bool written; /* and something was written since */
    bool lost;    /* and SQLite undid it by itself */
    int depth;    /* savepoints */
    bool healthy;
    bool strange;  /* not the file of the last start: a copy was restored or moved here */
    bool brought;  /* the folder knows of no file: this one was moved into an empty folder */
    uint32_t life; /* of the file when it was opened */
    struct store_record record;
    bool gone;    /* the file is no longer in its place: nothing is acknowledged any more */
    bool vetting; /* a statement from outside is being prepared: the authorizer looks at it */
    bool timing;  /* a step runs under the time budget */
    uint64_t step_began_ns, busy_until_ns, busy_since_ns, last_commit_ns, checkpoint_after_ns;
    uint64_t wal_pages,
        wal_moved; /* frames in the WAL, and how many of them a checkpoint has brought home */
    uint64_t bound_pages,
        checkpoint_fit;         /* when the next checkpoint is due under load, see learn() */
    int refused_errno;          /* why the last write was refused */
    struct store_holder holder; /* of the write lock, as it was seen last */
    bool busy_counted, busy_told;
    uint64_t busy_tell_after_ns;
    bool relieved;           /* a checkpoint was tried in this spell of bad health */
    struct store_sync *sync; /* NULL: each commit syncs the log itself */
    int home_fd;             /* sync.c's descriptor of the database */
    uint64_t committed;      /* the groups below this number are committed */
    uint64_t sync_took_ns;   /* the last sync on a thread */
    struct store_figures figures;
};

/* The table's functions (engine.c). */
enum store_open_result sqlite_open(struct store **out, const struct store_options *o, char *why,
                                   size_t why_size);
void sqlite_close(struct store *s);
int sqlite_migrate(struct store *s, const char *owner, const char *const *steps, size_t count,
                   char *why, size_t why_size);
int sqlite_known(struct store *s, const char *owner, size_t count, char *why, size_t why_size);
bool sqlite_healthy(const struct store *s);
void sqlite_probe(struct store *s);
void sqlite_trouble(struct store *s, struct trouble *out);
struct store_figures sqlite_figures(const struct store *s);
struct store_statement *sqlite_prepare(struct store *s, const char *sql, size_t len,
                                       const char **error);
void sqlite_done(struct store *s, struct store_statement *st);
struct store_statement *sqlite_borrow(struct store *s, const char *sql, size_t len,
                                      const char **error);
void sqlite_settle(struct store *s);
int sqlite_step(struct store *s, struct store_statement *st);
int64_t sqlite_changed(struct store *s, const struct store_statement *st);
int sqlite_exec(struct store *s, const char *sql);
const char *sqlite_error(struct store *s);
bool sqlite_begin(struct store *s);
int sqlite_savepoint(struct store *s);
int sqlite_release(struct store *s);
int sqlite_rollback(struct store *s);
int sqlite_depth(const struct store *s);
uint64_t sqlite_group(const struct store *s);
bool sqlite_dirty(const struct store *s);
bool sqlite_lost(const struct store *s);
enum store_commit_result sqlite_commit(struct store *s);
const char *sqlite_path(const struct store *s);
int sqlite_live(struct store *s, char *why, size_t why_size);
bool sqlite_strange(const struct store *s);
bool sqlite_restored(const struct store *s);
bool sqlite_heavy(struct store *s);
void sqlite_sync_apart(struct store *s, void (*wake)(void *arg), void *arg);
void sqlite_sync_together(struct store *s);
void sqlite_sync(struct store *s);
bool sqlite_sync_beside(struct store *s);
bool sqlite_syncing(const struct store *s);
uint64_t sqlite_durable(struct store *s);
bool sqlite_in_place(struct store *s);
bool sqlite_idle(struct store *s);
void sqlite_bound(struct store *s);
bool sqlite_bound_due(struct store *s);
struct store_copy *sqlite_copy_begin(struct store *s, const char *to, void (*wake)(void *arg),
                                     void *arg, char *why, size_t why_size);
void sqlite_note_copy(struct store *s, const char *path, int64_t made_at_ms);
int sqlite_step_copies(const struct store *s,
                       void (*each)(void *arg, const char *path, int64_t made_at_ms), void *arg);
bool sqlite_locked(struct store *s, struct store_holder *out);
bool sqlite_busy(struct store *s, struct trouble *out);
enum store_scrub_result sqlite_scrub(struct store *s, struct store_scrub *w, uint64_t budget_ns);
int sqlite_look_for(struct store *s, struct needles *n, int64_t *at, uint64_t budget_ns);

sqlite3 *store_db(struct store *s);
/* What the connection's page cache takes now. */
int64_t store_cache_bytes(struct store *s);
/* After any error: ends the process when it must, notes a group that SQLite has undone, tells full
 * disks from broken ones. */
enum store_code store_failed(struct store *s, const char *doing);
/* What the system said to SQLite, where that is known. */
int store_errno(sqlite3 *db);
/* The log could not be synced: logs one line and ends the process with exit code 3. */
_Noreturn void store_sync_failed(struct store *s, int error);
/* true: the next checkpoint leaves its sync of the database to a thread. false, after it: the
 * thread begins. store_home_owed: it is not done. */
void store_home_later(struct store *s, bool later);
bool store_home_owed(struct store *s);
void store_home_wait(struct store *s);
/* The time of a sync belongs to its commit. */
void store_commit_took(struct store *s, uint64_t ns);
/* Undoes the open group, or what SQLite has left of it. */
void store_lose(struct store *s);
/* Ends the shared read transaction, if there is one. */
void store_read_end(struct store *s);
/* Checkpoint by sqlite3_wal_checkpoint_v2's mode; not inside a group. STORE_PIECE: passive, and its
 * sync of the database is left to the thread, if there is one. */
enum { STORE_PIECE = -1 };
void store_checkpoint(struct store *s, int mode);
/* Who holds the write lock: see lock.c. Open until the database is closed. */
void store_lock_watch(struct store *s);
void store_lock_unwatch(struct store *s);
bool store_lock_look(struct store *s, struct store_holder *out); /* false: nobody has it now */
void store_lock_trouble(const struct store *s, const struct store_holder *w, struct trouble *out);
/* Call when the lock was refused, and when it was taken. */
void store_busy_note(struct store *s);
void store_busy_over(struct store *s);
/* Hooks and limits of an open connection. 0 or -1. */
int store_attach(struct store *s);
/* Undoes an open group and gives back what store_attach took. */
void store_detach(struct store *s);
/* As much of quick_check as fits into its time; the whole one belongs to copies. SQLITE_OK: nothing
 * was found. SQLITE_ROW: found says what is wrong. Else an error. */
int store_check(sqlite3 *db, uint64_t budget_ns, char *found, size_t size);
enum { STORE_HEAD = 100 };
void store_record_read(struct store *s);
/* Given the first bytes of the file: may its log be played into it? Sets life and strange. */
bool store_log_is_ours(struct store *s, const unsigned char head[STORE_HEAD]);
uint32_t store_new_life(void);
/* For the file at path, which becomes the new database: gives it its number, and stores that in the
 * lock file. 0, or -1 with errno. */
int store_first_life(struct store *s, const char *path);
/* 0, or an SQLite error code. */
int store_set_life(sqlite3 *db, uint32_t life);
/* "restore a copy (…)": what to do with a database that cannot be used. */
const char *store_newest_copy(struct store *s, char *text, size_t size);
/* A copy in one call, before requests are accepted. replace: over an older copy, without a check.
 * 0, or -1 with why. */
int store_backup(struct store *s, const char *to, bool replace, char *why, size_t why_size);
/* fsync of a file or folder by name. 0 or -1. */
int store_sync_path(const char *path);
int store_sync_folder_of(const char *path);

#endif
