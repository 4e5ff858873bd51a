/* host.yaml: a value whose JSON is well-formed, or a reason with its place. */
#include "fuzz.h"

#include "../host/bind/values.h"

#include <lauxlib.h>
#include <string.h>

static int decode(lua_State *L)
{
    lua_getfield(L, 2, "decode");
    lua_pushvalue(L, 1);
    lua_pushliteral(L, "x.yaml");
    lua_call(L, 2, 2);
    if (lua_isnil(L, -2)) {
        const char *why = lua_tostring(L, -1);
        if (!why || strncmp(why, "x.yaml", 6) != 0)
            fuzz_fail("refused without its place: %s", why ? why : "(nothing)");
    } else {
        luaL_checktype(L, -1, LUA_TTABLE); /* the marks */
        lua_pop(L, 1);
        json_encode(L, -1);
        lua_replace(L, 1);
        if (!json_decode(L, 1, false))
            fuzz_fail("its JSON does not decode: %s", lua_tostring(L, -1));
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lua_State *L = fuzz_state(luaopen_host_yaml);
    lua_pushcfunction(L, decode);
    lua_pushlstring(L, (const char *)data, size);
    lua_pushvalue(L, 1);
    if (lua_pcall(L, 2, 0, 0) != LUA_OK && !strstr(lua_tostring(L, -1), "json.encode"))
        fuzz_fail("it threw: %s", lua_tostring(L, -1));
    return 0;
}
