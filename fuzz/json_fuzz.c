/* host.json: what decodes encodes, and decodes again to the same bytes. */
#include "fuzz.h"

#include "../host/bind/values.h"

#include <string.h>

static int decode(lua_State *L)
{
    if (json_decode(L, 1, false)) {
        json_encode(L, -1);
        lua_pushvalue(L, -1);
        lua_replace(L, 1);
        if (!json_decode(L, 1, false))
            fuzz_fail("what was encoded does not decode: %s", lua_tostring(L, -1));
        json_encode(L, -1);
        if (!lua_rawequal(L, 1, -1))
            fuzz_fail("encoded again it differs: %s and %s", lua_tostring(L, 1),
                      lua_tostring(L, -1));
    } else if (lua_type(L, -1) != LUA_TSTRING || strlen(lua_tostring(L, -1)) < 5) {
        fuzz_fail("refused without a reason");
    }
    lua_settop(L, 0);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lua_State *L = fuzz_state(luaopen_host_json);
    lua_pushcfunction(L, decode);
    lua_pushlstring(L, (const char *)data, size);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK && !strstr(lua_tostring(L, -1), "too"))
        fuzz_fail("it threw: %s", lua_tostring(L, -1));
    return 0;
}
