/* jobs: host.jobs, and how a claimed job runs. The loop thread. */
#include "bind/bind.h"

#include <stdlib.h>
#include <string.h>

/* ---- host.jobs ---- */

static const char *text_field(lua_State *L, const char *name)
{
    int type = lua_getfield(L, 1, name);
    if (type == LUA_TNIL)
        return NULL;
    if (type != LUA_TSTRING)
        luaL_error(L, "jobs.put: `%s` must be text", name);
    return lua_tostring(L, -1); /* stays on the stack */
}

static int put(lua_State *L)
{
    struct generation *g = generation_of(L);
    bind_not_loading(L, "jobs.put");
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    struct jobs_put p = { .kind = text_field(L, "kind") };
    if (!p.kind)
        return luaL_error(L, "jobs.put: `kind` is missing");
    if (g->kind_count && !generation_kind(g, p.kind))
        return luaL_error(L, "jobs.put: main.lua has no job \"%s\"", p.kind);
    p.lane = text_field(L, "lane");
    p.unique = text_field(L, "unique");
    if (lua_getfield(L, 1, "run_at") == LUA_TNUMBER) {
        int whole = 0;
        p.run_at = lua_tointegerx(L, -1, &whole);
        if (!whole)
            return luaL_error(L, "jobs.put: `run_at` must be whole milliseconds");
    }
    lua_getfield(L, 1, "keep");
    p.keep = lua_toboolean(L, -1);
    /* Last, because the bytes are the encoder's, and an __index of the table could use it. */
    if (lua_getfield(L, 1, "payload") != LUA_TNIL)
        p.payload = json_encode_bytes(L, -1, &p.payload_len);
    if (p.payload && store_shared(g->services->store)) { /* others encode while this one waits */
        lua_pushlstring(L, p.payload, p.payload_len);
        p.payload = lua_tostring(L, -1);
    }
    int64_t id = jobs_put(g->services->jobs, &p);
    bind_wrote(L, id != 0);
    lua_pushinteger(L, id);
    return 1;
}

static int cancel(lua_State *L)
{
    int64_t id = luaL_checkinteger(L, 1);
    bind_not_loading(L, "jobs.cancel");
    int rc = jobs_cancel(generation_of(L)->services->jobs, id);
    bind_wrote(L, rc >= 0);
    lua_pushboolean(L, rc == 1);
    return 1;
}

static const lua_Integer LATEST_MS = 1000LL * 86400 * 3650;

enum job_end { END_DONE, END_RETRY, END_LATER, END_DEAD };

static int end_table(lua_State *L, enum job_end end, lua_Integer at, int reason)
{
    lua_createtable(L, 0, 3);
    set_integer_field(L, "job_end", end);
    set_integer_field(L, "at", at);
    if (!lua_isnoneornil(L, reason)) {
        lua_pushvalue(L, reason);
        lua_setfield(L, -2, "reason");
    }
    return 1;
}

static int retry(lua_State *L)
{
    lua_Integer after = luaL_checkinteger(L, 1);
    luaL_checkstring(L, 2);
    after = after < 0 ? 0 : after > LATEST_MS ? LATEST_MS : after;
    return end_table(L, END_RETRY, loop_wall_ms() + after, 2);
}

static int later(lua_State *L)
{
    lua_Integer at = luaL_checkinteger(L, 1);
    luaL_optstring(L, 2, NULL);
    return end_table(L, END_LATER, at, 2);
}

static int dead(lua_State *L)
{
    luaL_checkstring(L, 1);
    return end_table(L, END_DEAD, 0, 1);
}

int luaopen_host_jobs(lua_State *L)
{
    static const luaL_Reg functions[] = { { "put", put },
                                          { "cancel", cancel },
                                          { "retry", retry },
                                          { "later", later },
                                          { "dead", dead },
                                          { "find", bind_jobs_find },
                                          { "erase", bind_jobs_erase },
                                          { "list", bind_jobs_list },
                                          { "forget", bind_jobs_forget },
                                          { NULL, NULL } };
    luaopen_host_json(L);
    lua_getfield(L, -1, "encode");
    lua_setfield(L, LUA_REGISTRYINDEX, "host.json.encode");
    lua_pop(L, 1);
    luaL_newlib(L, functions);
    return 1;
}

/* ---- running a job ---- */

