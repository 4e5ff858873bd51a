/*
 * store: the one SQLite connection, and the group transaction.
 *
 * Everything written between two store_commit calls is one transaction (the group): BEGIN IMMEDIATE
 * is taken before the first write, store_commit makes it durable (WAL, synchronous=FULL) or says
 * that it is lost. The loop thread only. Owns: the database file, its lock file (`<path>.lock`,
 * flock held for life), the statement cache, schema steps, checkpoints, the health of the file.
 * Never: waits for a lock longer than 50 ms, knows Lua, deletes a database.
 *
 * IOERR, CORRUPT, NOTADB and a failed sync are fatal: the store logs one line and ends the process
 * with exit code 3, for what the kernel holds can no longer be trusted ("never retry fsync"). FULL
 * and BUSY are not: the caller hears of them.
 */
#ifndef HOST_STORE_H
#define HOST_STORE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

/* Exit codes of PRODUCT.md 1 that opening can lead to. */
enum store_open_result { STORE_OPENED = 0, STORE_UNUSABLE = 3, STORE_IN_USE = 4 };

/*
 * Opens or creates the database at path (NULL: in memory, no lock), takes the lock, sets the
 * pragmas, runs quick_check for at most 200 ms. On failure *out is NULL and why says in one line
 * what and what to do.
 */
enum store_open_result store_open(struct store **out, const char *path, char *why, size_t why_size);
/* Rolls an open group back, checkpoints (TRUNCATE), closes, gives the lock back. NULL is fine. */
void store_close(struct store *s);
sqlite3 *store_db(struct store *s);
const char *store_path(const struct store *s); /* NULL in memory */

/*
 * Schema steps. `owner` names a row in the table schema_steps ("host" or "scripts"); step n of the
 * list is applied when the stored number is below n. Before the first step on a database that
 * already has data a backup copy `<path>.before-step-<n>` is made. Each step is a transaction of
 * its own. A stored number above count is refused: "the database is newer than this program". The
 * business's count is also written to user_version. 0, or -1 with why.
 */
int store_migrate(struct store *s, const char *owner, const char *const *steps, size_t count,
                  char *why, size_t why_size);

/*
 * A statement from the cache (SQL text is the key), ready to bind; NULL: *error is SQLite's
 * message. Give it back with store_done before the loop sleeps. Two users of one text at a time
 * each get their own.
 */
sqlite3_stmt *store_prepare(struct store *s, const char *sql, size_t len, const char **error);
void store_done(struct store *s, sqlite3_stmt *statement);
/*
 * One step: SQLITE_ROW, SQLITE_DONE or an error code (see sqlite3_errmsg). Opens the group before a
 * write. An error that undid the whole group (ask store_lost) is an error of everyone who touched
 * it.
 */
int store_step(struct store *s, sqlite3_stmt *statement);
/* For the host's own fixed statements without results. 0, or an SQLite error code. */
int store_exec(struct store *s, const char *sql);

/*
 * What is wrong, after any of these failed: also where SQLite itself was not asked (a lost group, a
 * lock held elsewhere).
 */
const char *store_error(struct store *s);

/* Savepoints inside the group; they nest. Names are by depth. 0, or an SQLite error code. */
int store_savepoint(struct store *s);
int store_release(struct store *s);
int store_rollback(struct store *s);
int store_depth(const struct store *s); /* how many are open */

/*
 * The number of the group that is open, or that the next write would open. Grows by one with each
 * commit or loss.
 */
uint64_t store_group(const struct store *s);
/* Does the open group hold writes? */
bool store_dirty(const struct store *s);
/* Has SQLite undone the open group by itself (full disk)? Then store_commit answers STORE_LOST. */
bool store_lost(const struct store *s);
enum store_commit_result { STORE_NOTHING, STORE_COMMITTED, STORE_LOST };
/* STORE_COMMITTED: durable. STORE_LOST: nothing of this group is stored. */
enum store_commit_result store_commit(struct store *s);

/*
 * Could a message be accepted durably? false from a failed commit to the next good one. store_probe
 * tries one (call it each second while unhealthy; before that it does nothing).
 */
bool store_healthy(const struct store *s);
void store_probe(struct store *s);
/*
 * Is the file at path still the one that is open? false: moved, removed or replaced (its -wal too).
 */
bool store_in_place(struct store *s);
/*
 * Something to do when nothing else is: a passive checkpoint once the WAL is worth it. true: did
 * something.
 */
bool store_idle(struct store *s);
/* Checkpoint at once if the WAL is past its bound (64 MB); call after a commit. */
void store_bound(struct store *s);
/* A consistent copy to `to` (which must not exist), fsynced. 0, or -1 with why. */
int store_backup(struct store *s, const char *to, char *why, size_t why_size);

struct store_figures {
    uint64_t commits, lost, commit_ns_total, commit_ns_max, wal_bytes, checkpoints;
};
struct store_figures store_figures(const struct store *s);

#endif
