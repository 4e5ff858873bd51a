/* ledger: host.ledger. Scripts decide what the lines mean. See ledger.h. The loop thread. */
#include "bind/bind.h"

#include "store/ledger.h"

#include <errno.h>
#include <string.h>

enum { READ_BYTES = 262144 };

static int mark(lua_State *L)
{
    size_t len = 0;
    char out[LEDGER_MARK_BYTES];
    luaL_checktype(L, 1, LUA_TSTRING);
    bind_not_loading(L, "ledger.mark");
    const char *text = lua_tolstring(L, 1, &len);
    if (ledger_mark(generation_of(L)->services->ledger, text, len, out) != 0)
        return luaL_error(L, "OpenSSL cannot do HMAC-SHA256");
    lua_pushlstring(L, out, LEDGER_MARK_BYTES - 1);
    return 1;
}

static int add(lua_State *L)
{
    luaL_Buffer b;
    luaL_checktype(L, 1, LUA_TTABLE);
    bind_not_loading(L, "ledger.add");
    lua_Integer count = (lua_Integer)lua_rawlen(L, 1);
    luaL_buffinit(L, &b);
    for (lua_Integer i = 1; i <= count; i++) {
        size_t len = 0;
        if (lua_rawgeti(L, 1, i) != LUA_TSTRING)
            return luaL_error(L, "ledger.add: line %d is not text", (int)i);
        const char *line = lua_tolstring(L, -1, &len);
        if (len > LEDGER_LINE_MOST || memchr(line, '\n', len))
            return luaL_error(L, "ledger.add: line %d is too long, or has a line break in it",
                              (int)i);
        luaL_addvalue(&b);
        luaL_addchar(&b, '\n');
    }
    luaL_pushresult(&b);
    size_t len = 0;
    const char *text = lua_tolstring(L, -1, &len);
    if (len && ledger_add(generation_of(L)->services->ledger, text, len) != 0) {
        lua_pushnil(L);
        lua_pushfstring(L, "the ledger beside the database cannot be written: %s", strerror(errno));
        return 2;
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* Returns whole lines from an offset on, and the next offset. At the end: an empty list and nil. */
static int read_lines(lua_State *L)
{
    struct ledger *l = NULL;
    lua_Integer from = luaL_optinteger(L, 1, 0);
    bind_not_loading(L, "ledger.read");
    l = generation_of(L)->services->ledger;
    char *bytes = lua_newuserdatauv(L, READ_BYTES, 0);
    long n = from < 0 ? 0 : ledger_read(l, (size_t)from, bytes, READ_BYTES);
    if (n < 0)
        return luaL_error(L, "the ledger cannot be read: %s", strerror(errno));
    lua_newtable(L);
    const char *line = bytes;
    lua_Integer count = 0;
    for (const char *end; (end = memchr(line, '\n', (size_t)(bytes + n - line))); line = end + 1) {
        lua_pushlstring(L, line, (size_t)(end - line));
        lua_rawseti(L, -2, ++count);
    }
    size_t next = (size_t)from + (size_t)(line - bytes);
    if (count && next < ledger_size(l))
        lua_pushinteger(L, (lua_Integer)next);
    else
        lua_pushnil(L);
    return 2;
}

int luaopen_host_ledger(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "mark", mark }, { "add", add }, { "read", read_lines }, { NULL, NULL }
    };
    luaL_newlib(L, functions);
    return 1;
}
