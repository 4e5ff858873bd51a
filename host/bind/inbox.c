/*
 * inbox: host.inbox, and what runs in one slice without waiting: the reader of an inbox row,
 * `notice` and `status` of main.lua. The loop thread.
 */
#include "bind/bind.h"

#include "base/buf.h"
#include "base/log.h"
#include "metrics/own.h"

#include <stdlib.h>
#include <string.h>

static int inbox_put_row(lua_State *L)
{
    struct generation *g = generation_of(L);
    struct services *s = g->services;
    struct task *t = task_of(L);
    size_t n = 0;
    bind_not_loading(L, "inbox.put");
    const char *reader = luaL_checkstring(L, 1);
    const char *body = luaL_checklstring(L, 2, &n);
    if (g->reader_count && !named_find(g->readers, g->reader_count, reader))
        return luaL_error(L, "inbox.put: main.lua has no inbox reader \"%s\"", reader);
    int64_t id = inbox_put(s->jobs, reader, body, n);
    task_touch(t);
    /* An item that its reader parks after three crashes would end the process again. */
    if (id && t && t->row && t->row->refused && t->row->crashes >= JOBS_CRASH_LIMIT &&
        inbox_give_up(s->jobs, id) != 0)
        id = 0;
    if (id == 0) /* the caller must not answer that it was accepted */
        return bind_not_stored(L);
    metrics_own_add(s->metrics, OWN_ACCEPTS, 1, reader, NULL, NULL);
    lua_pushinteger(L, id);
    return 1;
}

static int park(lua_State *L)
{
    struct task *t = task_of(L);
    struct services *s = generation_of(L)->services;
    size_t n = 0;
    const char *reason = luaL_checkstring(L, 1);
    const char *item = luaL_optlstring(L, 2, NULL, &n);
    struct inbox_row *row = t ? t->row : NULL;
    if (!row)
        return luaL_error(L, "inbox.park can only be used by an inbox reader");
    if (row->parked && !item) /* it was parked before and still cannot be read: it stays parked */
        row->parked_again = true;
    else if (inbox_park(s->jobs, row, item, n, reason) != 0)
        return bind_not_stored(L);
    else if (!row->set_aside)
        row->set_aside = strdup(reason);
    task_touch(t);
    return 0;
}

/* Notes the conversation of the item that is read. On the serving files the last call wins, because
 * it belongs to the item that failed. On the good files only the first call counts, and only when
 * the serving files made none. */
static int about(lua_State *L)
{
    struct generation *g = generation_of(L);
    struct task *t = task_of(L);
    size_t n = 0;
    const char *who = luaL_optlstring(L, 1, "", &n);
    struct inbox_row *row = t ? t->row : NULL;
    if (row && (g == g->scripts->current || !row->about[0])) {
        n = n < sizeof row->about ? n : sizeof row->about - 1;
        memcpy(row->about, who, n);
        row->about[n] = 0;
    }
    return 0;
}

int luaopen_host_inbox(lua_State *L)
{
    static const luaL_Reg functions[] = { { "put", inbox_put_row },
                                          { "about", about },
                                          { "park", park },
                                          { "find", bind_inbox_find },
                                          { "find_parked", bind_inbox_find_parked },
                                          { "get", bind_inbox_get },
                                          { "replace", bind_inbox_replace },
                                          { "erase_parked", bind_inbox_erase_parked },
                                          { "forget", bind_inbox_forget },
                                          { NULL, NULL } };
    luaL_newlib(L, functions);
    return 1;
}

/* ---- one piece of a row, in one slice that must not wait ---- */

/* A body of 4 MB holds tens of thousands of messages. Read in one slice they would be one
 * transaction of a gigabyte. So the reader gets a place to begin and a number of items to read, and
 * returns where it stopped. Each piece can be committed by itself. */
enum { PIECE = 50, LARGE_BODY = 64 * 1024 };

/* All pieces of a large row get the same string, because a new string of 4 MB for each would cause
 * a garbage collection for each. */
static void push_body(lua_State *L, const struct inbox_row *row)
{
    static const char name[] = "host.inbox.body";
    size_t n = 0;
    if (row->place > 0) {
        lua_getfield(L, LUA_REGISTRYINDEX, name);
        const char *kept = lua_tolstring(L, -1, &n);
        if (kept && n == row->body_len && memcmp(kept, row->body, n) == 0)
            return;
        lua_pop(L, 1);
    }
    lua_pushlstring(L, row->body, row->body_len);
    if (row->body_len >= LARGE_BODY) {
        lua_pushvalue(L, -1);
        lua_setfield(L, LUA_REGISTRYINDEX, name);
    }
}

