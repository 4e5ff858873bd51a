/*
 * json_decode: JSON text → Lua values, for host.json (json.c).
 *
 * One pass over the text, one value at a time on the Lua stack, no memory of its own. A half-built
 * value is garbage for the collector, so a memory error leaks nothing.
 *
 * vendor/README.md says with figures why this is not lua-cjson. spec/host/bind/json_oracle_spec.lua
 * compares both on 10,000 documents and names each difference.
 *
 * Odd bytes in authentic bodies are repaired: invalid UTF-8, lone surrogates and NUL become U+FFFD,
 * raw control characters inside strings are kept, a byte order mark is skipped. Text that is not
 * JSON is refused.
 */
#include "bind/values.h"
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The text is a Lua string: a NUL is at `end`, so every scan stops there. */
struct reader {
    lua_State *L;
    const unsigned char *text, *p, *end;
    int depth;
    bool null_as_nil;
    const char *error; /* what is wrong at p */
};

/* So many members of an object wait on the stack, so that their table is made in its size: letting
 * it grow took a third of decoding a webhook. */
enum { MEMBERS = 8 };
enum { PLAIN, QUOTE, ESCAPE, HIGH, ZERO };

/* What each byte means inside a string. Control characters except NUL are plain. */
static const unsigned char class_of[256] = {
    [0] = ZERO,
    ['"'] = QUOTE,
    ['\\'] = ESCAPE,
    [0x80 ... 0xFF] = HIGH,
};

static bool read_value(struct reader *r);

static bool refuse(struct reader *r, const unsigned char *at, const char *what)
{
    r->p = at;
    r->error = at == r->end ? "the text ends too early" : what;
    return false;
}

