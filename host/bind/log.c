/*
 * log: host.log. The loop thread.
 */
#include "bind/bind.h"

#include "base/log.h"

#include <string.h>

enum { FIELD_LIMIT = 24 };

static int write_line(lua_State *L, enum log_level level)
{
    struct log_field fields[FIELD_LIMIT];
    size_t n = 0;
    const char *event = luaL_checkstring(L, 1);
    lua_settop(L, 2);
    if (!log_on(level))
        return 0;
    const struct generation *g = generation_of(L);
    if (g->hash[0])
        fields[n++] = log_n("generation", g->hash, 12);
    if (!lua_isnil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
        luaL_checkstack(L, FIELD_LIMIT + 4, "log");
        for (lua_pushnil(L); n < FIELD_LIMIT && lua_next(L, 2);) {
            if (lua_type(L, -2) != LUA_TSTRING) {
                lua_pop(L, 1);
                continue;
            }
            const char *key = lua_tostring(L, -2);
            size_t len = 0;
            switch (lua_type(L, -1)) {
            case LUA_TBOOLEAN: fields[n++] = log_b(key, lua_toboolean(L, -1)); break;
            case LUA_TNUMBER:
                fields[n++] = lua_isinteger(L, -1) ? log_i(key, lua_tointeger(L, -1))
                                                   : log_r(key, lua_tonumber(L, -1));
                break;
            case LUA_TSTRING: {
                const char *text = lua_tolstring(L, -1, &len);
                fields[n++] = log_n(key, text, len); /* its table keeps it alive */
                break;
            }
            default: fields[n++] = log_s(key, luaL_typename(L, -1));
            }
            lua_pop(L, 1);
        }
    }
    log_write(level, event, fields, n);
    return 0;
}

static int debug(lua_State *L)
{
    return write_line(L, LOG_DEBUG);
}
static int info(lua_State *L)
{
    return write_line(L, LOG_INFO);
}
static int warn(lua_State *L)
{
    return write_line(L, LOG_WARN);
}
static int error(lua_State *L)
{
    return write_line(L, LOG_ERROR);
}

int luaopen_host_log(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "debug", debug }, { "info", info }, { "warn", warn }, { "error", error }, { NULL, NULL }
    };
    luaL_newlib(L, functions);
    return 1;
}
