#include "service/rounds.h"

#include "base/log.h"
#include "bind/bind.h"
#include "service/judge.h"
#include "service/reading.h"
#include "service/reference.h"
#include "service/reload.h"

#include <stdio.h>
#include <unistd.h>

enum {
    LARGE_STATE = 24 << 20,
    HUGE_STATE = 64 << 20,
    PROBE_NS = 1000000000, /* between two checks of the file, and of an unhealthy store */
    IDLE_NS = 20000000,    /* after this long without work the moment is quiet */
};

/* One instance per process. */
static struct {
    uint64_t idle_since_ns;
    struct loop_timer second; /* until the next check of the store */
} own;

/* ---- what cannot be stored ---- */

void rounds_note_trouble(struct host *h)
{
    if (store_healthy(h->services.store))
        return;
    if (!h->trouble.cause[0])
        h->trouble_since_ns = loop_now_ns();
    store_trouble(h->services.store, &h->trouble);
}

/* While nothing can be stored, no message to staff can be stored either, so they are told
 * afterwards. */
void rounds_tell_trouble(struct host *h)
{
    char words[512];
    if (!h->trouble.cause[0] || !store_healthy(h->services.store))
        return;
    snprintf(words, sizeof words, "%llu s. Seen meanwhile: %s",
             (unsigned long long)((loop_now_ns() - h->trouble_since_ns) / 1000000000u + 1),
             h->trouble.cause);
    h->trouble.cause[0] = 0;
    bind_notice(&h->scripts, "not_stored", words, NULL, 1);
}

/* ---- generations ---- */

void rounds_drain(struct host *h)
{
    uint64_t now = loop_now_ns();
    for (struct generation **p = &h->scripts.draining; *p;) {
        struct generation *g = *p;
        for (struct task *t = g->tasks, *next; t; t = next) {
            next = t->next;
            int64_t drain_ms = t->kind == TASK_JOB && t->job_kind >= 0
                                   ? g->kinds[t->job_kind].drain_ms
                                   : 0;
            if (g != h->scripts.reference &&
                now - g->drained_ns > (uint64_t)(drain_ms ? drain_ms : h->drain_ms) * 1000000u)
                task_kill(t);
        }
        if (g == h->scripts.reference ? reference_idle(g) : g->task_count == 0) {
            *p = g->older;
            if (g == h->scripts.reference)
                reference_drop(h);
            log_event(LOG_INFO, "generation.closed", log_i("number", (int64_t)g->number));
            task_close_generation(g);
        } else {
            p = &g->older;
        }
    }
}

/* The new scripts take over: forgets a row that the old ones tried, and has parked rows read
 * again. */
void rounds_swap(struct host *h)
{
    struct generation *g = h->scripts.next, *old = h->scripts.current;
    if (!g)
        return;
    h->scripts.next = NULL;
    judge_takes_over(h, old, g);
    if (old) {
        old->drained_ns = loop_now_ns();
        old->older = h->scripts.draining;
        h->scripts.draining = old;
    }
    h->scripts.current = g;
    metrics_adopt(h->services.metrics, &g->metrics);
    h->loaded_at = loop_wall_ms();
    reading_swapped(h);
    reload_seed_every(h);
    reload_serves(h);
    if (g->start != LUA_NOREF)
        bind_start(g);
    if (old && g->announced)
        reload_announce(h, old, g);
    log_event(LOG_INFO, "generation.serving", log_i("number", (int64_t)g->number),
              log_n("hash", g->hash, 12));
}

/* ---- once a second, and when nothing waits ---- */

/* One log line per second, because a wrong secret can refuse as many requests as a flood. */
static void tell_refused(struct host *h)
{
    if (!h->refused)
        return;
    log_event(LOG_WARN, "http.refused", log_i("count", h->refused), log_s("last", h->refused_route),
              log_s("message", "requests without the right signature or token"));
    h->refused = 0;
}

/* Checks once per second that the file is still there, and whether an unhealthy store can write
 * again. Writes the log lines of the second. */
void rounds_once_a_second(struct host *h)
{
    uint64_t now = loop_now_ns();
    if (own.second.index)
        return;
    loop_timer_set(h->services.loop, &own.second, loop_whole_second(now + PROBE_NS), NULL, NULL);
    tell_refused(h);
    if (!store_in_place(h->services.store)) {
        struct trouble why;
        store_trouble(h->services.store, &why);
        log_event(LOG_ERROR, "store.moved", log_s("path", store_path(h->services.store)),
                  log_s("error", why.cause), log_s("remedy", why.remedy));
        fflush(stdout);
        _exit(3); /* no checkpoint and no close, because another file may be there now */
    }
    if (!h->plain)
        jobs_clock(h->services.jobs, (int64_t)(now / 1000000), loop_wall_ms());
    rounds_note_trouble(h);
    store_probe(h->services.store);
    store_sync(h->services.store); /* what nothing waits for */
    if (h->paused && store_healthy(h->services.store))
        h->paused = false;
}

/* How far a state may grow, in percent, before the next collection. A collection visits everything
 * that lives: with 2,000 turns waiting 45 ms. At 125 a turn took more than twice as long as at 200;
 * with 10,000 waiting the memory counts too. */
static int garbage_pause(size_t memory)
{
    return memory > HUGE_STATE ? 150 : memory > LARGE_STATE ? 200 : 400;
}

void rounds_pace_garbage(struct generation *g)
{
    int pause = g ? garbage_pause(g->memory) : 0;
    if (!g || pause == g->garbage_pause)
        return;
    g->garbage_pause = pause;
    lua_gc(g->L, LUA_GCINC, pause, GARBAGE_STEP, 13);
}

void rounds_quiet_moment(struct host *h, bool worked)
{
    uint64_t now = loop_now_ns();
    if (worked) {
        own.idle_since_ns = now;
        return;
    }
    if (now - own.idle_since_ns < IDLE_NS)
        return;
    store_idle(h->services.store);
    if (h->scripts.current)
        lua_gc(h->scripts.current->L, LUA_GCSTEP, 40); /* about 1 ms */
}
