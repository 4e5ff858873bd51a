#include "scripts/main_table.h"

#include <stdlib.h>
#include <string.h>

enum { NUMBER_LIMIT = 1000000000 };

static char *copy_text(lua_State *L, int at)
{
    size_t n = 0;
    const char *text = lua_tolstring(L, at, &n);
    if (!text || memchr(text, 0, n))
        luaL_error(L, "main.lua: a name must be text without NUL");
    char *copy = buf_copy(text, n);
    if (!copy)
        luaL_error(L, "not enough memory");
    return copy;
}

static void *grow(lua_State *L, void *list, size_t count, size_t item)
{
    char *more = realloc(list, (count + 1) * item);
    if (!more)
        luaL_error(L, "not enough memory");
    memset(more + count * item, 0, item);
    return more;
}

static int function_ref(lua_State *L, int at, const char *where, const char *name)
{
    if (lua_type(L, at) != LUA_TFUNCTION)
        luaL_error(L, "main.lua: %s[\"%s\"] must be a function, it is a %s", where, name,
                   luaL_typename(L, at));
    lua_pushvalue(L, at);
    return luaL_ref(L, LUA_REGISTRYINDEX);
}

/* Pushes main[field]; false when it is absent. */
static bool table_field(lua_State *L, const char *field, bool required)
{
    int type = lua_getfield(L, -1, field);
    if (type == LUA_TNIL && !required) {
        lua_pop(L, 1);
        return false;
    }
    if (type != LUA_TTABLE)
        luaL_error(L, "main.lua: the table it returns must have a table `%s`, it has a %s", field,
                   lua_typename(L, type));
    return true;
}

static void take_routes(lua_State *L, struct generation *g)
{
    if (!table_field(L, "routes", true))
        return;
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            luaL_error(L, "main.lua: routes must be named like \"GET /path\"");
        const char *name = lua_tostring(L, -2);
        const char *slash = strchr(name, '/');
        if (!slash || slash == name || slash[-1] != ' ')
            luaL_error(L, "main.lua: routes[\"%s\"] must be named like \"GET /path\"", name);
        g->routes = grow(L, g->routes, g->route_count, sizeof *g->routes);
        struct route *r = &g->routes[g->route_count++];
        r->ref = function_ref(L, -1, "routes", name);
        r->method = buf_copy(name, (size_t)(slash - name - 1));
        r->path = buf_copy(slash, strlen(slash));
        if (!r->method || !r->path)
            luaL_error(L, "not enough memory");
        r->path_len = strlen(r->path);
        if (r->path_len > 1 && strcmp(r->path + r->path_len - 2, "/*") == 0) {
            r->prefix = true;
            r->path[--r->path_len] = 0;
        }
    }
    lua_pop(L, 1);
}

static int64_t number_field(lua_State *L, const char *field, int64_t otherwise, const char *where,
                            const char *name)
{
    int64_t value = otherwise;
    int type = lua_getfield(L, -1, field);
    if (type == LUA_TNUMBER && lua_isinteger(L, -1))
        value = lua_tointeger(L, -1);
    else if (type != LUA_TNIL)
        luaL_error(L, "main.lua: %s.%s.%s must be a whole number", where, name, field);
    lua_pop(L, 1);
    if ((value < 1 || value > NUMBER_LIMIT) && type != LUA_TNIL)
        luaL_error(L, "main.lua: %s.%s.%s must be from 1 to %d", where, name, field, NUMBER_LIMIT);
    return value;
}

/* Reads jobs.x.after = "y": x shares the rate limit of y. The table `jobs` is on top. */
static void take_order(lua_State *L, struct generation *g)
{
    for (size_t i = 0; i < g->kind_count; i++) {
        struct job_kind *k = &g->kinds[i];
        lua_getfield(L, -1, k->name);
        int type = lua_getfield(L, -1, "after");
        for (size_t n = 0; type == LUA_TSTRING && n < g->kind_count; n++)
            if (strcmp(g->kinds[n].name, lua_tostring(L, -1)) == 0 && g->kinds[n].per_second > 0)
                k->after = n + 1;
        if (type != LUA_TNIL && (!k->after || k->per_second > 0))
            luaL_error(L,
                       "main.lua: jobs.%s.after must name a kind of jobs that has per_second, and "
                       "%s must have none itself",
                       k->name, k->name);
        lua_pop(L, 2);
    }
}

