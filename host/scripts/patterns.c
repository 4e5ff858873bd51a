/*
 * patterns: string.find, match, gmatch and gsub with the matcher of base/pattern.h, whose steps the
 * guard counts.
 *
 * Steps add up over the slice. Past the guard's limit the slice ends, the process does not, and no
 * pcall of the script can continue it. `assistant run` has the same functions without a limit. The
 * loop thread.
 */
#include "scripts/cpu_guard.h"
#include "base/pattern.h"
#include "scripts/lua_sandbox.h"

#include <lauxlib.h>
#include <string.h>

/* steps->left is what there was before the call: this call took most of the slice's steps, or many
 * calls took them together. */
static int out_of_steps(lua_State *L, size_t text)
{
    char what[256];
    struct cpu_guard_steps *steps = cpu_guard_steps();
    bool alone = steps->left > steps->all / 2;
    steps->left = -1;
    if (alone)
        snprintf(what, sizeof what,
                 "this pattern takes too long on this text of %zu bytes. Cut the text first, or "
                 "use fewer of * + - ? in the pattern, or find plain text: "
                 "text:find(what, 1, true).",
                 text);
    else
        snprintf(what, sizeof what,
                 "the patterns of this slice took too long together. Look for a loop that does not "
                 "end, or cut the texts first.");
    return cpu_guard_end(L, what);
}

static bool search(lua_State *L, struct pattern *m, const char *at, const char *taken)
{
    struct cpu_guard_steps *steps = cpu_guard_steps();
    m->steps = steps->left;
    bool found = pattern_search(m, at, taken);
    if (m->steps < 0)
        out_of_steps(L, (size_t)(m->text_end - m->text));
    steps->left = m->steps;
    if (m->fault)
        luaL_error(L, m->fault, m->number);
    return found;
}

/* The position (from 0) that an argument means. After the end of the text: len + 1. */
static size_t start_of(lua_State *L, int arg, size_t len)
{
    lua_Integer at = luaL_optinteger(L, arg, 1);
    if (at > 0)
        return (lua_Unsigned)at - 1 > len ? len + 1 : (size_t)at - 1;
    return at == 0 || at < -(lua_Integer)len ? 0 : len - (size_t)-at;
}

/* ---- captures ---- */

static void push_capture(lua_State *L, struct pattern *m, int n)
{
    struct pattern_capture c;
    if (!pattern_capture(m, n, &c))
        luaL_error(L, m->fault, m->number);
    if (c.len == PATTERN_POSITION)
        lua_pushinteger(L, c.at - m->text + 1);
    else
        lua_pushlstring(L, c.at, (size_t)c.len);
}

/* Pushes all captures. least 1: the whole match when there are none. */
static int push_captures(lua_State *L, struct pattern *m, int least)
{
    int n = m->captures > least ? m->captures : least;
    luaL_checkstack(L, n, "too many captures");
    for (int i = 0; i < n; i++)
        push_capture(L, m, i);
    return n;
}

/* ---- find, match ---- */

static int find_plain(lua_State *L, const char *text, size_t len, size_t start, const char *what,
                      size_t what_len)
{
    struct cpu_guard_steps *steps = cpu_guard_steps();
    if ((int64_t)(len - start + what_len) > steps->left)
        return out_of_steps(L, len);
    steps->left -= (int64_t)(len - start + what_len);
    const char *at = pattern_plain(text + start, text + len, what, what_len);
    if (!at) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushinteger(L, at - text + 1);
    lua_pushinteger(L, at - text + (lua_Integer)what_len);
    return 2;
}

static int find_or_match(lua_State *L, bool find)
{
    struct pattern m;
    size_t len = 0, pattern_len = 0;
    const char *text = luaL_checklstring(L, 1, &len);
    const char *pattern = luaL_checklstring(L, 2, &pattern_len);
    size_t start = start_of(L, 3, len);
    if (start > len) {
        lua_pushnil(L);
        return 1;
    }
    if (find && (lua_toboolean(L, 4) || pattern_is_plain(pattern, pattern_len)))
        return find_plain(L, text, len, start, pattern, pattern_len);
    pattern_open(&m, text, len, pattern, pattern_len, true);
    if (!search(L, &m, text + start, NULL)) {
        lua_pushnil(L);
        return 1;
    }
    if (!find)
        return push_captures(L, &m, 1);
    lua_pushinteger(L, m.from - text + 1);
    lua_pushinteger(L, m.to - text);
    return 2 + push_captures(L, &m, 0);
}

