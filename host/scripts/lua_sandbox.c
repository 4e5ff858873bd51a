#include "scripts/lua_sandbox.h"

#include "scripts/cpu_guard.h"
#include "base/log.h"
#include "scripts/shipped.h"

#include <lualib.h>
#include <string.h>

enum { TEXT_LIMIT = 16 << 20, ITEMS_LIMIT = 1000000, SORT_FEW = 1000, SORT_SHORT = 64 };

/* Takes __index from the top, and closes the table below it. */
static void close_table(lua_State *L, lua_CFunction write)
{
    lua_createtable(L, 0, 3);
    lua_insert(L, -2);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, write);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
}

static int refuse_write(lua_State *L)
{
    return luaL_error(L, "this table belongs to the host and cannot be changed (field '%s')",
                      luaL_tolstring(L, 2, NULL));
}

/* Replaces the table on top with an empty one that reads through to it. */
static void lock(lua_State *L)
{
    lua_newtable(L);
    lua_insert(L, -2);
    close_table(L, refuse_write);
}

/* ---- capped functions: each checks its arguments, then continues as the original (its upvalue) in
 * the same frame ---- */

static int go_on(lua_State *L)
{
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* utf8.len(text): ASCII has as many characters as bytes. Eight bytes are looked at in one step. */
static int quick_len(lua_State *L)
{
    size_t n = 0, i = 0;
    uint64_t eight = 0;
    if (lua_gettop(L) != 1 || lua_type(L, 1) != LUA_TSTRING)
        return go_on(L);
    const char *text = lua_tolstring(L, 1, &n);
    for (; i + sizeof eight <= n && !(eight & UINT64_C(0x8080808080808080)); i += sizeof eight)
        memcpy(&eight, text + i, sizeof eight);
    for (; i < n; i++)
        eight |= (unsigned char)text[i];
    if (eight & UINT64_C(0x8080808080808080))
        return go_on(L);
    lua_pushinteger(L, (lua_Integer)n);
    return 1;
}

static int safe_rep(lua_State *L)
{
    size_t n = 0, sep = 0;
    luaL_checklstring(L, 1, &n);
    luaL_optlstring(L, 3, "", &sep);
    lua_Integer times = luaL_checkinteger(L, 2);
    if (n + sep == 0) { /* the original would loop this often and add nothing */
        lua_pushliteral(L, "");
        return 1;
    }
    if (times > 0 && (lua_Unsigned)times > TEXT_LIMIT / (n + sep))
        return luaL_error(L, "string.rep would make more than %d bytes", TEXT_LIMIT);
    return go_on(L);
}

/* "c1000000000" makes that many bytes. */
static int safe_pack(lua_State *L)
{
    lua_Integer sum = 0;
    for (const char *p = luaL_checkstring(L, 1); *p;) {
        lua_Integer n = 0;
        for (; *p >= '0' && *p <= '9' && n <= TEXT_LIMIT; p++)
            n = n * 10 + (*p - '0');
        sum += n;
        if (sum > TEXT_LIMIT)
            return luaL_error(L, "string.pack would make more than %d bytes", TEXT_LIMIT);
        p += *p && (*p < '0' || *p > '9');
    }
    return go_on(L);
}

static int safe_move(lua_State *L)
{
    lua_Integer from = luaL_checkinteger(L, 2), to = luaL_checkinteger(L, 3);
    if (to >= from && (lua_Unsigned)to - (lua_Unsigned)from >= ITEMS_LIMIT)
        return luaL_error(L, "table.move of more than %d items", ITEMS_LIMIT);
    return go_on(L);
}

/* insert, remove, concat and sort walk over the list without a limit, so its raw length is capped.
 * (# alone can be 2^62, in a table with items at 1, 2, 4, 8 …) */
static int safe_list(lua_State *L)
{
    if (lua_istable(L, 1)) {
        luaL_argcheck(L, luaL_getmetafield(L, 1, "__len") == LUA_TNIL, 1,
                      "its metatable has __len; a plain list is needed");
        if (lua_rawlen(L, 1) > ITEMS_LIMIT)
            return luaL_error(L, "this list is longer than %d items", ITEMS_LIMIT);
    }
    return go_on(L);
}

/* Level 2 is the caller of sort. Lua itself would name no line. */
static int less(lua_State *L)
{
    int type = lua_type(L, 1);
    if ((type == lua_type(L, 2) && (type == LUA_TNUMBER || type == LUA_TSTRING)) ||
        luaL_getmetafield(L, 1, "__lt") != LUA_TNIL ||
        luaL_getmetafield(L, 2, "__lt") != LUA_TNIL) {
        lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPLT));
        return 1;
    }
    luaL_where(L, 2);
    lua_pushfstring(L, "attempt to compare %s with %s", luaL_typename(L, 1), luaL_typename(L, 2));
    lua_concat(L, 2);
    return lua_error(L);
}

