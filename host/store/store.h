/*
 * store: the database, and the group transaction. One interface; host/store/<engine> does the work.
 *
 * Everything written between two store_commit calls is one transaction (the group). store_commit
 * makes it durable, or with store_sync_apart leaves its sync to a thread, or answers that it is
 * lost. The loop thread only. Knows no Lua.
 *
 * Two kinds of engines: one has its database in files of this machine, for one process; one is a
 * server's client. What only files have (checkpoints, copies, whose file it is) is said below with
 * what an engine without files answers.
 */
#ifndef HOST_STORE_STORE_H
#define HOST_STORE_STORE_H

#include "base/trouble.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct loop;
struct needles;
struct store;
struct store_statement;

/* What a call answers. 0: it is done. The cause is in store_error. */
enum store_code {
    STORE_MISUSE = 1, /* the statement or a value is at fault */
    STORE_TAKEN,      /* another row has this unique value */
    STORE_STOPPED,    /* it took more time or memory than a statement may */
    STORE_UNDONE,     /* the group was undone before: nothing runs until store_commit */
    STORE_BUSY,       /* another program holds a lock */
    STORE_FULL,       /* no room, or no right to write */
    STORE_CONFLICT,   /* another process wrote what this group has read */
    STORE_AWAY,       /* the database cannot be reached */
    STORE_ROW = 100,  /* of store_step: a row is there … */
    STORE_DONE = 101, /* … or no more */
};

/* How long a write waits for another program's lock before it is refused. */
enum { STORE_PATIENCE_MS = 1000 };

/* How opening can end. The numbers are exit codes of the program (docs/contract.md). */
enum store_open_result { STORE_OPENED = 0, STORE_UNUSABLE = 3, STORE_IN_USE = 4 };

/* For the thread that is to use databases, before any is opened: SQLite keeps small blocks of
 * memory for its next statements. Has no effect later. */
void store_keep_blocks(void);
/* Opens or creates the database at path (NULL: in memory, no lock), takes the lock, sets the
 * pragmas, runs quick_check for at most 50 ms. On failure *out is NULL and why holds cause and
 * remedy in one line. */
enum store_open_result store_open(struct store **out, const char *path, char *why, size_t why_size);
/* The same, with more to say. */
struct store_options {
    const char *path; /* NULL: in memory */
    /* What a database that is created begins as: the bytes of one that was closed. NULL: empty. */
    const void *begin;
    size_t begin_len;
    /* Where a server's answers are waited for, by fibers (base/fiber.h). NULL: each call blocks. */
    struct loop *loop;
};
enum store_open_result store_open_with(struct store **out, const struct store_options *o, char *why,
                                       size_t why_size);
/* Rolls an open group back, leaves all in the database's one file, gives the lock back. NULL is
 * fine. */
void store_close(struct store *s);
const char *store_path(const struct store *s); /* NULL in memory, and without files */
/* Do several processes write this database at once? */
bool store_shared(const struct store *s);
/* Where it is shared, several groups are open at once, one per fiber, and what is said of the group
 * is said of the running fiber's. At most so many, and one outside of fibers. */
enum { STORE_GROUPS = 9 };
/* Before a group's first statement: it reads what others commit meanwhile (READ COMMITTED), and a
 * conflict does not undo it: for claims. */
void store_short(struct store *s);
/* Gives the group up: store_commit undoes it and answers STORE_LOST. */
void store_drop(struct store *s);

/* Schema steps. `owner` names a row in the table schema_steps ("host" or "scripts"); step n of the
 * list is applied when the stored number is below n. Each step is a transaction of its own. A
 * stored number above count is refused: "the database is newer than this program". In a file:
 * before the first step on a database that already has data a backup copy `<path>.before-step-<n>`
 * is made, and the business's count is also written to user_version. On a server: one process
 * applies steps at a time, and a step's text is SQLite's, translated (postgres/ddl.h). 0, or -1
 * with why. */
int store_migrate(struct store *s, const char *owner, const char *const *steps, size_t count,
                  char *why, size_t why_size);
/* Checks that this program knows the database's schema. Changes nothing. 0, or -1 with why. */
int store_known(struct store *s, const char *owner, size_t count, char *why, size_t why_size);

/* Identity of the file. Each successful opening (store_live) gives the file a new number, and
 * `<path>.lock` stores it. So a copy that was put in the database's place is recognised, and a
 * write-ahead log of another file is refused instead of being applied to this one. store_live: 0,
 * or -1 with why. (A new database has its number from the beginning.) store_strange: this is not
 * the file of the last start. Without files: 0 and false. */
int store_live(struct store *s, char *why, size_t why_size);
bool store_strange(const struct store *s);
/* true: the file is not the one of the last start, or its folder knows of none. It may be an older
 * copy. Never true of a new database, nor without files. */
