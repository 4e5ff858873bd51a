#include "scripts/generation.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

enum { HEADROOM = 16 << 20 };

/* Counts every byte. Past the cap a script gets "not enough memory", which it may catch. The host's
 * own pushes (headroom) may pass the cap, so that an error can still be reported. */
static void *capped(void *ud, void *old, size_t old_size, size_t size)
{
    struct generation *g = ud;
    if (!old)
        old_size = 0;
    if (size == 0) {
        slab_release(&g->slab, old, old_size);
        g->memory -= old_size;
        return NULL;
    }
    if (size > old_size &&
        g->memory + (size - old_size) > g->memory_cap + (g->headroom ? HEADROOM : 0))
        return NULL;
    void *p = old ? slab_resize(&g->slab, old, old_size, size) : slab_take(&g->slab, size);
    if (p)
        g->memory += size - old_size;
    return p;
}

static int panic(lua_State *L)
{
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "unknown";
    log_event(LOG_ERROR, "lua.panic", log_s("error", text));
    abort();
}

struct generation *generation_of(lua_State *L)
{
    void *ud = NULL;
    lua_getallocf(L, &ud);
    return ud;
}

bool generation_protected(struct generation *g, lua_CFunction f, void *arg, char **error)
{
    lua_State *L = g->L;
    int top = lua_gettop(L);
    g->headroom = true;
    lua_pushcfunction(L, f);
    lua_pushlightuserdata(L, arg);
    int rc = lua_pcall(L, 1, 0, 0);
    if (rc != LUA_OK && error) {
        const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1)
                                                          : "an error that is not text";
        *error = buf_copy(text, strlen(text));
    }
    lua_settop(L, top);
    g->headroom = false;
    return rc == LUA_OK;
}

const struct named *named_find(const struct named *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].name, name) == 0)
            return &list[i];
    return NULL;
}

struct job_kind *generation_kind(const struct generation *g, const char *name)
{
    for (size_t i = 0; i < g->kind_count; i++)
        if (strcmp(g->kinds[i].name, name) == 0)
            return &g->kinds[i];
    return NULL;
}

static void free_list(char **list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(list[i]);
    free(list);
}

static void free_named(struct named *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(list[i].name);
    free(list);
}

void generation_close(struct generation *g)
{
    if (!g)
        return;
    if (g->L)
        lua_close(g->L);
    slab_close(&g->slab);
    for (size_t i = 0; i < g->route_count; i++) {
        free(g->routes[i].method);
        free(g->routes[i].path);
    }
    free(g->routes);
    for (size_t i = 0; i < g->kind_count; i++)
        free(g->kinds[i].name);
    free(g->kinds);
    free_named(g->readers, g->reader_count);
    free_named(g->every, g->every_count);
    free_named(g->commands, g->command_count);
    free_list(g->schema, g->schema_count);
    free_list(g->extra_schema, g->extra_count);
    free(g->extra_name);
    buf_free(&g->warnings);
    metric_set_free(&g->metrics);
    tree_drop(g->tree);
    settings_free(g->settings);
    free(g);
}

struct generation *generation_new(struct scripts *all, struct tree *tree)
{
    static struct services none; /* files that are only loaded: check, trial, offline commands */
    struct generation *g = calloc(1, sizeof *g);
    if (!g)
        return NULL;
    g->scripts = all;
    g->services = all->services ? all->services : &none;
    g->memory_cap = all->memory_cap ? all->memory_cap : (size_t)-1 / 2;
    g->notice = g->status = g->start = g->prepare = g->gauges = LUA_NOREF;
    g->number = ++all->generations;
    if (tree) {
        g->tree = tree_keep(tree);
        memcpy(g->hash, tree->hash, sizeof g->hash);
    }
    g->L = lua_newstate(capped, g);
    if (!g->L) {
        generation_close(g);
        return NULL;
    }
    lua_atpanic(g->L, panic);
    *(struct task **)lua_getextraspace(g->L) = NULL;
    return g;
}

bool generation_proven(const struct generation *g)
{
    bool any = false, all = true;
    for (size_t i = 0; i < g->kind_count; i++)
        if (g->kinds[i].failed != LUA_NOREF) {
            any = true;
            all &= g->kinds[i].done_well;
        }
    return any ? all : g->worked;
}
