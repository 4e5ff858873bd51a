/*
 * request: finds a request's route, makes the table that its handler gets, and sends the response
 * that it returns. Contract: host/api/request.lua. The loop thread.
 */
#include "bind/bind.h"

#include "store/media.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { ANSWER_HEADERS = 16 };

/* ---- the request table ---- */

/* What the table does not show until it is asked for: most handlers look at one header. Making all
 * of it took a quarter of what accepting a webhook takes in Lua. A copy, because a script may keep
 * the table longer than the request lives. */
struct unread {
    uint64_t id;
    size_t query_len, remote_len, header_count;
    char bytes[]; /* the query, the remote address, and each header: struct lens, name, value */
};

struct lens {
    uint32_t name, value;
};

static const char unread_key = 0; /* its address: where the request table keeps it */

#define REQUEST "host.request"

static void push_unread(lua_State *L, const struct httpd_request *r)
{
    const char *remote = r->remote ? r->remote : "";
    size_t remote_len = strlen(remote), query_len = r->query ? r->query_len : 0;
    size_t bytes = query_len + remote_len;
    for (size_t i = 0; i < r->header_count; i++)
        bytes += sizeof(struct lens) + r->headers[i].name_len + r->headers[i].value_len;
    struct unread *u = lua_newuserdatauv(L, sizeof *u + bytes, 0);
    *u = (struct unread){ r->id, query_len, remote_len, r->header_count };
    char *at = u->bytes;
    if (query_len)
        memcpy(at, r->query, query_len);
    memcpy(at += query_len, remote, remote_len);
    at += remote_len;
    for (size_t i = 0; i < r->header_count; i++) {
        const struct httpd_header *x = &r->headers[i];
        const struct lens lens = { (uint32_t)x->name_len, (uint32_t)x->value_len };
        memcpy(at, &lens, sizeof lens);
        memcpy(at += sizeof lens, x->name, x->name_len);
        memcpy(at += x->name_len, x->value, x->value_len);
        at += x->value_len;
    }
}

static const char *first_header(const struct unread *u)
{
    return u->bytes + u->query_len + u->remote_len;
}

/* The header at `at`. Returns where the next one is. */
static const char *read_header(const char *at, struct httpd_header *out)
{
    struct lens lens;
    memcpy(&lens, at, sizeof lens);
    at += sizeof lens;
    *out = (struct httpd_header){ at, lens.name, at + lens.name, lens.value };
    return at + lens.name + lens.value;
}

/* Stores the value on top under the name below it. A repeated name becomes absent and is listed in
 * `repeated`. */
static void put_query(lua_State *L, int query, int repeated)
{
    lua_pushvalue(L, -2);
    lua_rawget(L, repeated);
    lua_pushvalue(L, -3);
    lua_rawget(L, query);
    bool twice = !lua_isnil(L, -1) || lua_toboolean(L, -2);
    lua_pop(L, 2);
    if (twice) {
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        lua_pushnil(L);
        lua_rawset(L, query);
        lua_pushboolean(L, 1);
        lua_rawset(L, repeated);
    } else {
        lua_rawset(L, query);
    }
}

static void show_query(lua_State *L, const struct unread *u)
{
    lua_newtable(L);
    lua_newtable(L);
    int query = lua_gettop(L) - 1, repeated = lua_gettop(L);
    const char *p = u->bytes, *end = p + u->query_len;
    for (int pairs = 0; p < end && pairs < 256; pairs++) {
        const char *amp = memchr(p, '&', (size_t)(end - p));
        const char *stop = amp ? amp : end;
        const char *eq = memchr(p, '=', (size_t)(stop - p));
        if (stop > p && url_push_decoded(L, p, (size_t)((eq ? eq : stop) - p))) {
            if (url_push_decoded(L, eq ? eq + 1 : stop, eq ? (size_t)(stop - eq - 1) : 0)) {
                put_query(L, query, repeated);
            } else { /* a NUL inside: the name becomes absent and is listed */
                lua_pushboolean(L, 1);
                lua_rawset(L, repeated);
            }
        }
        p = stop + 1;
    }
    lua_setfield(L, 1, "repeated");
    lua_setfield(L, 1, "query");
}

