#include "service/slices.h"

#include "base/fiber.h"
#include "base/log.h"
#include "bind/bind.h"
#include "metrics/own.h"
#include "scripts/cpu_guard.h"
#include "service/admin.h"
#include "service/claims.h"
#include "service/judge.h"
#include "service/metrics_http.h"
#include "service/reading.h"
#include "service/rounds.h"

#include <stdlib.h>
#include <sys/queue.h>

enum {
    RUN_NS = 5000000,     /* slices are begun in a tick for this long */
    POLL_NS = 1000000000, /* between two looks for work that other processes stored */
    AGAIN_MOST = 5,       /* how often the first slice of a task runs again */
    ROWS_NS = 5000000,    /* inbox rows that share a commit */
    ROWS = 64,            /* inbox rows that are claimed at once */
};

struct slice {
    LIST_ENTRY(slice) at;
    struct host *host;
    void (*work)(struct slice *s);
    struct task *task; /* NULL: the host's own work */
    bool *running;     /* the host's own work: true until it is over */
    /* while others run */
    struct task_list kept;
    lua_State *guarded;
    bool unknown; /* no answer came to its COMMIT: it may be stored */
    bool over;
};

/* Used only in this file. One instance per process. */
static struct {
    LIST_HEAD(, slice) all;
    size_t count, most;
    bool beating, claiming, reading, swapping; /* the host's own work that has begun */
    bool look;  /* what was accepted has not been claimed for reading */
    bool polls; /* this claim looks at what other processes stored and left */
    struct loop_timer beat, poll;
    uint64_t read_until_ns;
} own;

/* ---- going on and resting ---- */

/* What the CPU works on, for the count of crashes: a job's id, or that of a row, negative. */
static int64_t on_cpu(const struct slice *s)
{
    return s->task                      ? s->task->job.id
           : s->running == &own.reading ? -s->host->scripts.queue.row.id
                                        : 0;
}

static void goes_on(void *arg)
{
    struct slice *s = arg;
    struct host *h = s->host;
    h->scripts.queue.kept = &s->kept;
    h->services.outbound.keeper = s;
    cpu_guard_go_on(s->guarded);
    jobs_on_cpu(h->services.jobs, on_cpu(s));
}

static void rests(void *arg)
{
    struct slice *s = arg;
    struct host *h = s->host;
    h->scripts.queue.kept = NULL;
    h->services.outbound.keeper = NULL;
    s->guarded = cpu_guard_rest();
    jobs_on_cpu(h->services.jobs, 0);
    if (!s->over)
        return;
    LIST_REMOVE(s, at);
    own.count--;
    free(s);
}

void slices_start(size_t most)
{
    own.most = most;
    fiber_most(most);
    fiber_watch(goes_on, rests);
}

bool slices_over(void)
{
    return own.count == 0;
}

static bool room(void)
{
    return own.count < own.most;
}

static void on_fiber(void *arg)
{
    struct slice *s = arg;
    s->work(s);
    if (s->running)
        *s->running = false;
    s->over = true;
}

/* false: there is no room, and nothing has run. */
static bool begin(struct host *h, void (*work)(struct slice *s), struct task *t, bool *running)
{
    struct slice *s = room() ? calloc(1, sizeof *s) : NULL;
    if (!s)
        return false;
    s->host = h;
    s->work = work;
    s->task = t;
    s->running = running;
    if (running)
        *running = true;
    LIST_INSERT_HEAD(&own.all, s, at);
    own.count++;
    if (fiber_start(on_fiber, s))
        return true;
    if (running)
        *running = false;
    LIST_REMOVE(s, at);
    own.count--;
    free(s);
    return false;
}

/* ---- the end of a slice's transaction ---- */

/* What the slice has said may leave, and what it made ready may run. */
static void let_go(struct slice *s)
{
    task_list_move(&s->kept);
    s->host->scripts.queue.kept = NULL;
    outbound_let_go(&s->host->services.outbound, s);
}

/* What the slice made ready was begun by it, or hears of it another time. */
static void drop_kept(struct slice *s)
{
    while (s->kept.head) {
        struct task *t = task_take(&s->kept);
        if (t->slices == 0) {
            t->state = TASK_WAITING;
            task_kill(t);
        } else {
            struct task_list one = { .head = t, .tail = t, .count = 1 };
            task_list_move(&one);
        }
    }
}

static enum store_commit_result end_transaction(struct slice *s)
{
    struct services *x = &s->host->services;
    if (!jobs_may_act(x->jobs))
        store_drop(x->store);
    enum store_commit_result r = store_commit(x->store);
    s->unknown = r == STORE_UNKNOWN;
    return r;
}

