/*
 * jobs: host.jobs and host.inbox, and how a claimed job or an inbox row runs.
 */
#include "bind.h"

#include "../judge.h"
#include "../log.h"

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

/* The encoded payload, left on the stack. */
static const char *encode_field(lua_State *L, const char *name, size_t *n)
{
    if (lua_getfield(L, 1, name) == LUA_TNIL) {
        *n = 0;
        return NULL;
    }
    lua_getfield(L, LUA_REGISTRYINDEX, "host.json.encode");
    lua_insert(L, -2);
    lua_call(L, 1, 1);
    return lua_tolstring(L, -1, n);
}

static int put(lua_State *L)
{
    struct generation *g = generation_of(L);
    struct host *h = g->host;
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
    p.payload = encode_field(L, "payload", &p.payload_len);
    if (lua_getfield(L, 1, "run_at") == LUA_TNUMBER) {
        int whole = 0;
        p.run_at = lua_tointegerx(L, -1, &whole);
        if (!whole)
            return luaL_error(L, "jobs.put: `run_at` must be whole milliseconds");
    }
    lua_getfield(L, 1, "keep");
    p.keep = lua_toboolean(L, -1);
    int64_t id = jobs_put(h->jobs, &p);
    struct task *t = task_of(L);
    if (t)
        task_touch(t);
    if (id == 0) {
        if (store_lost(h->store) && t)
            task_kill(t);
        return luaL_error(L, "jobs.put: %s", store_error(h->store));
    }
    lua_pushinteger(L, id);
    return 1;
}

static int cancel(lua_State *L)
{
    struct host *h = generation_of(L)->host;
    lua_pushboolean(L, jobs_cancel(h->jobs, luaL_checkinteger(L, 1)) == 1);
    if (task_of(L))
        task_touch(task_of(L));
    return 1;
}

enum job_end { END_DONE, END_RETRY, END_LATER, END_DEAD };

static int end_table(lua_State *L, enum job_end end, lua_Integer at, int reason)
{
    lua_createtable(L, 0, 3);
    lua_pushinteger(L, end);
    lua_setfield(L, -2, "job_end");
    lua_pushinteger(L, at);
    lua_setfield(L, -2, "at");
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
    return end_table(L, END_RETRY, loop_wall_ms() + (after > 0 ? after : 0), 2);
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
    static const luaL_Reg functions[] = { { "put", put },     { "cancel", cancel },
                                          { "retry", retry }, { "later", later },
                                          { "dead", dead },   { NULL, NULL } };
    luaopen_host_json(L);
    lua_getfield(L, -1, "encode");
    lua_setfield(L, LUA_REGISTRYINDEX, "host.json.encode");
    lua_getfield(L, -1, "decode");
    lua_setfield(L, LUA_REGISTRYINDEX, "host.json.decode");
    lua_pop(L, 1);
    luaL_newlib(L, functions);
    return 1;
}

/* ---- running a job ---- */

static void push_job(lua_State *L, const struct job *j)
{
    lua_createtable(L, 0, 12);
    lua_pushinteger(L, j->id);
    lua_setfield(L, -2, "id");
    lua_pushstring(L, j->kind);
    lua_setfield(L, -2, "kind");
    if (j->lane) {
        lua_pushstring(L, j->lane);
        lua_setfield(L, -2, "lane");
    }
    lua_pushinteger(L, j->attempts);
    lua_setfield(L, -2, "attempts");
    lua_pushinteger(L, j->crashes);
    lua_setfield(L, -2, "crashes");
    lua_pushinteger(L, j->created_at);
    lua_setfield(L, -2, "created_at");
    lua_pushinteger(L, j->run_at);
    lua_setfield(L, -2, "run_at");
    if (j->error) {
        lua_pushstring(L, j->error);
        lua_setfield(L, -2, "error");
    }
    lua_pushboolean(L, j->orphan);
    lua_setfield(L, -2, "orphan");
    if (j->payload_len) {
        lua_getfield(L, LUA_REGISTRYINDEX, "host.json.decode");
        lua_pushlstring(L, j->payload, j->payload_len);
        lua_call(L, 1, 1);
        lua_setfield(L, -2, "payload");
    }
}

static int wrong_end(lua_State *L)
{
    return luaL_error(L,
                      "a job's handler must return nothing, jobs.retry(…), jobs.later(…) or "
                      "jobs.dead(…), it returned a %s",
                      luaL_typename(L, -1));
}

