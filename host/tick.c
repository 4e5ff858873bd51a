#include "tick.h"

#include "admin.h"
#include "bind/bind.h"
#include "judge.h"
#include "log.h"
#include "reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    RUN_NS =
        5000000, /* tasks in one tick: the next commit, and /health, are never further away than this */
    CLAIM_BATCH = 256, /* jobs claimed of one kind at one commit */
    /*
     * A commit costs the same for one row as for fifty (a sync, and the CPU around it). After a small one the loop rests this
     * long before it looks again, so that under load more of them share one; a quiet system does not notice.
     */
    REST_NS = 500000,
    REST_BELOW = 16, /* tasks in the last tick: with more of them a commit is shared well enough */
    READ_NS_BUSY =
        400000, /* reading the inbox between two commits while requests come in: accepting goes first … */
    READ_NS_LATE = 2000000, /* … until the oldest row has waited for READ_LATE_MS */
    READ_LATE_MS = 5000,
    LARGE_STATE = 24 << 20,
    PROBE_NS = 1000000000, /* the file, and an unhealthy store, are looked at once a second */
    IDLE_NS = 20000000,    /* quiet for this long is a quiet moment */
};

/* ---- due work ---- */

static bool takes_work(const struct host *h)
{
    return h->current && !h->plain && !h->stopping && !h->paused;
}

static void refill(struct job_kind *k, uint64_t now)
{
    double burst = k->per_second / 10 > 1 ? k->per_second / 10 : 1;
    if (k->refilled_ns)
        k->tokens += (double)(now - k->refilled_ns) / 1e9 * k->per_second;
    else
        k->tokens = burst;
    if (k->tokens > burst)
        k->tokens = burst;
    k->refilled_ns = now;
}

/* How many of this kind may start now. */
static int room_for(struct job_kind *k, uint64_t now)
{
    int room = k->limit - k->running;
    if (k->per_second > 0) {
        refill(k, now);
        if (k->tokens < room)
            room = (int)k->tokens;
    }
    return room > CLAIM_BATCH ? CLAIM_BATCH : room;
}

/* Jobs claimed just before a commit. */
struct claimed {
    struct job *jobs;
    int count, cap;
};

static void claim_due(struct host *h, struct claimed *c)
{
    struct generation *g = h->current;
    int64_t wall = loop_wall_ms();
    uint64_t now = loop_now_ns();
    if (!takes_work(h) || h->next)
        return;
    for (size_t i = 0; i < g->kind_count; i++) {
        struct job_kind *k = &g->kinds[i];
        if (jobs_next_due(h->jobs, k->name) > wall)
            continue;
        int room = room_for(k, now);
        if (room <= 0)
            continue;
        if (c->count + room > c->cap) {
            struct job *more = realloc(c->jobs, (size_t)(c->count + room) * sizeof *more);
            if (!more)
                return;
            c->jobs = more;
            c->cap = c->count + room;
        }
        int n = jobs_claim(h->jobs, k->name, wall, c->jobs + c->count, room);
        if (n < 0)
            return;
        k->tokens -= n;
        c->count += n;
    }
}

static void start_claimed(struct host *h, struct claimed *c, bool fine)
{
    for (int i = 0; i < c->count; i++) {
        struct job *j = &c->jobs[i];
        if (fine)
            bind_job_start(h->current, j);
        job_free(j);
    }
    c->count = 0;
}

/* ns until a job is due or may start; UINT64_MAX: nothing is waiting. */
static uint64_t next_job_ns(struct host *h)
{
    struct generation *g = h->current;
    int64_t wall = loop_wall_ms();
    uint64_t least = UINT64_MAX;
    if (!takes_work(h))
        return least;
    for (size_t i = 0; i < g->kind_count; i++) {
        struct job_kind *k = &g->kinds[i];
        int64_t due = jobs_next_due(h->jobs, k->name);
        if (due == INT64_MAX || k->running >= k->limit)
            continue;
        uint64_t ns = due > wall ? (uint64_t)(due - wall) * 1000000u : 0;
        if (ns >
            86400ULL * 1000000000u) /* a wall clock that jumps must not put us to sleep for long */
            ns = 86400ULL * 1000000000u;
        if (k->per_second > 0 && k->tokens < 1) {
            uint64_t token = (uint64_t)((1 - k->tokens) / k->per_second * 1e9) + 1000;
            ns = ns > token ? ns : token;
        }
        least = ns < least ? ns : least;
    }
    return least;
}

/* ---- the inbox ---- */

/* How long the inbox may be read in this tick. */
static uint64_t reading_ns(struct host *h)
{
    bool busy = h->requests_seen != h->requests_before;
    h->requests_before = h->requests_seen;
    int64_t oldest = busy ? inbox_oldest_ms(h->jobs) : 0;
    bool late = oldest && loop_wall_ms() - oldest > READ_LATE_MS;
    return busy && !late ? READ_NS_BUSY : READ_NS_LATE;
}