/* true: at most SORT_FEW texts of at most SORT_SHORT bytes: names of fields, codes. */
static bool few_short_texts(lua_State *L)
{
    lua_Unsigned n = lua_istable(L, 1) ? lua_rawlen(L, 1) : SORT_FEW + 1;
    bool all = n <= SORT_FEW;
    for (lua_Integer i = 1; all && i <= (lua_Integer)n; i++) {
        all = lua_rawgeti(L, 1, i) == LUA_TSTRING && lua_rawlen(L, -1) <= SORT_SHORT;
        lua_pop(L, 1);
    }
    return all;
}

/* Sorts with a Lua function, because the guard can stop a sort only at a call; a short sort needs
 * none, and takes a third of the time. */
static int safe_sort(lua_State *L)
{
    if (lua_isnoneornil(L, 2)) {
        lua_settop(L, 1);
        if (!few_short_texts(L))
            lua_pushcfunction(L, less);
    }
    return safe_list(L);
}

static int safe_setmetatable(lua_State *L)
{
    if (lua_istable(L, 2)) {
        lua_pushliteral(L, "__gc");
        if (lua_rawget(L, 2) != LUA_TNIL)
            return luaL_error(L, "setmetatable: __gc is not available to scripts");
        lua_pop(L, 1);
    }
    return go_on(L);
}

static int safe_rawset(lua_State *L)
{
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "rawset: this table belongs to the host and cannot be changed");
    return go_on(L);
}

static int log_print(lua_State *L)
{
    luaL_Buffer b;
    int n = lua_gettop(L);
    luaL_buffinit(L, &b);
    for (int i = 1; i <= n; i++) {
        if (i > 1)
            luaL_addchar(&b, '\t');
        luaL_tolstring(L, i, NULL);
        luaL_addvalue(&b);
    }
    luaL_pushresult(&b);
    size_t len = 0;
    const char *text = lua_tolstring(L, -1, &len);
    log_event(LOG_INFO, "script.print", log_n("text", text, len));
    return 0;
}

static void wrap(lua_State *L, const char *name, lua_CFunction with)
{
    lua_getfield(L, -1, name);
    lua_pushcclosure(L, with, 1);
    lua_setfield(L, -2, name);
}

static void drop(lua_State *L, const char *name)
{
    lua_pushnil(L);
    lua_setfield(L, -2, name);
}

/* ---- require ---- */

char *lua_sandbox_note;

static void note(const struct tree_file *f)
{
    if (lua_sandbox_note)
        snprintf(lua_sandbox_note, 256, "%s", f->path);
}

static int compile(lua_State *L, const struct tree_file *f)
{
    char name[1024];
    const char *bytes = f->bytes;
    size_t len = f->len;
    snprintf(name, sizeof name, "@%s", f->path);
    if (len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        bytes += 3;
        len -= 3;
    }
    if (len && bytes[0] == LUA_SIGNATURE[0]) {
        lua_pushfstring(L, "%s:1: holds compiled code. Scripts are text: put the source there.",
                        f->path);
        return LUA_ERRSYNTAX;
    }
    int rc = luaL_loadbufferx(L, bytes, len, name, "t");
    if (rc == LUA_ERRSYNTAX)
        lua_pushfstring(
            L,
            "%s. Look at this line and the lines above it. Each function, if, for, while and "
            "do needs its own `end`. Each bracket and quote must be closed.",
            lua_tostring(L, -1));
    return rc;
}

/* Pushes the file's function, as lua_sandbox_compile kept it: compiling is two fifths of a load. */
static int compiled(lua_State *L, const struct tree_file *f)
{
    note(f);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, "host.compiled");
    bool kept = lua_rawgetp(L, -1, f) == LUA_TFUNCTION;
    if (!kept) {
        lua_pop(L, 2);
        return f->shipped ? shipped_load(L, f->shipped) : compile(L, f);
    }
    lua_pushnil(L);
    lua_rawsetp(L, -3, f);
    lua_remove(L, -2);
    return LUA_OK;
}

