#include "generation.h"

#include "bind/bind.h"
#include "bind/sandbox.h"
#include "buf.h"
#include "guard.h"
#include "log.h"

#include <lualib.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOAD_MS = 1000, HEADROOM = 1 << 20 };

/* Counts every byte; past the cap Lua sees "not enough memory", which its scripts may catch. The host's own pushes
 * (headroom) may pass it, so that an error can still be told. */
static void *capped(void *ud, void *old, size_t old_size, size_t size)
{
    struct generation *g = ud;
    if (!old)
        old_size = 0;
    if (size == 0) {
        free(old);
        g->memory -= old_size;
        return NULL;
    }
    if (size > old_size &&
        g->memory + (size - old_size) > g->memory_cap + (g->headroom ? HEADROOM * 16 : 0))
        return NULL;
    void *p = realloc(old, size);
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

struct job_kind *generation_kind(struct generation *g, const char *name)
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
    for (size_t i = 0; i < count; i++) {
        free(list[i].name);
        free(list[i].help);
    }
    free(list);
}

void generation_close(struct generation *g)
{
    if (!g)
        return;
    while (g->tasks)
        task_kill(g->tasks);
    for (struct task *t = g->spare, *next; t; t = next) {
        next = t->next_side;
        free(t);
    }
    if (g->L)
        lua_close(g->L);
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
    tree_drop(g->tree);
    settings_free(g->settings);
    free(g);
}

/* ---- reading main.lua's table: runs protected, so it may throw; what it allocates hangs on g at once ---- */

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
    if (value < 1 && type != LUA_TNIL)
        luaL_error(L, "main.lua: %s.%s.%s must be at least 1", where, name, field);
    return value;
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
        lua_getfield(L, -1, "drain");
        k->drain_turn = lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), "turn") == 0;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* inbox = { name = f }, every and commands = { name = { run = f, … } } */
static void take_named(lua_State *L, const char *field, struct named **list, size_t *count)
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
            if (lua_getfield(L, -1, "help") == LUA_TSTRING)
                n->help = copy_text(L, -1);
            lua_pop(L, 1);
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
    lua_pop(L, 2); /* the nil at its end, and the list */
}

static int optional_function(lua_State *L, const char *field)
{
    int ref = LUA_NOREF;
    if (lua_getfield(L, -1, field) != LUA_TNIL)
        ref = function_ref(L, -1, "main", field);
    lua_pop(L, 1);
    return ref;
}

/* What is done every so often is a kind of job, too: one row that puts itself back. */
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

static int take_main(lua_State *L)
{
    struct generation *g = generation_of(L);
    if (lua_type(L, -1) != LUA_TTABLE)
        return luaL_error(L,
                          "main.lua must return a table (routes, jobs, schema, …), it returns a %s",
                          luaL_typename(L, -1));
    take_routes(L, g);
    take_jobs(L, g);
    take_named(L, "inbox", &g->readers, &g->reader_count);
    take_named(L, "every", &g->every, &g->every_count);
    take_named(L, "commands", &g->commands, &g->command_count);
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
    g->notice = optional_function(L, "notice");
    g->status = optional_function(L, "status");
    g->start = optional_function(L, "start");
    for (size_t i = 0; i < g->every_count; i++)
        take_every(L, g, &g->every[i]);
    return 0;
}

/* ---- building ---- */

static struct generation *new_state(struct host *h, struct tree *tree, bool plain)
{
    struct generation *g = calloc(1, sizeof *g);
    if (!g)
        return NULL;
    g->host = h;
    g->memory_cap = h->memory_cap ? h->memory_cap : (size_t)-1 / 2;
    g->notice = g->status = g->start = LUA_NOREF;
    g->number = ++h->generations;
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
    char *error = NULL;
    if (!generation_protected(g, plain ? sandbox_open_plain : sandbox_open, NULL, &error)) {
        log_event(LOG_ERROR, "generation.libraries", log_s("error", error));
        free(error);
        generation_close(g);
        return NULL;
    }
    return g;
}

struct load_job {
    const char *module;
    struct settings *settings; /* declare into it what the module returns; NULL: take it as main */
};

static int trace(lua_State *L)
{
    const char *text = lua_type(L, 1) == LUA_TSTRING ? lua_tostring(L, 1)
                                                     : "an error that is not text";
    luaL_traceback(L, L, text, 1);
    return 1;
}

static int load_module(lua_State *L)
{
    struct load_job *j = lua_touserdata(L, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, "host.require");
    lua_pushstring(L, j->module);
    lua_call(L, 1, 1);
    if (j->settings) {
        bind_settings_declare(L, j->settings);
        return 0;
    }
    return take_main(L);
}

