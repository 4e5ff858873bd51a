/*
 * engine: what a database's jobs and inbox give, so that jobs.h and jobs_purge.h are one interface
 * over several. A table of functions; each does what those headers say of the function with its
 * name. Only dispatch.c calls through it. An engine's own struct jobs begins with the members of
 * struct jobs_head.
 */
#ifndef HOST_WORK_ENGINE_H
#define HOST_WORK_ENGINE_H

#include "work/jobs.h"
#include "work/jobs_purge.h"

struct jobs_engine;
struct jobs_head {
    const struct jobs_engine *engine;
    struct store *store;
};

struct jobs_engine {
    int (*jobs_tables)(struct store *s, char *why, size_t why_size);
    struct jobs *(*jobs_open)(struct store *s, const char *page_path, char *why, size_t why_size);
    void (*jobs_close)(struct jobs *j);
    int64_t (*jobs_put)(struct jobs *j, const struct jobs_put *p);
    int (*jobs_cancel)(struct jobs *j, int64_t id);
    int (*jobs_claim)(struct jobs *j, const char *kind, int64_t now_ms, struct job *out, int room);
    int (*jobs_claim_suspect)(struct jobs *j, const char *kind, int64_t now_ms, struct job *out);
    int (*jobs_suspects)(struct jobs *j);
    int64_t (*jobs_next_due)(struct jobs *j, const char *kind);
    void (*jobs_forget)(struct jobs *j);
    int (*jobs_flush)(struct jobs *j);
    int (*jobs_done)(struct jobs *j, const struct job *job);
    int (*jobs_again)(struct jobs *j, const struct job *job, int64_t run_at, bool add_attempt,
                      const char *error);
    int (*jobs_die)(struct jobs *j, const struct job *job, const char *error);
    int (*jobs_requeue)(struct jobs *j, int64_t id);
    bool (*jobs_crashed)(struct jobs *j, struct job *out);
    bool (*jobs_after_crash)(const struct jobs *j);
    int (*jobs_clock)(struct jobs *j, int64_t monotonic_ms, int64_t wall_ms);
    void (*jobs_on_cpu)(struct jobs *j, int64_t id);
    int64_t (*inbox_put)(struct jobs *j, const char *reader, const void *body, size_t len);
    void (*inbox_durable)(struct jobs *j);
    void (*inbox_committed)(struct jobs *j);
    void (*inbox_may_read)(struct jobs *j, int64_t id);
    int64_t (*inbox_stored)(const struct jobs *j);
    bool (*inbox_held)(const struct jobs *j);
    int (*inbox_next)(struct jobs *j, struct inbox_row *out);
    int (*inbox_suspect_next)(struct jobs *j, int most_crashes, struct inbox_row *out);
    bool (*inbox_caught_up)(const struct jobs *j);
    int (*inbox_set_crashes)(struct jobs *j, const struct inbox_row *row, int crashes);
    int (*inbox_crashed)(struct jobs *j);
    int (*inbox_read)(struct jobs *j, const struct inbox_row *row);
    int (*inbox_place)(struct jobs *j, struct inbox_row *row, int64_t place);
    int (*inbox_park)(struct jobs *j, const struct inbox_row *row, const char *item,
                      size_t item_len, const char *reason);
    int (*inbox_parked_next)(struct jobs *j, int64_t after_id, struct inbox_row *out);
    int (*inbox_unpark)(struct jobs *j, const struct inbox_row *row);
    int64_t (*inbox_backlog)(struct jobs *j);
    int64_t (*inbox_oldest_ms)(struct jobs *j);
    int (*jobs_kinds)(struct jobs *j, int64_t now_ms, jobs_kinds_cb each, void *arg);
    int64_t (*jobs_lanes_waiting)(struct jobs *j);
    int (*jobs_each)(struct jobs *j, bool dead, int limit, jobs_each_cb each, void *arg);
    int (*jobs_look_for)(struct jobs *j, enum jobs_table in, struct needles *n, int64_t *after,
                         int64_t *ids, int room, uint64_t budget_ns, bool *more);
    int (*jobs_of_kind)(struct jobs *j, const char *kind, int64_t after, struct job *out, int room);
    int (*jobs_erase)(struct jobs *j, int64_t id);
    int (*jobs_purge)(struct jobs *j, int64_t before_ms, int limit);
    int (*inbox_get)(struct jobs *j, int64_t id, struct inbox_row *out, bool *unread);
    int (*inbox_purge)(struct jobs *j, int64_t before_ms, int limit);

    /* NULL where jobs.h says what one process on its own database answers. */
    int (*jobs_hold)(struct jobs *j, const struct job *job);
    int (*jobs_beat)(struct jobs *j);
    bool (*jobs_may_act)(const struct jobs *j);
    int (*jobs_poll)(struct jobs *j);
    void (*jobs_committed)(struct jobs *j);
    int (*inbox_claim)(struct jobs *j, int room);
    int64_t (*inbox_unread)(struct jobs *j);
};

#endif
