/*
 * pattern_pair: one call of a pattern function with Lua's own and with ours: the same must come of
 * both. For pattern_test and for fuzz/pattern_fuzz.c.
 */
#ifndef SPEC_PATTERN_PAIR_H
#define SPEC_PATTERN_PAIR_H

#include "scripts/lua_sandbox.h"
#include "base/buf.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAIR_WALKED = 30 };
enum { FIND, MATCH, GMATCH, GSUB };

struct pair_bytes {
    const char *at;
    size_t len;
};

struct pair_call {
    int what;
    struct pair_bytes text, pattern, replacement;
    int kind;  /* of the replacement */
    int start; /* 0: none given */
    int limit; /* of gsub, and 2 more; 0: none given */
    bool plain;
};

/* Returns what stands for its first argument: a text, nothing, a number, the same, or what is no
 * replacement. */
static inline int pair_replace(lua_State *L)
{
    size_t len = 0;
    const char *text = lua_tolstring(L, 1, &len);
    unsigned sum = (unsigned)lua_gettop(L);
    for (size_t i = 0; i < len; i++)
        sum = sum * 31 + (unsigned char)text[i];
    switch (sum % 12) {
    case 0: return 0;
    case 1: lua_pushboolean(L, 0); return 1;
    case 2: lua_pushinteger(L, (lua_Integer)sum); return 1;
    case 3: lua_pushnumber(L, 0.5); return 1;
    case 4: lua_pushvalue(L, -1); return 1;
    case 5: lua_pushboolean(L, sum % 7 == 0); return 1;
    default: lua_pushfstring(L, "<%d>", lua_gettop(L)); return 1;
    }
}

/* Everything the iterator of gmatch returns, up to a number of rounds. */
static inline int pair_walk(lua_State *L)
{
    lua_call(L, lua_gettop(L) - 1, 1);
    for (int round = 0; round < PAIR_WALKED; round++) {
        int top = lua_gettop(L);
        lua_pushvalue(L, 1);
        lua_call(L, 0, LUA_MULTRET);
        if (lua_gettop(L) == top || lua_isnil(L, top + 1))
            break;
    }
    return lua_gettop(L) - 1;
}

static inline void pair_describe(lua_State *L, struct buf *out)
{
    for (int i = 1; i <= lua_gettop(L); i++) {
        size_t len = 0;
        const char *text = luaL_tolstring(L, i, &len);
        buf_printf(out, "%s %zu ", luaL_typename(L, i), len);
        buf_add(out, text, len);
        buf_printf(out, "; ");
        lua_pop(L, 1);
    }
}

static const char *const pair_names[] = { "find", "match", "gmatch", "gsub" };

static inline void pair_push(lua_State *L, const struct pair_call *c)
{
    switch (c->kind) {
    default: lua_pushlstring(L, c->replacement.at, c->replacement.len); return;
    case 5: lua_pushinteger(L, 7); return;
    case 6: lua_pushboolean(L, 1); return;
    case 7:
    case 8: lua_pushcfunction(L, pair_replace); return;
    case 9:
        lua_createtable(L, 0, 4);
        for (const char *key = "abx"; *key; key++) {
            lua_pushlstring(L, key, 1);
            if (*key == 'x')
                lua_newtable(L);
            else
                lua_pushfstring(L, "[%c]", *key);
            lua_rawset(L, -3);
        }
        lua_pushinteger(L, 5);
        lua_rawseti(L, -2, 2);
    }
}

static inline void pair_run(lua_State *L, const struct pair_call *c, struct buf *out)
{
    int arguments = 2;
    lua_settop(L, 0);
    if (c->what == GMATCH)
        lua_pushcfunction(L, pair_walk);
    lua_getglobal(L, "string");
    lua_getfield(L, -1, pair_names[c->what]);
    lua_remove(L, -2);
    lua_pushlstring(L, c->text.at, c->text.len);
    lua_pushlstring(L, c->pattern.at, c->pattern.len);
    if (c->what == GSUB) {
        pair_push(L, c);
        arguments++;
    } else if (c->start) {
        lua_pushinteger(L, c->start > 90    ? LUA_MAXINTEGER
                           : c->start < -90 ? LUA_MININTEGER
                                            : c->start);
        arguments++;
    }
    if (c->what == GSUB ? c->limit : c->plain) {
        if (c->what == GSUB)
            lua_pushinteger(L, c->limit - 2);
        else
            lua_settop(L, c->what == GMATCH ? 5 : 4), lua_pushboolean(L, 1);
        arguments = 4;
    }
    int rc = lua_pcall(L, arguments + (c->what == GMATCH), LUA_MULTRET, 0);
    buf_printf(out, "%d: ", rc);
    pair_describe(L, out);
}

static inline void pair_show(const char *what, const char *bytes, size_t len)
{
    printf("#   %s: ", what);
    for (size_t i = 0; i < len; i++)
        printf(bytes[i] >= 32 && bytes[i] < 127 ? "%c" : "\\x%02x", (unsigned char)bytes[i]);
    printf("\n");
}

struct pair_states {
    lua_State *theirs, *ours;
};

static inline lua_State *pair_state(void)
{
    lua_State *L = luaL_newstate();
    if (!L)
        exit(1);
    luaL_openlibs(L);
    return L;
}

static inline struct pair_states pair_open(void)
{
    struct pair_states p = { pair_state(), pair_state() };
    lua_getglobal(p.ours, "string");
    patterns_open(p.ours);
    return p;
}

/* Prints the first few that differ. */
static inline bool pair_same(struct pair_states *p, const struct pair_call *c)
{
    static int shown;
    struct buf theirs = { .data = NULL }, ours = { .data = NULL };
    pair_run(p->theirs, c, &theirs);
    pair_run(p->ours, c, &ours);
    bool fine = theirs.len == ours.len && memcmp(theirs.data, ours.data, ours.len) == 0;
    if (!fine && shown++ < 5) {
        printf("# %s, start %d, kind %d, limit %d, plain %d\n", pair_names[c->what], c->start,
               c->kind, c->limit, c->plain);
        pair_show("text", c->text.at, c->text.len);
        pair_show("pattern", c->pattern.at, c->pattern.len);
        pair_show("replacement", c->replacement.at, c->replacement.len);
        pair_show("Lua's", theirs.data, theirs.len);
        pair_show("ours", ours.data, ours.len);
    }
    buf_free(&theirs);
    buf_free(&ours);
    return fine;
}

#endif
