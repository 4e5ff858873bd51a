/*
 * json: host.json, and the marks of its values: an array has a locked, empty metatable; null has a
 * name. json_decode.c and json_encode.c do the work. Any state; the loop thread.
 */
#include "bind/values.h"

static const char array_key = 0; /* its address: the array metatable in the registry */

void json_push_null(lua_State *L)
{
    lua_pushlightuserdata(L, NULL);
}

void json_mark_array(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key);
    lua_setmetatable(L, index);
}

bool json_marked_array(lua_State *L, int index)
{
    bool marked;

    if (!lua_getmetatable(L, index))
        return false;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key);
    marked = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return marked;
}

bool json_list_keys(lua_State *L, int index, lua_Integer *n)
{
    lua_Integer count = 0;

    index = lua_absindex(L, index);
    *n = (lua_Integer)lua_rawlen(L, index);
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        if (!lua_isinteger(L, -1) || lua_tointeger(L, -1) < 1 || lua_tointeger(L, -1) > *n) {
            lua_pop(L, 1);
            return false;
        }
        count++;
    }
    return count == *n;
}

static int lua_decode(lua_State *L)
{
    bool null_as_nil = false;

    luaL_checktype(L, 1, LUA_TSTRING);
    if (!lua_isnoneornil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
        lua_getfield(L, 2, "null_as_nil");
        null_as_nil = lua_toboolean(L, -1);
    }
    if (json_decode(L, 1, null_as_nil))
        return 1;
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
}

static int lua_encode(lua_State *L)
{
    luaL_checkany(L, 1);
    json_encode(L, 1);
    return 1;
}

static int lua_keep(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TSTRING);
    lua_settop(L, 1);
    json_keep(L, 1);
    return 0;
}

static int lua_array(lua_State *L)
{
    if (lua_isnoneornil(L, 1)) {
        lua_settop(L, 0);
        lua_newtable(L);
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argcheck(L, !lua_getmetatable(L, 1) || json_marked_array(L, 1), 1,
                  "a table without a metatable expected");
    lua_settop(L, 1);
    json_mark_array(L, 1);
    return 1;
}

static int lua_is_array(lua_State *L)
{
    lua_Integer n = 0;

    luaL_checkany(L, 1);
    lua_pushboolean(L, lua_istable(L, 1) &&
                           (json_marked_array(L, 1) || (json_list_keys(L, 1, &n) && n > 0)));
    return 1;
}

static int null_text(lua_State *L)
{
    const void *p = lua_touserdata(L, 1);

    if (p)
        lua_pushfstring(L, "userdata: %p", p);
    else
        lua_pushliteral(L, "null");
    return 1;
}

/* Sets up the metatable of arrays and the name of null, both locked, in a state that holds decoded
 * values. */
void json_setup(lua_State *L)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key) == LUA_TTABLE) {
        lua_pop(L, 1);
        return;
    }
    lua_pop(L, 1);
    json_push_null(L);
    lua_createtable(L, 0, 2); /* all light userdata share one metatable */
    lua_pushcfunction(L, null_text);
    lua_setfield(L, -2, "__tostring");
    lua_pushliteral(L, "json.null");
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
    lua_createtable(L, 0, 2);
    lua_pushliteral(L, "json.array");
    lua_setfield(L, -2, "__name");
    lua_pushliteral(L, "json.array");
    lua_setfield(L, -2, "__metatable");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &array_key);
}

int luaopen_host_json(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "decode", lua_decode },     { "encode", lua_encode }, { "array", lua_array },
        { "is_array", lua_is_array }, { "keep", lua_keep },     { NULL, NULL },
    };

    json_setup(L);
    luaL_newlib(L, functions);
    json_push_null(L);
    lua_setfield(L, -2, "null");
    return 1;
}
