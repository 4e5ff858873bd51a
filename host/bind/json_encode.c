/*
 * json_encode: Lua values → JSON text, for host.json (json.c).
 *
 * Access is raw: no metamethod runs, so no script can change a table, throw or wait in between.
 * Keys are sorted, so equal values give equal bytes. Depth, bytes and values are capped, so a
 * cycle, or a table that is shared many times, ends in an error that names the place. The text is
 * built in one scratch area per state. It is a userdata, so its memory counts against the state's
 * cap and is freed with the state.
 */
#include "bind/values.h"
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEEP_BYTES = 64 << 10, NUMBER_MAX = 40, PATH_MAX_BYTES = 200, PATH_KEY_BYTES = 40 };
/* The values of so many keys of an object wait on the stack. Looking each up by its name again took
 * a sixth of encoding. */
enum { WAITING = 16 };

static const char scratch_key = 0; /* its address: the scratch area in the registry */
static const char kept_key = 0;    /* the same: kept texts → how they are written */
enum { KEPT_LEAST = 1024 };        /* bytes: shorter texts are not looked for among the kept ones */

struct key {
    const char *text; /* a key of a table on the stack, which keeps it alive */
    size_t len;
    int value; /* where its value is on the stack; 0: only in the table */
};

struct scratch {
    char *out;
    size_t len, cap;
    struct key *keys; /* of all open objects, the innermost last */
    size_t key_count, key_cap;
};

struct level {
    const void *table;
    const char *key; /* NULL: an index */
    size_t key_len;
    lua_Integer index;
};

struct writer {
    lua_State *L;
    struct scratch *s;
    int depth, nodes;
    struct level levels[JSON_DEPTH];
};

static void write_value(struct writer *w, int index);

static void *resize(lua_State *L, void *block, size_t from, size_t to)
{
    void *arg;
    lua_Alloc alloc = lua_getallocf(L, &arg);

    return alloc(arg, block, from, to);
}

static void scratch_free(lua_State *L, struct scratch *s)
{
    if (s->out)
        resize(L, s->out, s->cap, 0);
    if (s->keys)
        resize(L, s->keys, s->key_cap * sizeof *s->keys, 0);
    *s = (struct scratch){ 0 };
}

static int scratch_gc(lua_State *L)
{
    scratch_free(L, lua_touserdata(L, 1));
    return 0;
}

/* Pushes it, so that it lives as long as the call. */
static struct scratch *scratch_push(lua_State *L)
{
    struct scratch *s;

    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &scratch_key) == LUA_TUSERDATA)
        return lua_touserdata(L, -1);
    lua_pop(L, 1);
    s = lua_newuserdatauv(L, sizeof *s, 0);
    *s = (struct scratch){ 0 };
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, scratch_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &scratch_key);
    return s;
}

static void scratch_reset(lua_State *L, struct scratch *s)
{
    if (s->cap > KEEP_BYTES || s->key_cap * sizeof *s->keys > KEEP_BYTES)
        scratch_free(L, s);
    s->len = s->key_count = 0;
}

/* "messages[3].content", in messages. A long path loses its end. */
static void path_text(const struct writer *w, char *out, size_t size)
{
    size_t at = 0;

    for (int i = 0; i < w->depth && at < size - PATH_KEY_BYTES - 8; i++) {
        const struct level *l = &w->levels[i];

        if (l->key) {
            if (at > 0)
                out[at++] = '.';
            for (size_t k = 0; k < l->key_len && k < PATH_KEY_BYTES; k++)
                out[at++] = l->key[k] >= ' ' && l->key[k] <= '~' ? l->key[k] : '?';
        } else if (l->index > 0) {
            at += (size_t)snprintf(out + at, size - at, "[%lld]", (long long)l->index);
        }
    }
    out[at] = '\0';
}

