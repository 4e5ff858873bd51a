/*
 * http_ask: checks the table that a script gives to http.request, and copies it into one block.
 * Contract: http_ask.h.
 */
#include "bind/http_ask.h"

#include "base/http_token.h"
#include "store/media.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { TIMEOUT_MS = 30000, MAX_BYTES = 1 << 20, HEADER_LIMIT = 64, PART_LIMIT = 32 };

/* Pushes the option. false: it is absent. Throws when it has another type. */
static bool field(lua_State *L, const char *name, int wanted)
{
    int type = lua_getfield(L, 1, name);
    if (type != LUA_TNIL && type != wanted)
        luaL_error(L, "http.request: `%s` must be a %s, it is a %s", name, lua_typename(L, wanted),
                   lua_typename(L, type));
    return type != LUA_TNIL;
}

static lua_Integer integer_field(lua_State *L, const char *name, lua_Integer otherwise,
                                 lua_Integer max)
{
    lua_Integer v = otherwise;
    if (field(L, name, LUA_TNUMBER)) {
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

/* A buffer that Lua frees when something throws. */
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
    char *encoded = n ? curl_easy_escape(NULL, text, (int)n) : NULL;
    if (encoded)
        buf_text(b, encoded);
    curl_free(encoded);
}

/* Pushes the names of the table at `at` as a sorted list. */
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

/* Pushes the table at `at` as a=b&c=d in a buffer. */
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
    struct pool_part parts[PART_LIMIT]; /* value of a file: its hash, until http_ask_files */
    size_t part_count;
    struct pool_header
        headers[HEADER_LIMIT + 1]; /* counts the Content-Type that we add to an encoded body */
    size_t header_count;
};

static void read_headers(lua_State *L, struct parts *p)
{
    if (!field(L, "headers", LUA_TTABLE))
        return;
    int at = lua_gettop(L);
    luaL_checkstack(L, HEADER_LIMIT * 2 + 8, "headers");
    for (lua_pushnil(L); lua_next(L, at); lua_pop(L, 1)) {
        if (p->header_count == HEADER_LIMIT)
            luaL_error(L, "http.request: more than %d headers", HEADER_LIMIT);
        if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "http.request: `headers` must map names to text");
        size_t name = 0, value = 0;
        struct pool_header h = { lua_tolstring(L, -2, &name), lua_tolstring(L, -1, &value) };
        if (!http_token(h.name, name))
            luaL_error(L, "http.request: a header's name must be a word");
        if (!clean(h.value, value))
            luaL_error(L, "http.request: header \"%s\" holds a line break or NUL", h.name);
        p->headers[p->header_count++] = h;
    }
}

/* A field of the part on top, which may hold no control character. NULL: it is absent. */
static const char *part_field(lua_State *L, const char *name)
{
    size_t n = 0;
    int type = lua_getfield(L, -1, name);
    const char *text = type == LUA_TSTRING ? lua_tolstring(L, -1, &n) : NULL;
    if (type != LUA_TNIL && !text)
        luaL_error(L, "http.request: `%s` of a part of `form_data` must be text", name);
    for (size_t i = 0; text && i < n; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            luaL_error(L, "http.request: `%s` of a part of `form_data` holds a control character",
                       name);
    lua_pop(L, 1); /* the part keeps it */
    return text;
}

static void read_part(lua_State *L, struct pool_part *x)
{
    if (!lua_istable(L, -1))
        luaL_error(L, "http.request: `form_data` must be a list of parts");
    x->name = part_field(L, "name");
    x->filename = part_field(L, "filename");
    x->type = part_field(L, "type");
    const char *hash = part_field(L, "file");
    int type = lua_getfield(L, -1, "value");
    if (!x->name || (type == LUA_TNIL) == (hash == NULL))
        luaL_error(L,
                   "http.request: a part of `form_data` has a `name`, and a `value` or a `file`");
    if (hash && !media_is_hash(hash, strlen(hash)))
        luaL_error(L,
                   "http.request: `file` of a part of `form_data` must be the hash of a kept file");
    if (!hash && type != LUA_TSTRING)
        luaL_error(L, "http.request: `value` of a part of `form_data` must be text");
    x->value = hash ? hash : lua_tolstring(L, -1, &x->value_len);
    x->fd = -1;
    if (hash)
        x->value_len = MEDIA_HASH;
    x->is_file = hash != NULL;
    lua_pop(L, 1);
}

static void read_form_data(lua_State *L, struct parts *p)
{
    if (!field(L, "form_data", LUA_TTABLE))
        return;
    lua_Integer count = (lua_Integer)lua_rawlen(L, -1);
    if (count < 1 || count > PART_LIMIT)
        luaL_error(L, "http.request: `form_data` must be a list of 1 to %d parts", PART_LIMIT);
    for (size_t i = 0; i < p->header_count; i++)
        if (strcasecmp(p->headers[i].name, "content-type") == 0)
            luaL_error(L, "http.request: with form_data the Content-Type is not yours to set");
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, -1, i);
        read_part(L, &p->parts[p->part_count++]);
        lua_pop(L, 1);
    }
}

