#include "service/claims.h"

#include "bind/bind.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

enum {
    CLAIM_BATCH = 256, /* jobs claimed per kind and commit */
    /* How long the process has lived before a suspect runs: n * n times the first, where n suspects
     * wait; from three on the second. Docker doubles its wait between starts (0.1 s at first)
     * unless a process lived for 10 s: nine crashes would cost 51 s. */
    SUSPECT_REST_MS = 100,
    SUSPECT_REST_MANY_MS = 10500,
    SUSPECT_SOON_MS = 5000, /* a job that is due within this time goes before a suspect */
    SUSPECT_LATEST_MS = 30000,
    SUSPECT_LOOK_MS = 50,
};

static uint64_t suspect_ns;    /* when the last suspect ran; 0: none has waited since the start */
static struct loop_timer work; /* until a job is due, or its rate limit allows it */

bool claims_takes_work(const struct host *h)
{
    return h->scripts.current && !h->plain && !h->stopping && !h->paused;
}

/* The kind whose rate limit this kind uses. */
static struct job_kind *pace_of(struct generation *g, struct job_kind *k)
{
    return k->after ? &g->kinds[k->after - 1] : k;
}

static void refill(struct job_kind *k, uint64_t now)
{
    double burst = k->burst > 0 ? k->burst : k->per_second / 10 > 1 ? k->per_second / 10 : 1;
    if (k->refilled_ns)
        k->tokens += (double)(now - k->refilled_ns) / 1e9 * k->per_second;
    else
        k->tokens = burst;
    if (k->tokens > burst)
        k->tokens = burst;
    k->refilled_ns = now;
}

/* How many more jobs of this kind may run. Those on the last good files count too. */
static int below_limit(const struct host *h, const struct job_kind *k)
{
    const struct generation *g = h->scripts.reference;
    int room = k->limit - k->running;
    const struct job_kind *same = g ? generation_kind(g, k->name) : NULL;
    return same ? room - same->running : room;
}

/* How many jobs of this kind may start now. */
static int room_for(const struct host *h, const struct job_kind *k, struct job_kind *pace,
                    uint64_t now)
{
    int room = below_limit(h, k);
    if (pace->per_second > 0) {
        refill(pace, now);
        if (pace->tokens < room)
            room = (int)pace->tokens;
    }
    return room > CLAIM_BATCH ? CLAIM_BATCH : room;
}

static bool make_room(struct due *c, int room)
{
    if (c->count + room <= c->cap)
        return true;
    struct job *more = realloc(c->jobs, (size_t)(c->count + room) * sizeof *more);
    if (!more)
        return false;
    c->jobs = more;
    c->cap = c->count + room;
    return true;
}

/* false: no memory, or an error. */
static bool claim_kind(struct host *h, struct due *c, struct job_kind *k, int64_t wall,
                       uint64_t now)
{
    struct job_kind *pace = pace_of(h->scripts.current, k);
    if (jobs_next_due(h->services.jobs, k->name) > wall)
        return true;
    int room = room_for(h, k, pace, now);
    if (room <= 0)
        return true;
    int n = make_room(c, room)
                ? jobs_claim(h->services.jobs, k->name, wall, c->jobs + c->count, room)
                : -1;
    if (n < 0)
        return false;
    pace->tokens -= n;
    c->count += n;
    return true;
}

void claims_claim(struct host *h, struct due *c)
{
    struct generation *g = h->scripts.current;
    int64_t wall = loop_wall_ms();
    uint64_t now = loop_now_ns();
    if (!claims_takes_work(h) || h->scripts.next)
        return;
    /* A kind with `after` gets what the other kind leaves of their rate limit. */
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < g->kind_count; i++)
            if ((g->kinds[i].after != 0) == (pass == 1) &&
                !claim_kind(h, c, &g->kinds[i], wall, now))
                return;
}