static void push_lower(lua_State *L, const char *text, size_t n)
{
    char small[128];
    if (n > sizeof small)
        n = sizeof small;
    for (size_t i = 0; i < n; i++)
        small[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
    lua_pushlstring(L, small, n);
}

/* Adds a second value to the one on top. */
static void join(lua_State *L, const char *value, size_t n)
{
    lua_pushliteral(L, ", ");
    lua_pushlstring(L, value, n);
    lua_concat(L, 3);
}

static void show_headers(lua_State *L, const struct unread *u)
{
    lua_createtable(L, 0, (int)u->header_count);
    lua_newtable(L);
    int headers = lua_gettop(L) - 1, repeated = lua_gettop(L);
    const char *at = first_header(u);
    for (size_t i = 0; i < u->header_count; i++) {
        struct httpd_header x;
        at = read_header(at, &x);
        push_lower(L, x.name, x.name_len);
        lua_pushvalue(L, -1);
        if (lua_rawget(L, headers) == LUA_TSTRING) {
            lua_pushvalue(L, -2);
            lua_pushboolean(L, 1);
            lua_rawset(L, repeated);
            join(L, x.value, x.value_len);
        } else {
            lua_pop(L, 1);
            lua_pushlstring(L, x.value, x.value_len);
        }
        lua_rawset(L, headers);
    }
    lua_setfield(L, 1, "repeated_headers");
    lua_setfield(L, 1, "headers");
}

static const struct unread *check_unread(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_rawgetp(L, 1, &unread_key);
    const struct unread *u = lua_touserdata(L, -1);
    luaL_argcheck(L, u, 1, "the request that a handler got is expected");
    return u; /* the table keeps it alive */
}

/* request:header(name) */
static int header(lua_State *L)
{
    size_t n = 0;
    const struct unread *u = check_unread(L);
    const char *name = luaL_checklstring(L, 2, &n), *at = first_header(u);
    int found = 0;
    for (size_t i = 0; i < u->header_count; i++) {
        struct httpd_header x;
        at = read_header(at, &x);
        if (x.name_len != n || strncasecmp(x.name, name, n) != 0)
            continue;
        if (found++)
            join(L, x.value, x.value_len);
        else
            lua_pushlstring(L, x.value, x.value_len);
    }
    if (!found)
        lua_pushnil(L);
    lua_pushboolean(L, found > 1);
    return 2;
}

/* A field that the table does not show yet. */
static int show(lua_State *L)
{
    const struct unread *u = check_unread(L);
    const char *field = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    if (strcmp(field, "query") == 0 || strcmp(field, "repeated") == 0) {
        show_query(L, u);
    } else if (strcmp(field, "headers") == 0 || strcmp(field, "repeated_headers") == 0) {
        show_headers(L, u);
    } else if (strcmp(field, "id") == 0) {
        char id[24];
        int n = snprintf(id, sizeof id, "r%llu", (unsigned long long)u->id);
        lua_pushlstring(L, id, (size_t)n);
        lua_setfield(L, 1, "id");
    } else if (strcmp(field, "remote") == 0) {
        lua_pushlstring(L, u->bytes + u->query_len, u->remote_len);
        lua_setfield(L, 1, "remote");
    }
    lua_settop(L, 2);
    lua_rawget(L, 1);
    return 1;
}

static void push_request(lua_State *L, const struct httpd_request *r)
{
    lua_createtable(L, 0, 5);
    set_text_field(L, "method", r->method);
    set_bytes_field(L, "path", r->path, r->path_len);
    set_bytes_field(L, "body", r->body ? r->body : "", r->body_len);
    lua_pushcfunction(L, header);
    lua_setfield(L, -2, "header");
    push_unread(L, r);
    lua_rawsetp(L, -2, &unread_key);
    if (luaL_newmetatable(L, REQUEST)) {
        lua_pushcfunction(L, show);
        lua_setfield(L, -2, "__index");
        lua_pushboolean(L, 0);
        lua_setfield(L, -2, "__metatable");
    }
    lua_setmetatable(L, -2);
}

/* ---- the response ---- */

static bool header_clean(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < 0x20 && text[i] != '\t')
            return false;
    return true;
}

/* Answers with the kept file whose hash is on top. */
static void answer_with_file(lua_State *L, struct task *t, struct httpd_header *headers,
                             size_t count, bool typed)
{
    size_t n = 0;
    uint64_t bytes = 0;
    struct media *m = t->gen->services->media;
    const char *hash = lua_tolstring(L, -1, &n);
    if (!hash || !media_is_hash(hash, n))
        luaL_error(L, "a response's `file` must be the hash of a kept file");
    int fd = m ? media_read(m, hash, &bytes) : -1;
    if (fd < 0) {
        t->status = 404;
        httpd_error(t->request, 404, "not found");
        return;
    }
    if (!typed)
        headers[count++] = (struct httpd_header){ "Content-Type", 12, "application/octet-stream",
                                                  24 };
    httpd_respond_file(t->request, t->status, headers, count, fd, bytes);
}

/* Answers with the table on top: {status=, json=|body=|file=, headers=}. Throws for a wrong table.
 */