/* The handler came back: what it returned decides, in the same group as what it wrote. */
static int job_done(lua_State *L, int status, lua_KContext ctx)
{
    struct task *t = (struct task *)ctx;
    struct host *h = t->gen->host;
    int rc;
    (void)status;
    if (lua_isnil(L, -1)) {
        int64_t every = t->gen->kinds[t->job_kind].every_seconds;
        rc = every ? jobs_again(h->jobs, &t->job, loop_wall_ms() + every * 1000, false, NULL)
                   : jobs_done(h->jobs, &t->job);
    } else {
        if (!lua_istable(L, -1) || lua_getfield(L, -1, "job_end") != LUA_TNUMBER)
            return wrong_end(L);
        enum job_end end = (enum job_end)lua_tointeger(L, -1);
        lua_getfield(L, -2, "at");
        int64_t at = lua_tointeger(L, -1);
        lua_getfield(L, -3, "reason");
        const char *reason = lua_tostring(L, -1);
        if (end == END_DEAD) {
            rc = jobs_die(h->jobs, &t->job, reason);
            if (rc == 1)
                bind_notice(h, "job_dead", reason, &t->job, 0);
        } else {
            rc = jobs_again(h->jobs, &t->job, at, end == END_RETRY, reason);
        }
    }
    h->jobs_run++;
    task_touch(t);
    if (rc < 0 && store_lost(h->store))
        task_kill(t);
    else if (rc < 0)
        task_put_back(h, &t->job);
    return 0;
}

static int job_main(lua_State *L)
{
    struct task *t = task_of(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, t->gen->kinds[t->job_kind].run);
    push_job(L, &t->job);
    lua_callk(L, 1, 1, (lua_KContext)t, job_done);
    return job_done(L, LUA_OK, (lua_KContext)t);
}

static int job_failed_main(lua_State *L)
{
    struct task *t = task_of(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, t->gen->kinds[t->job_kind].failed);
    push_job(L, &t->job);
    lua_pushstring(L, t->job.error ? t->job.error : "unknown error");
    lua_callk(L, 2, 1, (lua_KContext)t, job_done);
    return job_done(L, LUA_OK, (lua_KContext)t);
}

static void start(struct generation *g, struct job *job, int kind, lua_CFunction entry)
{
    struct task *t = task_new(g, TASK_JOB, entry);
    if (!t) {
        task_put_back(g->host, job);
        return;
    }
    t->job = *job;
    *job = (struct job){ .id = 0 };
    t->job_kind = kind;
    g->kinds[kind].running++;
    task_ready(t);
}

void bind_job_start(struct generation *g, struct job *job)
{
    struct job_kind *k = generation_kind(g, job->kind);
    start(g, job, (int)(k - g->kinds), job_main);
}

void bind_job_failed(struct generation *g, struct job *job, int kind, const char *error)
{
    free(job->error);
    job->error = error ? strdup(error) : NULL;
    job->error_handled = true;
    start(g, job, kind, job_failed_main);
}

/* ---- host.inbox ---- */

static int inbox_put_row(lua_State *L)
{
    struct generation *g = generation_of(L);
    struct host *h = g->host;
    size_t n = 0;
    bind_not_loading(L, "inbox.put");
    const char *reader = luaL_checkstring(L, 1);
    const char *body = luaL_checklstring(L, 2, &n);
    bool known = g->reader_count == 0;
    for (size_t i = 0; i < g->reader_count && !known; i++)
        known = strcmp(g->readers[i].name, reader) == 0;
    if (!known)
        return luaL_error(L, "inbox.put: main.lua has no inbox reader \"%s\"", reader);
    int64_t id = inbox_put(h->jobs, reader, body, n);
    struct task *t = task_of(L);
    if (t)
        task_touch(t);
    if (id == 0) {
        if (t) { /* the store is in trouble: nobody may be told that this was accepted */
            task_kill(t);
            return luaL_error(L, "cancelled: not stored");
        }
        return luaL_error(L, "inbox.put: %s", store_error(h->store));
    }
    lua_pushinteger(L, id);
    return 1;
}

static int park(lua_State *L)
{
    struct task *t = task_of(L);
    struct host *h = generation_of(L)->host;
    size_t n = 0;
    const char *reason = luaL_checkstring(L, 1);
    const char *item = luaL_optlstring(L, 2, NULL, &n);
    struct inbox_row *row = t && t->kind == TASK_SYNC ? t->arg : NULL;
    if (!row)
        return luaL_error(L, "inbox.park can only be used by an inbox reader");
    if (row->parked) /* read again after a reload, and still not readable: it stays where it is */
        row->parked_again = true;
    else if (inbox_park(h->jobs, row, item, n, reason) != 0)
        return luaL_error(L, "inbox.park: %s", store_error(h->store));
    else if (!row->set_aside)
        row->set_aside = strdup(reason);
    task_touch(t);
    return 0;
}

int luaopen_host_inbox(lua_State *L)
{
    static const luaL_Reg functions[] = { { "put", inbox_put_row },
                                          { "park", park },
                                          { NULL, NULL } };
    luaL_newlib(L, functions);
    return 1;
}

/* ---- one row, one slice, on the generation's own coroutine for what may not wait ---- */

static int row_main(lua_State *L)
{
    struct task *t = task_of(L);
    struct inbox_row *row = t->arg;
    lua_rawgeti(L, LUA_REGISTRYINDEX, t->sync_ref);
    lua_createtable(L, 0, 3);
    lua_pushinteger(L, row->id);
    lua_setfield(L, -2, "id");
    lua_pushlstring(L, row->body, row->body_len);
    lua_setfield(L, -2, "body");
    lua_pushinteger(L, row->received_at);
    lua_setfield(L, -2, "received_at");
    lua_call(L, 1, 0);
    return 0;
}