static void take_jobs(lua_State *L, struct generation *g)
{
    if (!table_field(L, "jobs", true))
        return;
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TTABLE)
            luaL_error(L, "main.lua: jobs must be named tables like turn = { run = turn.run }");
        const char *name = lua_tostring(L, -2);
        g->kinds = grow(L, g->kinds, g->kind_count, sizeof *g->kinds);
        struct job_kind *k = &g->kinds[g->kind_count++];
        k->failed = LUA_NOREF;
        lua_pushvalue(L, -2);
        k->name = copy_text(L, -1);
        lua_pop(L, 1);
        lua_getfield(L, -1, "run");
        k->run = function_ref(L, -1, "jobs", name);
        lua_pop(L, 1);
        if (lua_getfield(L, -1, "failed") != LUA_TNIL)
            k->failed = function_ref(L, -1, "jobs", name);
        lua_pop(L, 1);
        k->limit = (int)number_field(L, "limit", 1000, "jobs", name);
        k->per_second = (double)number_field(L, "per_second", 0, "jobs", name);
        k->burst = (double)number_field(L, "burst", 0, "jobs", name);
        k->drain_ms = number_field(L, "drain_ms", 0, "jobs", name);
    }
    take_order(L, g);
    lua_pop(L, 1);
}

/* Reads inbox = { name = f }, every, or commands = { name = { run = f, … } }. */
static void named_field(lua_State *L, const char *field, struct named **list, size_t *count)
{
    if (!table_field(L, field, false))
        return;
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            luaL_error(L, "main.lua: %s must have named entries", field);
        *list = grow(L, *list, *count, sizeof **list);
        struct named *n = &(*list)[(*count)++];
        lua_pushvalue(L, -2);
        n->name = copy_text(L, -1);
        lua_pop(L, 1);
        if (lua_type(L, -1) == LUA_TTABLE) {
            lua_getfield(L, -1, "run");
            n->ref = function_ref(L, -1, field, n->name);
            lua_pop(L, 1);
            n->seconds = number_field(L, "seconds", 0, field, n->name);
        } else {
            n->ref = function_ref(L, -1, field, n->name);
        }
    }
    lua_pop(L, 1);
}

static void take_steps(lua_State *L, char ***list, size_t *count)
{
    for (lua_Integer i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; i++) {
        if (lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "main.lua: schema step %d must be text", (int)i);
        *list = grow(L, *list, *count, sizeof **list);
        (*list)[(*count)++] = copy_text(L, -1);
        lua_pop(L, 1);
    }
    lua_pop(L, 2); /* the nil that ended the loop, and the list */
}

static void take_warnings(lua_State *L, struct generation *g)
{
    if (!table_field(L, "warnings", false))
        return;
    for (lua_Integer i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; i++) {
        if (lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "main.lua: warnings[%d] must be text", (int)i);
        if (!buf_printf(&g->warnings, "%s\n", lua_tostring(L, -1)))
            luaL_error(L, "not enough memory");
        lua_pop(L, 1);
    }
    lua_pop(L, 2);
}

static int function_field(lua_State *L, const char *field)
{
    int ref = LUA_NOREF;
    if (lua_getfield(L, -1, field) != LUA_TNIL)
        ref = function_ref(L, -1, "main", field);
    lua_pop(L, 1);
    return ref;
}

/* An entry of `every` is a kind of job too: one row that puts itself back. */
static void take_every(lua_State *L, struct generation *g, const struct named *n)
{
    if (n->seconds < 1)
        luaL_error(L, "main.lua: every.%s needs `seconds`", n->name);
    if (generation_kind(g, n->name))
        luaL_error(L, "main.lua: jobs and every both have \"%s\"; rename one", n->name);
    g->kinds = grow(L, g->kinds, g->kind_count, sizeof *g->kinds);
    struct job_kind *k = &g->kinds[g->kind_count];
    *k = (struct job_kind){ .name = buf_copy(n->name, strlen(n->name)),
                            .run = n->ref,
                            .failed = LUA_NOREF,
                            .limit = 1,
                            .every_seconds = n->seconds };
    if (!k->name)
        luaL_error(L, "not enough memory");
    g->kind_count++;
}

int main_table_take(lua_State *L)
{
    struct generation *g = generation_of(L);
    if (lua_type(L, -1) != LUA_TTABLE)
        return luaL_error(L,
                          "main.lua must return a table (routes, jobs, schema, …), it returns a %s",
                          luaL_typename(L, -1));
    take_routes(L, g);
    take_jobs(L, g);
    named_field(L, "inbox", &g->readers, &g->reader_count);
    named_field(L, "every", &g->every, &g->every_count);
    named_field(L, "commands", &g->commands, &g->command_count);
    if (table_field(L, "schema", false))
        take_steps(L, &g->schema, &g->schema_count);
    if (table_field(L, "extra_schema", false)) {
        lua_getfield(L, -1, "name");
        g->extra_name = copy_text(L, -1);
        lua_pop(L, 1);
        if (table_field(L, "steps", true)) {
            take_steps(L, &g->extra_schema, &g->extra_count);
        }
        lua_pop(L, 1);
    }
    take_warnings(L, g);
    g->notice = function_field(L, "notice");
    g->status = function_field(L, "status");
    g->start = function_field(L, "start");
    g->prepare = function_field(L, "prepare");
    g->gauges = function_field(L, "gauges");
    if (table_field(L, "metrics", false)) {
        g->modules->declare_metrics(L, g);
        lua_pop(L, 1);
    }
    for (size_t i = 0; i < g->every_count; i++)
        take_every(L, g, &g->every[i]);
    return 0;
}