/* Loads under the guard. false: *error holds what and where. */
static bool guarded_load(struct generation *g, struct load_job *j, char **error)
{
    lua_State *L = g->L;
    lua_settop(L, 0);
    lua_pushcfunction(L, trace);
    lua_pushcfunction(L, load_module);
    lua_pushlightuserdata(L, j);
    lua_State *outer = guard_enter(L, LOAD_MS);
    int rc = lua_pcall(L, 1, 0, 1);
    guard_leave(outer);
    if (rc != LUA_OK) {
        const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1)
                                                          : "an error that is not text";
        /* The first line is for owners; the traceback goes to the log at debug level. */
        size_t n = strstr(text, "\nstack traceback:")
                       ? (size_t)(strstr(text, "\nstack traceback:") - text)
                       : strlen(text);
        log_event(LOG_DEBUG, "generation.trace", log_s("trace", text));
        *error = buf_copy(text, n);
    }
    lua_settop(L, 0);
    return rc == LUA_OK;
}

/* Every script is compiled, so that one look lists every file that is broken, not only the first on the way. */
static size_t compile_all(struct generation *g, struct buf *problems)
{
    size_t bad = 0;
    for (size_t i = 0; i < g->tree->count; i++) {
        const struct tree_file *f = &g->tree->files[i];
        size_t n = strlen(f->path);
        char *error = NULL;
        if (n < 4 || strcmp(f->path + n - 4, ".lua") != 0)
            continue;
        if (!sandbox_compile(g, f, &error)) {
            buf_printf(problems, "%s\n", error ? error : "out of memory");
            bad++;
        }
        free(error);
    }
    return bad;
}

static void hash_schema(struct generation *g)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    if (c && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1) {
        for (size_t i = 0; i < g->schema_count; i++)
            EVP_DigestUpdate(c, g->schema[i], strlen(g->schema[i]) + 1);
        for (size_t i = 0; i < g->extra_count; i++)
            EVP_DigestUpdate(c, g->extra_schema[i], strlen(g->extra_schema[i]) + 1);
        EVP_DigestFinal_ex(c, digest, &n);
    }
    EVP_MD_CTX_free(c);
    for (unsigned i = 0; i < n && i < 32; i++)
        snprintf(g->schema_hash + 2 * i, 3, "%02x", digest[i]);
}

/* For checking the rest although settings are missing: something of the right type. The state is thrown away afterwards. */
static void fill_in(struct settings *s)
{
    for (size_t i = 0; i < s->count; i++) {
        struct setting *item = &s->items[i];
        const struct setting_declared *d = &s->declared[i];
        if (!item->text && (d->required || d->type == SETTING_SECRET) && d->required)
            item->text = buf_copy(d->type == SETTING_URL ? "https://missing.invalid" : "missing",
                                  d->type == SETTING_URL ? 23 : 7);
        if (d->type == SETTING_INTEGER && item->integer < d->min)
            item->integer = d->min;
    }
}

enum generation_result generation_build(struct generation **out, struct host *h, struct tree *tree,
                                        const struct generation_options *o, struct buf *problems,
                                        struct buf *warnings)
{
    char *error = NULL;
    bool settings_bad = false;
    enum generation_result result = GENERATION_SCRIPTS;
    *out = NULL;
    struct generation *g = new_state(h, tree, false);
    if (!g) {
        buf_text(problems, "out of memory\n");
        return result;
    }
    if (compile_all(g, problems))
        goto fail;
    g->settings = settings_new();
    for (size_t i = 0; g->settings && i < settings_host_count; i++)
        settings_declare(g->settings, &settings_host[i]);
    struct load_job settings_job = { o->settings_module, g->settings };
    if (!g->settings || !sandbox_settings(g, &error) || !guarded_load(g, &settings_job, &error)) {
        buf_printf(problems, "%s\n", error ? error : "out of memory");
        goto fail;
    }
    settings_unknown(g->settings);
    if (g->settings->warnings.len && !o->ignore_settings)
        buf_add(warnings, g->settings->warnings.data, g->settings->warnings.len);
    settings_bad = g->settings->problems.len > 0;
    if (settings_bad && !o->ignore_settings)
        buf_add(problems, g->settings->problems.data, g->settings->problems.len);
    if (settings_bad)
        fill_in(g->settings);
    if (!sandbox_settings(g, &error)) {
        buf_printf(problems, "%s\n", error);
        goto fail;
    }
    struct load_job main_job = { o->main_module, NULL };
    if (!guarded_load(g, &main_job, &error)) {
        buf_printf(problems, "%s\n", error ? error : "out of memory");
        goto fail;
    }
    if (settings_bad && !o->ignore_settings) {
        result = GENERATION_SETTINGS;
        goto fail;
    }
    sandbox_close(g); /* loaded: globals are closed, only functions run from here on */
    hash_schema(g);
    *out = g;
    return GENERATION_OK;
fail:
    free(error);
    generation_close(g);
    return result;
}

struct generation *generation_plain(struct host *h, const char *scripts_dir, struct buf *problems)
{
    struct generation *g = new_state(h, NULL, true);
    char *error = NULL;
    if (!g || !(g->settings = settings_new())) {
        generation_close(g);
        buf_text(problems, "out of memory\n");
        return NULL;
    }
    for (size_t i = 0; i < settings_host_count; i++)
        settings_declare(g->settings, &settings_host[i]);
    if (!sandbox_settings(g, &error) ||
        !generation_protected(g, sandbox_path, (void *)scripts_dir, &error)) {
        buf_printf(problems, "%s\n", error);
        free(error);
        generation_close(g);
        return NULL;
    }
    return g;
}