/* Runs entry to its end. 0, -1 script error (text in *error, free it), 1 the group was lost. */
static int run_sync(struct generation *g, lua_CFunction entry, const char *no_wait, int ref,
                    void *arg, char **error)
{
    struct task *t = task_new(g, TASK_SYNC, entry);
    if (!t)
        return 1;
    t->no_wait = no_wait;
    t->arg = arg;
    t->sync_ref = ref;
    task_run(t);
    t->condemned |= store_lost(g->host->store);
    int rc = t->condemned ? 1 : t->error ? -1 : 0;
    if (rc < 0) {
        *error = t->error;
        t->error = NULL;
    }
    task_free(t);
    return rc;
}

int bind_inbox_row(struct generation *g, struct inbox_row *row)
{
    struct host *h = g->host;
    int ref = LUA_NOREF;
    char *error = NULL;
    for (size_t i = 0; i < g->reader_count; i++)
        if (strcmp(g->readers[i].name, row->reader) == 0)
            ref = g->readers[i].ref;
    if (ref == LUA_NOREF)
        return inbox_park(h->jobs, row, NULL, 0, "main.lua has no reader of this name") == 0 ? 0
                                                                                             : 1;
    if (store_savepoint(h->store) != SQLITE_OK)
        return 1;
    jobs_on_cpu(h->jobs, -row->id);
    int rc = run_sync(g, row_main, "an inbox reader", ref, row, &error);
    jobs_on_cpu(h->jobs, 0);
    h->inbox_rows++;
    if (rc == 0 && store_release(h->store) != SQLITE_OK)
        rc = 1;
    if (rc == 0 && row->set_aside) {
        log_event(LOG_WARN, "inbox.parked", log_i("row", row->id), log_s("reason", row->set_aside));
        bind_notice(h, "parked", row->set_aside, NULL, 1);
    }
    free(row->set_aside); /* a row that is read again says so again */
    row->set_aside = NULL;
    if (rc < 0) {
        store_rollback(h->store);
        jobs_forget(h->jobs);
        if (judge_row_failed(g, error, ++row->tries)) {
            inbox_park(h->jobs, row, NULL, 0, error);
            bind_notice(h, "parked", error, NULL, 1);
            rc = 0;
        }
    }
    free(error);
    return rc;
}

/* ---- main.lua's notice and status ---- */

struct notice {
    const char *event, *message;
    const struct job *job;
    int64_t count;
};

static int notice_main(lua_State *L)
{
    struct task *t = task_of(L);
    const struct notice *n = t->arg;
    lua_rawgeti(L, LUA_REGISTRYINDEX, t->sync_ref);
    lua_createtable(L, 0, 4);
    lua_pushstring(L, n->event);
    lua_setfield(L, -2, "event");
    lua_pushstring(L, n->message ? n->message : "");
    lua_setfield(L, -2, "message");
    lua_pushinteger(L, n->count);
    lua_setfield(L, -2, "count");
    if (n->job && n->job->kind) {
        push_job(L, n->job);
        lua_setfield(L, -2, "job");
    }
    lua_call(L, 1, 0);
    return 0;
}

void bind_notice(struct host *h, const char *event, const char *message, const struct job *job,
                 int64_t count)
{
    struct generation *g = h->current;
    struct notice n = { event, message, job, count };
    if (!g || g->notice == LUA_NOREF || h->in_notice)
        return;
    h->in_notice = true; /* a notice that fails is logged, and makes no further notice */
    char *error = NULL;
    if (store_savepoint(h->store) == SQLITE_OK) {
        int rc = run_sync(g, notice_main, "notice", g->notice, &n, &error);
        if (rc == 0)
            store_release(h->store);
        else if (rc < 0) {
            log_event(LOG_ERROR, "script.error", log_s("in", "notice"), log_s("error", error));
            store_rollback(h->store);
            jobs_forget(h->jobs);
        }
    }
    free(error);
    h->in_notice = false;
}

struct status_call {
    bool words;
    struct buf out;
};

static int status_main(lua_State *L)
{
    struct task *t = task_of(L);
    struct status_call *c = t->arg;
    lua_getfield(L, LUA_REGISTRYINDEX, "host.json.encode");
    lua_rawgeti(L, LUA_REGISTRYINDEX, t->sync_ref);
    lua_pushboolean(L, c->words);
    lua_call(L, 1, 1);
    if (lua_type(L, -1) != LUA_TSTRING)
        lua_call(L, 1, 1);
    size_t n = 0;
    const char *text = lua_tolstring(L, -1, &n);
    buf_add(&c->out, text, n);
    return 0;
}

char *bind_status(struct generation *g, bool words)
{
    struct status_call c = { .words = words };
    char *error = NULL;
    if (g && g->status != LUA_NOREF &&
        run_sync(g, status_main, "status", g->status, &c, &error) < 0)
        log_event(LOG_ERROR, "script.error", log_s("in", "status"), log_s("error", error));
    free(error);
    return c.out.data;
}