static void skip_blank(struct reader *r)
{
    while (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t')
        r->p++;
}

/* Four hex digits, or -1. Stops at the NUL at the end. */
static int32_t hex4(const unsigned char *p)
{
    int32_t value = 0;

    for (int i = 0; i < 4; i++) {
        int32_t c = p[i], lower = c | 0x20;

        if (c >= '0' && c <= '9')
            value = value * 16 + c - '0';
        else if (lower >= 'a' && lower <= 'f')
            value = value * 16 + lower - 'a' + 10;
        else
            return -1;
    }
    return value;
}

static void add_code(luaL_Buffer *b, uint32_t code)
{
    char out[4];
    size_t n = 0;

    if (code == 0 || (code >= 0xD800 && code <= 0xDFFF))
        code = 0xFFFD;
    if (code < 0x80) {
        out[n++] = (char)code;
    } else if (code < 0x800) {
        out[n++] = (char)(0xC0 | code >> 6);
        out[n++] = (char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        out[n++] = (char)(0xE0 | code >> 12);
        out[n++] = (char)(0x80 | (code >> 6 & 0x3F));
        out[n++] = (char)(0x80 | (code & 0x3F));
    } else {
        out[n++] = (char)(0xF0 | code >> 18);
        out[n++] = (char)(0x80 | (code >> 12 & 0x3F));
        out[n++] = (char)(0x80 | (code >> 6 & 0x3F));
        out[n++] = (char)(0x80 | (code & 0x3F));
    }
    luaL_addlstring(b, out, n);
}

/* Adds the escape whose backslash is at p. Returns its end, or NULL when there is no such
 * escape. */
static const unsigned char *add_escape(luaL_Buffer *b, const unsigned char *p)
{
    static const char plain[256] = {
        ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
        ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
    };
    int32_t code, low;

    if (plain[p[1]]) {
        luaL_addchar(b, plain[p[1]]);
        return p + 2;
    }
    if (p[1] != 'u' || (code = hex4(p + 2)) < 0)
        return NULL;
    p += 6;
    if (code >= 0xD800 && code <= 0xDBFF && p[0] == '\\' && p[1] == 'u' &&
        (low = hex4(p + 2)) >= 0xDC00 && low <= 0xDFFF) {
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        p += 6;
    }
    add_code(b, (uint32_t)code);
    return p;
}

/* Reads a string with escapes or bytes to repair. `from` is its first byte, p the first that cannot
 * be copied as it is. */
static bool read_odd_string(struct reader *r, const unsigned char *from, const unsigned char *p)
{
    luaL_Buffer b;
    size_t n;
    bool valid;

    luaL_buffinit(r->L, &b);
    for (;;) {
        while (class_of[*p] == PLAIN)
            p++;
        if (class_of[*p] == HIGH) {
            n = utf8_sequence(p, (size_t)(r->end - p), &valid);
            if (valid) {
                p += n;
                continue;
            }
            luaL_addlstring(&b, (const char *)from, (size_t)(p - from));
            luaL_addlstring(&b, UTF8_REPLACEMENT, 3);
            from = p += n;
            continue;
        }
        if (p == r->end)
            return refuse(r, p, "");
        luaL_addlstring(&b, (const char *)from, (size_t)(p - from));
        if (*p == '"')
            break;
        if (*p == '\\') {
            const unsigned char *next = add_escape(&b, p);

            if (!next)
                return refuse(r, p, "no such escape");
            from = p = next;
        } else {
            luaL_addlstring(&b, UTF8_REPLACEMENT, 3);
            from = ++p;
        }
    }
    luaL_pushresult(&b);
    r->p = p + 1;
    return true;
}

/* p is at the opening quote. */
static bool read_string(struct reader *r)
{
    const unsigned char *from = r->p + 1, *p = from;
    bool valid = true;

    while (valid) {
        while (class_of[*p] == PLAIN)
            p++;
        if (class_of[*p] != HIGH)
            break;
        size_t n = utf8_sequence(p, (size_t)(r->end - p), &valid);
        if (valid)
            p += n;
    }
    if (*p != '"')
        return read_odd_string(r, from, p);
    lua_pushlstring(r->L, (const char *)from, (size_t)(p - from));
    r->p = p + 1;
    return true;
}

static const unsigned char *skip_digits(const unsigned char *p)
{
    while (*p >= '0' && *p <= '9')
        p++;
    return p;
}

static bool read_number(struct reader *r)
{
    const unsigned char *from = r->p, *digits = from + (*from == '-'), *p = skip_digits(digits);
    uint64_t whole = 0;
    double value;

    if (p == digits || (*digits == '0' && p - digits > 1))
        return refuse(r, p == digits ? p : from, "not a JSON number");
    if (*p != '.' && *p != 'e' && *p != 'E' &&
        p - digits <= 19) { /* 19 digits fit in 64 bits without a sign */
        for (; digits < p; digits++)
            whole = whole * 10 + (uint64_t)(*digits - '0');
        if (whole <= (uint64_t)LUA_MAXINTEGER + (*from == '-')) {
            lua_pushinteger(r->L, (lua_Integer)(*from == '-' ? 0 - whole : whole));
            r->p = p;
            return true;
        }
    }
    if (*p == '.') {
        digits = p + 1;
        if ((p = skip_digits(digits)) == digits)
            return refuse(r, p, "not a JSON number");
    }
    if (*p == 'e' || *p == 'E') {
        digits = p + 1 + (p[1] == '+' || p[1] == '-');
        if ((p = skip_digits(digits)) == digits)
            return refuse(r, p, "not a JSON number");
    }
    value = strtod((const char *)from, NULL); /* the process stays in the C locale */
    if (!isfinite(value))
        return refuse(r, from, "a number too large to hold");
    if (fabs(value) < 9007199254740992.0 && value == floor(value))
        lua_pushinteger(r->L, (lua_Integer)value);
    else
        lua_pushnumber(r->L, value);
    r->p = p;
    return true;
}

static bool read_array(struct reader *r)
{
    luaL_checkstack(r->L, LUA_MINSTACK, "not enough memory");
    r->p++;
    skip_blank(r);
    lua_createtable(r->L, *r->p != ']', 0);
    json_mark_array(r->L, -1);
    if (*r->p == ']') {
        r->p++;
        return true;
    }
    for (lua_Integer i = 1;; i++) {
        if (!read_value(r))
            return false;
        lua_rawseti(r->L, -2, i);
        skip_blank(r);
        if (*r->p == ']') {
            r->p++;
            return true;
        }
        if (*r->p != ',')
            return refuse(r, r->p, "expected ',' or ']'");
        r->p++;
        skip_blank(r);
    }
}

/* Puts the members on top of the stack, oldest first, into a new table in their place. */
static void gather(lua_State *L, int members)
{
    int first = lua_gettop(L) - 2 * members + 1;

    lua_createtable(L, 0, members);
    for (int at = first; at < first + 2 * members; at += 2) {
        lua_pushvalue(L, at);
        lua_pushvalue(L, at + 1);
        lua_rawset(L, -3);
    }
    lua_replace(L, first);
    lua_settop(L, first);
}

static bool read_object(struct reader *r)
{
    int waiting = 0; /* members on the stack; -1: they have their table */

    luaL_checkstack(r->L, 2 * MEMBERS + LUA_MINSTACK, "not enough memory");
    r->p++;
    skip_blank(r);
    if (*r->p == '}') {
        lua_createtable(r->L, 0, 0);
        r->p++;
        return true;
    }
    for (;;) {
        if (*r->p != '"')
            return refuse(r, r->p, "expected a key in double quotes");
        if (!read_string(r))
            return false;
        skip_blank(r);
        if (*r->p != ':')
            return refuse(r, r->p, "expected ':'");
        r->p++;
        skip_blank(r);
        if (!read_value(r))
            return false;
        if (r->null_as_nil && lua_islightuserdata(r->L, -1)) {
            lua_pop(r->L, 1);
            lua_pushnil(r->L); /* the last of two equal keys wins, also when it is null */
        }
        if (waiting < 0) {
            lua_rawset(r->L, -3);
        } else if (++waiting == MEMBERS) {
            gather(r->L, waiting);
            waiting = -1;
        }
        skip_blank(r);
        if (*r->p == '}') {
            if (waiting > 0)
                gather(r->L, waiting);
            r->p++;
            return true;
        }
        if (*r->p != ',')
            return refuse(r, r->p, "expected ',' or '}'");
        r->p++;
        skip_blank(r);
    }
}

static bool read_word(struct reader *r, const char *word, size_t len)
{
    if (strncmp((const char *)r->p, word, len) != 0)
        return refuse(r, r->p, "expected a value");
    r->p += len;
    return true;
}

/* Pushes the value at p, after blanks. */
static bool read_value(struct reader *r)
{
    bool ok;

    switch (*r->p) {
    case '"': return read_string(r);
    case '{':
    case '[':
        if (r->depth == JSON_DEPTH)
            return refuse(r, r->p, "deeper than 64 levels");
        r->depth++;
        ok = *r->p == '{' ? read_object(r) : read_array(r);
        r->depth--;
        return ok;
    case 't': lua_pushboolean(r->L, true); return read_word(r, "true", 4);
    case 'f': lua_pushboolean(r->L, false); return read_word(r, "false", 5);
    case 'n': json_push_null(r->L); return read_word(r, "null", 4);
    default:
        if (*r->p == '-' || (*r->p >= '0' && *r->p <= '9'))
            return read_number(r);
        return refuse(r, r->p, "expected a value");
    }
}

static bool read_text(struct reader *r)
{
    if (r->end - r->text > JSON_TEXT_MAX)
        return refuse(r, r->text, "larger than 8 MiB");
    if (strncmp((const char *)r->text, "\xEF\xBB\xBF", 3) == 0)
        r->p += 3;
    skip_blank(r);
    if (!read_value(r))
        return false;
    skip_blank(r);
    if (r->p != r->end)
        return refuse(r, r->p, "something follows the value");
    return true;
}

bool json_decode(lua_State *L, int index, bool null_as_nil)
{
    size_t len;
    const char *text = lua_tolstring(L, index, &len);
    struct reader r = { .L = L, .text = (const unsigned char *)text, .null_as_nil = null_as_nil };
    int top = lua_gettop(L), line = 1;
    const unsigned char *start = r.text;

    r.p = r.text;
    r.end = r.text + len;
    luaL_checkstack(L, LUA_MINSTACK, "not enough memory");
    if (len == 0)
        refuse(&r, r.p, "");
    else if (read_text(&r))
        return true;
    for (const unsigned char *p = r.text; p < r.p; p++)
        if (*p == '\n') {
            line++;
            start = p + 1;
        }
    lua_settop(L, top);
    lua_pushfstring(L, "line %d, byte %d: %s", line, (int)(r.p - start) + 1, r.error);
    return false;
}
