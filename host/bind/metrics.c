/*
 * metrics: host.metrics, the list that main.lua declares, and the scripts' gauges when metrics are
 * asked for. Contract: host/api/metrics.lua. The loop thread.
 */
#include "bind/bind.h"

#include "base/log.h"
#include "metrics/own.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static char registered; /* its address is the registry's key of the table of declared names */

/* ---- what main.lua declares ---- */

static const char *text_field(lua_State *L, int entry, const char *field)
{
    if (lua_getfield(L, entry, field) != LUA_TSTRING) /* stays on the stack */
        luaL_error(L, "scripts/ops/metrics.lua: a metric needs `%s`, as text", field);
    return lua_tostring(L, -1);
}

static enum metric_type type_field(lua_State *L, int entry, const char *name)
{
    static const char *const types[] = { "counter", "gauge", "histogram" };
    const char *type = text_field(L, entry, "type");
    for (int i = 0; i < 3; i++)
        if (strcmp(types[i], type) == 0)
            return (enum metric_type)i;
    luaL_error(L, "scripts/ops/metrics.lua: %s: `type` is counter, gauge or histogram, not \"%s\"",
               name, type);
    return METRIC_COUNTER;
}

/* Leaves the list of texts or numbers under `field` on the stack. Returns its length, at most
 * `most`. */
static size_t list_field(lua_State *L, int entry, const char *field, size_t most, const char *name)
{
    int type = lua_getfield(L, entry, field);
    if (type == LUA_TNIL)
        return 0;
    size_t n = type == LUA_TTABLE ? lua_rawlen(L, -1) : most + 1;
    if (n > most)
        luaL_error(L, "scripts/ops/metrics.lua: %s: `%s` is a list of at most %d", name, field,
                   (int)most);
    return n;
}

/* Borrows texts from the stack. They are copied before the stack is popped. */
static void read_shape(lua_State *L, int entry, struct metric_shape *s)
{
    s->name = (char *)(uintptr_t)text_field(L, entry, "name");
    s->type = type_field(L, entry, s->name);
    s->help = (char *)(uintptr_t)text_field(L, entry, "help");
    size_t n = list_field(L, entry, "labels", METRIC_LABELS_MAX, s->name);
    int list = lua_gettop(L);
    for (; s->label_count < n; s->label_count++) {
        if (lua_rawgeti(L, list, (lua_Integer)s->label_count + 1) != LUA_TSTRING)
            luaL_error(L, "scripts/ops/metrics.lua: %s: `labels` are names", s->name);
        s->labels[s->label_count] = (char *)(uintptr_t)lua_tostring(L, -1);
    }
    n = list_field(L, entry, "buckets", METRIC_BUCKETS_MAX, s->name);
    list = lua_gettop(L);
    for (; s->bucket_count < n; s->bucket_count++) {
        if (lua_rawgeti(L, list, (lua_Integer)s->bucket_count + 1) != LUA_TNUMBER)
            luaL_error(L, "scripts/ops/metrics.lua: %s: `buckets` are numbers", s->name);
        s->buckets[s->bucket_count] = lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
    const char *wrong = metric_wrong(s);
    if (wrong)
        luaL_error(L, "scripts/ops/metrics.lua: %s %s", s->name, wrong);
    if (metrics_own_has(s->name))
        luaL_error(L, "scripts/ops/metrics.lua: %s is one of the host's own metrics", s->name);
}

void bind_metrics_declare(lua_State *L, struct generation *g)
{
    int list = lua_gettop(L);
    size_t n = lua_rawlen(L, list);
    luaL_checkstack(L, 20, "metrics");
    if (n > METRICS_LIST_MAX)
        luaL_error(L, "scripts/ops/metrics.lua: more than %d metrics", METRICS_LIST_MAX);
    lua_createtable(L, 0, (int)n);
    int names = lua_gettop(L);
    for (size_t i = 1; i <= n; i++) {
        struct metric_shape s = { .name = NULL };
        if (lua_rawgeti(L, list, (lua_Integer)i) != LUA_TTABLE)
            luaL_error(L, "scripts/ops/metrics.lua: entry %d is not a table", (int)i);
        read_shape(L, lua_gettop(L), &s);
        if (lua_getfield(L, names, s.name) != LUA_TNIL)
            luaL_error(L, "scripts/ops/metrics.lua: %s is declared twice", s.name);
        if (!metric_set_add(&g->metrics, &s))
            luaL_error(L, "not enough memory");
        lua_pushinteger(L, (lua_Integer)g->metrics.count);
        lua_setfield(L, names, g->metrics.shapes[g->metrics.count - 1].name);
        lua_settop(L, names);
    }
    lua_rawsetp(L, LUA_REGISTRYINDEX, &registered);
}

/* ---- host.metrics ---- */

/* The index of the metric named at 1. -1: the state has no list (a file run by hand), so nothing is
 * counted. Throws for an unknown name. */
static int declared(lua_State *L, struct generation *g, const char *what, bool histogram)
{
    luaL_checktype(L, 1, LUA_TSTRING);
    if (!g->metrics.count)
        return -1;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &registered);
    lua_pushvalue(L, 1);
    lua_rawget(L, -2);
    int at = (int)lua_tointeger(L, -1) - 1;
    lua_pop(L, 2);
    if (at < 0)
        luaL_error(L, "%s(\"%s\"): scripts/ops/metrics.lua declares no such metric", what,
                   lua_tostring(L, 1));
    enum metric_type type = g->metrics.shapes[at].type;
    if (type != (histogram ? METRIC_HISTOGRAM : METRIC_COUNTER))
        luaL_error(L, "%s(\"%s\"): that is no %s", what, lua_tostring(L, 1),
                   histogram ? "histogram" : "counter");
    return at;
}

