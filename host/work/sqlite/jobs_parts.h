/*
 * jobs_parts: what jobs.c (the queue), jobs_open.c (start and crashes) and inbox.c share. Theirs
 * alone.
 */
#ifndef HOST_WORK_JOBS_PARTS_H
#define HOST_WORK_JOBS_PARTS_H

#include "base/loop.h"
#include "work/rows.h"
#include "work/sqlite/engine.h"

/* Shared with the file, so it survives any crash of the process. */
struct jobs_page {
    volatile int64_t id;      /* on the CPU: a job, -inbox row, or 0 */
    volatile int64_t epoch;   /* of the process that wrote it: a crash is counted once */
    volatile int64_t wall_ms; /* when it was last alive, by the wall clock; 0: unknown */
};

struct jobs_kind {
    char *name;
    int64_t due; /* of the next ready job that is listed, or earlier; INT64_MAX: none */
    bool known;
    int64_t running; /* jobs that run, while running_known */
};

/* A job that was due when it was put, for a lane that was free. Most of them are claimed in the
 * same group. So their rows (claim JOBS_FRESH) are in neither jobs_state nor jobs_unique, until
 * jobs_list puts those there that nobody has claimed. It saves a turn 16 changes of indexes. */
enum { JOBS_FRESH = -1, FRESH_MOST = 256, ALONE_BITS = 65536 };
struct jobs_fresh {
    struct job job;
    char *mark; /* or NULL */
};

struct jobs {
    const struct jobs_engine *engine; /* sqlite_jobs; the first member */
    struct store *store;
    struct jobs_page *page; /* mapped, or on the heap when there is no file */
    bool mapped;
    struct jobs_kind *kinds;
    size_t kind_count, kind_next; /* kind_next: where the next search begins */
    bool running_known;
    struct jobs_fresh fresh[FRESH_MOST]; /* in the order in which they are due */
    int fresh_count;
    int64_t fresh_from; /* the first one's id of this group; 0: there was none */
    /* A bit for each of the newest ids: this job is alone in its lane, so nobody is promoted. */
    uint64_t alone[ALONE_BITS / 64];
    int64_t next_id,
        id_limit; /* ids below id_limit are reserved on disk: none is ever given twice */
    int64_t epoch, claims;
    int64_t claimed_at; /* ms, the newest claim: what a lane has next is due no earlier */
    bool after_crash;   /* the previous process died with a job or row on its CPU */
    bool crashed;       /* there may be jobs dead after crashes that were not reported */
    int suspects;       /* -1: to be counted */

    int64_t clock_ms; /* the wall clock's lead over the monotonic one */
    bool clock_known;
    int64_t clock_shift; /* how far rows were moved in clock_group, which is not durable yet */
    uint64_t clock_group;

    int64_t inbox_last, inbox_stored, /* highest id given; highest id that is committed … */
        inbox_kept;                   /* … and that may be read */
    int64_t inbox_at_start;           /* the highest id of the previous process */
    bool inbox_crashed;               /* there may be parked rows that were not reported */
    /* The watermark: where it stands now, outside of savepoints, in the open group's rows, on disk;
     * the group it last moved in. */
    int64_t mark, mark_outer, mark_written, mark_kept;
    uint64_t mark_group;
};

/* The table's functions (engine.c). */
int sqlite_jobs_tables(struct store *s, char *why, size_t why_size);
struct jobs *sqlite_jobs_open(struct store *s, const char *page_path, char *why, size_t why_size);
void sqlite_jobs_close(struct jobs *j);
int64_t sqlite_jobs_put(struct jobs *j, const struct jobs_put *p);
int sqlite_jobs_cancel(struct jobs *j, int64_t id);
int sqlite_jobs_claim(struct jobs *j, const char *kind, int64_t now_ms, struct job *out, int room);
int sqlite_jobs_claim_suspect(struct jobs *j, const char *kind, int64_t now_ms, struct job *out);
int sqlite_jobs_suspects(struct jobs *j);
int64_t sqlite_jobs_next_due(struct jobs *j, const char *kind);
void sqlite_jobs_forget(struct jobs *j);
int sqlite_jobs_flush(struct jobs *j);
int sqlite_jobs_done(struct jobs *j, const struct job *job);
int sqlite_jobs_again(struct jobs *j, const struct job *job, int64_t run_at, bool add_attempt,
                      const char *error);
