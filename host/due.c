#include "due.h"

#include "bind/bind.h"

#include <stdlib.h>

enum { CLAIM_BATCH = 256 }; /* jobs claimed of one kind at one commit */

bool due_takes_work(const struct host *h)
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

void due_claim(struct host *h, struct due *c)
{
    struct generation *g = h->current;
    int64_t wall = loop_wall_ms();
    uint64_t now = loop_now_ns();
    if (!due_takes_work(h) || h->next)
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

void due_start(struct host *h, struct due *c, bool fine)
{
    for (int i = 0; i < c->count; i++) {
        struct job *j = &c->jobs[i];
        if (fine)
            bind_job_start(h->current, j);
        job_free(j);
    }
    c->count = 0;
}

uint64_t due_next_ns(struct host *h)
{
    struct generation *g = h->current;
    int64_t wall = loop_wall_ms();
    uint64_t least = UINT64_MAX;
    if (!due_takes_work(h))
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