/* Reads a value per label from the table at `at`. A missing one is "none". Texts stay on the
 * stack. */
static void read_labels(lua_State *L, int at, const struct metric_shape *s,
                        struct metric_value values[METRIC_LABELS_MAX])
{
    bool given = lua_istable(L, at);
    for (size_t i = 0; i < s->label_count; i++) {
        values[i] = (struct metric_value){ "none", 4 };
        if (!given)
            continue;
        int type = lua_getfield(L, at, s->labels[i]);
        if (type == LUA_TSTRING || type == LUA_TNUMBER)
            values[i].text = lua_tolstring(L, -1, &values[i].len);
        else if (type == LUA_TBOOLEAN)
            values[i] = lua_toboolean(L, -1) ? (struct metric_value){ "true", 4 }
                                             : (struct metric_value){ "false", 5 };
    }
}

static int count(lua_State *L, const char *what, bool histogram)
{
    struct generation *g = generation_of(L);
    struct metric_value values[METRIC_LABELS_MAX];
    lua_settop(L, 3);
    int at = declared(L, g, what, histogram);
    double n = histogram ? luaL_checknumber(L, 2) : luaL_optnumber(L, 2, 1);
    if (!isfinite(n) || n < 0)
        return luaL_error(L, "%s(\"%s\"): the number must be 0 or more", what, lua_tostring(L, 1));
    if (!lua_isnil(L, 3))
        luaL_checktype(L, 3, LUA_TTABLE);
    if (at < 0 || !g->metrics.live) /* counts nothing before the generation serves */
        return 0;
    read_labels(L, 3, &g->metrics.shapes[at], values);
    if (histogram)
        metric_observe(g->metrics.live[at], n, values);
    else
        metric_add(g->metrics.live[at], n, values);
    return 0;
}

static int add(lua_State *L)
{
    return count(L, "metrics.add", false);
}

static int observe(lua_State *L)
{
    return count(L, "metrics.observe", true);
}

int luaopen_host_metrics(lua_State *L)
{
    static const luaL_Reg functions[] = { { "add", add }, { "observe", observe }, { NULL, NULL } };
    luaL_newlib(L, functions);
    return 1;
}

/* ---- the gauges of the scripts, at scrape time ---- */

static void clear_gauges(struct generation *g)
{
    for (size_t i = 0; g->metrics.live && i < g->metrics.count; i++)
        if (g->metrics.shapes[i].type == METRIC_GAUGE)
            metric_clear(g->metrics.live[i]);
}

/* Reads { name, value, labels } at the top of the stack. */
static void take_gauge(lua_State *L, struct generation *g)
{
    struct metric_value values[METRIC_LABELS_MAX];
    int entry = lua_gettop(L);
    if (!lua_istable(L, entry) || lua_rawgeti(L, entry, 1) != LUA_TSTRING ||
        lua_rawgeti(L, entry, 2) != LUA_TNUMBER)
        luaL_error(L, "gauges() returns a list of { \"name\", number, { label = \"value\" } }");
    lua_rawgetp(L, LUA_REGISTRYINDEX, &registered);
    lua_pushvalue(L, entry + 1);
    lua_rawget(L, -2);
    size_t at = (size_t)lua_tointeger(L, -1) - 1;
    if (at >= g->metrics.count || g->metrics.shapes[at].type != METRIC_GAUGE)
        luaL_error(L, "gauges(): scripts/ops/metrics.lua declares no gauge \"%s\"",
                   lua_tostring(L, entry + 1));
    lua_rawgeti(L, entry, 3);
    read_labels(L, lua_gettop(L), &g->metrics.shapes[at], values);
    metric_set_to(g->metrics.live[at], lua_tonumber(L, entry + 2), values);
    lua_settop(L, entry);
}

static int gauges_main(lua_State *L)
{
    struct task *t = task_of(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, t->sync_ref);
    lua_call(L, 0, 1);
    luaL_checktype(L, -1, LUA_TTABLE);
    luaL_checkstack(L, 20, "gauges");
    int list = lua_gettop(L);
    for (lua_Integer i = 1; lua_rawgeti(L, list, i) != LUA_TNIL; i++) {
        take_gauge(L, t->gen);
        lua_settop(L, list);
    }
    return 0;
}

bool bind_gauges(struct generation *g)
{
    char *error = NULL;
    if (!g)
        return true;
    clear_gauges(g); /* a gauge that cannot be read must not show its old value */
    if (g->gauges == LUA_NOREF || !g->metrics.live)
        return true;
    bool fine = bind_sync(g, gauges_main, "gauges", g->gauges, NULL, &error) == 0;
    if (!fine) {
        clear_gauges(g);
        log_event(LOG_WARN, "metrics.gauges",
                  log_s("error", error ? error : "the group was lost, or memory is missing"));
    }
    free(error);
    return fine;
}