static void read_body(lua_State *L, struct parts *p)
{
    const char *type = NULL;
    int json = lua_getfield(L, 1, "json"), form = lua_getfield(L, 1, "form"),
        body = lua_getfield(L, 1, "body");
    if ((json != LUA_TNIL) + (form != LUA_TNIL) + (body != LUA_TNIL) + (p->part_count > 0) > 1)
        luaL_error(L, "http.request: one of json, form, form_data and body, not several");
    if (json != LUA_TNIL) {
        /* The bytes are the encoder's until new_op copies them: no field is read meanwhile. */
        p->body = json_encode_bytes(L, lua_gettop(L) - 2, &p->body_len);
        type = "application/json";
    } else if (form != LUA_TNIL) {
        luaL_argexpected(L, form == LUA_TTABLE, 1, "form as a table");
        struct buf *b = push_form(L, lua_gettop(L) - 1, "form");
        p->body = b->data ? b->data : "";
        p->body_len = b->len;
        type = "application/x-www-form-urlencoded";
    } else if (body != LUA_TNIL) {
        if (body != LUA_TSTRING)
            luaL_error(L, "http.request: `body` must be text");
        p->body = lua_tolstring(L, -1, &p->body_len);
    }
    for (size_t i = 0; i < p->header_count; i++)
        if (strcasecmp(p->headers[i].name, "content-type") == 0)
            return;
    if (type)
        p->headers[p->header_count++] = (struct pool_header){ "Content-Type", type };
}

static void read_parts(lua_State *L, struct parts *p, const struct task *t)
{
    if (!field(L, "url", LUA_TSTRING))
        luaL_error(L, "http.request: `url` is missing");
    p->url = lua_tolstring(L, -1, &p->url_len);
    if (!clean(p->url, p->url_len) || strchr(p->url, ' '))
        luaL_error(L, "http.request: `url` holds a blank, a line break or NUL");
    field(L, "method", LUA_TSTRING);
    size_t n = 0;
    p->method = lua_tolstring(L, -1, &n);
    if (p->method && !http_token(p->method, n))
        luaL_error(L, "http.request: `method` is not a word");
    p->lane = field(L, "lane", LUA_TSTRING) ? lua_tostring(L, -1) : t->job.lane;
    read_headers(L, p);
    if (field(L, "query", LUA_TTABLE))
        p->query = push_form(L, lua_gettop(L), "query");
    read_form_data(L, p);
    read_body(L, p);
    if (!p->method)
        p->method = p->body || p->part_count ? "POST" : "GET";
}

static char *put_text(char **at, const char *text, size_t n)
{
    char *start = *at;
    memcpy(start, text, n);
    start[n] = 0;
    *at += n + 1;
    return start;
}

static size_t part_size(const struct pool_part *x)
{
    return sizeof *x + strlen(x->name) + 1 + x->value_len + 1 +
           (x->filename ? strlen(x->filename) + 1 : 0) + (x->type ? strlen(x->type) + 1 : 0);
}

static void put_part(char **at, struct pool_part *to, const struct pool_part *x)
{
    *to = *x;
    to->name = put_text(at, x->name, strlen(x->name));
    to->value = put_text(at, x->value, x->value_len);
    if (x->filename)
        to->filename = put_text(at, x->filename, strlen(x->filename));
    if (x->type)
        to->type = put_text(at, x->type, strlen(x->type));
}

