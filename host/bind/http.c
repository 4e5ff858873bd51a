/*
 * http: host.http. A request is checked and copied here, held until the commit of its tick, given to the pool, and read
 * by the continuation once it is back. The op outlives its task: the pool may still hold it.
 */
#include "bind.h"

#include "../buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TIMEOUT_MS = 30000, MAX_BYTES = 1 << 20, HEADER_LIMIT = 64 };

/* A task in http.cancel: how many it waits for, and what became of the others. Its task->wait. */
struct cancelling {
    int left, sent, unsent;
};

/* ---- the op ---- */

static void op_free(struct http_op *op)
{
    struct host *h = op->host;
    if (op->prev)
        op->prev->next = op->next;
    else if (h->requests == op)
        h->requests = op->next;
    if (op->next)
        op->next->prev = op->prev;
    pool_transfer_clear(&op->transfer);
    free(op);
}

static void unhold(struct host *h, struct http_op *op)
{
    for (struct http_op **p = &h->held; *p; p = &(*p)->next_held)
        if (*p == op) {
            *p = op->next_held;
            break;
        }
    op->held = false;
}

/* Who cancelled it has waited for this. */
static void tell_canceller(struct http_op *op)
{
    struct task *c = op->canceller;
    if (!c)
        return;
    op->canceller = NULL;
    struct cancelling *count = c->wait;
    if (op->transfer.error == POOL_CANCELLED && !op->transfer.sent)
        count->unsent++;
    else
        count->sent++;
    if (--count->left == 0) {
        c->cancel = NULL;
        task_ready(c);
    }
}

static void finish(struct http_op *op)
{
    op->done = true;
    tell_canceller(op);
    if (op->task) {
        op->task->cancel = NULL;
        task_ready(op->task);
    } else {
        op_free(op);
    }
}

void bind_http_done(struct host *h, struct pool_transfer *t)
{
    (void)h;
    finish(t->owner);
}

void bind_http_release(struct host *h)
{
    struct http_op *op = h->held, *ordered = NULL;
    h->held = NULL;
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
        pool_submit(h->pool, &op->transfer);
        op = next;
    }
}

/* Cancelled before it was given to the pool: it never left. */
static void end_held(struct host *h, struct http_op *op)
{
    unhold(h, op);
    op->transfer.error = POOL_CANCELLED;
    op->transfer.sent = false;
    snprintf(op->transfer.message, sizeof op->transfer.message, "cancelled before it was sent");
    finish(op);
}

static void cancel_op(struct host *h, struct http_op *op)
{
    if (op->done)
        return;
    if (op->held)
        end_held(h, op);
    else
        pool_cancel(h->pool, &op->transfer);
}

void bind_http_cancel_all(struct host *h)
{
    for (struct http_op *op = h->requests, *next; op; op = next) {
        next = op->next;
        cancel_op(h, op);
    }
}

/* Its task ends without an answer. */
static void abandon(struct task *t)
{
    struct http_op *op = t->http;
    t->http = NULL;
    op->task = NULL;
    cancel_op(t->gen->host, op);
}

void bind_http_forget(struct task *t)
{
    struct http_op *op = t->http;
    t->http = NULL;
    if (op && op->done)
        op_free(op);
}

/* ---- building it ---- */

static const char *field(lua_State *L, const char *name, int wanted, int *type)
{
    *type = lua_getfield(L, 1, name);
    if (*type != LUA_TNIL && *type != wanted)
        luaL_error(L, "http.request: `%s` must be a %s, it is a %s", name, lua_typename(L, wanted),
                   lua_typename(L, *type));
    return NULL;
}

static lua_Integer integer(lua_State *L, const char *name, lua_Integer otherwise, lua_Integer max)
{
    int type;
    field(L, name, LUA_TNUMBER, &type);
    lua_Integer v = otherwise;
    if (type != LUA_TNIL) {
        int whole = 0;
        v = lua_tointegerx(L, -1, &whole);
        if (!whole || v < 1 || v > max)
            luaL_error(L, "http.request: `%s` must be a whole number from 1 to %d", name, (int)max);
    }
    lua_pop(L, 1);
    return v;
}

static bool clean(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] == '\r' || text[i] == '\n' || text[i] == '\0')
            return false;
    return true;
}

