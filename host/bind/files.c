/*
 * files: host.files, the files of the generation's tree. `assistant run` has no tree, so there it
 * reads the disk. The loop thread.
 */
#include "bind/bind.h"

#include <stdio.h>
#include <string.h>

static int missing(lua_State *L, const char *path)
{
    lua_pushnil(L);
    lua_pushfstring(L, "%s: there is no such file", path);
    return 2;
}

static int close_stream(lua_State *L)
{
    luaL_Stream *stream = lua_touserdata(L, 1);
    fclose(stream->f);
    return 0;
}

static int read_disk(lua_State *L, const char *path)
{
    luaL_Buffer b;
    luaL_Stream *stream = lua_newuserdatauv(L, sizeof *stream, 0);
    stream->closef = NULL; /* counts as closed until fopen succeeds */
    luaL_setmetatable(L, LUA_FILEHANDLE);
    stream->f = fopen(path, "re");
    if (!stream->f)
        return missing(L, path);
    stream->closef = close_stream;
    luaL_buffinit(L, &b);
    size_t n;
    do {
        char *p = luaL_prepbuffsize(&b, LUAL_BUFFERSIZE);
        n = fread(p, 1, LUAL_BUFFERSIZE, stream->f);
        luaL_addsize(&b, n);
    } while (n);
    bool failed = ferror(stream->f) != 0; /* for example a folder */
    luaL_pushresult(&b);
    stream->closef = NULL;
    fclose(stream->f);
    return failed ? missing(L, path) : 1;
}

static int read(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    const struct tree *t = generation_of(L)->tree;
    if (!t)
        return read_disk(L, path);
    const struct tree_file *f = tree_find(t, path);
    if (!f)
        return missing(L, path);
    lua_pushlstring(L, f->bytes, f->len);
    return 1;
}

/* The tree's content hash, which is stored with each decision. */
static int hash(lua_State *L)
{
    lua_pushstring(L, generation_of(L)->hash);
    return 1;
}

static int list(lua_State *L)
{
    size_t n = 0;
    const char *prefix = luaL_checklstring(L, 1, &n);
    const struct tree *t = generation_of(L)->tree;
    lua_Integer at = 1;
    lua_newtable(L);
    for (size_t i = 0; t && i < t->count; i++)
        if (strncmp(t->files[i].path, prefix, n) == 0) {
            lua_pushstring(L, t->files[i].path);
            lua_rawseti(L, -2, at++);
        }
    return 1;
}

int luaopen_host_files(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "read", read }, { "list", list }, { "hash", hash }, { NULL, NULL }
    };
    luaL_newlib(L, functions);
    return 1;
}
