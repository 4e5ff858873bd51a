/* host.json against lua-cjson on any bytes: spec/support/json_oracle.lua says where the two may
 * differ, and its spec why. */
#include "fuzz.h"

#include "../host/bind/values.h"

#include <lauxlib.h>

/* A look for leaks takes 40 ms, 200 times a comparison, and the target json looks for those of
 * host.json. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return 1;
}

/* The function of the oracle that compares. It runs in the repository's folder, as ./dev fuzz does.
 */
static int oracle(lua_State *L)
{
    luaL_requiref(L, "host.json", luaopen_host_json, 0);
    if (luaL_dofile(L, "spec/support/json_oracle.lua"))
        fuzz_fail("no oracle: %s", lua_tostring(L, -1));
    lua_getfield(L, -1, "differs");
    return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lua_State *L = fuzz_state(oracle);
    lua_pushvalue(L, 1);
    lua_pushlstring(L, (const char *)data, size);
    if (lua_pcall(L, 1, 1, 0) != LUA_OK || !lua_isnil(L, -1))
        fuzz_fail("%s", lua_tostring(L, -1));
    return 0;
}