static bool token(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] <= 0x20 || (unsigned char)text[i] >= 0x7f ||
            strchr("()<>@,;:\\\"/[]?={}", text[i]))
            return false;
    return n > 0;
}

/* A buffer that Lua frees, should anything throw. */
static struct buf *new_buf(lua_State *L)
{
    struct buf *b = lua_newuserdatauv(L, sizeof *b, 0);
    *b = (struct buf){ .data = NULL };
    luaL_setmetatable(L, "host.http.buf");
    return b;
}

static int free_buf(lua_State *L)
{
    buf_free(lua_touserdata(L, 1));
    return 0;
}

static void add_encoded(struct buf *b, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
            (c && strchr("-_.~", c)))
            buf_add(b, &c, 1);
        else
            buf_printf(b, "%%%02X", c);
    }
}

/* Pushes the names of the table at `at`, sorted, as a list. */
static lua_Integer push_sorted_names(lua_State *L, int at, const char *name)
{
    lua_Integer n = 0;
    lua_newtable(L);
    int keys = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, at); lua_pop(L, 1)) {
        int type = lua_type(L, -1);
        if (lua_type(L, -2) != LUA_TSTRING ||
            (type != LUA_TSTRING && type != LUA_TNUMBER && type != LUA_TBOOLEAN))
            luaL_error(L, "http.request: `%s` must map names to text, numbers or booleans", name);
        lua_pushvalue(L, -2);
        lua_rawseti(L, keys, ++n);
    }
    lua_getglobal(L, "table");
    lua_getfield(L, -1, "sort");
    lua_pushvalue(L, keys);
    lua_call(L, 1, 0);
    lua_pop(L, 1);
    return n;
}

/* Pushes a=b&c=d of the table at `at` as a buffer. */
static struct buf *push_form(lua_State *L, int at, const char *name)
{
    struct buf *b = new_buf(L);
    lua_Integer n = push_sorted_names(L, at, name);
    int keys = lua_gettop(L);
    for (lua_Integer i = 1; i <= n; i++) {
        size_t len = 0;
        lua_rawgeti(L, keys, i);
        const char *key = lua_tolstring(L, -1, &len);
        if (i > 1)
            buf_add(b, "&", 1);
        add_encoded(b, key, len);
        buf_add(b, "=", 1);
        lua_rawget(L, at);
        const char *value = luaL_tolstring(L, -1, &len);
        add_encoded(b, value, len);
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
    return b;
}

struct parts {
    const char *method, *url, *lane, *body;
    size_t url_len, body_len;
    const struct buf *query;
    const char *type; /* the body's Content-Type, when we made the body */
    const char *names[HEADER_LIMIT], *values[HEADER_LIMIT];
    size_t name_lens[HEADER_LIMIT], value_lens[HEADER_LIMIT], headers;
};

static void read_headers(lua_State *L, struct parts *p)
{
    int type;
    field(L, "headers", LUA_TTABLE, &type);
    if (type == LUA_TNIL)
        return;
    int at = lua_gettop(L);
    luaL_checkstack(L, HEADER_LIMIT * 2 + 8, "headers");
    for (lua_pushnil(L); lua_next(L, at); lua_pop(L, 1)) {
        size_t n = p->headers;
        if (n == HEADER_LIMIT)
            luaL_error(L, "http.request: more than %d headers", HEADER_LIMIT);
        if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "http.request: `headers` must map names to text");
        p->names[n] = lua_tolstring(L, -2, &p->name_lens[n]);
        p->values[n] = lua_tolstring(L, -1, &p->value_lens[n]);
        if (!token(p->names[n], p->name_lens[n]))
            luaL_error(L, "http.request: a header's name must be a word");
        if (!clean(p->values[n], p->value_lens[n]))
            luaL_error(L, "http.request: header \"%s\" holds a line break or NUL", p->names[n]);
        p->headers++;
    }
}