static void answer(lua_State *L, struct task *t)
{
    struct httpd_header headers[ANSWER_HEADERS];
    struct httpd_request *r = t->request;
    size_t count = 0, len = 0;
    int whole = 0, at = lua_gettop(L);
    if (!lua_istable(L, at))
        luaL_error(
            L, "a handler must return a table like { status = 200, json = … }, it returned a %s",
            luaL_typename(L, at));
    lua_getfield(L, at, "status");
    lua_Integer status = lua_tointegerx(L, -1, &whole);
    if (!whole || status < 200 || status > 599)
        luaL_error(L, "a response needs a `status` from 200 to 599");
    const char *body = NULL;
    bool typed = false;
    if (lua_getfield(L, at, "headers") == LUA_TTABLE) {
        int table = lua_gettop(L);
        luaL_checkstack(L, 2 * ANSWER_HEADERS + 8, "headers");
        for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
            if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING ||
                count >= ANSWER_HEADERS - 1)
                luaL_error(L, "a response's `headers` must map up to %d names to text",
                           ANSWER_HEADERS - 1);
            struct httpd_header *x = &headers[count++];
            x->name = lua_tolstring(L, -2, &x->name_len);
            x->value = lua_tolstring(L, -1, &x->value_len);
            if (!header_clean(x->name, x->name_len) || !header_clean(x->value, x->value_len))
                luaL_error(L, "response header \"%s\" holds a line break", x->name);
            typed |= x->name_len == 12 && strncasecmp(x->name, "content-type", 12) == 0;
        }
    }
    const char *type = "text/plain; charset=utf-8";
    if (lua_getfield(L, at, "json") != LUA_TNIL) {
        lua_getfield(L, LUA_REGISTRYINDEX, "host.json.encode");
        lua_insert(L, -2);
        lua_call(L, 1, 1);
        body = lua_tolstring(L, -1, &len);
        type = "application/json";
    } else if (lua_getfield(L, at, "body") != LUA_TNIL) {
        body = lua_tolstring(L, -1, &len);
        if (!body)
            luaL_error(L, "a response's `body` must be text");
    } else if (lua_getfield(L, at, "file") != LUA_TNIL) {
        t->status = (unsigned)status;
        answer_with_file(L, t, headers, count, typed);
        return;
    }
    if (!typed && body)
        headers[count++] = (struct httpd_header){ "Content-Type", 12, type, strlen(type) };
    t->status = (unsigned)status;
    httpd_respond(r, t->status, headers, count, body ? body : "", len);
}

static int handled(lua_State *L, int status, lua_KContext ctx)
{
    struct task *t = (struct task *)ctx;
    (void)status;
    if (t->request)
        answer(L, t);
    return 0;
}

static int request_main(lua_State *L)
{
    struct task *t = task_of(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, t->sync_ref);
    push_request(L, t->request);
    lua_callk(L, 1, 1, (lua_KContext)t, handled);
    return handled(L, LUA_OK, (lua_KContext)t);
}

/* ---- routes ---- */

static bool matches(const struct route *x, const struct httpd_request *r)
{
    if (x->prefix)
        return r->path_len >= x->path_len && memcmp(r->path, x->path, x->path_len) == 0;
    return r->path_len == x->path_len && memcmp(r->path, x->path, x->path_len) == 0;
}

static void not_allowed(const struct generation *g, struct httpd_request *r)
{
    char allow[128] = "";
    static const char body[] = "{\"error\":\"method not allowed\"}";
    for (size_t i = 0; i < g->route_count; i++) {
        size_t n = strlen(allow);
        if (matches(&g->routes[i], r) && !strstr(allow, g->routes[i].method))
            snprintf(allow + n, sizeof allow - n, "%s%s", n ? ", " : "", g->routes[i].method);
    }
    const struct httpd_header headers[] = { { "Allow", 5, allow, strlen(allow) },
                                            { "Content-Type", 12, "application/json", 16 } };
    httpd_respond(r, 405, headers, 2, body, sizeof body - 1);
}

static const struct route *find_route(const struct generation *g, const struct httpd_request *r,
                                      bool *path)
{
    const struct route *found = NULL;
    for (size_t i = 0; i < g->route_count; i++)
        if (matches(&g->routes[i], r)) {
            *path = true;
            if (strcmp(g->routes[i].method, r->method) == 0 &&
                (!found || g->routes[i].path_len > found->path_len))
                found = &g->routes[i];
        }
    return found;
}

/* NULL: no memory. */
static struct task *handle(struct generation *g, const struct route *route, struct httpd_request *r)
{
    struct task *t = task_new(g, TASK_REQUEST, request_main);
    if (!t)
        return NULL;
    t->request = r;
    t->since_ns = loop_now_ns();
    snprintf(r->route, sizeof r->route, "%s%s", route->path, route->prefix ? "*" : "");
    t->sync_ref = route->ref;
    r->holder = t;
    task_ready(t);
    return t;
}

bool bind_request_again(struct generation *g, struct task *t, struct suspicion *s)
{
    bool path = false;
    const struct route *route = find_route(g, t->request, &path);
    struct task *again = route ? handle(g, route, t->request) : NULL;
    if (!again)
        return false;
    again->suspicion = s;
    again->touched = t->touched; /* the answer waits for what the first try wrote too */
    t->request = NULL;
    return true;
}

void bind_request(struct generation *g, struct httpd_request *r)
{
    const struct route *found = NULL;
    bool path = false;
    if (!g) {
        httpd_error(r, 503, "stopping");
        httpd_forget(r);
        return;
    }
    found = find_route(g, r, &path);
    if (!found) {
        if (path)
            not_allowed(g, r);
        else
            httpd_error(r, 404, "not found");
        httpd_forget(r);
        return;
    }
    if (!handle(g, found, r)) {
        httpd_error(r, 503, "busy");
        httpd_forget(r);
    }
}