static void refuse(struct writer *w, const char *what)
{
    char path[PATH_MAX_BYTES];

    path_text(w, path, sizeof path);
    scratch_reset(w->L, w->s);
    if (path[0])
        luaL_error(w->L, "JSON cannot hold %s (at %s)", what, path);
    else
        luaL_error(w->L, "JSON cannot hold %s", what);
}

/* Grows a block of the scratch area. When that fails, frees the whole area and throws. */
static void *grow(struct writer *w, void *block, size_t from, size_t to)
{
    void *fresh = resize(w->L, block, from, to);

    if (!fresh) {
        lua_gc(w->L, LUA_GCCOLLECT);
        fresh = resize(w->L, block, from, to);
    }
    if (!fresh) {
        scratch_free(w->L, w->s);
        luaL_error(w->L, "not enough memory");
    }
    return fresh;
}

static void make_room(struct writer *w, size_t more)
{
    struct scratch *s = w->s;
    size_t cap = s->cap ? s->cap : 1024;

    if (more > JSON_OUTPUT_MAX - s->len)
        refuse(w, "more than 16 MiB");
    while (cap - s->len < more)
        cap *= 2;
    s->out = grow(w, s->out, s->cap, cap);
    s->cap = cap;
}

/* Room for more bytes. Returns where they go. */
static inline char *reserve(struct writer *w, size_t more)
{
    if (more > w->s->cap - w->s->len)
        make_room(w, more);
    return w->s->out + w->s->len;
}

static inline void put(struct writer *w, const char *bytes, size_t len)
{
    memcpy(reserve(w, len), bytes, len);
    w->s->len += len;
}

static inline void put_byte(struct writer *w, char byte)
{
    *reserve(w, 1) = byte;
    w->s->len++;
}

/* 0: copied; 'u': \u00XX; 'h': a UTF-8 sequence begins; else: the letter after the backslash. */
static const char escape_of[256] = {
    [0 ... 7] = 'u', ['\b'] = 'b',  ['\t'] = 't',          ['\n'] = 'n',
    [11] = 'u',      ['\f'] = 'f',  ['\r'] = 'r',          [14 ... 31] = 'u',
    ['"'] = '"',     ['\\'] = '\\', [0x80 ... 0xFF] = 'h',
};

static void write_escape(struct writer *w, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    const char text[6] = { '\\', escape_of[c], '0', '0', hex[c >> 4], hex[c & 15] };

    put(w, text, text[1] == 'u' ? 6 : 2);
}

typedef signed char bytes16 __attribute__((vector_size(16)));

/* Bytes from 0x80 on are negative here. */
static inline bytes16 odd_bytes(const unsigned char *p)
{
    bytes16 v;

    memcpy(&v, p, sizeof v);
    return (v < ' ') | (v == '"') | (v == '\\');
}

/* The first byte that cannot be copied as it is. 32 bytes per step: a request to the model is 8 KB
 * of text, which took 38,000 instructions of each turn byte by byte. */
static const unsigned char *plain_end(const unsigned char *p, const unsigned char *end)
{
    for (uint64_t any[2]; end - p >= 32; p += 32) {
        bytes16 odd = odd_bytes(p) | odd_bytes(p + 16);
        memcpy(any, &odd, sizeof any);
        if (any[0] | any[1])
            break;
    }
    while (p < end && !escape_of[*p])
        p++;
    return p;
}

static void write_string(struct writer *w, const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + len, *from = p;
    bool valid;

    put_byte(w, '"');
    while ((p = plain_end(p, end)) < end) {
        size_t n = escape_of[*p] == 'h' ? utf8_sequence(p, (size_t)(end - p), &valid) : 1;
        if (escape_of[*p] == 'h' && valid) {
            p += n;
            continue;
        }
        put(w, (const char *)from, (size_t)(p - from));
        if (escape_of[*p] == 'h')
            put(w, UTF8_REPLACEMENT, 3);
        else
            write_escape(w, *p);
        from = p += n;
    }
    put(w, (const char *)from, (size_t)(p - from));
    put_byte(w, '"');
}