static void read_body(lua_State *L, struct parts *p)
{
    int json = lua_getfield(L, 1, "json"), form = lua_getfield(L, 1, "form"),
        body = lua_getfield(L, 1, "body");
    if ((json != LUA_TNIL) + (form != LUA_TNIL) + (body != LUA_TNIL) > 1)
        luaL_error(L, "http.request: one of json, form and body, not several");
    if (json != LUA_TNIL) {
        lua_getfield(L, LUA_REGISTRYINDEX, "host.json.encode");
        lua_pushvalue(L, -4);
        lua_call(L, 1, 1);
        p->body = lua_tolstring(L, -1, &p->body_len);
        p->type = "Content-Type: application/json";
    } else if (form != LUA_TNIL) {
        luaL_argexpected(L, form == LUA_TTABLE, 1, "form as a table");
        struct buf *b = push_form(L, lua_gettop(L) - 1, "form");
        p->body = b->data ? b->data : "";
        p->body_len = b->len;
        p->type = "Content-Type: application/x-www-form-urlencoded";
    } else if (body != LUA_TNIL) {
        if (body != LUA_TSTRING)
            luaL_error(L, "http.request: `body` must be text");
        p->body = lua_tolstring(L, -1, &p->body_len);
    }
    for (size_t i = 0; p->type && i < p->headers; i++)
        if (p->name_lens[i] == 12 && strncasecmp(p->names[i], "content-type", 12) == 0)
            p->type = NULL;
}

static void read_parts(lua_State *L, struct parts *p, const struct task *t)
{
    int type;
    field(L, "url", LUA_TSTRING, &type);
    if (type == LUA_TNIL)
        luaL_error(L, "http.request: `url` is missing");
    p->url = lua_tolstring(L, -1, &p->url_len);
    if (!clean(p->url, p->url_len) || strchr(p->url, ' '))
        luaL_error(L, "http.request: `url` holds a blank, a line break or NUL");
    field(L, "method", LUA_TSTRING, &type);
    size_t n = 0;
    p->method = lua_tolstring(L, -1, &n);
    if (p->method && !token(p->method, n))
        luaL_error(L, "http.request: `method` is not a word");
    field(L, "lane", LUA_TSTRING, &type);
    p->lane = type == LUA_TNIL ? t->job.lane : lua_tostring(L, -1);
    read_headers(L, p);
    field(L, "query", LUA_TTABLE, &type);
    if (type != LUA_TNIL)
        p->query = push_form(L, lua_gettop(L), "query");
    read_body(L, p);
    if (!p->method)
        p->method = p->body ? "POST" : "GET";
}

static char *put_text(char **at, const char *text, size_t n)
{
    char *start = *at;
    memcpy(start, text, n);
    start[n] = 0;
    *at += n + 1;
    return start;
}

/* One block: the op, the header pointers, every string. NULL: no memory. */
static struct http_op *new_op(const struct parts *p)
{
    size_t lines = p->headers + (p->type ? 1 : 0);
    size_t size = sizeof(struct http_op) + lines * sizeof(char *) + strlen(p->method) + 1 +
                  p->url_len + 2 + (p->query ? p->query->len : 0) +
                  (p->lane ? strlen(p->lane) + 1 : 0) + p->body_len + 1;
    for (size_t i = 0; i < p->headers; i++)
        size += p->name_lens[i] + 2 + p->value_lens[i] + 1;
    size += p->type ? strlen(p->type) + 1 : 0;
    struct http_op *op = malloc(size);
    if (!op)
        return NULL;
    *op = (struct http_op){ .done = false };
    const char **headers = (const char **)(op + 1);
    char *at = (char *)(headers + lines);
    for (size_t i = 0; i < p->headers; i++) {
        headers[i] = at;
        memcpy(at, p->names[i], p->name_lens[i]);
        at += p->name_lens[i];
        memcpy(at, ": ", 2);
        at += 2;
        put_text(&at, p->values[i], p->value_lens[i]);
    }
    if (p->type)
        headers[p->headers] = put_text(&at, p->type, strlen(p->type));
    op->transfer.headers = headers;
    op->transfer.header_count = lines;
    op->transfer.method = put_text(&at, p->method, strlen(p->method));
    op->transfer.url = at;
    memcpy(at, p->url, p->url_len);
    at += p->url_len;
    if (p->query && p->query->len) {
        *at++ = strchr(p->url, '?') ? '&' : '?';
        memcpy(at, p->query->data, p->query->len);
        at += p->query->len;
    }
    *at++ = 0;
    op->lane = p->lane ? put_text(&at, p->lane, strlen(p->lane)) : NULL;
    op->transfer.body = p->body ? put_text(&at, p->body, p->body_len) : NULL;
    op->transfer.body_len = p->body_len;
    op->transfer.owner = op;
    return op;
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

/* "name: value\n…" → table; a name sent twice is joined with ", ". */
static void push_headers(lua_State *L, const char *text, size_t len)
{
    lua_newtable(L);
    for (const char *p = text, *end = text + len; p && p < end;) {
        const char *line_end = memchr(p, '\n', (size_t)(end - p));
        if (!line_end)
            line_end = end;
        const char *colon = memchr(p, ':', (size_t)(line_end - p));
        if (colon) {
            const char *value = colon + 1;
            while (value < line_end && *value == ' ')
                value++;
            lua_pushlstring(L, p, (size_t)(colon - p));
            lua_pushvalue(L, -1);
            if (lua_rawget(L, -3) == LUA_TSTRING) {
                lua_pushliteral(L, ", ");
                lua_pushlstring(L, value, (size_t)(line_end - value));
                lua_concat(L, 3);
            } else {
                lua_pop(L, 1);
                lua_pushlstring(L, value, (size_t)(line_end - value));
            }
            lua_rawset(L, -3);
        }
        p = line_end + 1;
    }
}

static int answered(lua_State *L, int status, lua_KContext ctx)
{
    struct task *t = (struct task *)ctx;
    struct http_op *op = t->http;
    const struct pool_transfer *x = &op->transfer;
    (void)status;
    /* Should one of these throw for memory, the op is freed when its task is: t->http still names it. */
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
        push_headers(L, x->answer_headers, x->answer_headers_len);
        lua_setfield(L, -2, "headers");
        lua_pushnil(L);
    }
    t->http = NULL;
    op_free(op);
    return 2;
}

