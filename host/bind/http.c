/*
 * http: host.http. A request is checked and copied here, held until the commit of its tick, given to the pool, and read
 * by the continuation once it is back. The op outlives its task: the pool may still hold it.
 */
#include "bind/http_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A task in http.cancel: how many it waits for, and what became of the others. A userdata on its stack, and its task->wait. */
struct cancelling {
    int left, sent, unsent;
};

/* One of those who wait for an op's end. */
struct http_waiter {
    struct task *task;
    struct http_waiter *next;
};

/* ---- the op ---- */

static void op_free(struct http_op *op)
{
    struct run_queue *q = &op->scripts->queue;
    if (op->prev)
        op->prev->next = op->next;
    else if (q->requests == op)
        q->requests = op->next;
    if (op->next)
        op->next->prev = op->prev;
    pool_transfer_clear(&op->transfer);
    free(op);
}

static void unhold(struct http_op *op)
{
    for (struct http_op **p = &op->scripts->queue.held; *p; p = &(*p)->next_held)
        if (*p == op) {
            *p = op->next_held;
            break;
        }
    op->held = false;
}

/* Those who cancelled it have waited for this. */
static void tell_waiters(struct http_op *op)
{
    bool unsent = op->transfer.error == POOL_CANCELLED && !op->transfer.sent;
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

static void finish(struct http_op *op)
{
    op->done = true;
    tell_waiters(op);
    if (op->task) {
        op->task->cancel = NULL;
        task_ready(op->task);
    } else {
        op_free(op);
    }
}

void bind_http_done(struct pool_transfer *t)
{
    finish(t->owner);
}

/* Nobody is outside: the request fails at once, or with `answered` gets 200 and {}. */
static void end_alone(struct http_op *op)
{
    struct pool_transfer *t = &op->transfer;
    if (op->scripts->queue.answered) {
        t->sent = true;
        t->status = 200;
        t->answer = buf_copy("{}", 2);
        t->answer_len = t->answer ? 2 : 0;
        t->answer_headers = malloc(sizeof *t->answer_headers);
        if (t->answer_headers) {
            *t->answer_headers = (struct pool_header){ "content-type", "application/json" };
            t->answer_header_count = 1;
        }
        finish(op);
        return;
    }
    op->transfer.error = POOL_CONNECT;
    op->transfer.sent = false;
    snprintf(op->transfer.message, sizeof op->transfer.message,
             "no request is sent in a rehearsal");
    finish(op);
}

void bind_http_release(struct scripts *all)
{
    struct run_queue *q = &all->queue;
    struct http_op *op = q->held, *ordered = NULL;
    q->held = NULL;
    while (
        op) { /* the list grew at its head: turn it round, so that they leave in the order they were asked for */
        struct http_op *next = op->next_held;
        op->next_held = ordered;
        ordered = op;
        op = next;
    }
    for (op = ordered; op;) {
        struct http_op *next = op->next_held;
        op->held = false;
        if (q->alone)
            end_alone(op);
        else
            pool_submit(all->services->pool, &op->transfer);
        op = next;
    }
}

/* Cancelled before it was given to the pool: it never left. */
static void end_held(struct http_op *op)
{
    unhold(op);
    op->transfer.error = POOL_CANCELLED;
    op->transfer.sent = false;
    snprintf(op->transfer.message, sizeof op->transfer.message, "cancelled before it was sent");
    finish(op);
}

static void cancel_op(struct http_op *op)
{
    if (op->done)
        return;
    if (op->held)
        end_held(op);
    else
        pool_cancel(op->scripts->services->pool, &op->transfer);
}

/* Its task ends, and has not read what came. The pool may still have it: then it is freed when it comes back. */
static void abandon(void *arg)
{
    struct http_op *op = arg;
    op->task = NULL;
    if (op->done)
        op_free(op);
    else
        cancel_op(op);
}

/* ---- reading what came ---- */

static void push_error(lua_State *L, const struct pool_transfer *t)
{
    lua_createtable(L, 0, 3);
    lua_pushstring(L, pool_error_name(t->error));
    lua_setfield(L, -2, "kind");
    lua_pushstring(L, t->message);
    lua_setfield(L, -2, "message");
    lua_pushboolean(L, t->sent);
    lua_setfield(L, -2, "sent");
    luaL_setmetatable(L, "host.http.error");
}

/* A name sent twice is joined with ", ". */
static void push_headers(lua_State *L, const struct pool_transfer *t)
{
    lua_newtable(L);
    for (size_t i = 0; i < t->answer_header_count; i++) {
        const struct pool_header *h = &t->answer_headers[i];
        bool again = lua_getfield(L, -1, h->name) == LUA_TSTRING;
        if (again)
            lua_pushfstring(L, "%s, %s", lua_tostring(L, -1), h->value);
        else
            lua_pushstring(L, h->value);
        lua_setfield(L, -3, h->name);
        lua_pop(L, 1);
    }
}

static int answered(lua_State *L, int status, lua_KContext ctx)
{
    struct task *t = (struct task *)ctx;
    struct http_op *op = t->wait;
    const struct pool_transfer *x = &op->transfer;
    (void)status;
    /* Should one of these throw for memory, the op is freed with its task. */
    if (x->error != POOL_OK) {
        lua_pushnil(L);
        push_error(L, x);
    } else {
        lua_createtable(L, 0, 4);
        lua_pushinteger(L, x->status);
        lua_setfield(L, -2, "status");
        lua_pushlstring(L, x->answer ? x->answer : "", x->answer_len);
        lua_setfield(L, -2, "body");
        lua_pushinteger(L, (lua_Integer)(x->elapsed_ns / 1000000u));
        lua_setfield(L, -2, "ms");
        push_headers(L, x);
        lua_setfield(L, -2, "headers");
        lua_pushnil(L);
    }
    task_undefer(t, &op->held_by);
    op_free(op);
    return 2;
}

static int request(lua_State *L)
{
    struct task *t = task_may_wait(L, "http.request");
    struct run_queue *q = &t->gen->scripts->queue;
    struct http_op *op = http_ask(L, t);
    op->scripts = t->gen->scripts;
    op->task = t;
    op->next = q->requests;
    if (q->requests)
        q->requests->prev = op;
    q->requests = op;
    op->held = true; /* law 1: it leaves when what was written before it is durable */
    op->next_held = q->held;
    q->held = op;
    t->wait = op;
    task_defer(t, &op->held_by, abandon, op);
    lua_settop(L, 0); /* the script's table and the encoded body are not needed while it waits */
    return task_wait(L, t, NULL, answered);
}

/* ---- http.cancel ---- */

static void stop_cancelling(struct task *t)
{
    for (struct http_op *op = t->gen->scripts->queue.requests; op; op = op->next)
        for (struct http_waiter **p = &op->waiters, *w; (w = *p);) {
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
    struct run_queue *q = &t->gen->scripts->queue;
    struct cancelling *c = lua_newuserdatauv(L, sizeof *c, 0);
    *c = (struct cancelling){ .left = 1 }; /* ourselves: it cannot reach 0 while we still count */
    t->wait = c;
    for (struct http_op *op = q->requests, *next; op; op = next) {
        next = op->next;
        if (op->done || !op->lane || strcmp(op->lane, lane) != 0)
            continue;
        struct http_waiter *w = malloc(sizeof *w);
        if (!w) {
            stop_cancelling(t);
            return luaL_error(L, "not enough memory");
        }
        *w = (struct http_waiter){ .task = t, .next = op->waiters };
        op->waiters = w;
        c->left++;
        cancel_op(op);
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
