#include "scripts/task.h"

#include "scripts/cpu_guard.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

enum { SPARE_LIMIT = 256, PUT_BACK_MS = 1000 };

static void side_push(struct task **list, struct task *t)
{
    t->next_side = *list;
    *list = t;
}

static int new_thread(lua_State *L)
{
    struct task *t = lua_touserdata(L, 1);
    t->co = lua_newthread(L);
    *(struct task **)lua_getextraspace(t->co) = t;
    t->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

struct task *task_new(struct generation *g, enum task_kind kind, lua_CFunction entry)
{
    struct task *t = g->spare;
    if (t) {
        lua_State *co = t->co;
        int ref = t->ref;
        g->spare = t->next_side;
        g->spare_count--;
        *t = (struct task){ .co = co, .ref = ref };
    } else {
        char *error = NULL;
        t = calloc(1, sizeof *t);
        if (!t)
            return NULL;
        if (!generation_protected(g, new_thread, t, &error)) {
            log_event(LOG_ERROR, "task.failed", log_s("error", error));
            free(error);
            free(t);
            return NULL;
        }
    }
    t->gen = g;
    t->kind = kind;
    t->job_kind = -1;
    t->state = TASK_WAITING;
    t->next = g->tasks;
    if (g->tasks)
        g->tasks->prev = t;
    g->tasks = t;
    g->task_count++;
    lua_pushcfunction(t->co, entry); /* a light C function allocates nothing */
    return t;
}

static struct task_list *list_of(const struct task *t)
{
    struct run_queue *q = &t->gen->scripts->queue;
    return t->kind == TASK_REQUEST ? &q->requests_ready : &q->ready;
}

static void list_add(struct task_list *r, struct task *t)
{
    t->list = r;
    t->next_ready = NULL;
    if (r->tail)
        r->tail->next_ready = t;
    else
        r->head = t;
    r->tail = t;
    r->count++;
}

void task_ready(struct task *t)
{
    struct task_list *kept = t->gen->scripts->queue.kept;
    t->woken |= t->busy;
    if (t->state != TASK_WAITING || t->busy)
        return;
    t->state = TASK_READY;
    list_add(kept ? kept : list_of(t), t);
}

struct task *task_take(struct task_list *list)
{
    struct task *t = list->head;
    list->head = t->next_ready;
    if (!list->head)
        list->tail = NULL;
    list->count--;
    t->next_ready = NULL;
    return t;
}

void task_list_move(struct task_list *kept)
{
    while (kept->head) {
        struct task *t = task_take(kept);
        list_add(list_of(t), t);
    }
}

struct task *task_of(lua_State *L)
{
    return *(struct task **)lua_getextraspace(L);
}

struct task *task_may_wait(lua_State *L, const char *what)
{
    struct task *t = task_of(L);
    if (!t)
        luaL_error(L, "%s cannot be used while scripts are loading. Move the call into a handler.",
                   what);
    else if (t->no_wait)
        luaL_error(L, "%s cannot be used in %s: nothing may wait there.", what, t->no_wait);
    else if (!lua_isyieldable(L))
        luaL_error(L,
                   "%s cannot be used here: nothing may wait inside db.transaction, a sort or gsub "
                   "function, or a module that is "
                   "being loaded. Call it before or after.",
                   what);
    return t;
}

int task_wait(lua_State *L, struct task *t, void (*cancel)(struct task *), lua_KFunction k)
{
    t->cancel = cancel;
    return lua_yieldk(L, 0, (lua_KContext)t, k);
}

void task_touch(struct task *t)
{
    if (store_dirty(t->gen->services->store))
        t->touched = store_group(t->gen->services->store) + 1;
}

static bool in_open_group(const struct task *t)
{
    struct store *s = t->gen->services->store;
    return t->touched == store_group(s) + 1 && (store_dirty(s) || store_lost(s));
}

static void unlink_task(struct task *t)
{
    struct generation *g = t->gen;
    if (t->prev)
        t->prev->next = t->next;
    else
        g->tasks = t->next;
    if (t->next)
        t->next->prev = t->prev;
    t->prev = t->next = NULL;
    g->task_count--;
}

void task_defer(struct task *t, struct task_held *held, void (*release)(void *arg), void *arg)
{
    *held = (struct task_held){ .next = t->held, .release = release, .arg = arg };
    t->held = held;
}

void task_undefer(struct task *t, struct task_held *held)
{
    for (struct task_held **p = &t->held; *p; p = &(*p)->next)
        if (*p == held) {
            *p = held->next;
            return;
        }
}

void suspicion_free(struct suspicion *s)
{
    if (s)
        free(s->error);
    free(s);
}

void task_free(struct task *t)
{
    struct generation *g = t->gen;
    if (t->request)
        httpd_forget(t->request);
    t->request = NULL;
    while (t->held) {
        struct task_held *held = t->held;
        t->held = held->next;
        held->release(held->arg);
    }
    if (t->job_kind >= 0 && (size_t)t->job_kind < g->kind_count)
        g->kinds[t->job_kind].running--;
    t->job_kind = -1;
    job_free(&t->job);
    free(t->error);
    t->error = NULL;
    suspicion_free(t->suspicion);
    t->suspicion = NULL;
    free(t->said);
    t->said = NULL;
    unlink_task(t);
    if (t->co && lua_status(t->co) == LUA_OK && lua_gettop(t->co) == 0 && !t->condemned &&
        g->spare_count < SPARE_LIMIT) {
        side_push(&g->spare, t);
        g->spare_count++;
        return;
    }
    if (t->co)
        luaL_unref(g->L, LUA_REGISTRYINDEX, t->ref);
    free(t);
}

void task_put_back(struct scripts *all, struct job *job)
{
    struct rearm *r = job->id ? calloc(1, sizeof *r) : NULL;
    if (!r) {
        job_free(job);
        return;
    }
    r->job = *job;
    *job = (struct job){ .id = 0 };
    r->next = all->queue.rearm;
    all->queue.rearm = r;
}

void task_rearm(struct scripts *all, bool at_once)
{
    for (struct rearm *r = all->queue.rearm; r; r = r->next)
        if (!r->written &&
            jobs_again(all->services->jobs, &r->job, loop_wall_ms() + (at_once ? 0 : PUT_BACK_MS),
                       false, NULL) >= 0)
            r->written = true;
}

void task_rearm_lost(struct scripts *all)
{
    for (struct rearm *r = all->queue.rearm; r; r = r->next)
        r->written = false;
}

static void tell(struct task *t, bool ok, const char *text, size_t len)
{
    if (t->ended)
        t->ended(t, ok, text, len);
    t->ended = NULL;
}

/* The task has ended, and what it wrote is committed. What the caller says to the outside waits for
 * the sync (law 1). */
static void tell_end(struct task *t)
{
    if (t->error)
        tell(t, false, t->error, strlen(t->error));
    else
        tell(t, true, t->said ? t->said : "", t->said_len);
}

/* Puts the job of a task that was undone back, or answers its request with 503. */
static void undo(struct task *t)
{
    if (t->request) {
        t->request->kept = false;
        httpd_revoke(t->request); /* it may have been answered in the lost group */
        httpd_error(t->request, 503, "not stored, try again");
    }
    if (t->kind == TASK_JOB)
        task_put_back(t->gen->scripts, &t->job);
    static const char cancelled[] = "cancelled before it was done and stored; try again";
    tell(t, false, cancelled, sizeof cancelled - 1);
}

static void take_from_ready(struct task *t)
{
    struct task_list *r = t->list;
    struct task *before = NULL;
    for (struct task *x = r->head; x; before = x, x = x->next_ready)
        if (x == t) {
            if (before)
                before->next_ready = t->next_ready;
            else
                r->head = t->next_ready;
            if (r->tail == t)
                r->tail = before;
            r->count--;
            return;
        }
}

static void take_from(struct task **list, struct task *t)
{
    for (; *list; list = &(*list)->next_side)
        if (*list == t) {
            *list = t->next_side;
            return;
        }
}

void task_kill(struct task *t)
{
    struct run_queue *q = &t->gen->scripts->queue;
    if (t->state == TASK_RUNNING || t->busy) { /* the rest happens when its slice ends */
        t->condemned = true;
        if (t->state == TASK_RUNNING)
            cpu_guard_condemn(t->co);
        return;
    }
    if (t->state == TASK_READY)
        take_from_ready(t);
    if (t->state == TASK_WAITING && t->cancel)
        t->cancel(t);
    take_from(&q->finished, t);
    take_from(&q->durable, t);
    t->cancel = NULL;
    t->condemned = true;
    t->state = TASK_ENDED;
    undo(t);
    task_free(t);
}

void task_close_generation(struct generation *g)
{
    while (g && g->tasks)
        task_kill(g->tasks);
    while (g && g->spare) {
        struct task *t = g->spare;
        g->spare = t->next_side;
        free(t);
    }
    generation_close(g);
}

/* The text of the error value at the top. Calls no script function, because __tostring may run
 * without end. */
static const char *words_of(lua_State *L)
{
    int at = lua_gettop(L);
    if (lua_type(L, at) == LUA_TSTRING || lua_type(L, at) == LUA_TNUMBER)
        return lua_tostring(L, at);
    if (lua_type(L, at) == LUA_TTABLE) {
        lua_pushliteral(L, "message");
        if (lua_rawget(L, at) == LUA_TSTRING)
            return lua_tostring(L, -1);
    }
    return lua_pushfstring(L, "an error that is a %s; throw text instead", luaL_typename(L, at));
}

/* Runs protected on the main state, because the coroutine's stack may be full and its memory at the
 * cap. */
static int describe(lua_State *L)
{
    struct task *t = lua_touserdata(L, 1);
    lua_pushvalue(t->co, -1);
    lua_xmove(t->co, L, 1);
    luaL_traceback(L, t->co, words_of(L), 0);
    size_t n = 0;
    const char *text = lua_tolstring(L, -1, &n);
    t->error = buf_copy(text, n);
    return 0;
}

/* Keeps the error, and closes the task's <close> variables. A cancelled task runs nothing more. */
static void keep_error(struct task *t)
{
    generation_protected(t->gen, describe, t, NULL);
    if (!t->error)
        t->error = strdup("not enough memory");
    log_mask(t->error); /* this text goes to staff and into the database */
    if (t->condemned)
        return;
    lua_State *outer_thread = cpu_guard_enter(t->co, 0);
    lua_resetthread(t->co);
    cpu_guard_leave(outer_thread);
}

/* Runs one slice. Returns lua_resume's result. */
static int slice(struct task *t)
{
    struct services *s = t->gen->services;
    int results = 0;
    t->state = TASK_RUNNING;
    t->cancel = NULL;
    if (t->kind != TASK_SYNC)
        jobs_on_cpu(s->jobs, t->job.id);
    lua_State *outer_thread = cpu_guard_enter(t->co, 0);
    /* At the first slice the arguments of a spawned function are above the entry. */
    int arguments = lua_status(t->co) == LUA_OK ? lua_gettop(t->co) - 1 : 0;
    int rc = lua_resume(t->co, t->gen->L, arguments, &results);
    cpu_guard_leave(outer_thread);
    if (rc == LUA_OK)
        lua_settop(t->co, 0);
    else if (rc != LUA_YIELD)
        keep_error(t);
    store_settle(s->store);
    if (t->kind != TASK_SYNC)
        jobs_on_cpu(s->jobs, 0);
    t->state = rc == LUA_YIELD ? TASK_WAITING : TASK_ENDED;
    return rc;
}

enum task_outcome task_run(struct task *t)
{
    int rc = slice(t);
    if (t->kind == TASK_SYNC)
        return TASK_OVER;
    struct store *s = t->gen->services->store;
    if (t->condemned || (store_lost(s) && (store_shared(s) || in_open_group(t))))
        return TASK_UNDONE;
    return rc == LUA_YIELD ? TASK_OVER : rc == LUA_OK ? TASK_FINE : TASK_FAILED;
}

void task_end(struct task *t)
{
    if (in_open_group(t)) {
        side_push(&t->gen->scripts->queue.finished, t);
    } else {
        tell_end(t);
        task_free(t);
    }
}

void task_committed(struct scripts *all)
{
    for (struct task *t = all->queue.finished, *next; t; t = next) {
        next = t->next_side;
        tell_end(t);
        task_free(t);
    }
    all->queue.finished = NULL;
    for (struct rearm **p = &all->queue.rearm; *p;) {
        struct rearm *r = *p;
        if (r->written) {
            *p = r->next;
            job_free(&r->job);
            free(r);
        } else {
            p = &r->next;
        }
    }
}

void task_durable(struct scripts *all)
{
    for (struct task **p = &all->queue.durable, *t; (t = *p);)
        if (t->durable_at <= store_durable(all->services->store)) {
            *p = t->next_side;
            task_ready(t);
        } else {
            p = &t->next_side;
        }
}

void task_lost(struct scripts *all, uint64_t group)
{
    for (struct task *t = all->queue.finished, *next; t; t = next) {
        next = t->next_side;
        t->condemned = true;
        undo(t);
        task_free(t);
    }
    all->queue.finished = NULL;
    for (int pass = 0; pass < 2; pass++)
        for (struct generation *g = pass ? all->draining : all->current; g;
             g = pass ? g->older : NULL)
            for (struct task *t = g->tasks, *next; t; t = next) {
                next = t->next;
                if (t->touched == group + 1)
                    task_kill(t);
            }
    task_rearm_lost(all);
}
