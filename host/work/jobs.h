/*
 * jobs: durable work. Owns the tables jobs, inbox, parked and marks, and the mapped page
 * `<database>.running` (in STATE_DIR).
 *
 * A job is a row. A lane runs one job at a time in the order of their ids; lanes run beside each
 * other; jobs without a lane run at once. Only the first job of a lane is `ready` (and in the index
 * that claiming reads). The others wait, and the next becomes ready when the first is finished or
 * dead. Everything here writes into the group transaction of `store`, so a job is stored or lost
 * together with the effect that created or finished it. The loop thread only. Knows nothing of Lua
 * or of what a job means.
 *
 * `attempts` counts tries the outside world refused. `crashes` counts deaths of the process with
 * this job or inbox row on the CPU: jobs_on_cpu writes its id into the mapped page before each
 * slice and clears it after; the page survives SIGKILL, SEGV and abort. At start a non-zero id gets
 * crashes + 1, durably, before anything runs; three → dead. A job or row with crashes is a suspect:
 * the ordinary calls skip it, and the caller asks for it when nothing else waits, so that a second
 * crash delays no other work. A counted attempt clears a job's crashes. A suspect row is read one
 * item at a time, and each place is durable before the next item, so a crash charged to the row
 * belongs to the item at its place. After three crashes its reader is asked once to park that item.
 * When the reader fails, or the process dies again, the whole row is parked.
 *
 * Two engines: one process on its own SQLite database (host/work/sqlite), and several processes on
 * one database of PostgreSQL (host/work/postgres). With several, the group is the caller's
 * transaction (SERIALIZABLE for a slice, READ COMMITTED for claims and jobs_poll), each call may
 * wait for the server, and these calls mean this:
 *
 * - A claim is one process's while that process gives its heartbeat (jobs_beat), and its number
 *   grows with each taker. So jobs_done, jobs_again, jobs_die and jobs_hold of an earlier one
 *   answer 0. A claimed job starts after the claim is committed (jobs_after_crash is true).
 * - A lane has one running job over all processes, and only its first job can be claimed. Ids tell
 *   no order between transactions: a lower one may be committed later. A dead job that is put back
 *   has its old place in its lane.
 * - What is due at now_ms must be due by the database's clock too. jobs_clock does nothing.
 * - jobs_claim may give fewer than are due, because others claim too. jobs_next_due is what this
 *   process knows: what it put itself since the commit (jobs_committed), and what jobs_poll found.
 *   0: it has to look. jobs_suspects, inbox_unread and inbox_oldest_ms are as jobs_poll found them.
 * - jobs_forget is about the slice that was undone, and jobs_flush does nothing.
 * - A process that gave no heartbeat for 10 s loses what it had claimed to whoever polls: jobs are
 *   ready at once, with orphan. Nobody knows what was on its CPU (jobs_on_cpu does nothing), so its
 *   jobs and rows are charged with a crash only from the second such death on, and rest for a
 *   minute then. One suspect runs at a time over all processes.
 * - An inbox row is claimed (inbox_claim) by the one process that reads, and deleted when it is
 *   read: there is no watermark, and inbox_durable, inbox_committed and inbox_may_read do nothing.
 *   inbox_read answers -1 when the row is not ours any more. inbox_get knows unread and parked rows
 *   only. A parked row that is being read is locked until the commit.
 */
#ifndef HOST_WORK_JOBS_H
#define HOST_WORK_JOBS_H

#include "store/store.h"

struct jobs;

enum job_state { JOB_READY = 0, JOB_WAITING = 1, JOB_RUNNING = 2, JOB_DEAD = 3 };
enum { JOBS_CRASH_LIMIT = 3, INBOX_GIVEN_UP = JOBS_CRASH_LIMIT + 1 };

/* A claimed job; strings are its own, freed by job_free. */
struct job {
    int64_t id;
    int64_t claim; /* one number per call of jobs_claim, never used twice in a database */
    char *kind;
    char *lane;    /* NULL: none */
    char *payload; /* the bytes given to jobs_put */
    size_t payload_len;
    int attempts, crashes;
    int64_t run_at, created_at; /* ms since 1970 */
    char *error;                /* the last one, or NULL */
    /* It ran when an earlier process died; false again when done or when it counts an attempt. */
    bool orphan;
    bool error_handled; /* the caller's: its failed handler has run */
};
void job_free(struct job *j);

struct jobs_put {
    const char *kind, *lane, *unique; /* lane, unique: NULL for none */
    const char *payload;
    size_t payload_len;
    int64_t run_at; /* ms since 1970; 0: now */
    /* With a twin (same unique, not running): true leaves it, false gives it run_at and payload. */
    bool keep;
};

/* Creates its tables through store_migrate("host"). 0, or -1 with why. jobs_open does it too. */
int jobs_tables(struct store *s, char *why, size_t why_size);
/* Creates its tables, maps the page, makes the jobs that a dead
 * process had claimed ready at once (orphan=true), and counts the crash. NULL: why. page_path NULL:
 * no page (in memory). */