/* Reads rows one by one as far as the time goes. Stops at a row that must be tried again later. */
static void read_inbox(struct host *h)
{
    struct generation *g = h->current;
    uint64_t start = loop_now_ns(), until = start + reading_ns(h);
    if (!takes_work(h) || h->next || (h->row.id && start < h->row_again_ns))
        return;
    do {
        if (!h->row.id && inbox_next(h->jobs, &h->row) != 1)
            return;
        if (bind_inbox_row(g, &h->row) != 0) {
            h->row_again_ns = loop_now_ns() + 1000000000u;
            return;
        }
        inbox_read(h->jobs, &h->row);
        inbox_row_free(&h->row);
    } while (loop_now_ns() < until);
}

/* Rows that took the process down three times were passed over: staff hear of it. */
static void tell_passed_over(struct host *h)
{
    int rows = inbox_crashed(h->jobs);
    if (rows)
        bind_notice(h, "parked", "the process died three times while reading it", NULL, rows);
}

/* After a reload whole rows that could not be read get another chance, one a tick. */
static void read_parked(struct host *h)
{
    struct inbox_row row = { .id = 0 };
    if (!takes_work(h) || h->parked_from == INT64_MAX)
        return;
    if (inbox_parked_next(h->jobs, h->parked_from, &row) != 1) {
        h->parked_from = INT64_MAX;
        return;
    }
    h->parked_from = row.id;
    row.parked = true;
    row.tries = 1000; /* one try; it is parked already */
    if (bind_inbox_row(h->current, &row) == 0 && !row.parked_again)
        inbox_unpark(h->jobs, &row);
    inbox_row_free(&row);
}

/* ---- generations ---- */

static void drain_generations(struct host *h)
{
    uint64_t now = loop_now_ns();
    for (struct generation **p = &h->draining; *p;) {
        struct generation *g = *p;
        for (struct task *t = g->tasks, *next; t; t = next) {
            next = t->next;
            int64_t own = t->kind == TASK_JOB && t->job_kind >= 0 ? g->kinds[t->job_kind].drain_ms
                                                                  : 0;
            if (now - g->drained_ns > (uint64_t)(own ? own : h->drain_ms) * 1000000u)
                task_kill(t);
        }
        if (g->task_count == 0) {
            *p = g->older;
            log_event(LOG_INFO, "generation.closed", log_i("number", (int64_t)g->number));
            generation_close(g);
        } else {
            p = &g->older;
        }
    }
}

/* Forget a row half tried under the old scripts; read what was parked again. */
static void swap(struct host *h)
{
    struct generation *g = h->next, *old = h->current;
    if (!g)
        return;
    h->next = NULL;
    if (old) {
        if (old->proven && old->errors_in_row < JUDGE_ROW) {
            tree_drop(h->good);
            h->good = tree_keep(old->tree);
        }
        old->drained_ns = loop_now_ns();
        old->older = h->draining;
        h->draining = old;
    }
    h->current = g;
    h->loaded_at = loop_wall_ms();
    h->row.tries = 0;
    h->row_again_ns = 0;
    h->parked_from = 0;
    reload_seed_every(h);
    if (g->start != LUA_NOREF)
        bind_start(g);
    log_event(LOG_INFO, "generation.serving", log_i("number", (int64_t)g->number),
              log_n("hash", g->hash, 12));
}

/* ---- the commit, and what follows from it ---- */

/* false: the group was lost. */
static bool commit(struct host *h, struct claimed *c)
{
    task_rearm(h);
    jobs_flush(h->jobs);
    uint64_t group = store_group(h->store);
    enum store_commit_result r = store_commit(h->store);
    if (r == STORE_LOST) {
        log_event(LOG_ERROR, "store.lost", log_i("claimed", c->count));
        jobs_forget(h->jobs);
        /* The watermark went back: the row that waits to be tried again may not be the next one any more. */
        inbox_row_free(&h->row);
        start_claimed(h, c, false);
        task_lost(h, group);
        h->paused = true;
    } else {
        if (r == STORE_COMMITTED) {
            inbox_durable(h->jobs);
            h->committed_ns = loop_now_ns();
        }
        task_committed(h);
        start_claimed(h, c, true);
    }
    return r != STORE_LOST;
}

static struct task *take_ready(struct task_list *list)
{
    struct task *t = list->head;
    list->head = t->next_ready;
    if (!list->head)
        list->tail = NULL;
    list->count--;
    t->next_ready = NULL;
    return t;
}

/* Those that are ready now, not those that they make ready, until `until`; nobody writes into a group that is gone. */
static void run_list(struct host *h, struct task_list *list, uint64_t until)
{
    for (size_t n = list->count; n > 0 && list->head && !store_lost(h->store); n--) {
        task_run(take_ready(list));
        if (loop_now_ns() > until)
            return;
    }
}

/*
 * Claimed jobs run at once, before the commit that makes their claim durable: what they ask of the outside is held until then,
 * and if the group is lost they are undone with it. It saves every job a commit's time. Not after a crash (jobs_after_crash).
 */