static int request(lua_State *L)
{
    struct parts p = { .method = NULL };
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    struct task *t = task_may_wait(L, "http.request");
    struct host *h = t->gen->host;
    lua_Integer timeout = integer(L, "timeout_ms", TIMEOUT_MS, 600000);
    lua_Integer bytes = integer(L, "max_bytes", MAX_BYTES, 256 << 20);
    lua_getfield(L, 1, "once");
    bool once = lua_toboolean(L, -1);
    read_parts(L, &p, t);
    struct http_op *op = new_op(&p);
    if (!op)
        return luaL_error(L, "not enough memory");
    op->host = h;
    op->transfer.timeout_ms = (unsigned)timeout;
    op->transfer.max_bytes = (size_t)bytes;
    op->transfer.once = once;
    op->task = t;
    op->next = h->requests;
    if (h->requests)
        h->requests->prev = op;
    h->requests = op;
    op->held = true; /* law 1: it leaves when what was written before it is durable */
    op->next_held = h->held;
    h->held = op;
    t->http = op;
    lua_settop(L, 0); /* the script's table and the encoded body are not needed while it waits */
    return task_wait(L, t, abandon, answered);
}

/* ---- http.cancel ---- */

static void stop_cancelling(struct task *t)
{
    for (struct http_op *op = t->gen->host->requests; op; op = op->next)
        if (op->canceller == t)
            op->canceller = NULL;
    free(t->wait);
    t->wait = NULL;
}

static int cancelled(lua_State *L, int status, lua_KContext ctx)
{
    struct task *t = (struct task *)ctx;
    struct cancelling c = *(struct cancelling *)t->wait;
    (void)status;
    free(t->wait);
    t->wait = NULL;
    lua_pushinteger(L, c.sent);
    lua_pushinteger(L, c.unsent);
    return 2;
}

static int cancel_lane(lua_State *L)
{
    const char *lane = luaL_checkstring(L, 1);
    struct task *t = task_may_wait(L, "http.cancel");
    struct host *h = t->gen->host;
    struct cancelling *c = calloc(1, sizeof *c);
    if (!c)
        return luaL_error(L, "not enough memory");
    t->wait = c;
    c->left = 1; /* ourselves, so that it cannot reach 0 while we still count */
    for (struct http_op *op = h->requests, *next; op; op = next) {
        next = op->next;
        if (op->done || !op->lane || op->canceller || strcmp(op->lane, lane) != 0)
            continue;
        op->canceller = t;
        c->left++;
        cancel_op(h, op);
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
    luaL_newmetatable(L, "host.http.buf");
    lua_pushcfunction(L, free_buf);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
    luaL_newlib(L, functions);
    return 1;
}