/* One block for the op, its headers and all strings. NULL: no memory. */
static struct http_op *new_op(const struct parts *p)
{
    size_t size = sizeof(struct http_op) + p->header_count * sizeof(struct pool_header) +
                  strlen(p->method) + 1 + p->url_len + 2 + (p->query ? p->query->len : 0) +
                  (p->lane ? strlen(p->lane) + 1 : 0) + p->body_len + 1;
    for (size_t i = 0; i < p->header_count; i++)
        size += strlen(p->headers[i].name) + 1 + strlen(p->headers[i].value) + 1;
    for (size_t i = 0; i < p->part_count; i++)
        size += part_size(&p->parts[i]);
    struct http_op *op = malloc(size);
    if (!op)
        return NULL;
    *op = (struct http_op){ .task = NULL };
    struct pool_header *headers = (struct pool_header *)(op + 1);
    struct pool_part *parts = (struct pool_part *)(headers + p->header_count);
    char *at = (char *)(parts + p->part_count);
    for (size_t i = 0; i < p->part_count; i++)
        put_part(&at, &parts[i], &p->parts[i]);
    op->request.transfer.parts = p->part_count ? parts : NULL;
    op->request.transfer.part_count = p->part_count;
    for (size_t i = 0; i < p->header_count; i++) {
        const struct pool_header *h = &p->headers[i];
        headers[i].name = put_text(&at, h->name, strlen(h->name));
        headers[i].value = put_text(&at, h->value, strlen(h->value));
    }
    op->request.transfer.headers = headers;
    op->request.transfer.header_count = p->header_count;
    op->request.transfer.method = put_text(&at, p->method, strlen(p->method));
    op->request.transfer.url = at;
    memcpy(at, p->url, p->url_len);
    at += p->url_len;
    if (p->query && p->query->len) {
        *at++ = strchr(p->url, '?') ? '&' : '?';
        memcpy(at, p->query->data, p->query->len);
        at += p->query->len;
    }
    *at++ = 0;
    op->request.lane = p->lane ? put_text(&at, p->lane, strlen(p->lane)) : NULL;
    op->request.transfer.body = p->body ? put_text(&at, p->body, p->body_len) : NULL;
    op->request.transfer.body_len = p->body_len;
    return op;
}

struct http_op *http_ask(lua_State *L, const struct task *t)
{
    struct parts p = { .method = NULL };
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_Integer timeout = integer_field(L, "timeout_ms", TIMEOUT_MS, 600000);
    lua_Integer bytes = integer_field(L, "max_bytes", MAX_BYTES, 256 << 20);
    lua_getfield(L, 1, "once");
    bool once = lua_toboolean(L, -1);
    lua_getfield(L, 1, "to_file");
    bool to_file = lua_toboolean(L, -1);
    read_parts(L, &p, t);
    struct http_op *op = new_op(&p);
    if (!op) {
        luaL_error(L, "not enough memory");
        return NULL;
    }
    op->request.transfer.timeout_ms = (unsigned)timeout;
    op->request.transfer.max_bytes = (size_t)bytes;
    op->request.transfer.once = once;
    op->request.transfer.file = to_file ? &op->file : NULL;
    return op;
}

static bool no_file(struct http_op *op, const char *what, int error)
{
    struct pool_transfer *t = &op->request.transfer;
    t->error = POOL_DISK;
    t->sent = false;
    snprintf(t->message, sizeof t->message, "%s: %s", what,
             error == ENOENT ? "there is no such file in MEDIA_DIR" : strerrordesc_np(error));
    return false;
}

bool http_ask_files(struct http_op *op, struct media *m)
{
    struct pool_transfer *t = &op->request.transfer;
    if (t->file && (t->file->folder = m ? media_tmp(m) : -1) < 0)
        return no_file(op, "MEDIA_DIR cannot be used", m ? errno : ENOTSUP);
    for (size_t i = 0; i < t->part_count; i++) {
        struct pool_part *x = &t->parts[i];
        if (!x->is_file)
            continue;
        x->fd = m ? media_read(m, x->value, &x->bytes) : -1;
        if (x->fd < 0)
            return no_file(op, x->value, m ? errno : ENOTSUP);
        x->value = NULL;
    }
    return true;
}

void http_op_free(struct http_op *op)
{
    for (size_t i = 0; i < op->request.transfer.part_count; i++)
        if (op->request.transfer.parts[i].fd >= 0)
            close(op->request.transfer.parts[i].fd);
    free(op);
}

void http_ask_open(lua_State *L)
{
    luaL_newmetatable(L, "host.http.buf");
    lua_pushcfunction(L, free_buf);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
}