static void start_now(struct host *h, struct claimed *c)
{
    if (jobs_after_crash(h->jobs) || store_lost(h->store)) /* lost: there is no claim any more */
        return;
    start_claimed(h, c, true);
    run_list(h, &h->ready, loop_now_ns() + RUN_NS);
}

static void run_ready(struct host *h)
{
    uint64_t now = loop_now_ns();
    run_list(h, &h->requests_ready, now + RUN_NS);
    run_list(h, &h->ready, now + RUN_NS);
}

static void take_transfers(struct host *h)
{
    for (struct pool_transfer *t; h->pool && (t = pool_take(h->pool));)
        bind_http_done(h, t);
}

/* Once a second: is the file still there, and can an unhealthy store write again? */
static void look_after_store(struct host *h)
{
    uint64_t now = loop_now_ns();
    if (now < h->probe_ns)
        return;
    h->probe_ns = now + PROBE_NS;
    if (!store_in_place(h->store)) {
        log_event(LOG_ERROR, "store.moved", log_s("path", store_path(h->store)),
                  log_s("message",
                        "the database was moved, removed or replaced while it was open; the "
                        "process ends so that nothing "
                        "is accepted into a file nobody will find. Put it back and start again."));
        fflush(stdout);
        _exit(3); /* no checkpoint, no close: nothing more is written to whatever lies there now */
    }
    store_probe(h->store);
    if (h->paused && store_healthy(h->store))
        h->paused = false;
}

/* Keeps a distance between small commits. Nobody waits longer than they would for the next commit anyway. */
static void rest(struct host *h)
{
    uint64_t now = loop_now_ns(), until = h->committed_ns + REST_NS;
    if (h->stopping || h->batch >= REST_BELOW || now >= until)
        return;
    struct timespec t = { .tv_nsec = (long)(until - now) };
    nanosleep(&t, NULL);
}

static uint64_t sleep_ns(struct host *h)
{
    uint64_t least = PROBE_NS, ns = next_job_ns(h);
    /* What a new generation, or the start, wrote after the commit is not to wait for the next event. */
    if (h->ready.count || h->requests_ready.count || h->next || store_dirty(h->store))
        return 0;
    least = ns < least ? ns : least;
    if (h->httpd && (ns = httpd_timeout_ns(h->httpd)) < least)
        least = ns;
    if (takes_work(h)) {
        uint64_t now = loop_now_ns();
        if (h->row.id && h->row_again_ns > now)
            ns = h->row_again_ns - now;
        else
            ns = h->row.id || inbox_backlog(h->jobs) > 0 ? 0 : UINT64_MAX;
        least = ns < least ? ns : least;
        if (h->parked_from != INT64_MAX)
            least = 0;
    }
    return least;
}

/*
 * A collection visits every waiting coroutine at one go, so a small state is collected seldom (when it has grown fourfold), and only a
 * large one often enough to keep its memory in bounds.
 */
static void pace_garbage(struct generation *g)
{
    bool large = g && g->memory > LARGE_STATE;
    if (!g || large == g->large)
        return;
    g->large = large;
    lua_gc(g->L, LUA_GCINC, large ? 125 : 400, 200, 13);
}

static void quiet_moment(struct host *h)
{
    uint64_t now = loop_now_ns();
    if (h->batch) {
        h->idle_since_ns = now;
        store_bound(h->store);
        return;
    }
    if (now - h->idle_since_ns < IDLE_NS)
        return;
    store_idle(h->store);
    if (h->current)
        lua_gc(h->current->L, LUA_GCSTEP, 200);
}

void tick(struct host *h)
{
    struct claimed claimed = { .jobs = NULL };
    /* 1: sleep until something is due. Descriptors, timers and signals are served inside: they only mark tasks ready. */
    rest(h);
    loop_wait(h->loop, sleep_ns(h));
    /* 2: libmicrohttpd is run every tick, events or not: its epoll is edge-triggered and its timeouts are its own. */
    if (h->httpd)
        httpd_run(h->httpd);
    take_transfers(h);
    h->batch = h->ready.count + h->requests_ready.count;
    /* 3: everyone who can go on does, up to a budget. */
    run_ready(h);
    /* Accepting goes before reading: what is in the inbox is safe already. */
    read_inbox(h);
    tell_passed_over(h);
    read_parked(h);
    claim_due(h, &claimed);
    start_now(h, &claimed);
    /* 4: what all of them wrote is one transaction; nothing they said leaves before it is on disk (law 1). */
    bool lost = !commit(h, &claimed);
    free(claimed.jobs);
    /* 5: now requests and answers may go; resumed connections want MHD_run at once. */
    bind_http_release(h);
    admin_release(h->admin, lost);
    if (h->httpd && httpd_release(h->httpd))
        httpd_run(h->httpd);
    /* 6: no group is open: generations change here and nowhere else. */
    swap(h);
    drain_generations(h);
    pace_garbage(h->current);
    look_after_store(h);
    quiet_moment(h);
}