/* true: the text at index is a kept one, and is written. */
static bool write_kept(struct writer *w, int index)
{
    size_t len = 0;
    const char *written = NULL;

    luaL_checkstack(w->L, 2, "not enough memory");
    if (lua_rawgetp(w->L, LUA_REGISTRYINDEX, &kept_key) == LUA_TTABLE) {
        lua_pushvalue(w->L, index);
        lua_rawget(w->L, -2);
        written = lua_tolstring(w->L, -1, &len);
        if (written)
            put(w, written, len);
        lua_pop(w->L, 1);
    }
    lua_pop(w->L, 1);
    return written != NULL;
}

static void write_integer(struct writer *w, lua_Integer value)
{
    char text[NUMBER_MAX], *p = text + sizeof text;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do
        *--p = (char)('0' + rest % 10);
    while (rest /= 10);
    if (value < 0)
        *--p = '-';
    put(w, p, (size_t)(text + sizeof text - p));
}

static void write_float(struct writer *w, double value)
{
    char text[NUMBER_MAX];
    int len = 0;

    if (!isfinite(value))
        refuse(w, isnan(value) ? "NaN" : "Infinity");
    if (fabs(value) <= 9007199254740992.0 && value == floor(value)) {
        write_integer(w, (lua_Integer)value);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        len = snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    put(w, text, (size_t)len);
}

static void write_array(struct writer *w, int index, lua_Integer n)
{
    struct level *l = &w->levels[w->depth - 1];

    luaL_checkstack(w->L, LUA_MINSTACK, "not enough memory");
    put_byte(w, '[');
    for (lua_Integer i = 1; i <= n; i++) {
        l->index = i;
        if (i > 1)
            put_byte(w, ',');
        lua_rawgeti(w->L, index, i);
        write_value(w, lua_gettop(w->L));
        lua_pop(w->L, 1);
    }
    put_byte(w, ']');
}

static int compare_keys(const void *left, const void *right)
{
    const struct key *a = left, *b = right;
    int order = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);

    return order ? order : (a->len > b->len) - (a->len < b->len);
}

/* qsort takes memory and calls for each pair; most objects have few keys. */
static void sort_keys(struct key *keys, size_t n)
{
    if (n > WAITING) {
        qsort(keys, n, sizeof *keys, compare_keys);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        const struct key k = keys[i];
        size_t at = i;

        for (; at > 0 && compare_keys(&keys[at - 1], &k) > 0; at--)
            keys[at] = keys[at - 1];
        keys[at] = k;
    }
}

/* Puts the table's keys, sorted, onto the scratch area, and the values of the first ones onto the
 * stack. Returns their number. */
static size_t collect_keys(struct writer *w, int index)
{
    struct scratch *s = w->s;
    size_t base = s->key_count, n;

    lua_pushnil(w->L);
    while (lua_next(w->L, index)) {
        if (lua_type(w->L, -2) != LUA_TSTRING)
            refuse(w, "a table whose keys are neither 1..n nor all text");
        if (w->nodes + (int)(s->key_count - base) >= JSON_NODES_MAX)
            refuse(w, "more than 1,000,000 values");
        if (s->key_count == s->key_cap) {
            size_t cap = s->key_cap ? s->key_cap * 2 : 32;

            s->keys = grow(w, s->keys, s->key_cap * sizeof *s->keys, cap * sizeof *s->keys);
            s->key_cap = cap;
        }
        struct key *k = &s->keys[s->key_count++];
        k->text = lua_tolstring(w->L, -2, &k->len);
        if (s->key_count - base <= WAITING) {
            lua_insert(w->L, -2); /* the value stays below the key */
            k->value = lua_gettop(w->L) - 1;
        } else {
            lua_pop(w->L, 1);
            k->value = 0;
        }
    }
    n = s->key_count - base;
    sort_keys(s->keys + base, n);
    return n;
}

