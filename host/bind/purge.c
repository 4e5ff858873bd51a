/*
 * purge: the functions of host.inbox, host.jobs and host.db that remove a person's data: rows that
 * hold certain words, rows past a certain age, and what SQLite left of them in the file. The loop
 * thread.
 */
#include "bind/bind.h"

#include "work/jobs_purge.h"

#include <stdio.h>
#include <string.h>

enum { ROOM = 256 /* rows found per call */, LIST = 100 };
static const uint64_t look_ns = 1000000;                 /* per call */
static const uint64_t scrub_ns = 1000000;                /* per tick */
static const uint64_t patience_ns = 10ull * 1000000000u; /* while another program holds the file */

/* Checks all words before it allocates anything, so an error leaks nothing. */
static struct needles *needles_at(lua_State *L, int at)
{
    luaL_checktype(L, at, LUA_TTABLE);
    lua_Integer count = (lua_Integer)lua_rawlen(L, at);
    for (lua_Integer i = 1; i <= count; i++) {
        if (lua_rawgeti(L, at, i) != LUA_TSTRING)
            luaL_error(L, "word %d is not text", (int)i);
        if (lua_rawlen(L, -1) < NEEDLE_LEAST)
            luaL_error(L, "word %d is shorter than %d bytes", (int)i, NEEDLE_LEAST);
        lua_pop(L, 1);
    }
    struct needles *n = needles_new();
    bool fine = n != NULL;
    for (lua_Integer i = 1; i <= count && fine; i++) {
        size_t len = 0;
        lua_rawgeti(L, at, i);
        const char *text = lua_tolstring(L, -1, &len);
        fine = needles_add(n, text, len);
        lua_pop(L, 1);
    }
    if (!fine) {
        needles_free(n);
        luaL_error(L, "not enough memory");
    }
    return n;
}

static int look(lua_State *L, const char *what, enum jobs_table in)
{
    struct services *s = generation_of(L)->services;
    bind_not_loading(L, what);
    lua_settop(L, 2);
    int64_t after = luaL_optinteger(L, 2, 0), *ids = lua_newuserdatauv(L, ROOM * sizeof *ids, 0);
    bool more = false;
    struct needles *n = needles_at(L, 1);
    int count = jobs_look_for(s->jobs, in, n, &after, ids, ROOM, look_ns, &more);
    needles_free(n);
    bind_wrote(L, count >= 0);
    lua_createtable(L, count, 0);
    for (int i = 0; i < count; i++) {
        lua_pushinteger(L, ids[i]);
        lua_rawseti(L, -2, i + 1);
    }
    if (more)
        lua_pushinteger(L, after);
    else
        lua_pushnil(L);
    lua_pushinteger(L, after);
    return 3;
}

int bind_jobs_find(lua_State *L)
{
    return look(L, "jobs.find", LOOK_JOBS);
}

int bind_inbox_find(lua_State *L)
{
    return look(L, "inbox.find", LOOK_INBOX);
}

int bind_inbox_find_parked(lua_State *L)
{
    return look(L, "inbox.find_parked", LOOK_PARKED);
}

/* ---- jobs ---- */

/* Ends a run of this job, because what it would still write is about a person who was erased. */
static void end_run(struct scripts *all, int64_t id)
{
    for (int pass = 0; pass < 2; pass++)
        for (struct generation *g = pass ? all->draining : all->current; g;
             g = pass ? g->older : NULL)
            for (struct task *t = g->tasks, *next; t; t = next) {
                next = t->next;
                if (t->kind == TASK_JOB && t->job.id == id &&
                    (t->state == TASK_WAITING || t->state == TASK_READY)) {
                    task_kill(t);
                    return;
                }
            }
}

int bind_jobs_erase(lua_State *L)
{
    struct generation *g = generation_of(L);
    int64_t id = luaL_checkinteger(L, 1);
    bind_not_loading(L, "jobs.erase");
    int rc = jobs_erase(g->services->jobs, id);
    bind_wrote(L, rc >= 0);
    end_run(g->scripts, id);
    lua_pushboolean(L, rc == 1);
    return 1;
}

