/* task: host.task. The loop thread. */
#include "bind/bind.h"

static uint64_t in_ms(lua_State *L, int at)
{
    lua_Integer ms = luaL_checkinteger(L, at);
    if (ms < 0)
        ms = 0;
    if (ms > 1000LL * 86400 * 365)
        luaL_argerror(L, at, "is more than a year; use a job with run_at");
    return loop_now_ns() + (uint64_t)ms * 1000000u;
}

/* Sleep and spawned functions return nothing. */
static int nothing(lua_State *L, int status, lua_KContext ctx)
{
    (void)L, (void)status, (void)ctx;
    return 0;
}

/* ---- sleep ---- */

static void wake(void *arg)
{
    struct task *t = arg;
    t->timed_out = true;
    t->cancel = NULL;
    task_ready(t);
}

static void stop_sleeping(struct task *t)
{
    loop_timer_stop(t->gen->services->loop, &t->timer);
}

static int sleep_ms(lua_State *L)
{
    uint64_t due = in_ms(L, 1);
    struct task *t = task_may_wait(L, "task.sleep");
    if (!loop_timer_set(t->gen->services->loop, &t->timer, due, wake, t))
        return luaL_error(L, "not enough memory");
    return task_wait(L, t, stop_sleeping, nothing);
}

/* ---- spawn: the function and its arguments travel on the new coroutine's stack ---- */

static int spawned(lua_State *L)
{
    lua_callk(L, lua_gettop(L) - 1, 0, 0, nothing);
    return 0;
}

static int spawn(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    int n = lua_gettop(L);
    struct generation *g = generation_of(L);
    if (!task_of(L))
        return luaL_error(
            L, "task.spawn cannot be used while scripts are loading. Use `start` of main.lua.");
    /* Running tasks need the rest of the memory to end. */
    if (g->memory > g->memory_cap / 4 * 3) {
        lua_gc(L, LUA_GCCOLLECT);
        if (g->memory > g->memory_cap / 4 * 3)
            return luaL_error(L, "task.spawn: three quarters of LUA_MEMORY_MB are in use. Let some "
                                 "tasks end first.");
    }
    struct task *t = task_new(g, TASK_SPAWN, spawned);
    if (!t)
        return luaL_error(L, "not enough memory");
    if (!lua_checkstack(t->co, n + 1)) {
        task_free(t);
        return luaL_error(L, "not enough memory");
    }
    lua_xmove(L, t->co, n);
    task_ready(t);
    return 0;
}

/* ---- events: waiting tasks form a list through next_side ---- */

struct event {
    bool set;
    struct task *waiters;
};

static struct event *check_event(lua_State *L)
{
    return luaL_checkudata(L, 1, "host.task.event");
}

static int new_event(lua_State *L)
{
    luaL_checkstring(L, 1);
    struct event *e = lua_newuserdatauv(L, sizeof *e, 0);
    *e = (struct event){ .set = false };
    luaL_setmetatable(L, "host.task.event");
    return 1;
}

static void leave(struct task *t)
{
    struct event *e = t->wait;
    for (struct task **p = &e->waiters; *p; p = &(*p)->next_side)
        if (*p == t) {
            *p = t->next_side;
            break;
        }
    t->wait = NULL;
}

static void event_timeout(void *arg)
{
    struct task *t = arg;
    leave(t);
    wake(t);
}

static void stop_event(struct task *t)
{
    loop_timer_stop(t->gen->services->loop, &t->timer);
    leave(t);
}

static int event_over(lua_State *L, int status, lua_KContext ctx)
{
    struct task *t = (struct task *)ctx;
    (void)status;
    lua_pushboolean(L, !t->timed_out);
    return 1;
}

static int event_wait(lua_State *L)
{
    struct event *e = check_event(L);
    uint64_t due = lua_isnoneornil(L, 2) ? 0 : in_ms(L, 2);
    if (e->set) {
        lua_pushboolean(L, 1);
        return 1;
    }
    struct task *t = task_may_wait(L, "event:wait");
    if (due && !loop_timer_set(t->gen->services->loop, &t->timer, due, event_timeout, t))
        return luaL_error(L, "not enough memory");
    t->timed_out = false;
    t->wait = e; /* the event is on the waiting coroutine's stack */
    t->next_side = e->waiters;
    e->waiters = t;
    return task_wait(L, t, stop_event, event_over);
}

static int event_set(lua_State *L)
{
    struct event *e = check_event(L);
    e->set = true;
    for (struct task *t = e->waiters, *next; t; t = next) {
        next = t->next_side;
        loop_timer_stop(t->gen->services->loop, &t->timer);
        t->wait = NULL;
        t->cancel = NULL;
        task_ready(t);
    }
    e->waiters = NULL;
    return 0;
}

int luaopen_host_task(lua_State *L)
{
    static const luaL_Reg methods[] = { { "wait", event_wait },
                                        { "set", event_set },
                                        { NULL, NULL } };
    static const luaL_Reg functions[] = {
        { "sleep", sleep_ms }, { "spawn", spawn }, { "event", new_event }, { NULL, NULL }
    };
    luaL_newmetatable(L, "host.task.event");
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    set_flag_field(L, "__metatable", 0);
    lua_pop(L, 1);
    luaL_newlib(L, functions);
    return 1;
}
