#include "service/tick.h"

#include "service/admin.h"
#include "service/backup.h"
#include "bind/bind.h"
#include "service/claims.h"
#include "service/judge.h"
#include "base/log.h"
#include "service/metrics_http.h"
#include "metrics/own.h"
#include "service/reading.h"
#include "service/rounds.h"
#include "service/slices.h"

#include <stdlib.h>
#include <string.h>

enum {
    REQUESTS_NS = 1000000, /* requests per tick: their commit waits no longer than this */
    RUN_NS = 5000000,      /* other work per tick, while no request waits */
    LOOK_NS = 250000,      /* how often other work looks whether one does */
    /* Between two commits that no answer waits for: a commit costs the same for one row as for
     * fifty. */
    REST_NS = 500000,
    FLOOD_REST_NS = 1000000, /* between two commits in a flood, so that more answers share one */
    SYNC_NS = 1000000,       /* a sync that takes longer does not hold up the next one */
    SEALS = 8,
    FLOOD = 200, /* requests in a window: 2,000 per second */
    WINDOW_NS = 100000000,
    LOCKED_NS = 5000000, /* how often the lock is tried while another program holds it … */
    LOCKED_HELD = 4096,  /* … and how many requests may wait for it */
};

/* Used only in this file. One instance per process. */
static struct {
    size_t batch; /* tasks that were ready in this tick */
    uint64_t committed_ns;
    uint64_t commit_ns; /* in all commits so far, to compute the last one's time */
    /* What each running sync lets go, the oldest first: it covers the groups below `group`. The
     * last of those that are done is `sealed`. */
    struct seal {
        uint64_t group, answers, requests;
        int64_t inbox;
    } sealed, seals[SEALS];
    int seal_count;
    uint64_t sync_ns;                    /* when the last of them began */
    uint64_t window_ns, window_requests; /* when the window of FLOOD began, and what was counted */
    bool flood;
    uint64_t work_end_ns, look_ns; /* of this tick's work, see work_is_over */
    struct loop_timer rest;        /* until the open group is committed */
    uint64_t locked_ns; /* since when another program holds the database's lock; 0: none does */
    struct loop_timer lock_again; /* until the lock is tried again */
} own;

/* ---- the commit, and what it lets go ---- */

/* true: something waits for what was written before it to be durable. */
static bool holds(const struct host *h)
{
    return (h->httpd && httpd_holds(h->httpd)) || h->services.outbound.held ||
           h->scripts.queue.durable || admin_holds(h->admin) || inbox_held(h->services.jobs);
}

static struct seal seal(const struct host *h)
{
    return (struct seal){ .group = store_group(h->services.store),
                          .answers = h->httpd ? httpd_given(h->httpd) : 0,
                          .requests = h->services.outbound.asked,
                          .inbox = inbox_stored(h->services.jobs) };
}

static void release(struct host *h)
{
    outbound_release(&h->services.outbound, own.sealed.requests);
    if (h->httpd && httpd_release(h->httpd, own.sealed.answers))
        httpd_run(h->httpd); /* resumed connections need it at once */
    /* After its answer has left: reading may end the process. */
    inbox_may_read(h->services.jobs, own.sealed.inbox);
}

/* true: something is held that no running sync lets go. */
static bool holds_more(const struct host *h)
{
    /* With no sync under way nothing that is sealed waits for one: a lost group had the number. */
    if (!own.seal_count || !store_syncing(h->services.store))
        return holds(h);
    const struct seal now = seal(h), *last = &own.seals[own.seal_count - 1];
    return now.answers != last->answers || now.requests != last->requests ||
           now.inbox != last->inbox || h->scripts.queue.durable || admin_holds(h->admin);
}

/* Law 1: an answer or a request leaves when all that was written before it is on the disk. What is
 * held is sealed when no group is open and a sync begins, and leaves when that sync, or a later
 * one, is done. Meanwhile the loop works on the next group. */