/* true: a job runs, or is due within the next seconds. Jobs of `every` do not count. */
static bool others_wait(struct host *h)
{
    int64_t wall = loop_wall_ms();
    for (int pass = 0; pass < 2; pass++)
        for (struct generation *g = pass ? h->scripts.draining : h->scripts.current; g;
             g = pass ? g->older : NULL)
            for (size_t i = 0; i < g->kind_count; i++) {
                const struct job_kind *k = &g->kinds[i];
                int64_t soon = wall + (k->every_seconds ? 0 : SUSPECT_SOON_MS);
                if (k->running || (!pass && jobs_next_due(h->services.jobs, k->name) <= soon))
                    return true;
            }
    return false;
}

/* true: nothing is ready, unread or written in this tick. */
static bool idle(const struct host *h)
{
    return !h->scripts.queue.ready.count && !h->scripts.queue.requests_ready.count &&
           inbox_backlog(h->services.jobs) == 0 && !store_dirty(h->services.store);
}

bool claims_quiet(struct host *h)
{
    uint64_t now = loop_now_ns(), suspects = (uint64_t)jobs_suspects(h->services.jobs);
    if (!suspects || !claims_takes_work(h) || h->scripts.next || !idle(h))
        return false;
    if (!suspect_ns)
        suspect_ns = now;
    uint64_t rest = suspects > 2 ? SUSPECT_REST_MANY_MS : SUSPECT_REST_MS * suspects * suspects;
    if (now - suspect_ns < rest * 1000000u)
        return false;
    return !others_wait(h) || now - suspect_ns > SUSPECT_LATEST_MS * 1000000ull;
}

void claims_suspect_ran(void)
{
    suspect_ns = loop_now_ns();
}

void claims_claim_suspect(struct host *h, struct due *c)
{
    struct generation *g = h->scripts.current;
    if (c->count || !claims_quiet(h) || !make_room(c, 1))
        return;
    for (size_t i = 0; i < g->kind_count && !c->count; i++) {
        int n = jobs_claim_suspect(h->services.jobs, g->kinds[i].name, loop_wall_ms(), c->jobs);
        c->count = n > 0 ? n : 0;
    }
    if (c->count) {
        claims_suspect_ran();
        log_event(LOG_INFO, "jobs.suspect", log_i("job", c->jobs[0].id),
                  log_i("crashes", c->jobs[0].crashes));
    }
}

void claims_start(struct host *h, struct due *c, bool fine)
{
    for (int i = 0; i < c->count; i++) {
        struct job *j = &c->jobs[i];
        if (fine)
            bind_job_start(h->scripts.current, j);
        job_free(j);
    }
    c->count = 0;
}

/* ns until a job is due or may start. UINT64_MAX: no job waits. */
static uint64_t next_ns(struct host *h)
{
    struct generation *g = h->scripts.current;
    int64_t wall = loop_wall_ms();
    uint64_t least = UINT64_MAX;
    if (!claims_takes_work(h))
        return least;
    if (jobs_suspects(h->services.jobs))
        least = SUSPECT_LOOK_MS * 1000000ull;
    for (size_t i = 0; i < g->kind_count; i++) {
        struct job_kind *k = &g->kinds[i];
        int64_t due = jobs_next_due(h->services.jobs, k->name);
        if (due == INT64_MAX || below_limit(h, k) <= 0)
            continue;
        uint64_t ns = due > wall ? (uint64_t)(due - wall) * 1000000u : 0;
        if (ns > 86400ULL * 1000000000u) /* bounded, because the wall clock may jump */
            ns = 86400ULL * 1000000000u;
        const struct job_kind *pace = pace_of(g, k);
        if (pace->per_second > 0 && pace->tokens < 1) {
            uint64_t token = (uint64_t)((1 - pace->tokens) / pace->per_second * 1e9) + 1000;
            ns = ns > token ? ns : token;
        }
        least = ns < least ? ns : least;
    }
    return least;
}

bool claims_due(struct host *h)
{
    return next_ns(h) == 0;
}

void claims_set_timer(struct host *h)
{
    uint64_t ns = next_ns(h);
    if (ns == UINT64_MAX)
        loop_timer_stop(h->services.loop, &work);
    else
        loop_timer_set(h->services.loop, &work, loop_now_ns() + ns, NULL, NULL);
}