/* false: nothing of the transaction is stored, or (unknown) that is in doubt. Then nothing leaves:
 * a request gets 503 and is sent again, and a job goes back by its claim, which has ended when it
 * was stored. */
static bool commit(struct slice *s)
{
    struct services *x = &s->host->services;
    enum store_commit_result r = end_transaction(s);
    if (r == STORE_LOST || r == STORE_UNKNOWN) {
        jobs_forget(x->jobs);
        drop_kept(s);
        return false;
    }
    jobs_committed(x->jobs);
    let_go(s);
    return true;
}

/* ---- a task's slice ---- */

/* Runs the task's work again from its beginning: a request or a job, which a new task takes over.
 */
static void again(struct slice *s)
{
    struct task *t = s->task;
    struct suspicion *suspicion = t->suspicion;
    bool done = false;
    t->suspicion = NULL;
    if (t->request) {
        httpd_revoke(t->request);
        done = bind_request_again(t->gen, t, suspicion);
    } else if (t->kind == TASK_JOB && t->job.id) {
        done = bind_job_again(t->gen, &t->job, suspicion);
    }
    if (!done) {
        t->suspicion = suspicion;
        return;
    }
    s->kept.tail->again = t->again + 1;
    task_list_move(&s->kept);
    s->host->scripts.queue.kept = NULL;
}

static void run_task(struct slice *s)
{
    struct host *h = s->host;
    struct task *t = s->task;
    bool first = t->slices++ == 0;
    enum task_outcome outcome = TASK_UNDONE;
    t->busy = true;
    t->woken = false;
    if (t->request)
        t->request->kept = true;
    int held = t->kind == TASK_JOB ? jobs_hold(h->services.jobs, &t->job) : 1;
    if (held == 0) /* another process has it: what this one did is not stored */
        job_free(&t->job);
    else if (held > 0)
        outcome = task_run(t);
    if (outcome == TASK_FINE)
        judge_fine(h, t);
    else if (outcome == TASK_FAILED)
        judge_failed(h, t);
    bool lost = store_lost(h->services.store);
    if (outcome == TASK_UNDONE)
        store_drop(h->services.store);
    if (!commit(s) || outcome == TASK_UNDONE) {
        if (first && held != 0 && (lost || outcome != TASK_UNDONE) && t->again < AGAIN_MOST &&
            !s->unknown && store_healthy(h->services.store)) /* away: it would not help */
            again(s);
        t->busy = false;
        task_kill(t);
        return;
    }
    own.look |= t->kind == TASK_REQUEST;
    t->busy = false;
    if (t->condemned) {
        task_kill(t);
    } else if (outcome == TASK_OVER) {
        if (t->woken)
            task_ready(t);
    } else {
        if (t->request)
            t->request->kept = false;
        task_end(t);
    }
}

static void start_ready(struct host *h, struct task_list *list, uint64_t until)
{
    while (list->head && room() && loop_now_ns() < until) {
        struct task *t = task_take(list);
        if (!begin(h, run_task, t, NULL)) {
            t->state = TASK_WAITING;
            task_ready(t);
            return;
        }
    }
}

/* ---- the host's own work ---- */

/* Others have taken this process's jobs. */
static void kill_jobs(struct host *h)
{
    for (int pass = 0; pass < 2; pass++)
        for (struct generation *g = pass ? h->scripts.draining : h->scripts.current; g;
             g = pass ? g->older : NULL)
            for (struct task *t = g->tasks, *next; t; t = next) {
                next = t->next;
                if (t->kind == TASK_JOB)
                    task_kill(t);
            }
}

static void beat(struct slice *s)
{
    if (jobs_beat(s->host->services.jobs) == 0)
        kill_jobs(s->host);
}

/* Rows of which it is not known whether they are claimed count as claimed: one that is not is not
 * found when it is to be read. */
static void claim_rows(struct slice *s)
{
    struct jobs *jobs = s->host->services.jobs;
    own.look = false;
    store_short(s->host->services.store);
    inbox_claim(jobs, ROWS);
    if (end_transaction(s) == STORE_LOST)
        jobs_forget(jobs);
    else
        jobs_committed(jobs);
}

/* Jobs of which it is not known whether they are claimed go back, by their claims. */
static void put_back(struct host *h, struct due *c)
{
    for (int i = 0; i < c->count; i++)
        task_put_back(&h->scripts, &c->jobs[i]);
}