int sqlite_jobs_die(struct jobs *j, const struct job *job, const char *error);
int sqlite_jobs_requeue(struct jobs *j, int64_t id);
bool sqlite_jobs_crashed(struct jobs *j, struct job *out);
bool sqlite_jobs_after_crash(const struct jobs *j);
int sqlite_jobs_clock(struct jobs *j, int64_t monotonic_ms, int64_t wall_ms);
void sqlite_jobs_on_cpu(struct jobs *j, int64_t id);
int64_t sqlite_inbox_put(struct jobs *j, const char *reader, const void *body, size_t len);
void sqlite_inbox_durable(struct jobs *j);
void sqlite_inbox_committed(struct jobs *j);
void sqlite_inbox_may_read(struct jobs *j, int64_t id);
int64_t sqlite_inbox_stored(const struct jobs *j);
bool sqlite_inbox_held(const struct jobs *j);
int sqlite_inbox_next(struct jobs *j, struct inbox_row *out);
int sqlite_inbox_suspect_next(struct jobs *j, int most_crashes, struct inbox_row *out);
bool sqlite_inbox_caught_up(const struct jobs *j);
int sqlite_inbox_set_crashes(struct jobs *j, const struct inbox_row *row, int crashes);
int sqlite_inbox_crashed(struct jobs *j);
int sqlite_inbox_read(struct jobs *j, const struct inbox_row *row);
int sqlite_inbox_place(struct jobs *j, struct inbox_row *row, int64_t place);
int sqlite_inbox_park(struct jobs *j, const struct inbox_row *row, const char *item,
                      size_t item_len, const char *reason);
int sqlite_inbox_parked_next(struct jobs *j, int64_t after_id, struct inbox_row *out);
int sqlite_inbox_unpark(struct jobs *j, const struct inbox_row *row);
int64_t sqlite_inbox_backlog(struct jobs *j);
int64_t sqlite_inbox_oldest_ms(struct jobs *j);
int sqlite_jobs_kinds(struct jobs *j, int64_t now_ms, jobs_kinds_cb each, void *arg);
int64_t sqlite_jobs_lanes_waiting(struct jobs *j);
int sqlite_jobs_each(struct jobs *j, bool dead, int limit, jobs_each_cb each, void *arg);
int sqlite_jobs_look_for(struct jobs *j, enum jobs_table in, struct needles *n, int64_t *after,
                         int64_t *ids, int room, uint64_t budget_ns, bool *more);
int sqlite_jobs_of_kind(struct jobs *j, const char *kind, int64_t after, struct job *out, int room);
int sqlite_jobs_erase(struct jobs *j, int64_t id);
int sqlite_jobs_purge(struct jobs *j, int64_t before_ms, int limit);
int sqlite_inbox_get(struct jobs *j, int64_t id, struct inbox_row *out, bool *unread);
int sqlite_inbox_purge(struct jobs *j, int64_t before_ms, int limit);

/* A newer job has this one's mark: merges the newer into it, or takes its mark away. 0 or -1. */
int jobs_settle_twin(struct jobs *j, int64_t id, int64_t *run_at);
/* Frees the job's lane: the next one is ready. 0 or -1. */
int jobs_promote(struct jobs *j, const char *lane);

/* jobs_fresh.c. The row was inserted; with a full list the row must not be fresh. */
void jobs_fresh_add(struct jobs *j, const struct jobs_put *p, int64_t id, int64_t run_at,
                    int64_t now);
/* When the first fresh job of a kind is due; INT64_MAX: there is none. */
int64_t jobs_fresh_due(const struct jobs *j, const char *kind);
/* A fresh job has this mark. */
bool jobs_fresh_marked(const struct jobs *j, const char *mark);
/* Claims as jobs_claim does. */
int jobs_fresh_claim(struct jobs *j, const char *kind, int64_t now_ms, int64_t claim,
                     struct job *out, int room);
/* All fresh jobs enter the indexes. 0 or -1: the others stay fresh. */
int jobs_list(struct jobs *j);
/* The memory of them. */
void jobs_fresh_drop(struct jobs *j);
/* A group was lost, or a savepoint rolled back: those whose rows are there enter the indexes. */
void jobs_fresh_forget(struct jobs *j);
/* A job of this kind is listed, and may be due then. */
void jobs_set_due(struct jobs *j, const char *kind, int64_t run_at);

/* How many jobs of a kind run. */
struct jobs_kind *jobs_kind_of(struct jobs *j, const char *name);
/* Counts again what runs, when it is not known. 0 or -1. */
int jobs_count_running(struct jobs *j);

/* Removes a job whose state is not past `last`, and promotes the next of its lane. 1, 0: no such
 * job, -1. */
int jobs_remove(struct jobs *j, int64_t id, enum job_state last);

/* The clock's part of the start and of jobs_forget, and its part of a commit. 0 or -1. */
int jobs_clock_start(struct jobs *j);
void jobs_clock_forget(struct jobs *j);
void jobs_clock_durable(struct jobs *j);
/* The inbox's part of the start. 0 or -1. */
int inbox_start(struct jobs *j);
/* Its part of jobs_forget. */
void inbox_forget(struct jobs *j);
/* A death with this row on the CPU. 0 or -1. */
int inbox_charge(struct jobs *j, int64_t id);

#endif