static int push_job(lua_State *L)
{
    bind_push_job(L, lua_touserdata(L, 1));
    return 1;
}

/* Pushes live jobs of a kind, by id. */
int bind_jobs_list(lua_State *L)
{
    struct services *s = generation_of(L)->services;
    const char *kind = luaL_checkstring(L, 1);
    int64_t after = luaL_optinteger(L, 2, 0);
    bind_not_loading(L, "jobs.list");
    struct job *found = lua_newuserdatauv(L, LIST * sizeof *found, 0);
    lua_createtable(L, LIST, 0); /* first, because it may throw */
    int count = jobs_of_kind(s->jobs, kind, after, found, LIST);
    bind_wrote(L, count >= 0);
    int rc = LUA_OK;
    for (int i = 0; i < count; i++) {
        after = found[i].id;
        if (rc == LUA_OK) {
            lua_pushcfunction(L, push_job);
            lua_pushlightuserdata(L, &found[i]);
            rc = lua_pcall(L, 1, 1, 0);
        }
        if (rc == LUA_OK)
            lua_rawseti(L, -2, i + 1);
        job_free(&found[i]);
    }
    if (rc != LUA_OK)
        return lua_error(L);
    if (count == LIST)
        lua_pushinteger(L, after);
    else
        lua_pushnil(L);
    return 2;
}

/* ---- inbox ---- */

int bind_inbox_get(lua_State *L)
{
    struct services *s = generation_of(L)->services;
    int64_t id = luaL_checkinteger(L, 1);
    bind_not_loading(L, "inbox.get");
    lua_createtable(L, 0, 5);
    struct inbox_row row = { .id = 0 };
    bool unread = false;
    int rc = inbox_get(s->jobs, id, &row, &unread);
    bind_wrote(L, rc >= 0);
    if (rc == 0)
        return 0;
    char *body = lua_newuserdatauv(L, row.body_len + 1, 0);
    memcpy(body, row.body, row.body_len);
    char reader[64];
    snprintf(reader, sizeof reader, "%s", row.reader);
    size_t len = row.body_len;
    int64_t at = row.received_at;
    inbox_row_free(&row);
    lua_pushvalue(L, 2);
    set_bytes_field(L, "body", body, len);
    set_text_field(L, "reader", reader);
    set_integer_field(L, "id", id);
    set_integer_field(L, "received_at", at);
    set_flag_field(L, "unread", unread);
    return 1;
}

int bind_inbox_replace(lua_State *L)
{
    struct generation *g = generation_of(L);
    size_t len = 0;
    int64_t id = luaL_checkinteger(L, 1);
    const char *body = luaL_optlstring(L, 2, NULL, &len);
    bind_not_loading(L, "inbox.replace");
    int rc = body ? inbox_replace(g->services->jobs, id, body, len)
                  : inbox_erase(g->services->jobs, id);
    bind_wrote(L, rc >= 0);
    struct inbox_row *own = task_of(L)->row, *waiting = &g->scripts->queue.row;
    if (own && own->id == id)
        own->replaced = true;
    else if (waiting->id == id) /* the copy in memory, to be tried again */
        inbox_row_free(waiting);
    lua_pushboolean(L, rc == 1);
    return 1;
}

int bind_inbox_erase_parked(lua_State *L)
{
    int64_t id = luaL_checkinteger(L, 1);
    bind_not_loading(L, "inbox.erase_parked");
    int rc = parked_erase(generation_of(L)->services->jobs, id);
    bind_wrote(L, rc >= 0);
    lua_pushboolean(L, rc == 1);
    return 1;
}

/* Removes rows older than a time, the oldest first. */
static int forget(lua_State *L, const char *what,
                  int (*purge)(struct jobs *j, int64_t before_ms, int limit))
{
    int64_t before = luaL_checkinteger(L, 1);
    lua_Integer limit = luaL_checkinteger(L, 2);
    bind_not_loading(L, what);
    luaL_argcheck(L, limit > 0 && limit <= 100000, 2, "must be from 1 to 100000");
    int count = purge(generation_of(L)->services->jobs, before, (int)limit);
    bind_wrote(L, count >= 0);
    lua_pushinteger(L, count);
    return 1;
}

