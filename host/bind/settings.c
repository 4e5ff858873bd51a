/*
 * settings: host.settings, and the declarations that scripts/settings.lua returns. The loop thread.
 */
#include "bind/bind.h"

#include <string.h>

static int get(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TSTRING);
    lua_getfield(L, LUA_REGISTRYINDEX, "host.settings");
    if (!lua_istable(L, -1))
        return luaL_error(L, "settings.get cannot be used in settings.lua itself");
    lua_pushvalue(L, 1);
    int type = lua_rawget(L, -2);
    if (type == LUA_TNIL)
        return luaL_error(
            L, "settings.get(\"%s\"): no such setting. Declare it in scripts/settings.lua.",
            lua_tostring(L, 1));
    if (type == LUA_TBOOLEAN) /* declared and unset */
        lua_pushnil(L);
    return 1;
}

/* Where a value came from, so that messages name the variable that was set. */
static int source(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    const struct settings *s = generation_of(L)->settings;
    const struct setting *item = s ? settings_find(s, name) : NULL;
    if (!item)
        return luaL_error(
            L, "settings.source(\"%s\"): no such setting. Declare it in scripts/settings.lua.",
            name);
    lua_pushfstring(L, "%s%s", name, item->from_file ? "_FILE" : "");
    return 1;
}

int luaopen_host_settings(lua_State *L)
{
    static const luaL_Reg functions[] = { { "get", get }, { "source", source }, { NULL, NULL } };
    luaL_newlib(L, functions);
    return 1;
}

/* Leaves field values on the stack until the declaration is copied, because their text must live
 * that long. */
static const char *text_field(lua_State *L, int entry, const char *name, const char *otherwise)
{
    int type = lua_getfield(L, entry, name);
    if (type == LUA_TNIL)
        return otherwise;
    if (type != LUA_TSTRING && type != LUA_TNUMBER)
        luaL_error(L, "scripts/settings.lua: `%s` of a setting must be text", name);
    return lua_tostring(L, -1);
}

static bool truth_field(lua_State *L, int entry, const char *name)
{
    lua_getfield(L, entry, name);
    return lua_toboolean(L, -1);
}

static bool integer_field(lua_State *L, int entry, const char *name, int64_t *out)
{
    if (lua_getfield(L, entry, name) != LUA_TNUMBER || !lua_isinteger(L, -1))
        return false;
    *out = lua_tointeger(L, -1);
    return true;
}

static const char *join_choices(lua_State *L, int entry)
{
    if (lua_getfield(L, entry, "choices") != LUA_TTABLE)
        return NULL;
    luaL_Buffer b;
    int list = lua_gettop(L);
    luaL_buffinit(L, &b);
    lua_Integer n = (lua_Integer)lua_rawlen(L, list);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, list, i);
        luaL_addvalue(&b);
        if (i < n)
            luaL_addchar(&b, '|');
    }
    luaL_pushresult(&b);
    return lua_tostring(L, -1);
}

static enum setting_type type_of(lua_State *L, const char *name, const char *type)
{
    static const char *const names[] = { "text", "secret", "url", "integer", "choice", "list" };
    for (int i = 0; i < 6; i++)
        if (strcmp(names[i], type) == 0)
            return (enum setting_type)i;
    luaL_error(L,
               "scripts/settings.lua: %s has the type \"%s\"; known are text, secret, url, "
               "integer, choice, list",
               name, type);
    return SETTING_TEXT;
}

static void push_value(lua_State *L, const struct setting *item)
{
    if (!item || !item->text)
        lua_pushnil(L);
    else if (item->type == SETTING_INTEGER)
        lua_pushinteger(L, item->integer);
    else
        lua_pushstring(L, item->text);
}

static int get_from(lua_State *L)
{
    struct settings *s = lua_touserdata(L, lua_upvalueindex(1));
    push_value(L, settings_find(s, luaL_checkstring(L, 1)));
    return 1;
}

static void declare_one(lua_State *L, int entry, struct settings *s)
{
    struct setting_declared d = { .min = INT64_MIN, .max = INT64_MAX };
    luaL_checkstack(L, 20, "settings");
    d.name = (char *)text_field(L, entry, "name", NULL);
    if (!d.name)
        luaL_error(L, "scripts/settings.lua: a setting has no `name`");
    d.type = type_of(L, d.name, text_field(L, entry, "type", "text"));
    d.fallback = (char *)text_field(L, entry, "default", NULL);
    d.help = (char *)text_field(L, entry, "help", "");
    d.choices = (char *)join_choices(L, entry);
    d.insecure_warn = strcmp(text_field(L, entry, "insecure", ""), "warn") == 0;
    d.required = truth_field(L, entry, "required");
    d.secret = truth_field(L, entry, "secret") || d.type == SETTING_SECRET;
    d.has_min = integer_field(L, entry, "min", &d.min);
    d.has_max = integer_field(L, entry, "max", &d.max);
    size_t problems = s->problems.len;
    if (!settings_declare(s, &d))
        luaL_error(L, "not enough memory");
    const struct setting *item = settings_find(s, d.name);
    if (s->problems.len == problems && item && item->text &&
        lua_getfield(L, entry, "check") == LUA_TFUNCTION) {
        push_value(L, item);
        lua_call(L, 1, 1);
        if (lua_type(L, -1) == LUA_TSTRING)
            settings_problem(s, d.name, "%s", lua_tostring(L, -1));
    }
}

/* Calls `check` of the list, for rules between settings. It gets get(name) and returns a list of
 * sentences. */
static void check_all(lua_State *L, int list, struct settings *s)
{
    if (lua_getfield(L, list, "check") != LUA_TFUNCTION)
        return;
    lua_pushlightuserdata(L, s);
    lua_pushcclosure(L, get_from, 1);
    lua_call(L, 1, 1);
    if (!lua_istable(L, -1))
        return;
    int found = lua_gettop(L);
    for (lua_Integer i = 1; lua_rawgeti(L, found, i) == LUA_TSTRING; i++) {
        settings_problem(s, NULL, "%s", lua_tostring(L, -1));
        lua_pop(L, 1);
    }
}

void bind_settings_declare(lua_State *L, struct settings *s)
{
    int list = lua_gettop(L);
    luaL_checktype(L, list, LUA_TTABLE);
    lua_Integer n = (lua_Integer)lua_rawlen(L, list);
    for (lua_Integer i = 1; i <= n; i++) {
        if (lua_rawgeti(L, list, i) != LUA_TTABLE)
            luaL_error(L, "scripts/settings.lua: entry %d is not a table", (int)i);
        declare_one(L, lua_gettop(L), s);
        lua_settop(L, list);
    }
    check_all(L, list, s);
    lua_settop(L, list);
}
