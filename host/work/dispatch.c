/* The functions of jobs.h and jobs_purge.h: each calls the engine's. */
#include "work/engine.h"
#include "work/postgres/engine.h"
#include "work/sqlite/engine.h"

#include <stdlib.h>

void job_free(struct job *job)
{
    free(job->kind);
    free(job->lane);
    free(job->payload);
    free(job->error);
    *job = (struct job){ 0 };
}

void inbox_row_free(struct inbox_row *r)
{
    free(r->reader);
    free(r->body);
    free(r->set_aside);
    *r = (struct inbox_row){ 0 };
}

static const struct jobs_engine *engine_of(const struct jobs *j)
{
    return ((const struct jobs_head *)j)->engine;
}

/* By the store's engine. */
static const struct jobs_engine *engine_for(const struct store *s)
{
    return store_shared(s) ? &postgres_jobs : &sqlite_jobs;
}

int jobs_tables(struct store *s, char *why, size_t why_size)
{
    return engine_for(s)->jobs_tables(s, why, why_size);
}

struct jobs *jobs_open(struct store *s, const char *page_path, char *why, size_t why_size)
{
    return engine_for(s)->jobs_open(s, page_path, why, why_size);
}

void jobs_close(struct jobs *j)
{
    if (j)
        engine_of(j)->jobs_close(j);
}

int64_t jobs_put(struct jobs *j, const struct jobs_put *p)
{
    return engine_of(j)->jobs_put(j, p);
}

int jobs_cancel(struct jobs *j, int64_t id)
{
    return engine_of(j)->jobs_cancel(j, id);
}

int jobs_claim(struct jobs *j, const char *kind, int64_t now_ms, struct job *out, int room)
{
    return engine_of(j)->jobs_claim(j, kind, now_ms, out, room);
}

int jobs_claim_suspect(struct jobs *j, const char *kind, int64_t now_ms, struct job *out)
{
    return engine_of(j)->jobs_claim_suspect(j, kind, now_ms, out);
}

int jobs_suspects(struct jobs *j)
{
    return engine_of(j)->jobs_suspects(j);
}

int64_t jobs_next_due(struct jobs *j, const char *kind)
{
    return engine_of(j)->jobs_next_due(j, kind);
}

void jobs_forget(struct jobs *j)
{
    engine_of(j)->jobs_forget(j);
}

int jobs_flush(struct jobs *j)
{
    return engine_of(j)->jobs_flush(j);
}

int jobs_done(struct jobs *j, const struct job *job)
{
    return engine_of(j)->jobs_done(j, job);
}

int jobs_again(struct jobs *j, const struct job *job, int64_t run_at, bool add_attempt,
               const char *error)
{
    return engine_of(j)->jobs_again(j, job, run_at, add_attempt, error);
}

int jobs_die(struct jobs *j, const struct job *job, const char *error)
{
    return engine_of(j)->jobs_die(j, job, error);
}

int jobs_requeue(struct jobs *j, int64_t id)
{
    return engine_of(j)->jobs_requeue(j, id);
}

bool jobs_crashed(struct jobs *j, struct job *out)
{
    return engine_of(j)->jobs_crashed(j, out);
}

bool jobs_after_crash(const struct jobs *j)
{
    return engine_of(j)->jobs_after_crash(j);
}

int jobs_clock(struct jobs *j, int64_t monotonic_ms, int64_t wall_ms)
{
    return engine_of(j)->jobs_clock(j, monotonic_ms, wall_ms);
}

void jobs_on_cpu(struct jobs *j, int64_t id)
{
    engine_of(j)->jobs_on_cpu(j, id);
}

int64_t inbox_put(struct jobs *j, const char *reader, const void *body, size_t len)
{
    return engine_of(j)->inbox_put(j, reader, body, len);
}

void inbox_durable(struct jobs *j)
{
    engine_of(j)->inbox_durable(j);
}

void inbox_committed(struct jobs *j)
{
    engine_of(j)->inbox_committed(j);
}

void inbox_may_read(struct jobs *j, int64_t id)
{
    engine_of(j)->inbox_may_read(j, id);
}

int64_t inbox_stored(const struct jobs *j)
{
    return engine_of(j)->inbox_stored(j);
}

bool inbox_held(const struct jobs *j)
{
    return engine_of(j)->inbox_held(j);
}

int inbox_next(struct jobs *j, struct inbox_row *out)
{
    return engine_of(j)->inbox_next(j, out);
}

