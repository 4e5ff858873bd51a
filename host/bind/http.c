/*
 * http: host.http. http_ask checks and copies a request. client/outbound holds it until the commit
 * of its tick. The continuation reads the answer.
 *
 * The op can outlive its task, because the pool may still hold it. The loop thread.
 */
#include "bind/http_ask.h"

#include <stdlib.h>
#include <string.h>

/* A task in http.cancel: a userdata on its stack, and its task->wait. */
struct cancelling {
    int left, sent, unsent;
};

/* One task that waits for an op's end. */
struct http_waiter {
    struct task *task;
    struct http_waiter *next;
};

/* ---- the op ---- */

static void op_free(struct http_op *op)
{
    outbound_forget(&op->request);
    http_op_free(op);
}

/* Wakes the tasks that cancelled this op. */
static void tell_waiters(struct http_op *op)
{
    bool unsent = op->request.transfer.error == POOL_CANCELLED && !op->request.transfer.sent;
    for (struct http_waiter *w = op->waiters, *next; w; w = next) {
        next = w->next;
        struct cancelling *count = w->task->wait;
        count->unsent += unsent;
        count->sent += !unsent;
        if (--count->left == 0) {
            w->task->cancel = NULL;
            task_ready(w->task);
        }
        free(w);
    }
    op->waiters = NULL;
}

static void ended(struct outbound_request *r)
{
    struct http_op *op = (struct http_op *)r;
    tell_waiters(op);
    if (op->task) {
        op->task->cancel = NULL;
        task_ready(op->task);
    } else {
        op_free(op);
    }
}

/* The task ends before it has read the answer. When the pool holds the op, it is freed when it
 * comes back. */
static void abandon(void *arg)
{
    struct http_op *op = arg;
    op->task = NULL;
    if (op->request.done)
        op_free(op);
    else
        outbound_cancel(&op->request);
}

/* ---- reading what came ---- */

static void push_error(lua_State *L, const struct pool_transfer *t)
{
    lua_createtable(L, 0, 3);
    set_text_field(L, "kind", pool_error_name(t->error));
    set_text_field(L, "message", t->message);
    set_flag_field(L, "sent", t->sent);
    luaL_setmetatable(L, "host.http.error");
}

/* Values of a name sent twice are joined with ", ". */
static void push_headers(lua_State *L, const struct pool_transfer *t)
{
    lua_createtable(L, 0, (int)t->answer_header_count);
    for (size_t i = 0; i < t->answer_header_count; i++) {
        const struct pool_header *h = &t->answer_headers[i];
        lua_pushstring(L, h->name);
        lua_pushvalue(L, -1);
        if (lua_rawget(L, -3) == LUA_TSTRING)
            lua_pushfstring(L, "%s, %s", lua_tostring(L, -1), h->value);
        else
            lua_pushstring(L, h->value);
        lua_remove(L, -2);
        lua_rawset(L, -3);
    }
}

static int answered(lua_State *L, int status, lua_KContext ctx)
{
    struct task *t = (struct task *)ctx;
    struct http_op *op = t->wait;
    const struct pool_transfer *x = &op->request.transfer;
    (void)status;
    /* When one of these throws, the op is freed with its task. */
    if (x->error != POOL_OK) {
        lua_pushnil(L);
        push_error(L, x);
    } else {
        lua_createtable(L, 0, 5);
        set_integer_field(L, "status", x->status);
        set_bytes_field(L, "body", x->answer ? x->answer : "", x->answer_len);
        set_integer_field(L, "ms", (lua_Integer)(x->elapsed_ns / 1000000u));
        push_headers(L, x);
        lua_setfield(L, -2, "headers");
        if (op->file.made) {
            bind_media_push(L, t, &op->file);
            lua_setfield(L, -2, "file");
        }
        lua_pushnil(L);
    }
    task_undefer(t, &op->held_by);
    op_free(op);
    return 2;
}

static int request(lua_State *L)
{
    struct task *t = task_may_wait(L, "http.request");
    struct http_op *op = http_ask(L, t);
    if (!http_ask_files(op, t->gen->services->media)) {
        struct pool_transfer failed = op->request.transfer;
        http_op_free(op);
        lua_pushnil(L);
        push_error(L, &failed);
        return 2;
    }
    op->task = t;
    op->request.ended = ended;
    outbound_ask(&t->gen->services->outbound, &op->request);
    t->wait = op;
    task_defer(t, &op->held_by, abandon, op);
    lua_settop(L, 0); /* the script's table and the encoded body are not needed any more */
    return task_wait(L, t, NULL, answered);
}

/* ---- http.cancel ---- */

static void stop_cancelling(struct task *t)
{
    for (struct outbound_request *r = t->gen->services->outbound.all; r; r = r->next)
        for (struct http_waiter **p = &((struct http_op *)r)->waiters, *w; (w = *p);) {
            if (w->task != t) {
                p = &w->next;
                continue;
            }
            *p = w->next;
            free(w);
        }
}

static int cancelled(lua_State *L, int status, lua_KContext ctx)
{
    struct task *t = (struct task *)ctx;
    const struct cancelling *c = t->wait;
    (void)status;
    lua_pushinteger(L, c->sent);
    lua_pushinteger(L, c->unsent);
    return 2;
}

static int cancel_lane(lua_State *L)
{
    const char *lane = luaL_checkstring(L, 1);
    struct task *t = task_may_wait(L, "http.cancel");
    struct cancelling *c = lua_newuserdatauv(L, sizeof *c, 0);
    *c = (struct cancelling){ .left = 1 }; /* this task: it cannot reach 0 yet */
    t->wait = c;
    for (struct outbound_request *r = t->gen->services->outbound.all, *next; r; r = next) {
        struct http_op *op = (struct http_op *)r;
        next = r->next;
        if (r->done || !r->lane || strcmp(r->lane, lane) != 0)
            continue;
        struct http_waiter *w = malloc(sizeof *w);
        if (!w) {
            stop_cancelling(t);
            return luaL_error(L, "not enough memory");
        }
        *w = (struct http_waiter){ .task = t, .next = op->waiters };
        op->waiters = w;
        c->left++;
        outbound_cancel(r);
    }
    if (--c->left == 0)
        return cancelled(L, LUA_OK, (lua_KContext)t);
    return task_wait(L, t, stop_cancelling, cancelled);
}

static int error_text(lua_State *L)
{
    lua_getfield(L, 1, "message");
    return 1;
}

int luaopen_host_http(lua_State *L)
{
    static const luaL_Reg functions[] = { { "request", request },
                                          { "cancel", cancel_lane },
                                          { NULL, NULL } };
    luaL_newmetatable(L, "host.http.error");
    lua_pushcfunction(L, error_text);
    lua_setfield(L, -2, "__tostring");
    lua_pop(L, 1);
    http_ask_open(L);
    luaL_newlib(L, functions);
    return 1;
}