bool store_restored(const struct store *s);

/* A statement from the cache (SQL text is the key), ready to bind; NULL: *error is the engine's
 * message. (A server sees the text at the first step, so a fault in it may be told there.) Values
 * stand as ? or ?1. Give it back with store_done (NULL is fine) before the loop sleeps. Two users
 * of one text at the same time get two statements. */
struct store_statement *store_prepare(struct store *s, const char *sql, size_t len,
                                      const char **error);
void store_done(struct store *s, struct store_statement *st);
/* As store_prepare, for a caller that may be thrown out while it uses the statement (Lua, for
 * memory). The store remembers it, and takes it back in store_settle, which the next store_borrow
 * and the end of each slice of Lua call. One at a time. */
struct store_statement *store_borrow(struct store *s, const char *sql, size_t len,
                                     const char **error);
void store_settle(struct store *s);
/* Values count from 1. A value that is not bound is NULL. Text and bytes stay the caller's, and
 * must be there until store_done. 0, or an error code. */
int store_parameters(struct store_statement *st);
int store_bind_null(struct store_statement *st, int i);
int store_bind_integer(struct store_statement *st, int i, int64_t value);
int store_bind_number(struct store_statement *st, int i, double value);
int store_bind_text(struct store_statement *st, int i, const char *text, size_t len);
int store_bind_bytes(struct store_statement *st, int i, const void *bytes, size_t len);
/* One step: STORE_ROW, STORE_DONE or an error code. Opens the group before a write. An error that
 * undid the whole group (ask store_lost) fails every task that touched the group. On a server each
 * error undoes all since the last savepoint, and STORE_UNDONE follows until store_rollback; without
 * a savepoint the group is lost. */
int store_step(struct store *s, struct store_statement *st);
/* Does it change nothing? */
bool store_reads(const struct store_statement *st);
/* How many rows it changed: right after STORE_DONE. */
int64_t store_changed(struct store *s, const struct store_statement *st);
/* The row's columns count from 0, and are known after the first step. Names, texts and bytes are
 * there until the next step; a name until store_done. store_column_text ends with a zero; NULL:
 * there is no value. */
enum store_type { STORE_NULL, STORE_INTEGER, STORE_NUMBER, STORE_TEXT, STORE_BYTES };
int store_columns(struct store_statement *st);
const char *store_column_name(struct store_statement *st, int i);
enum store_type store_column_type(struct store_statement *st, int i);
int64_t store_column_integer(struct store_statement *st, int i);
double store_column_number(struct store_statement *st, int i);
const char *store_column_text(struct store_statement *st, int i);
/* Of a text or of bytes; NULL with *len 0: there is no value, or it is empty. */
const void *store_column_bytes(struct store_statement *st, int i, size_t *len);
/* For the host's own fixed statements without results. 0, or an error code. */
int store_exec(struct store *s, const char *sql);

/* The cause, after any of these failed, also without a call of the engine (a lost group, a lock).
 */
const char *store_error(struct store *s);

/* Takes the write lock for the group before any task runs, without waiting. false: another
 * program holds it; try again in a few ms. true: it is taken, or the next write will report
 * another fault. */
bool store_begin(struct store *s);

/* Savepoints inside the group; they nest. Names are by depth. 0, or an error code. */
int store_savepoint(struct store *s);
int store_release(struct store *s);
int store_rollback(struct store *s);
int store_depth(const struct store *s); /* how many are open */

/* The number of the group that is open or comes next: one more after each commit or loss. On a
 * server each fiber has a group of its own, numbered by its first write. */
uint64_t store_group(const struct store *s);
/* Does the open group hold writes? */
bool store_dirty(const struct store *s);
/* true: the open group fills this process's memory: commit before writing more. */
bool store_heavy(struct store *s);
/* Was the open group undone by the engine itself (full disk)? Then store_commit answers STORE_LOST.
 */
bool store_lost(const struct store *s);
enum store_commit_result { STORE_NOTHING, STORE_COMMITTED, STORE_LOST, STORE_UNKNOWN };
/* STORE_COMMITTED: stored, and durable when store_durable says so. STORE_LOST: nothing of this
 * group is stored. STORE_UNKNOWN: a server did not answer, and it may be stored. */
enum store_commit_result store_commit(struct store *s);

/* The sync on a thread of its own. Without store_sync_apart each commit syncs the log before it
 * returns. After it a commit only writes, store_sync has the thread sync all that is committed, and
 * `wake` is called from the thread when that is done. A sync that fails ends the process with exit
 * code 3. store_sync_together: all is durable, and commits sync again themselves. Without files
 * nothing of it happens: what is committed is durable. */
void store_sync_apart(struct store *s, void (*wake)(void *arg), void *arg);
void store_sync_together(struct store *s);
/* Does nothing while one runs, or when all is durable. */
void store_sync(struct store *s);
/* The same while others run, because a disk that is slow to sync takes several at once: up to four.
 * true: one began, and covers all that is committed. */