struct jobs *jobs_open(struct store *s, const char *page_path, char *why, size_t why_size);
void jobs_close(struct jobs *j);

/* The new job's id (or its live twin's), or 0: an error (store_lost may be true). */
int64_t jobs_put(struct jobs *j, const struct jobs_put *p);
/* Removes a job that is ready or waits. 1; 0: no such job, it runs or is dead; -1: error. */
int jobs_cancel(struct jobs *j, int64_t id);

/* Claims up to `room` due jobs of a kind into out[], oldest first. Returns how
 * many, or -1. The caller lets nothing that they ask for leave before the group is durable. */
int jobs_claim(struct jobs *j, const char *kind, int64_t now_ms, struct job *out, int room);
/* The same for the oldest due suspect of this kind: 1, 0: none, -1. */
int jobs_claim_suspect(struct jobs *j, const char *kind, int64_t now_ms, struct job *out);
/* How many suspects wait: jobs that are not dead, and inbox rows. Fast while there are none. */
int jobs_suspects(struct jobs *j);
/* When the next job of this kind is due (ms since 1970), without suspects. INT64_MAX: none is
 * ready. Fast: kept in memory. */
int64_t jobs_next_due(struct jobs *j, const char *kind);
/* Forget what is kept in memory about the open group: after STORE_LOST, and after a savepoint was
 * rolled back. The watermark of the inbox goes back too (a savepoint: to where it last stood
 * outside of savepoints), so its rows are read again. */
void jobs_forget(struct jobs *j);
/* Writes what is kept in memory for the open group: call right before store_commit. 0 or -1. */
int jobs_flush(struct jobs *j);

/* The ends of a claim. 1; 0: the claim is not ours now: drop the effects; -1: an error. */
int jobs_done(struct jobs *j, const struct job *job);
/* Back to ready at run_at. add_attempt: the outside world refused. error may be NULL: the last one
 * stays. Keeps its place in the lane. When a twin (same unique) was put meanwhile: one with the
 * same payload is merged into it at the earlier run_at, otherwise both stay and this one loses its
 * mark. */
int jobs_again(struct jobs *j, const struct job *job, int64_t run_at, bool add_attempt,
               const char *error);
int jobs_die(struct jobs *j, const struct job *job, const char *error);
/* Makes a dead job ready again, with attempts and crashes 0. 1, 0: no dead job of that id, -1. */
int jobs_requeue(struct jobs *j, int64_t id);

/* A job dead after crashes, for the scripts: each once, in the open group. false: no more. */
bool jobs_crashed(struct jobs *j, struct job *out);

/* true: the previous process died with a job or row on its CPU. Then this process starts jobs only
 * after their claim is committed, so that the next crash can be counted: a row that is created and
 * run within one group leaves nothing on disk. */
bool jobs_after_crash(const struct jobs *j);
/* Call once per second. When the wall clock was set back, jobs due within the hour (a pause before
 * a turn, a backoff, a timer) move back with it. Jobs planned for later keep their time. At the
 * start the page holds the last time of the clock. 0, or -1: try again the next second. */
int jobs_clock(struct jobs *j, int64_t monotonic_ms, int64_t wall_ms);
/* The mapped page. id > 0: a job; id < 0: inbox row -id; 0: nobody. */
void jobs_on_cpu(struct jobs *j, int64_t id);

/* Inbox: accepted bodies, read in the order of their ids after they are durable. */
struct inbox_row {
    int64_t id;
    char *reader;
    char *body;
    size_t body_len;
    int64_t received_at;
    int crashes;
    int64_t place;     /* how many of its items are read already */
    bool parked;       /* it is read again from the table parked */
    bool parked_again; /* the caller's: its reader parked it once more */
    unsigned tries;    /* the caller's: script errors so far */
    char *set_aside;   /* the caller's, freed with the row: why its reader parked the first item */
    /* The caller's: where its reader stopped (-1: at its end), whether it put other bytes in the
     * row's place, whether items are read one by one until the one that fails is found, why that
     * one cannot be read, and how many of them there were. */
    int64_t next;
    bool replaced, singly;
    const char *refused;
    int refusals;
    char about[80]; /* the caller's: the conversation that its reader named; "": none */
};
void inbox_row_free(struct inbox_row *r);
/* The new row's id, or 0 on an error. */
int64_t inbox_put(struct jobs *j, const char *reader, const void *body, size_t len);
/* The highest id in the inbox that a commit has made durable: the caller reports each commit. */
void inbox_durable(struct jobs *j);
/* The same in two steps, where a commit is not durable at once: after the commit, and when all up
 * to a row is durable (inbox_stored, at the time its sync began). inbox_held: stored rows that must
 * not be read yet. */
