#include "fuzz.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLLECT_EVERY = 200 };

void fuzz_fail(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fprintf(stderr, "\nDOES NOT HOLD: ");
    vfprintf(stderr, format, list);
    fprintf(stderr, "\n");
    va_end(list);
    abort();
}

char *fuzz_exact(const uint8_t *data, size_t size)
{
    char *copy = malloc(size ? size : 1);
    if (!copy)
        exit(1);
    if (size)
        memcpy(copy, data, size);
    return copy;
}

char *fuzz_text(const uint8_t *data, size_t size)
{
    char *copy = strndup((const char *)data, size);
    if (!copy)
        exit(1);
    return copy;
}

lua_State *fuzz_state(lua_CFunction open)
{
    static lua_State *L;
    static unsigned used;
    if (!L) {
        L = luaL_newstate();
        if (!L)
            exit(1);
        luaL_openlibs(L);
        lua_settop(L, 0);
        lua_pushcfunction(L, open);
        lua_call(L, 0, 1);
    }
    if (++used % COLLECT_EVERY == 0)
        lua_gc(L, LUA_GCCOLLECT);
    lua_settop(L, 1);
    return L;
}