bool store_sync_beside(struct store *s);
bool store_syncing(const struct store *s);
/* The groups below this number are durable, or were lost. */
uint64_t store_durable(struct store *s);

/* Can a message be stored? false from a failed commit to the next good one. store_probe tries a
 * commit (call it each second; while healthy it does nothing). */
bool store_healthy(const struct store *s);
void store_probe(struct store *s);
/* Is the open file still the one at path? false: moved, removed or replaced (its -wal too). Without
 * files: true. */
bool store_in_place(struct store *s);
/* When the loop is idle: a passive checkpoint if the WAL is large enough. true: it ran. Without
 * files there is nothing to do, as with store_bound. */
bool store_idle(struct store *s);
/* Checkpoint at once if the WAL is past its bound (64 MB; with store_sync_apart a piece of it at
 * once, and all of it at 24 MB); call after a commit. store_bound_due: it is. With store_sync_apart
 * call it when all is durable, or it syncs the log itself. */
void store_bound(struct store *s);
bool store_bound_due(struct store *s);
/* A copy made in steps while the loop runs: `<to>.part`, readable by this user alone, then renamed.
 * It holds all that was committed before it began, in one file that needs no log beside it. What is
 * written meanwhile goes into the copy too. A separate thread with a connection to the copy alone
 * checks it (integrity_check) and syncs it; `wake` is called from there. store_copy_begin: NULL
 * with why, always so without files (a server has tools of its own). store_copy_go_on: right after
 * a commit, for at most budget_ns. store_copy_end: at any time; an incomplete copy is removed. */
struct store_copy;
enum store_copy_state { STORE_COPYING, STORE_CHECKING, STORE_COPIED, STORE_NOT_COPIED };
struct store_copy *store_copy_begin(struct store *s, const char *to, void (*wake)(void *arg),
                                    void *arg, char *why, size_t why_size);
enum store_copy_state store_copy_go_on(struct store_copy *c, uint64_t budget_ns, char *why,
                                       size_t why_size);
/* Right after store_copy_begin: this statement runs in the finished copy, before it is checked
 * and renamed. It writes a row; ?1 is the copy's path, ?2 the time in ms. It lives as long as
 * the copy. */
void store_copy_note(struct store_copy *c, const char *sql);
bool store_copy_copies(const struct store_copy *c); /* there are pages to copy */
void store_copy_end(struct store_copy *c);
/* Remembers a copy, so that a message about a damaged database can name it. */
void store_note_copy(struct store *s, const char *path, int64_t made_at_ms);
/* The copies made before schema steps, beside the database. How many; without files 0. */
int store_step_copies(const struct store *s,
                      void (*each)(void *arg, const char *path, int64_t made_at_ms), void *arg);

/* No byte of what was deleted stays in the database's files. Cleans for about budget_ns at most.
 * BUSY: a group is open, or another program reads or writes the file; try again later. Without
 * files: STORE_SCRUBBED, with 0 pages. */
struct store_scrub {
    int64_t next; /* page to look at, from 1; 0: begin */
    int64_t cleaned, pages;
};
enum store_scrub_result { STORE_SCRUBBED, STORE_SCRUB_MORE, STORE_SCRUB_BUSY, STORE_SCRUB_FAILED };
enum store_scrub_result store_scrub(struct store *s, struct store_scrub *w, uint64_t budget_ns);
/* Looks for the needles in the file and its log as they lie on the disk, from *at on (0 first) for
 * about budget_ns; their sums grow. Finds a word also where its value continues on another page.
 * Fast when the log is short, as after store_scrub. 1: there is more, 0: that was all (without
 * files at once), -1: cannot be read. */
int store_look_for(struct store *s, struct needles *n, int64_t *at, uint64_t budget_ns);

/* true: another program has held the write lock for longer than STORE_PATIENCE_MS; out names the
 * process, where it can be seen, and the time. It is counted, and logged when it begins and
 * ends. An engine that has no such lock answers false, as store_busy does. */
struct store_holder {
    pid_t pid; /* 0: it cannot be seen from here */
    char program[32];
    int64_t held_ms;
};
bool store_locked(struct store *s, struct store_holder *out);
/* The last try to write met another program's lock: in words, without waiting. For a start. */
bool store_busy(struct store *s, struct trouble *out);
/* Why nothing can be stored now, with the remedy. */
void store_trouble(struct store *s, struct trouble *out);

struct store_figures {
    uint64_t commits, lost, commit_ns_total, commit_ns_max, wal_bytes, checkpoints, locks;
    uint64_t again; /* how often a transaction ran again after a conflict */
};
struct store_figures store_figures(const struct store *s);

#endif
