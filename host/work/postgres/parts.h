/*
 * parts: what the files of host/work/postgres share. Theirs alone.
 */
#ifndef HOST_WORK_POSTGRES_PARTS_H
#define HOST_WORK_POSTGRES_PARTS_H

#include "base/loop.h"
#include "work/postgres/engine.h"
#include "work/rows.h"

struct fiber;

enum {
    BEAT_STALE_MS = 5000, /* after so long without a heartbeat this process does not act … */
    BEAT_DEAD_MS = 10000, /* … and then others take its work … */
    LEFT_LOOK_MS = 60000, /* … and look again for so long, for a claim that was committed late */
    LOST_REST_MS = 60000, /* between two runs of a job with which processes ended */
    LANES_KEPT = 4096,
};

/* ms since 1970 by the database's clock, the same for a whole statement. */
#define NOW "CAST(EXTRACT(EPOCH FROM statement_timestamp()) * 1000 AS BIGINT)"

struct kind_due {
    char *name;
    int64_t due; /* 0: a claim has to look; INT64_MAX: nothing is ready */
};

/* What a slice did that others of this process must hear of once it is committed. */
struct told {
    const struct fiber *by;
    char *lane, *kind; /* its lane has one job less; a job of the kind is ready at run_at. NULL */
    int64_t run_at;
};

/* An inbox row that this process has claimed. */
struct held_row {
    int64_t id;
    enum { ROW_CLAIMED, ROW_WAITS, ROW_GIVEN, ROW_READ } state;
    const struct fiber *by; /* whose slice gave or read it; NULL after its commit */
    bool missed;            /* a transaction did not find it */
    bool kept;              /* given in a slice that is committed: its reader has it */
};

struct jobs {
    const struct jobs_engine *engine; /* postgres_jobs; the head */
    struct store *store;
    int64_t me;         /* its row in processes */
    uint64_t beat_ns;   /* CLOCK_BOOTTIME before the last heartbeat that was stored */
    int64_t claimed_at; /* ms, the newest claim: what a lane has next is due no earlier */

    struct kind_due *kinds;
    size_t kind_count;
    struct told *told;
    size_t told_count, told_cap;
    char **lanes; /* whose first job may be marked as waiting */
    size_t lane_count;
    char *swept; /* the lane where jobs_poll goes on */

    struct held_row *rows; /* by id */
    size_t row_count;

    /* As jobs_poll found it. */
    int suspects;
    int64_t unread, oldest;
    bool crashed, inbox_crashed; /* there may be some that were not reported */
};

/* jobs.c */
/* The number of a new row, and the time. A statement of their own, which does not run again when
 * its transaction does (store/postgres/journal.h): otherwise no number would be the same. */
bool row_numbers(struct jobs *j, const char *table, int64_t *id, int64_t *now);
/* A job that ran or was taken back stands ready, but another has its mark: merges the two, or takes
 * its mark away. 0 or -1. */
int twin_settle(struct jobs *j, int64_t id);

/* claims.c: memory. Without memory the process ends. */
void told_add(struct jobs *j, const char *lane, const char *kind, int64_t run_at);
void told_forget(struct jobs *j, bool all);
struct kind_due *kind_of(struct jobs *j, const char *name);
void kind_due(struct jobs *j, const char *name, int64_t run_at);
void lane_look(struct jobs *j, const char *lane);
void lanes_forget(struct jobs *j);
/* Lanes with waiting jobs whose first one is marked as waiting, a part of them with each call. 0 or
 * -1. */
int lanes_sweep(struct jobs *j);
/* When each kind is due, as it is stored. 0 or -1. */
int kinds_look(struct jobs *j);

/* inbox.c */
/* Gives back what a process had claimed. How many, or -1. */
int rows_take_over(struct jobs *j, int64_t process, bool died);
void rows_committed(struct jobs *j);
void rows_forget(struct jobs *j, bool all);
int rows_look(struct jobs *j); /* counts. 0 or -1 */