void inbox_committed(struct jobs *j);
void inbox_may_read(struct jobs *j, int64_t id);
int64_t inbox_stored(const struct jobs *j);
bool inbox_held(const struct jobs *j);
/* Next durable row past the watermark; suspects on the way are parked. 1, 0: none, -1. */
int inbox_next(struct jobs *j, struct inbox_row *out);
/* The suspect with the fewest crashes, at most so many (inbox_parked_next does not give it). 1, 0:
 * none, -1. */
int inbox_suspect_next(struct jobs *j, int most_crashes, struct inbox_row *out);
/* true: all rows of the previous process are durably read or parked. */
bool inbox_caught_up(const struct jobs *j);
/* Sets the crashes of a suspect; with 0 it is an ordinary parked row. 0 or -1. */
int inbox_set_crashes(struct jobs *j, const struct inbox_row *row, int crashes);
/* This new row holds the item that the process died with: it is never read. 0 or -1. */
int inbox_give_up(struct jobs *j, int64_t id);
/* Rows parked after crashes, in the open group, since the last call: staff must be told. */
int inbox_crashed(struct jobs *j);
/* Moves the watermark, in the group, past a row that is not parked (see jobs_flush). 0 or -1. */
int inbox_read(struct jobs *j, const struct inbox_row *row);
/* Stores in the group how many items of this row are read; reading continues there, also after a
 * crash. The place is deleted with the last item, and when the row's bytes change. 0 or -1. */
int inbox_place(struct jobs *j, struct inbox_row *row, int64_t place);
/* Keeps an item (NULL: the whole row) with a reason for staff. Moves no watermark. 0 or -1. */
int inbox_park(struct jobs *j, const struct inbox_row *row, const char *item, size_t item_len,
               const char *reason);
/* Whole rows that were parked, to be read again after a reload: oldest first past after_id (the
 * inbox id, as in id). Those with crashes are left alone. 1, 0: none, -1. */
int inbox_parked_next(struct jobs *j, int64_t after_id, struct inbox_row *out);
/* The row is read now. 1, 0: it was not parked, -1. */
int inbox_unpark(struct jobs *j, const struct inbox_row *row);
/* Durable rows that inbox_next can give; those of lost groups may count until it is called next. */
int64_t inbox_backlog(struct jobs *j);
/* For status, over all processes: rows not yet read, and received_at of the oldest, 0: none. */
int64_t inbox_unread(struct jobs *j);
int64_t inbox_oldest_ms(struct jobs *j);

/* ---- several processes on one database ---- */

/* The first call of each slice of a job: is its claim still ours? It stays so until the commit. 1;
 * 0: others have taken the job: the slice writes nothing and the task ends; -1. One process: 1. */
int jobs_hold(struct jobs *j, const struct job *job);
/* Once a second, when no transaction is open on this connection; commits by itself. 1: this process
 * is alive for the others. 0: they had declared it dead and taken its work: all it runs must end
 * without effects, and it has entered itself anew. -1: not stored. One process: 1. */
int jobs_beat(struct jobs *j);
/* false: no heartbeat was stored for 5 s: nothing is claimed, committed, sent or answered. */
bool jobs_may_act(const struct jobs *j);
/* Once a second, in a READ COMMITTED transaction of its own. Takes over what processes had claimed
 * that gave no heartbeat for 10 s, or left, and refreshes what is kept in memory (jobs_next_due,
 * jobs_suspects, inbox_backlog, inbox_oldest_ms). 0 or -1. One process: nothing. */
int jobs_poll(struct jobs *j);
/* Right after each commit, on the fiber that committed: what it put and ended counts now. (After a
 * rollback: jobs_forget.) One process: nothing. */
void jobs_committed(struct jobs *j);
/* Claims unread rows for inbox_next, in a READ COMMITTED transaction of its own: while one process
 * does so, others get none. How many, or -1. One process: 0, inbox_next needs no claim. */
int inbox_claim(struct jobs *j, int room);

/* For status: how many rows and items are parked (JOBS_COUNT_MAX: that many or more). */
enum { JOBS_COUNT_MAX = 100000 };
int64_t jobs_parked(struct jobs *j);
/* Calls each for every kind that has rows (at most a hundred), in the order of names; counts as
 * above. due: ready and run_at has come; oldest_run_at: of the ready ones, 0: none. 0 or -1. */
struct jobs_kind_counts {
    const char *kind;
    int64_t due, later, waiting, running, dead, oldest_run_at;
};
typedef void (*jobs_kinds_cb)(void *arg, const struct jobs_kind_counts *c);
int jobs_kinds(struct jobs *j, int64_t now_ms, jobs_kinds_cb each, void *arg);
/* How many lanes have a waiting job, up to ten thousand. */
int64_t jobs_lanes_waiting(struct jobs *j);
/* Calls each for live (or dead) jobs, oldest first, at most limit. How many, or -1. payloads are
 * not shown: they hold customers' words. */
typedef void (*jobs_each_cb)(void *arg, const struct job *job, enum job_state state);
int jobs_each(struct jobs *j, bool dead, int limit, jobs_each_cb each, void *arg);

#endif