static void let_go(struct host *h, bool lost)
{
    struct store *s = h->services.store;
    uint64_t durable = store_durable(s);
    bool all = durable == store_group(s) && !store_dirty(s);
    int done = 0;
    while (done < own.seal_count && (all || durable >= own.seals[done].group))
        own.sealed = own.seals[done++];
    own.seal_count -= done;
    memmove(own.seals, own.seals + done, (size_t)own.seal_count * sizeof *own.seals);
    if (all)
        own.sealed = seal(h);
    release(h);
    admin_release(h->admin, lost);
    task_durable(&h->scripts);
    uint64_t took = store_figures(s).commit_ns_total;
    if ((done || !store_syncing(s)) && took != own.commit_ns) {
        metrics_own_observe_ns(h->services.metrics, OWN_COMMIT, took - own.commit_ns);
        own.commit_ns = took;
    }
    if (!all && !store_dirty(s) && own.seal_count < SEALS && holds_more(h) &&
        store_sync_beside(s)) {
        own.seals[own.seal_count++] = seal(h);
        own.sync_ns = loop_now_ns();
    }
}

/* ns until the open group is committed: a distance between commits that no answer waits for, and
 * one sync at a time unless the disk is slow. UINT64_MAX: when the sync that runs is done. */
static uint64_t commit_due_ns(const struct host *h)
{
    uint64_t now = loop_now_ns(), due = own.committed_ns + (own.flood ? FLOOD_REST_NS : REST_NS);
    if (store_syncing(h->services.store)) {
        if (own.seal_count == SEALS || !holds_more(h))
            return UINT64_MAX;
        due = (own.sync_ns > own.committed_ns ? own.sync_ns : own.committed_ns) + SYNC_NS;
        return now >= due ? 0 : due - now;
    }
    return now >= due || (h->httpd && httpd_holds(h->httpd) && !own.flood) ? 0 : due - now;
}

static void count_requests(struct host *h, uint64_t now)
{
    if (now - own.window_ns < WINDOW_NS)
        return;
    own.flood = now - own.window_ns < 2 * (uint64_t)WINDOW_NS &&
                h->requests_seen - own.window_requests > FLOOD;
    own.window_ns = now;
    own.window_requests = h->requests_seen;
}

/* true: the group stays open, so that more rows share its commit. */
static bool stays_open(const struct host *h, const struct due *c)
{
    struct store *s = h->services.store;
    return store_dirty(s) && commit_due_ns(h) && !store_lost(s) && !store_heavy(s) && !c->count &&
           !jobs_suspects(h->services.jobs) && !h->scripts.next && !h->scripts.queue.scrubbing &&
           !h->backup && !h->stopping && !h->plain;
}

/* false: the group was lost. */
static bool commit(struct host *h, struct due *c)
{
    task_rearm(&h->scripts, h->stopping);
    jobs_flush(h->services.jobs);
    uint64_t group = store_group(h->services.store);
    enum store_commit_result r = store_commit(h->services.store);
    if (r == STORE_LOST) {
        struct trouble why;
        store_trouble(h->services.store, &why);
        log_event(LOG_ERROR, "store.lost", log_i("claimed", c->count), log_s("error", why.cause),
                  log_s("remedy", why.remedy));
        jobs_forget(h->services.jobs);
        /* The watermark went back, so another row may come before the one that waits to be tried
         * again. */
        inbox_row_free(&h->scripts.queue.row);
        claims_start(h, c, false);
        task_lost(&h->scripts, group);
        h->paused = true;
    } else {
        if (r == STORE_COMMITTED) {
            inbox_committed(h->services.jobs);
            own.committed_ns = loop_now_ns();
        }
        task_committed(&h->scripts);
        claims_start(h, c, true);
    }
    return r != STORE_LOST;
}

static void run(struct host *h, struct task *t)
{
    enum task_outcome outcome = task_run(t);
    if (outcome == TASK_UNDONE)
        task_kill(t);
    if (outcome == TASK_UNDONE || outcome == TASK_OVER)
        return;
    if (outcome == TASK_FINE)
        judge_fine(h, t);
    else
        judge_failed(h, t);
    task_end(t);
}