static int patterns_find(lua_State *L)
{
    return find_or_match(L, true);
}

static int patterns_match(lua_State *L)
{
    return find_or_match(L, false);
}

/* ---- gmatch ---- */

struct walk {
    struct pattern m; /* the text and the pattern are upvalues, which keep them alive */
    const char *at, *taken;
};

static int next_match(lua_State *L)
{
    struct walk *w = lua_touserdata(L, lua_upvalueindex(1));
    if (!search(L, &w->m, w->at, w->taken))
        return 0;
    w->at = w->taken = w->m.to;
    return push_captures(L, &w->m, 1);
}

static int patterns_gmatch(lua_State *L)
{
    size_t len = 0, pattern_len = 0;
    const char *text = luaL_checklstring(L, 1, &len);
    const char *pattern = luaL_checklstring(L, 2, &pattern_len);
    size_t start = start_of(L, 3, len);
    struct walk *w = lua_newuserdatauv(L, sizeof *w, 0);
    pattern_open(&w->m, text, len, pattern, pattern_len, false);
    w->at = text + start;
    w->taken = NULL;
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, next_match, 3);
    return 1;
}

/* ---- gsub ---- */

/* The replacement is text. %0 to %9 in it are captures. */
static void add_text(lua_State *L, struct pattern *m, luaL_Buffer *b)
{
    size_t len = 0;
    const char *text = lua_tolstring(L, 3, &len), *end = text + len;
    cpu_guard_steps()->left -= (int64_t)len; /* the next memchr finds the end of the text */
    for (const char *mark; (mark = memchr(text, '%', (size_t)(end - text))); text = mark + 2) {
        char c = mark + 1 < end ? mark[1] : 0;
        luaL_addlstring(b, text, (size_t)(mark - text));
        if (c == '%') {
            luaL_addchar(b, '%');
        } else if (c == '0') {
            luaL_addlstring(b, m->from, (size_t)(m->to - m->from));
        } else if (c >= '1' && c <= '9') {
            push_capture(L, m, c - '1');
            luaL_addvalue(b);
        } else {
            luaL_error(L, "invalid use of '%c' in replacement string", '%');
        }
    }
    luaL_addlstring(b, text, (size_t)(end - text));
}

/* The replacement is a function's result or a table's value. nil and false keep the match as it
 * is. */
static void add_value(lua_State *L, struct pattern *m, luaL_Buffer *b)
{
    if (lua_type(L, 3) == LUA_TTABLE) {
        push_capture(L, m, 0);
        lua_gettable(L, 3);
    } else {
        lua_pushvalue(L, 3);
        lua_call(L, push_captures(L, m, 1), 1);
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        luaL_addlstring(b, m->from, (size_t)(m->to - m->from));
    } else if (lua_isstring(L, -1)) {
        luaL_addvalue(b);
    } else {
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    }
}

static int patterns_gsub(lua_State *L)
{
    struct pattern m;
    luaL_Buffer b;
    size_t len = 0, pattern_len = 0;
    const char *text = luaL_checklstring(L, 1, &len), *taken = NULL, *kept = text;
    const char *pattern = luaL_checklstring(L, 2, &pattern_len);
    int type = lua_type(L, 3);
    lua_Integer limit = luaL_optinteger(L, 4, (lua_Integer)len + 1), n = 0;
    luaL_argexpected(L,
                     type == LUA_TSTRING || type == LUA_TNUMBER || type == LUA_TTABLE ||
                         type == LUA_TFUNCTION,
                     3, "string/function/table");
    pattern_open(&m, text, len, pattern, pattern_len, true);
    luaL_buffinit(L, &b);
    while (n < limit && search(L, &m, kept, taken)) {
        n++;
        luaL_addlstring(&b, kept, (size_t)(m.from - kept));
        if (type == LUA_TSTRING || type == LUA_TNUMBER)
            add_text(L, &m, &b);
        else
            add_value(L, &m, &b);
        kept = taken = m.to;
        if (m.anchored)
            break;
    }
    if (n == 0) {
        lua_pushvalue(L, 1);
    } else {
        luaL_addlstring(&b, kept, (size_t)(text + len - kept));
        luaL_pushresult(&b);
    }
    lua_pushinteger(L, n);
    return 2;
}

int patterns_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "find", patterns_find },
        { "match", patterns_match },
        { "gmatch", patterns_gmatch },
        { "gsub", patterns_gsub },
        { NULL, NULL },
    };
    luaL_setfuncs(L, functions, 0);
    return 1;
}