/* true: the module is loaded in this slice. Loading never waits, so a mark of an earlier slice
 * comes from a script that failed. (Catching its error to remove the mark would lose the line of
 * the error.) */
static bool loading_now(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, "host.loading");
    lua_pushvalue(L, 1);
    lua_rawget(L, -2);
    bool now = (uint64_t)lua_tointeger(L, -1) == cpu_guard_slice();
    lua_pop(L, 2);
    return now;
}

static void mark_loading(lua_State *L)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, "host.loading");
    lua_pushvalue(L, 1);
    lua_pushinteger(L, (lua_Integer)cpu_guard_slice());
    lua_rawset(L, -3);
    lua_pop(L, 1);
    lua_pushvalue(L, 1);
    lua_pushlightuserdata(L, generation_of(L));
    lua_rawset(L, 2);
}

static int host_require(lua_State *L)
{
    struct generation *g = generation_of(L);
    const char *name = luaL_checkstring(L, 1);
    char path[TREE_PATH];
    lua_settop(L, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, "host.loaded");
    lua_pushvalue(L, 1);
    if (lua_rawget(L, 2) != LUA_TNIL) {
        if (!lua_islightuserdata(L, -1) || lua_touserdata(L, -1) != (void *)g)
            return 1;
        if (loading_now(L))
            return luaL_error(L,
                              "require \"%s\": it is being loaded already (two modules require "
                              "each other at load time); "
                              "require it inside the function that needs it",
                              name);
    }
    lua_pop(L, 1);
    if (strlen(name) > 400 || strstr(name, "..") || strpbrk(name, "/\\ "))
        return luaL_error(L, "require \"%s\": a module is named like \"flow.quote\"", name);
    const struct tree_file *f = tree_module(g->tree, name, strlen(name), path);
    if (!f)
        return luaL_error(L, "require \"%s\": there is no %s", name, path);
    if (compiled(L, f) != LUA_OK)
        return lua_error(L);
    mark_loading(L);
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
    }
    lua_pushvalue(L, 1);
    lua_pushvalue(L, -2);
    lua_rawset(L, 2);
    return 1;
}

static int undefined_global(lua_State *L)
{
    return luaL_error(L, "undefined global '%s'. A typing mistake, or a missing `local`?",
                      luaL_tolstring(L, 2, NULL));
}

static int new_global(lua_State *L)
{
    return luaL_error(L, "global '%s' is assigned. Write `local` before it.",
                      luaL_tolstring(L, 2, NULL));
}

static void close_globals(lua_State *L)
{
    lua_pushglobaltable(L);
    lua_pushcfunction(L, undefined_global);
    close_table(L, new_global);
    lua_pop(L, 1);
}

static void open_base(lua_State *L)
{
    static const char *const gone[] = { "dofile",         "loadfile", "load",
                                        "collectgarbage", "xpcall",   "warn" };
    luaL_requiref(L, "_G", luaopen_base, 1);
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
        drop(L, gone[i]);
    wrap(L, "setmetatable", safe_setmetatable);
    wrap(L, "rawset", safe_rawset);
    lua_pushcfunction(L, log_print);
    lua_setfield(L, -2, "print");
    lua_pushcfunction(L, host_require);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, "host.require");
    lua_setfield(L, -2, "require");
    lua_pop(L, 1);
}

static void open_string(lua_State *L)
{
    luaopen_string(L);
    drop(L, "dump");
    patterns_open(L);
    wrap(L, "rep", safe_rep);
    wrap(L, "pack", safe_pack);
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1); /* __index is the real table, and scripts must not get it */
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
    lock(L);
    lua_setglobal(L, "string");
}