static void write_object(struct writer *w, int index)
{
    struct level *l = &w->levels[w->depth - 1];
    int top = lua_gettop(w->L);

    luaL_checkstack(w->L, WAITING + LUA_MINSTACK, "not enough memory");
    size_t n = collect_keys(w, index), base = w->s->key_count - n;

    put_byte(w, '{');
    for (size_t i = 0; i < n; i++) {
        const struct key k = w->s->keys[base + i];

        l->key = k.text;
        l->key_len = k.len;
        if (i > 0)
            put_byte(w, ',');
        write_string(w, k.text, k.len);
        put_byte(w, ':');
        if (k.value) {
            write_value(w, k.value);
        } else {
            lua_pushlstring(w->L, k.text, k.len);
            lua_rawget(w->L, index);
            write_value(w, lua_gettop(w->L));
            lua_pop(w->L, 1);
        }
    }
    lua_settop(w->L, top);
    put_byte(w, '}');
    w->s->key_count = base;
}

static void write_table(struct writer *w, int index)
{
    const void *table = lua_topointer(w->L, index);
    lua_Integer n = 0;

    for (int i = 0; i < w->depth; i++)
        if (w->levels[i].table == table)
            refuse(w, "a table that contains itself");
    if (w->depth == JSON_DEPTH)
        refuse(w, "more than 64 levels");
    w->levels[w->depth] = (struct level){ .table = table };
    if (json_marked_array(w->L, index) || lua_rawlen(w->L, index) > 0) {
        if (!json_list_keys(w->L, index, &n))
            refuse(w, "an array with gaps or with other keys than 1..n");
        w->depth++;
        write_array(w, index, n);
    } else {
        w->depth++;
        write_object(w, index);
    }
    w->depth--;
}

static void write_value(struct writer *w, int index)
{
    size_t len;
    const char *text;

    if (++w->nodes > JSON_NODES_MAX)
        refuse(w, "more than 1,000,000 values");
    switch (lua_type(w->L, index)) {
    case LUA_TSTRING:
        text = lua_tolstring(w->L, index, &len);
        if (len < KEPT_LEAST || !write_kept(w, index))
            write_string(w, text, len);
        break;
    case LUA_TTABLE: write_table(w, index); break;
    case LUA_TNUMBER:
        if (lua_isinteger(w->L, index))
            write_integer(w, lua_tointeger(w->L, index));
        else
            write_float(w, lua_tonumber(w->L, index));
        break;
    case LUA_TBOOLEAN:
        text = lua_toboolean(w->L, index) ? "true" : "false";
        put(w, text, strlen(text));
        break;
    case LUA_TNIL: refuse(w, "nil; use json.null"); break;
    case LUA_TLIGHTUSERDATA:
        if (!lua_touserdata(w->L, index)) {
            put(w, "null", 4);
            break;
        }
        /* fall through */
    default:
        refuse(w, lua_type(w->L, index) == LUA_TFUNCTION ? "a function" : "a userdata or thread");
    }
}

const char *json_encode_bytes(lua_State *L, int index, size_t *len)
{
    struct writer w; /* its levels are set where they begin */

    w.L = L;
    w.depth = w.nodes = 0;
    luaL_checkstack(L, LUA_MINSTACK, "not enough memory");
    index = lua_absindex(L, index);
    w.s = scratch_push(L);
    scratch_reset(L, w.s);
    write_value(&w, index);
    lua_pop(L, 1);
    *len = w.s->len;
    return w.s->out;
}

void json_encode(lua_State *L, int index)
{
    size_t len;
    const char *text = json_encode_bytes(L, index, &len);

    lua_pushlstring(L, text, len);
}

void json_keep(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kept_key) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &kept_key);
    }
    lua_pushvalue(L, index);
    json_encode(L, index);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}