static bool work_is_over(struct host *h)
{
    struct store *s = h->services.store;
    uint64_t now = loop_now_ns();
    if (now >= own.work_end_ns || store_lost(s) || store_heavy(s))
        return true;
    if (now < own.look_ns)
        return false;
    own.look_ns = now + LOOK_NS;
    return (holds(h) && commit_due_ns(h) == 0) || (h->httpd && httpd_waits(h->httpd));
}

/* Runs the tasks that are ready now, not those that they make ready. */
static void run_ready(struct host *h)
{
    struct task_list *list = &h->scripts.queue.ready;
    for (size_t n = list->count; n > 0 && list->head && !store_lost(h->services.store); n--) {
        run(h, task_take(list));
        if (work_is_over(h))
            return;
    }
}

/* Requests go first, with a commit of their own: no other work delays their answers. Other work
 * then gets at least as much time before it looks for more of them. */
static bool run_requests(struct host *h)
{
    static struct due none;
    struct task_list *list = &h->scripts.queue.requests_ready;
    uint64_t began = loop_now_ns(), now = began;
    for (size_t n = list->count; n > 0 && list->head && !store_lost(h->services.store); n--) {
        run(h, task_take(list));
        now = loop_now_ns();
        if (now - began > REQUESTS_NS || store_heavy(h->services.store))
            break;
    }
    bool fine = true;
    if (h->httpd && httpd_holds(h->httpd) && !stays_open(h, &none)) {
        fine = commit(h, &none);
        let_go(h, !fine);
    }
    own.look_ns = loop_now_ns() + (now - began > LOOK_NS ? now - began : LOOK_NS);
    own.work_end_ns = loop_now_ns() + RUN_NS;
    return fine;
}

/* Claimed jobs run at once, before the commit that makes their claim durable. Their outbound
 * requests are held until that commit, and if the group is lost they are undone with it. This saves
 * each job the time of one commit. Not after a crash (jobs_after_crash). */
static void start_now(struct host *h, struct due *c)
{
    if (jobs_after_crash(h->services.jobs) ||
        store_lost(h->services.store)) /* the group was lost, and the claims with it */
        return;
    claims_start(h, c, true);
    if (!work_is_over(h))
        run_ready(h);
}

/* ---- another program holds the lock ---- */

/* true: there is work that may write. */
static bool work_waits(struct host *h)
{
    if (h->scripts.queue.requests_ready.count || h->scripts.queue.ready.count ||
        h->scripts.queue.rearm)
        return true;
    return claims_takes_work(h) && (claims_due(h) || reading_waits(h));
}

/* Answers 503 to requests past STORE_PATIENCE_MS, or beyond LOCKED_HELD in the queue. */
static void refuse_late(struct host *h)
{
    uint64_t now = loop_now_ns(), patience = (uint64_t)STORE_PATIENCE_MS * 1000000u;
    size_t place = 0;
    for (struct task *t = h->scripts.queue.requests_ready.head, *next; t; t = next, place++) {
        uint64_t since = t->since_ns > own.locked_ns ? t->since_ns : own.locked_ns;
        next = t->next_ready;
        if (place >= LOCKED_HELD || now - since > patience)
            task_kill(t);
    }
}

/* Takes the lock before any task runs and not at the first write, because a task that has started
 * cannot wait for the lock. false: another program holds it. Then no task runs, the loop continues,
 * and the lock is tried again soon. */
static bool take_lock(struct host *h)
{
    if (!work_waits(h) || store_begin(h->services.store)) {
        own.locked_ns = 0;
        loop_timer_stop(h->services.loop, &own.lock_again);
        return true;
    }
    if (!own.locked_ns)
        own.locked_ns = loop_now_ns();
    loop_timer_set(h->services.loop, &own.lock_again, loop_now_ns() + LOCKED_NS, NULL, NULL);
    refuse_late(h);
    return false;
}

/* true: there is work that waits for no time and no event. While another program holds the lock,
 * work waits for `lock_again`. */
