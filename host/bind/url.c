/* url: host.url. Contract: host/api/url.lua. The loop thread. */
#include "bind/values.h"

#include "base/url.h"

#include <curl/curl.h>
#include <string.h>

enum { TEXT_MAX = 1 << 20 };

bool url_push_decoded(lua_State *L, const char *text, size_t n)
{
    int len = 0;
    char *room = lua_newuserdatauv(L, n + 1, 0); /* owned by Lua, so an error leaks nothing */
    for (size_t i = 0; i < n; i++)
        room[i] = text[i] == '+' ? ' ' : text[i];
    room[n] = '\0';
    char *out = n ? curl_easy_unescape(NULL, room, (int)n, &len) : NULL;
    bool good = (out || !n) && !memchr(out ? out : "", '\0', (size_t)len);
    if (out)
        memcpy(room, out, (size_t)len);
    curl_free(out);
    if (good)
        lua_pushlstring(L, room, (size_t)len);
    lua_remove(L, good ? -2 : -1);
    return good;
}

static const char *check_text(lua_State *L, size_t *n)
{
    const char *text = luaL_checklstring(L, 1, n);
    luaL_argcheck(L, *n <= TEXT_MAX, 1, "longer than 1 MB");
    return text;
}

static int encode(lua_State *L)
{
    size_t n = 0;
    const char *text = check_text(L, &n);
    char *room = lua_newuserdatauv(L, 3 * n + 1, 0);
    char *out = n ? curl_easy_escape(NULL, text, (int)n) : NULL;
    if (n && !out)
        return luaL_error(L, "not enough memory");
    strcpy(room, out ? out : "");
    curl_free(out);
    lua_pushstring(L, room);
    return 1;
}

static int decode(lua_State *L)
{
    size_t n = 0;
    const char *text = check_text(L, &n);
    return url_push_decoded(L, text, n);
}

static int parse(lua_State *L)
{
    size_t n = 0;
    const char *text = check_text(L, &n);
    struct url url;
    const char *wrong = strlen(text) < n ? "a NUL inside" : url_read(text, &url);
    if (wrong) {
        lua_pushnil(L);
        lua_pushstring(L, wrong);
        return 2;
    }
    lua_createtable(L, 0, 3);
    set_text_field(L, "scheme", url.secure ? "https" : "http");
    set_text_field(L, "host", url.host);
    set_integer_field(L, "port", url.port);
    return 1;
}

int luaopen_host_url(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "encode", encode }, { "decode", decode }, { "parse", parse }, { NULL, NULL }
    };
    luaL_newlib(L, functions);
    return 1;
}