void bind_push_job(lua_State *L, const struct job *j)
{
    lua_createtable(L, 0, 12);
    set_integer_field(L, "id", j->id);
    set_text_field(L, "kind", j->kind);
    set_text_field(L, "lane", j->lane);
    set_integer_field(L, "attempts", j->attempts);
    set_integer_field(L, "crashes", j->crashes);
    set_integer_field(L, "created_at", j->created_at);
    set_integer_field(L, "run_at", j->run_at);
    set_text_field(L, "error", j->error);
    set_flag_field(L, "orphan", j->orphan);
    if (j->payload_len) {
        lua_pushlstring(L, j->payload, j->payload_len);
        if (json_decode(L, -1, false))
            lua_setfield(L, -3, "payload");
        else
            lua_pop(L, 1);
        lua_pop(L, 1);
    }
}

static int wrong_end(lua_State *L)
{
    return luaL_error(L,
                      "a job's handler must return nothing, jobs.retry(…), jobs.later(…) or "
                      "jobs.dead(…), it returned a %s",
                      luaL_typename(L, -1));
}

/* The handler has returned. Its result is stored in the same group as what it wrote. */
static int job_done(lua_State *L, int status, lua_KContext ctx)
{
    struct task *t = (struct task *)ctx;
    struct services *s = t->gen->services;
    int rc;
    (void)status;
    if (lua_isnil(L, -1)) {
        int64_t every = t->gen->kinds[t->job_kind].every_seconds;
        rc = every ? jobs_again(s->jobs, &t->job, loop_wall_ms() + every * 1000, false, NULL)
                   : jobs_done(s->jobs, &t->job);
    } else {
        if (!lua_istable(L, -1) || lua_getfield(L, -1, "job_end") != LUA_TNUMBER)
            return wrong_end(L);
        enum job_end end = (enum job_end)lua_tointeger(L, -1);
        lua_getfield(L, -2, "at");
        int64_t at = lua_tointeger(L, -1);
        lua_getfield(L, -3, "reason");
        const char *reason = lua_tostring(L, -1);
        if (end == END_DEAD) {
            rc = jobs_die(s->jobs, &t->job, reason);
            task_touch(t); /* before the notice, because the group may be lost there */
            if (rc == 1)
                bind_notice(t->gen->scripts, "job_dead", reason, &t->job, 0);
        } else {
            rc = jobs_again(s->jobs, &t->job, at, end == END_RETRY, reason);
        }
    }
    task_touch(t);
    if (rc < 0 && store_lost(s->store))
        task_kill(t);
    else if (rc < 0)
        task_put_back(t->gen->scripts, &t->job);
    return 0;
}

static int job_main(lua_State *L)
{
    struct task *t = task_of(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, t->gen->kinds[t->job_kind].run);
    bind_push_job(L, &t->job);
    lua_callk(L, 1, 1, (lua_KContext)t, job_done);
    return job_done(L, LUA_OK, (lua_KContext)t);
}

static int job_failed_main(lua_State *L)
{
    struct task *t = task_of(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, t->gen->kinds[t->job_kind].failed);
    bind_push_job(L, &t->job);
    lua_pushstring(L, t->job.error ? t->job.error : "unknown error");
    lua_callk(L, 2, 1, (lua_KContext)t, job_done);
    return job_done(L, LUA_OK, (lua_KContext)t);
}

static void start(struct generation *g, struct job *job, int kind, lua_CFunction entry,
                  struct suspicion *s)
{
    struct task *t = task_new(g, TASK_JOB, entry);
    if (!t) {
        task_put_back(g->scripts, job);
        suspicion_free(s);
        return;
    }
    t->suspicion = s;
    t->job = *job;
    *job = (struct job){ .id = 0 };
    t->job_kind = kind;
    g->kinds[kind].running++;
    task_touch(t); /* its claim may be in the open group */
    task_ready(t);
}

void bind_job_start(struct generation *g, struct job *job)
{
    struct job_kind *k = generation_kind(g, job->kind);
    start(g, job, (int)(k - g->kinds), job_main, NULL);
}

bool bind_job_again(struct generation *g, struct job *job, struct suspicion *s)
{
    struct job_kind *k = generation_kind(g, job->kind);
    if (!k || (job->error_handled && k->failed == LUA_NOREF))
        return false;
    start(g, job, (int)(k - g->kinds), job->error_handled ? job_failed_main : job_main, s);
    return true;
}

void bind_job_failed(struct generation *g, struct job *job, int kind, const char *error)
{
    free(job->error);
    job->error = error ? strdup(error) : NULL;
    job->error_handled = true;
    start(g, job, kind, job_failed_main, NULL);
}