static int row_main(lua_State *L)
{
    struct task *t = task_of(L);
    struct inbox_row *row = t->row;
    row->next = -1;
    lua_rawgeti(L, LUA_REGISTRYINDEX, t->sync_ref);
    lua_createtable(L, 0, 6);
    set_integer_field(L, "id", row->id);
    push_body(L, row);
    lua_setfield(L, -2, "body");
    set_integer_field(L, "received_at", row->received_at);
    set_integer_field(L, "place", row->place);
    set_integer_field(L, "most", row->singly ? 1 : PIECE);
    set_text_field(L, "refused", row->refused);
    lua_call(L, 1, 1);
    if (lua_isinteger(L, -1))
        row->next = lua_tointeger(L, -1);
    if (row->next >= 0 && row->next <= row->place && !row->replaced)
        return luaL_error(L, "the inbox reader \"%s\" must return a later place than it began at",
                          row->reader);
    return 0;
}

int bind_sync(struct generation *g, lua_CFunction entry, const char *no_wait, int ref, void *arg,
              char **error)
{
    struct task *t = task_new(g, TASK_SYNC, entry);
    if (!t)
        return 1;
    t->no_wait = no_wait;
    t->arg = arg;
    t->row = entry == row_main ? arg : NULL;
    t->sync_ref = ref;
    task_run(t);
    t->condemned |= store_lost(g->services->store);
    int rc = t->condemned ? 1 : t->error ? -1 : 0;
    if (rc < 0) {
        *error = t->error;
        t->error = NULL;
    }
    task_free(t);
    return rc;
}

/* Keeps all that the reader wrote for this piece, or nothing. */
static int row_in_savepoint(struct generation *g, struct inbox_row *row, int ref, char **error)
{
    struct services *s = g->services;
    if (store_savepoint(s->store) != 0)
        return 1;
    row->replaced = false;
    jobs_on_cpu(s->jobs, -row->id);
    int rc = bind_sync(g, row_main, "an inbox reader", ref, row, error);
    jobs_on_cpu(s->jobs, 0);
    if (rc == 0 && store_release(s->store) != 0)
        rc = 1;
    if (rc != 0) {
        store_rollback(s->store);
        jobs_forget(s->jobs);
    }
    return rc;
}

int bind_inbox_read(struct generation *g, struct inbox_row *row, char **error)
{
    const struct named *reader = named_find(g->readers, g->reader_count, row->reader);
    return reader ? row_in_savepoint(g, row, reader->ref, error) : BIND_NO_READER;
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
    set_text_field(L, "event", n->event);
    set_text_field(L, "message", n->message ? n->message : "");
    set_integer_field(L, "count", n->count);
    if (n->job && n->job->kind) {
        bind_push_job(L, n->job);
        lua_setfield(L, -2, "job");
    }
    lua_call(L, 1, 0);
    return 0;
}

/* false: the script failed. */
static bool notice_on(struct generation *g, struct notice *n)
{
    struct services *s = g->services;
    char *error = NULL;
    if (store_savepoint(s->store) != 0)
        return true;
    int rc = bind_sync(g, notice_main, "notice", g->notice, n, &error);
    if (rc < 0)
        log_event(LOG_ERROR, "script.error", log_s("in", "notice"), log_s("error", error));
    if (rc != 0 || store_release(s->store) != 0) {
        store_rollback(s->store);
        jobs_forget(s->jobs);
    }
    free(error);
    return rc >= 0;
}

void bind_notice(struct scripts *all, const char *event, const char *message, const struct job *job,
                 int64_t count)
{
    struct generation *g = all->current, *good = all->reference;
    struct notice n = { event, message, job, count };
    if (!g || g->notice == LUA_NOREF)
        return;
    if (!notice_on(g, &n) && good && good->notice != LUA_NOREF)
        notice_on(good, &n); /* the mistake may be in the code that tells staff */
}

struct status_call {
    bool words, fine;
    struct buf out;
};

static int status_main(lua_State *L)
{
    struct task *t = task_of(L);
    struct status_call *c = t->arg;
    lua_getfield(L, LUA_REGISTRYINDEX, "host.json.encode");
    lua_rawgeti(L, LUA_REGISTRYINDEX, t->sync_ref);
    lua_pushboolean(L, c->words);
    lua_call(L, 1, 2);
    c->fine = !lua_isboolean(L, -1) || lua_toboolean(L, -1);
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING)
        lua_call(L, 1, 1);
    size_t n = 0;
    const char *text = lua_tolstring(L, -1, &n);
    buf_add(&c->out, text, n);
    return 0;
}

char *bind_status(struct generation *g, bool words, bool *fine)
{
    struct status_call c = { .words = words, .fine = true };
    char *error = NULL;
    if (g && g->status != LUA_NOREF &&
        bind_sync(g, status_main, "status", g->status, &c, &error) < 0)
        log_event(LOG_ERROR, "script.error", log_s("in", "status"), log_s("error", error));
    free(error);
    *fine = c.fine;
    return c.out.data;
}