int bind_inbox_forget(lua_State *L)
{
    return forget(L, "inbox.forget", inbox_purge);
}

int bind_jobs_forget(lua_State *L)
{
    return forget(L, "jobs.forget", jobs_purge);
}

/* ---- the file ---- */

struct scrub {
    struct store_scrub work;
    uint64_t since_ns; /* its start, or its last progress */
    const char *error;
};

static void stop_scrub(struct task *t)
{
    struct run_queue *q = &t->gen->scripts->queue;
    if (q->scrubbing == t)
        q->scrubbing = NULL;
}

static int scrubbed(lua_State *L, int status, lua_KContext ctx)
{
    struct task *t = (struct task *)ctx;
    const struct scrub *w = t->wait;
    (void)status;
    t->wait = NULL;
    if (w->error) {
        lua_pushnil(L);
        lua_pushstring(L, w->error);
        return 2;
    }
    lua_pushinteger(L, w->work.cleaned);
    return 1;
}

int bind_db_scrub(lua_State *L)
{
    struct task *t = task_may_wait(L, "db.scrub");
    struct run_queue *q = &t->gen->scripts->queue;
    if (q->scrubbing) {
        lua_pushnil(L);
        lua_pushliteral(L, "it is being done already");
        return 2;
    }
    struct scrub *w = lua_newuserdatauv(L, sizeof *w, 0);
    *w = (struct scrub){ .since_ns = loop_now_ns() };
    t->wait = w;
    q->scrubbing = t;
    return task_wait(L, t, stop_scrub, scrubbed);
}

void bind_scrub_step(struct scripts *all, bool busy)
{
    struct run_queue *q = &all->queue;
    struct store *store = all->services->store;
    struct task *t = q->scrubbing;
    struct scrub *w = t ? t->wait : NULL;
    uint64_t now = loop_now_ns();
    if (!w || q->scrub_again.index || store_dirty(store))
        return;
    enum store_scrub_result result = store_scrub(store, &w->work, scrub_ns);
    /* Leaves half of the time to all other work, if there is any. */
    uint64_t rest = busy ? loop_now_ns() - now : 0;
    loop_timer_set(all->services->loop, &q->scrub_again, loop_now_ns() + rest, NULL, NULL);
    switch (result) {
    case STORE_SCRUB_MORE: w->since_ns = now; return;
    case STORE_SCRUB_BUSY:
        if (now - w->since_ns < patience_ns)
            return;
        w->error = "another program is using the database's file";
        break;
    case STORE_SCRUB_FAILED: w->error = "the database's file cannot be read or written"; break;
    case STORE_SCRUBBED: break;
    }
    q->scrubbing = NULL;
    task_ready(t);
}

int bind_db_holds(lua_State *L)
{
    struct services *s = generation_of(L)->services;
    int64_t at = luaL_optinteger(L, 2, 0);
    bind_not_loading(L, "db.holds");
    lua_settop(L, 2);
    luaL_checktype(L, 1, LUA_TTABLE);
    size_t count = lua_rawlen(L, 1);
    bool *found = lua_newuserdatauv(L, count + 1, 0);
    struct needles *n = needles_at(L, 1);
    int rc = store_look_for(s->store, n, &at, look_ns);
    for (size_t i = 0; i < count; i++)
        found[i] = needles_sum(n, i) > 0;
    needles_free(n);
    if (rc < 0)
        return luaL_error(L, "the database's file cannot be read");
    lua_newtable(L);
    for (size_t i = 0, hits = 0; i < count; i++)
        if (found[i]) {
            lua_pushinteger(L, (lua_Integer)i + 1);
            lua_rawseti(L, -2, (lua_Integer)++hits);
        }
    if (rc == 1)
        lua_pushinteger(L, at);
    else
        lua_pushnil(L);
    return 2;
}

int bind_db_restored(lua_State *L)
{
    bind_not_loading(L, "db.restored");
    lua_pushboolean(L, store_restored(generation_of(L)->services->store));
    return 1;
}
