/*
 * json: host.json beside lua-cjson, in one run; vendor/README.md says what follows from it. It
 * needs Debian's package lua-cjson.
 *
 *   cmake --build build --target json_bench && build/json_bench
 *
 * Time: microseconds per document, the best of seven rounds. Leak: what malloc still holds per
 * memory error after decoding ran into the cap of a state's memory and the state was closed.
 */
#include "bind/values.h"

#include <lauxlib.h>
#include <lualib.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 7, CALLS = 4000, TEXT_BYTES = 600000, CAP_BYTES = 700000, ERRORS = 10 };

static const struct {
    const char *name, *make; /* Lua: the value */
} documents[] = {
    { "a customer's message",
      "{object='whatsapp',entry={{id='102290129340398',changes={{field='messages',value={product='"
      "x',"
      "metadata={display='15550783881',id='106540352242922'},contacts={{profile={name='Zoe'},id="
      "'16505551234'}},messages={{from='16505551234',id='id.HBgLMTY1MDU1NTEyMzQVAgASGBQzQTRBNjU5OQ'"
      ",timestamp='1749416383',type='text',text={body='Is it up the stairs? \\u{1F600}'}}}}}}}}}" },
    { "a model's answer",
      "{id='c-1',created=1720000000,choices={{index=0,finish='stop',message={role='assistant',"
      "content='{\"reply_to_user\":\"Are there stairs?\",\"extracted_data\":{\"address\":\"1 Main "
      "St"
      "\",\"stairs\":\"unknown\"},\"action\":\"continue\"}'}}},usage={prompt=1200,completion=80}"
      "}" },
    { "a model's request",
      "(function() local m = {{role='system',content=('You answer for a business. '):rep(100)}} "
      "for i ="
      " 1, 20 do m[#m+1] = {role='user',content='message '..i..' with \"quotes\"\\n'} end return "
      "{model='m',messages=m,temperature=0.2} end)()" },
};

struct cap {
    size_t used, most;
};

static void *capped(void *arg, void *block, size_t from, size_t to)
{
    struct cap *cap = arg;
    if (!block)
        from = 0;
    if (cap->most && to > from && cap->used + (to - from) > cap->most)
        return NULL;
    cap->used += to - from;
    if (to)
        return realloc(block, to);
    free(block);
    return NULL;
}

static lua_State *state(struct cap *cap)
{
    lua_State *L = lua_newstate(capped, cap);
    luaL_openlibs(L);
    luaL_requiref(L, "host.json", luaopen_host_json, 0);
    if (luaL_dostring(L, "host, cjson = require 'host.json', require 'cjson'")) {
        fprintf(stderr, "%s\n", lua_tostring(L, -1));
        exit(1);
    }
    return L;
}

/* Microseconds of one call of library.function with what is on top. */
static double cost(lua_State *L, const char *library, const char *function)
{
    double best = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        clock_t from = clock();
        for (int i = 0; i < CALLS; i++) {
            lua_getglobal(L, library);
            lua_getfield(L, -1, function);
            lua_pushvalue(L, -3);
            lua_call(L, 1, 0);
            lua_pop(L, 1);
        }
        double us = (double)(clock() - from) * 1e6 / CLOCKS_PER_SEC / CALLS;
        best = us < best ? us : best;
    }
    return best;
}

static void times(void)
{
    struct cap cap = { .most = 0 };
    lua_State *L = state(&cap);
    printf("| document | bytes | decode: host.json | lua-cjson | encode: host.json | lua-cjson "
           "|\n|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        lua_settop(L, 0);
        lua_getglobal(L, "host");
        lua_getfield(L, -1, "encode");
        lua_pushfstring(L, "return %s", documents[i].make);
        if (luaL_dostring(L, lua_tostring(L, -1)))
            exit(1);
        lua_remove(L, -2);
        lua_call(L, 1, 1); /* the text */
        double ours = cost(L, "host", "decode"), theirs = cost(L, "cjson", "decode");
        size_t bytes = lua_rawlen(L, -1);
        lua_getglobal(L, "cjson");
        lua_getfield(L, -1, "decode");
        lua_pushvalue(L, -3);
        lua_call(L, 1, 1);
        printf("| %s | %zu | %.1f µs | %.1f µs | %.1f µs | %.1f µs |\n", documents[i].name, bytes,
               ours, theirs, cost(L, "host", "encode"), cost(L, "cjson", "encode"));
    }
    lua_close(L);
}

static size_t leaked(const char *library)
{
    struct mallinfo2 before = mallinfo2();
    struct cap cap = { .most = 0 };
    lua_State *L = state(&cap);
    size_t errors = 0;
    for (int i = 0; i < ERRORS; i++) {
        cap.most = 0;
        lua_getglobal(L, library);
        lua_getfield(L, -1, "decode");
        lua_pushfstring(L, "local x = ('\\\\n'):rep(%d) return '[\"' .. x .. '\"]'",
                        TEXT_BYTES / 2);
        if (luaL_dostring(L, lua_tostring(L, -1)))
            exit(1);
        lua_remove(L, -2);
        lua_gc(L, LUA_GCCOLLECT);
        cap.most = cap.used + TEXT_BYTES / 4;
        errors += lua_pcall(L, 1, 1, 0) == LUA_ERRMEM;
        lua_settop(L, 0);
    }
    cap.most = 0;
    lua_close(L);
    struct mallinfo2 after = mallinfo2();
    if (errors != ERRORS)
        fprintf(stderr, "%zu of %d calls ran into the cap\n", errors, ERRORS);
    return (after.uordblks + after.hblkhd - before.uordblks - before.hblkhd) / ERRORS;
}

int main(void)
{
    times();
    leaked("host"); /* what libraries keep from their first use */
    size_t ours = leaked("host"), theirs = leaked("cjson");
    printf(
        "\nLeft behind by a memory error in a text of %d kB: host.json %zu kB, lua-cjson %zu kB\n",
        TEXT_BYTES / 1000, (ours + 500) / 1000, (theirs + 500) / 1000);
    return 0;
}