int lua_sandbox_open(lua_State *L)
{
    static const char *const lists[] = { "insert", "remove", "concat" };
    open_base(L);
    open_string(L);
    luaopen_table(L);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        wrap(L, lists[i], safe_list);
    wrap(L, "sort", safe_sort);
    wrap(L, "move", safe_move);
    lock(L);
    lua_setglobal(L, "table");
    luaopen_math(L);
    lock(L);
    lua_setglobal(L, "math");
    luaopen_utf8(L);
    wrap(L, "len", quick_len);
    lock(L);
    lua_setglobal(L, "utf8");
    lua_newtable(L);
    for (const luaL_Reg *m = generation_of(L)->modules->list; m->name; m++) {
        lua_pushcfunction(L, m->func);
        lua_pushstring(L, m->name);
        lua_call(L, 1, 1);
        lock(L);
        lua_setfield(L, -2, m->name);
    }
    lua_setfield(L, LUA_REGISTRYINDEX, "host.loaded");
    close_globals(L);
    return 0;
}

static int give_module(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(1));
    return 1;
}

int lua_sandbox_open_plain(lua_State *L)
{
    luaL_openlibs(L);
    lua_getglobal(L, "string");
    patterns_open(L);
    lua_getglobal(L, "utf8");
    wrap(L, "len", quick_len);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    for (const luaL_Reg *m = generation_of(L)->modules->list; m->name; m++) {
        lua_pushcfunction(L, m->func);
        lua_pushstring(L, m->name);
        lua_call(L, 1, 1);
        lua_pushcclosure(L, give_module,
                         1); /* the same table, also after a script empties package.loaded */
        lua_setfield(L, -2, m->name);
    }
    return 0;
}

int lua_sandbox_path(lua_State *L)
{
    const char *dir = lua_touserdata(L, 1);
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "path");
    lua_pushfstring(L, "%s/?.lua;%s/?/init.lua;%s", dir, dir, lua_tostring(L, -1));
    lua_setfield(L, -3, "path");
    return 0;
}

static int keep_compiled(lua_State *L)
{
    const struct tree_file *f = lua_touserdata(L, 1);
    note(f);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, "host.compiled");
    if (compile(L, f) != LUA_OK)
        return lua_error(L);
    lua_rawsetp(L, -2, f);
    return 0;
}

bool lua_sandbox_compile(struct generation *g, const struct tree_file *f, char **error)
{
    lua_pushcfunction(g->L, keep_compiled);
    lua_pushlightuserdata(g->L, (void *)f);
    int rc = lua_pcall(g->L, 1, 0, 0);
    if (rc != LUA_OK) {
        const char *text = lua_type(g->L, -1) == LUA_TSTRING ? lua_tostring(g->L, -1)
                                                             : "cannot be compiled";
        *error = buf_copy(text, strlen(text));
    }
    lua_settop(g->L, 0);
    return rc == LUA_OK;
}

static void push_list(lua_State *L, const char *text)
{
    lua_newtable(L);
    for (lua_Integer i = 1; *text;) {
        size_t n = strcspn(text, ",");
        size_t from = strspn(text, " \t"), to = n;
        while (to > from && (text[to - 1] == ' ' || text[to - 1] == '\t'))
            to--;
        if (to > from) {
            lua_pushlstring(L, text + from, to - from);
            lua_rawseti(L, -2, i++);
        }
        text += n + (text[n] == ',');
    }
}

static int fill_settings(lua_State *L)
{
    const struct settings *s = generation_of(L)->settings;
    lua_newtable(L);
    for (size_t i = 0; i < s->count; i++) {
        const struct setting *item = &s->items[i];
        if (item->type == SETTING_INTEGER)
            lua_pushinteger(L, item->integer);
        else if (!item->text)
            lua_pushboolean(L, 0);
        else if (item->type == SETTING_LIST)
            push_list(L, item->text);
        else
            lua_pushstring(L, item->text);
        lua_setfield(L, -2, item->name);
    }
    lua_setfield(L, LUA_REGISTRYINDEX, "host.settings");
    return 0;
}

bool lua_sandbox_settings(struct generation *g, char **error)
{
    return generation_protected(g, fill_settings, NULL, error);
}

/* What loading left is collected in steps, after the next megabyte: not in the middle of the start.
 * tick sets the pace. */
static int collect(lua_State *L)
{
    lua_pushnil(L);
    lua_setfield(L, LUA_REGISTRYINDEX, "host.compiled");
    lua_gc(L, LUA_GCRESTART);
    lua_gc(L, LUA_GCSTEP, -1024);
    lua_gc(L, LUA_GCINC, 400, GARBAGE_STEP, 13);
    return 0;
}

void lua_sandbox_settle(struct generation *g)
{
    generation_protected(g, collect, NULL, NULL);
}
