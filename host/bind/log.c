/* log: host.log. The loop thread. */
#include "bind/bind.h"

#include "base/log.h"

enum { FIELD_LIMIT = 24 };

static int write_line(lua_State *L)
{
    enum log_level level = (enum log_level)lua_tointeger(L, lua_upvalueindex(1));
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

static int on(lua_State *L)
{
    int level = log_level_of(luaL_checkstring(L, 1));
    lua_pushboolean(L, level >= 0 && log_on((enum log_level)level));
    return 1;
}

int luaopen_host_log(lua_State *L)
{
    static const char *const levels[] = { "debug", "info", "warn", "error" };
    static const luaL_Reg functions[] = { { "on", on }, { NULL, NULL } };
    luaL_newlib(L, functions);
    for (int i = 0; i < 4; i++) {
        lua_pushinteger(L, LOG_DEBUG + i);
        lua_pushcclosure(L, write_line, 1);
        lua_setfield(L, -2, levels[i]);
    }
    return 1;
}