/* The table's functions (engine.c). */
int pg_jobs_tables(struct store *s, char *why, size_t why_size);
struct jobs *pg_jobs_open(struct store *s, const char *page_path, char *why, size_t why_size);
void pg_jobs_close(struct jobs *j);
int64_t pg_jobs_put(struct jobs *j, const struct jobs_put *p);
int pg_jobs_cancel(struct jobs *j, int64_t id);
int pg_jobs_claim(struct jobs *j, const char *kind, int64_t now_ms, struct job *out, int room);
int pg_jobs_claim_suspect(struct jobs *j, const char *kind, int64_t now_ms, struct job *out);
int pg_jobs_suspects(struct jobs *j);
int64_t pg_jobs_next_due(struct jobs *j, const char *kind);
void pg_jobs_forget(struct jobs *j);
int pg_jobs_flush(struct jobs *j);
int pg_jobs_done(struct jobs *j, const struct job *job);
int pg_jobs_again(struct jobs *j, const struct job *job, int64_t run_at, bool add_attempt,
                  const char *error);
int pg_jobs_die(struct jobs *j, const struct job *job, const char *error);
int pg_jobs_requeue(struct jobs *j, int64_t id);
bool pg_jobs_crashed(struct jobs *j, struct job *out);
bool pg_jobs_after_crash(const struct jobs *j);
int pg_jobs_clock(struct jobs *j, int64_t monotonic_ms, int64_t wall_ms);
void pg_jobs_on_cpu(struct jobs *j, int64_t id);
int64_t pg_inbox_put(struct jobs *j, const char *reader, const void *body, size_t len);
void pg_inbox_durable(struct jobs *j);
void pg_inbox_committed(struct jobs *j);
void pg_inbox_may_read(struct jobs *j, int64_t id);
int64_t pg_inbox_stored(const struct jobs *j);
bool pg_inbox_held(const struct jobs *j);
int pg_inbox_next(struct jobs *j, struct inbox_row *out);
int pg_inbox_suspect_next(struct jobs *j, int most_crashes, struct inbox_row *out);
bool pg_inbox_caught_up(const struct jobs *j);
int pg_inbox_set_crashes(struct jobs *j, const struct inbox_row *row, int crashes);
int pg_inbox_crashed(struct jobs *j);
int pg_inbox_read(struct jobs *j, const struct inbox_row *row);
int pg_inbox_place(struct jobs *j, struct inbox_row *row, int64_t place);
int pg_inbox_park(struct jobs *j, const struct inbox_row *row, const char *item, size_t item_len,
                  const char *reason);
int pg_inbox_parked_next(struct jobs *j, int64_t after_id, struct inbox_row *out);
int pg_inbox_unpark(struct jobs *j, const struct inbox_row *row);
int64_t pg_inbox_backlog(struct jobs *j);
int64_t pg_inbox_unread(struct jobs *j);
int64_t pg_inbox_oldest_ms(struct jobs *j);
int pg_jobs_kinds(struct jobs *j, int64_t now_ms, jobs_kinds_cb each, void *arg);
int64_t pg_jobs_lanes_waiting(struct jobs *j);
int pg_jobs_each(struct jobs *j, bool dead, int limit, jobs_each_cb each, void *arg);
int pg_jobs_look_for(struct jobs *j, enum jobs_table in, struct needles *n, int64_t *after,
                     int64_t *ids, int room, uint64_t budget_ns, bool *more);
int pg_jobs_of_kind(struct jobs *j, const char *kind, int64_t after, struct job *out, int room);
int pg_jobs_erase(struct jobs *j, int64_t id);
int pg_jobs_purge(struct jobs *j, int64_t before_ms, int limit);
int pg_inbox_get(struct jobs *j, int64_t id, struct inbox_row *out, bool *unread);
int pg_inbox_purge(struct jobs *j, int64_t before_ms, int limit);
int pg_jobs_hold(struct jobs *j, const struct job *job);
int pg_jobs_beat(struct jobs *j);
bool pg_jobs_may_act(const struct jobs *j);
int pg_jobs_poll(struct jobs *j);
void pg_jobs_committed(struct jobs *j);
int pg_inbox_claim(struct jobs *j, int room);

#endif