static bool work_goes_on(const struct host *h)
{
    if (own.locked_ns || (store_syncing(h->services.store) && !store_dirty(h->services.store) &&
                          store_bound_due(h->services.store)))
        return false;
    /* A new generation, or the start, may have written after the commit. That must be committed at
     * once. */
    if (h->scripts.queue.ready.count || h->scripts.queue.requests_ready.count || h->scripts.next ||
        (store_dirty(h->services.store) && (commit_due_ns(h) == 0 || h->plain)) || backup_copies(h))
        return true;
    return claims_takes_work(h) && reading_waits(h);
}

/* Until the nearest timer: each unit sets its own. */
static void wait_for_work(struct host *h)
{
    bool go_on = work_goes_on(h);
    if (!go_on && !own.locked_ns)
        claims_set_timer(h);
    uint64_t rest = go_on || !store_dirty(h->services.store) ? UINT64_MAX : commit_due_ns(h);
    if (rest == UINT64_MAX)
        loop_timer_stop(h->services.loop, &own.rest);
    else
        loop_timer_set(h->services.loop, &own.rest, loop_now_ns() + rest, NULL, NULL);
    loop_wait(h->services.loop, go_on ? 0 : UINT64_MAX);
}

/* A checkpoint when the log is long, between the sync of one group and the beginning of the next.
 * false: that sync is not done: nothing is written meanwhile. */
static bool bound_log(struct host *h)
{
    struct store *s = h->services.store;
    if (store_dirty(s) || !store_bound_due(s))
        return true;
    store_sync(s);
    if (store_syncing(s))
        return false;
    store_bound(s);
    return true;
}

void tick(struct host *h)
{
    if (store_shared(h->services.store)) {
        slices_tick(h);
        return;
    }
    struct due claimed = { .jobs = NULL };
    /* 1: wait until something is due. Descriptors, timers and signals are served inside, and only
     * mark tasks ready. */
    wait_for_work(h);
    uint64_t woke_ns = loop_now_ns();
    bool lost = false;
    count_requests(h, woke_ns);
    let_go(h, lost);
    bool copying = !bound_log(h);
    /* 2: libmicrohttpd runs every tick, with or without events, because its epoll is edge-triggered
     * and its time-outs are its own. */
    if (h->httpd)
        httpd_run(h->httpd);
    metrics_http_run(h->metrics_http);
    outbound_take(&h->services.outbound);
    own.batch = h->scripts.queue.ready.count + h->scripts.queue.requests_ready.count;
    /* 3: run ready tasks, within the time of a tick. */
    bool locked = copying || !take_lock(h);
    if (!locked)
        lost = !run_requests(h);
    if (!locked && !lost) {
        if (!work_is_over(h))
            run_ready(h);
        /* Accepting goes before reading, because what is in the inbox is safe already. */
        reading_inbox(h, own.flood, work_is_over);
        reading_passed_over(h);
        rounds_tell_trouble(h);
        reading_parked(h);
        claims_claim(h, &claimed);
        claims_claim_suspect(h, &claimed);
        reading_suspect(h);
        start_now(h, &claimed);
    }
    /* 4: all that was written is one transaction. */
    if (!locked && !lost && !stays_open(h, &claimed))
        lost = !commit(h, &claimed);
    free(claimed.jobs);
    if (!h->trouble.cause[0])
        rounds_note_trouble(h);
    /* 5: begin its sync, and let go what is durable. */
    let_go(h, lost);
    /* 6: no group is open, so generations change here and nowhere else. */
    bind_scrub_step(&h->scripts, own.batch > 0);
    backup_go_on(h, lost, own.batch > 0);
    if (!locked) /* writes, and only once */
        rounds_swap(h);
    rounds_drain(h);
    metrics_http_answer(h->metrics_http); /* for the scripts that serve now */
    rounds_pace_garbage(h->scripts.current);
    rounds_once_a_second(h);
    rounds_quiet_moment(h, own.batch > 0);
    metrics_own_observe_ns(h->services.metrics, OWN_LOOP, loop_now_ns() - woke_ns);
}
