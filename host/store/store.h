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
 * with exit code 3, because what the kernel holds can no longer be trusted ("never retry fsync"). FULL
 * and BUSY are not: the caller hears of them.
 */
#ifndef HOST_STORE_STORE_H
#define HOST_STORE_STORE_H

#include "base/trouble.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct store;

/* How long a write waits for another program's lock before it is refused. */
enum { STORE_PATIENCE_MS = 1000 };

/* How opening can end. The numbers are exit codes of the program (docs/contract.md). */
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
/* Does this program know the schema that is there? Changes nothing. 0, or -1 with why. */
int store_known(struct store *s, const char *owner, size_t count, char *why, size_t why_size);

/*
 * Whose file it is. Each opening that was allowed to go on (store_live) gives the file a number of
 * its own; `<path>.lock` remembers it. So a copy that was put in the database's place is known, and
 * a write-ahead log that belongs to another file is refused instead of being played into this one.
 * store_live: 0, or -1 with why. store_strange: the file is not the one that was open here last.
 */
int store_live(struct store *s, char *why, size_t why_size);
bool store_strange(const struct store *s);
/* Strange, or in a folder that has had none before: it may be older than what was done with it since. Never one just created. */
bool store_restored(const struct store *s);

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

/*
 * Takes the lock for the group that is about to be written, before anybody runs who may write, and
 * without waiting. false: another program holds it; ask again in a few ms. true: it is taken, or
 * something else is wrong, which the next write will say.
 */
bool store_begin(struct store *s);

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
/*
 * Is the open group so large that it should be committed before more is written? It has outgrown
 * the page cache, and nothing of it leaves memory before the commit.
 */
bool store_heavy(struct store *s);
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
/*
 * A copy made step by step while the loop goes on: `<to>.part`, readable by this user alone, then
 * renamed. It holds all that was committed before it began, in one file that needs no log beside
 * it. What is written meanwhile goes into the copy too. It is checked (integrity_check) and synced
 * on a thread of its own, with a connection to the copy alone; `wake` is called from there.
 * store_copy_begin: NULL with why. store_copy_go_on: right after a commit, for at most budget_ns.
 * store_copy_end: also half way (nothing is left then).
 */
struct store_copy;
enum store_copy_state { STORE_COPYING, STORE_CHECKING, STORE_COPIED, STORE_NOT_COPIED };
struct store_copy *store_copy_begin(struct store *s, const char *to, void (*wake)(void *arg),
                                    void *arg, char *why, size_t why_size);
enum store_copy_state store_copy_go_on(struct store_copy *c, uint64_t budget_ns, char *why,
                                       size_t why_size);
bool store_copy_copies(const struct store_copy *c); /* there are pages to copy */
void store_copy_end(struct store_copy *c);
/* The same at one go, before anybody is served. replace: an older copy of that name, unchecked. */
int store_backup(struct store *s, const char *to, bool replace, char *why, size_t why_size);
/* The copy to name in words when the database is damaged; beside the database. */
void store_note_copy(struct store *s, const char *path, int64_t made_at_ms);
/* The copies made before schema steps, beside the database. How many. */
int store_step_copies(const struct store *s,
                      void (*each)(void *arg, const char *path, int64_t made_at_ms), void *arg);

/*
 * Another program has held the write lock for longer than STORE_PATIENCE_MS: who, as far as it can be
 * seen, and for how long. false: nobody has. It is counted, and told in the log when it begins and ends.
 */
struct store_holder {
    pid_t pid; /* 0: it cannot be seen from here */
    char program[32];
    int64_t held_ms;
};
bool store_locked(struct store *s, struct store_holder *out);
/* The last try to write met another program's lock: in words, without waiting. For a start. */
bool store_busy(struct store *s, struct trouble *out);
/* Why nothing can be stored at this moment, and what to do. */
void store_trouble(struct store *s, struct trouble *out);

struct store_figures {
    uint64_t commits, lost, commit_ns_total, commit_ns_max, wal_bytes, checkpoints, locks;
};
struct store_figures store_figures(const struct store *s);

#endif