int inbox_suspect_next(struct jobs *j, int most_crashes, struct inbox_row *out)
{
    return engine_of(j)->inbox_suspect_next(j, most_crashes, out);
}

bool inbox_caught_up(const struct jobs *j)
{
    return engine_of(j)->inbox_caught_up(j);
}

int inbox_set_crashes(struct jobs *j, const struct inbox_row *row, int crashes)
{
    return engine_of(j)->inbox_set_crashes(j, row, crashes);
}

int inbox_crashed(struct jobs *j)
{
    return engine_of(j)->inbox_crashed(j);
}

int inbox_read(struct jobs *j, const struct inbox_row *row)
{
    return engine_of(j)->inbox_read(j, row);
}

int inbox_place(struct jobs *j, struct inbox_row *row, int64_t place)
{
    return engine_of(j)->inbox_place(j, row, place);
}

int inbox_park(struct jobs *j, const struct inbox_row *row, const char *item, size_t item_len,
               const char *reason)
{
    return engine_of(j)->inbox_park(j, row, item, item_len, reason);
}

int inbox_parked_next(struct jobs *j, int64_t after_id, struct inbox_row *out)
{
    return engine_of(j)->inbox_parked_next(j, after_id, out);
}

int inbox_unpark(struct jobs *j, const struct inbox_row *row)
{
    return engine_of(j)->inbox_unpark(j, row);
}

int64_t inbox_backlog(struct jobs *j)
{
    return engine_of(j)->inbox_backlog(j);
}

int64_t inbox_oldest_ms(struct jobs *j)
{
    return engine_of(j)->inbox_oldest_ms(j);
}

int jobs_kinds(struct jobs *j, int64_t now_ms, jobs_kinds_cb each, void *arg)
{
    return engine_of(j)->jobs_kinds(j, now_ms, each, arg);
}

int64_t jobs_lanes_waiting(struct jobs *j)
{
    return engine_of(j)->jobs_lanes_waiting(j);
}

int jobs_each(struct jobs *j, bool dead, int limit, jobs_each_cb each, void *arg)
{
    return engine_of(j)->jobs_each(j, dead, limit, each, arg);
}

int jobs_look_for(struct jobs *j, enum jobs_table in, struct needles *n, int64_t *after,
                  int64_t *ids, int room, uint64_t budget_ns, bool *more)
{
    return engine_of(j)->jobs_look_for(j, in, n, after, ids, room, budget_ns, more);
}

int jobs_of_kind(struct jobs *j, const char *kind, int64_t after, struct job *out, int room)
{
    return engine_of(j)->jobs_of_kind(j, kind, after, out, room);
}

int jobs_erase(struct jobs *j, int64_t id)
{
    return engine_of(j)->jobs_erase(j, id);
}

int jobs_purge(struct jobs *j, int64_t before_ms, int limit)
{
    return engine_of(j)->jobs_purge(j, before_ms, limit);
}

int inbox_get(struct jobs *j, int64_t id, struct inbox_row *out, bool *unread)
{
    return engine_of(j)->inbox_get(j, id, out, unread);
}

int inbox_purge(struct jobs *j, int64_t before_ms, int limit)
{
    return engine_of(j)->inbox_purge(j, before_ms, limit);
}

int jobs_hold(struct jobs *j, const struct job *job)
{
    return engine_of(j)->jobs_hold ? engine_of(j)->jobs_hold(j, job) : 1;
}

int jobs_beat(struct jobs *j)
{
    return engine_of(j)->jobs_beat ? engine_of(j)->jobs_beat(j) : 1;
}

bool jobs_may_act(const struct jobs *j)
{
    return engine_of(j)->jobs_may_act ? engine_of(j)->jobs_may_act(j) : true;
}

int jobs_poll(struct jobs *j)
{
    return engine_of(j)->jobs_poll ? engine_of(j)->jobs_poll(j) : 0;
}

void jobs_committed(struct jobs *j)
{
    if (engine_of(j)->jobs_committed)
        engine_of(j)->jobs_committed(j);
}

int inbox_claim(struct jobs *j, int room)
{
    return engine_of(j)->inbox_claim ? engine_of(j)->inbox_claim(j, room) : 0;
}

int64_t inbox_unread(struct jobs *j)
{
    return engine_of(j)->inbox_unread ? engine_of(j)->inbox_unread(j) : inbox_backlog(j);
}