/* Each part is a short transaction of its own. */
static void claim(struct slice *s)
{
    struct host *h = s->host;
    struct due due = { .jobs = NULL };
    if (own.polls) {
        store_short(h->services.store);
        jobs_poll(h->services.jobs);
        commit(s);
    }
    if (own.look || own.polls)
        claim_rows(s);
    own.polls = false;
    store_short(h->services.store);
    task_rearm(&h->scripts, h->stopping);
    claims_claim(h, &due);
    claims_claim_suspect(h, &due);
    bool fine = commit(s);
    if (fine)
        task_committed(&h->scripts);
    else
        task_rearm_lost(&h->scripts);
    if (s->unknown)
        put_back(h, &due);
    claims_start(h, &due, fine);
    free(due.jobs);
}

static bool rows_are_over(struct host *h)
{
    return store_lost(h->services.store) || loop_now_ns() >= own.read_until_ns;
}

static void read_inbox(struct slice *s)
{
    struct host *h = s->host;
    own.read_until_ns = loop_now_ns() + ROWS_NS;
    reading_inbox(h, false, rows_are_over);
    reading_passed_over(h);
    rounds_tell_trouble(h);
    reading_parked(h);
    reading_suspect(h);
    if (!commit(s))
        inbox_row_free(&h->scripts.queue.row);
}

static void swap(struct slice *s)
{
    rounds_swap(s->host);
    commit(s);
}

static bool second_over(struct host *h, struct loop_timer *t)
{
    if (t->index)
        return false;
    loop_timer_set(h->services.loop, t, loop_now_ns() + POLL_NS, NULL, NULL);
    return true;
}

static void own_work(struct host *h)
{
    if (h->scripts.next && !own.swapping && !own.claiming && !own.reading)
        begin(h, swap, NULL, &own.swapping);
    if (!own.beating && second_over(h, &own.beat))
        begin(h, beat, NULL, &own.beating);
    if (own.swapping || h->plain)
        return;
    own.polls |= second_over(h, &own.poll);
    if (!own.claiming && (own.polls || own.look || h->scripts.queue.rearm ||
                          (claims_takes_work(h) && claims_due(h))))
        begin(h, claim, NULL, &own.claiming);
    if (!own.reading && claims_takes_work(h) && reading_waits(h))
        begin(h, read_inbox, NULL, &own.reading);
}

/* ---- the tick ---- */

static void wait_for_work(struct host *h)
{
    bool ready = h->scripts.queue.ready.count || h->scripts.queue.requests_ready.count;
    bool go_on = room() && (ready || (h->scripts.next && !own.swapping) ||
                            (!own.reading && claims_takes_work(h) && reading_waits(h)));
    if (!go_on)
        claims_set_timer(h);
    loop_wait(h->services.loop, go_on ? 0 : UINT64_MAX);
}

void slices_tick(struct host *h)
{
    /* 1: fibers whose answer came go on inside. */
    wait_for_work(h);
    uint64_t woke_ns = loop_now_ns();
    /* 2 */
    if (h->httpd) {
        httpd_release(h->httpd, UINT64_MAX); /* what no slice keeps */
        httpd_run(h->httpd);
    }
    metrics_http_run(h->metrics_http);
    outbound_release(&h->services.outbound, UINT64_MAX);
    outbound_take(&h->services.outbound);
    /* 3: requests first, because accepting goes before answering. */
    bool worked = h->scripts.queue.ready.count || h->scripts.queue.requests_ready.count;
    start_ready(h, &h->scripts.queue.requests_ready, woke_ns + RUN_NS);
    start_ready(h, &h->scripts.queue.ready, woke_ns + RUN_NS);
    own_work(h);
    /* 4: what the loop itself has read or written (status, a command). */
    enum store_commit_result r = store_commit(h->services.store);
    bool lost = r == STORE_LOST || r == STORE_UNKNOWN;
    rounds_note_trouble(h);
    if (h->httpd && httpd_release(h->httpd, UINT64_MAX))
        httpd_run(h->httpd);
    admin_release(h->admin, lost);
    task_durable(&h->scripts);
    /* 5 */
    bind_scrub_step(&h->scripts, worked);
    rounds_drain(h);
    metrics_http_answer(h->metrics_http);
    rounds_pace_garbage(h->scripts.current);
    rounds_once_a_second(h);
    rounds_quiet_moment(h, worked);
    metrics_own_observe_ns(h->services.metrics, OWN_LOOP, loop_now_ns() - woke_ns);
}
