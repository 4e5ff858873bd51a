#include "scripts/build.h"

#include "base/log.h"
#include "scripts/cpu_guard.h"
#include "scripts/known.h"
#include "scripts/lua_sandbox.h"
#include "scripts/main_table.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOAD_MS = 1000 };

/* A generation with its libraries, before any script is loaded. NULL: no memory. */
static struct generation *new_state(struct scripts *all, struct tree *tree,
                                    const struct script_modules *modules, lua_CFunction libraries)
{
    struct generation *g = generation_new(all, tree);
    char *error = NULL;
    if (!g)
        return NULL;
    g->modules = modules;
    /* Loading makes little garbage, and looking for it took a sixth of a start. The cap of the
     * memory still collects. */
    lua_gc(g->L, LUA_GCSTOP);
    if (!generation_protected(g, libraries, NULL, &error)) {
        log_event(LOG_ERROR, "generation.libraries", log_s("error", error));
        free(error);
        generation_close(g);
        return NULL;
    }
    return g;
}

struct load_job {
    const char *module;
    struct settings *settings; /* takes the list that the module returns; NULL: it is main */
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
        generation_of(L)->modules->declare_settings(L, j->settings);
        return 0;
    }
    return main_table_take(L);
}

/* Loads under the guard. false: *error holds the cause with file and line. */
static bool guarded_load(struct generation *g, struct load_job *j, char **error)
{
    lua_State *L = g->L;
    lua_settop(L, 0);
    lua_pushcfunction(L, trace);
    lua_pushcfunction(L, load_module);
    lua_pushlightuserdata(L, j);
    lua_State *outer = cpu_guard_enter(L, LOAD_MS);
    int rc = lua_pcall(L, 1, 0, 1);
    cpu_guard_leave(outer);
    if (rc != LUA_OK) {
        const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1)
                                                          : "an error that is not text";
        /* The first line is for owners. The traceback goes to the log at debug level. */
        size_t n = strstr(text, "\nstack traceback:")
                       ? (size_t)(strstr(text, "\nstack traceback:") - text)
                       : strlen(text);
        log_event(LOG_DEBUG, "generation.trace", log_s("trace", text));
        *error = buf_copy(text, n);
    }
    lua_settop(L, 0);
    return rc == LUA_OK;
}

/* Compiles every script that is not compiled yet, so that the problems name all broken files and
 * not only the first. */
static size_t compile_all(struct generation *g, struct buf *problems)
{
    size_t bad = 0;
    for (size_t i = 0; i < g->tree->count; i++) {
        const struct tree_file *f = &g->tree->files[i];
        size_t n = strlen(f->path);
        char *error = NULL;
        if (n < 4 || strcmp(f->path + n - 4, ".lua") != 0 || f->shipped)
            continue;
        if (!lua_sandbox_compile(g, f, &error)) {
            buf_printf(problems, "%s\n", error ? error : "not enough memory");
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

/* Gives missing settings a value of their type, so that the rest can be checked. The state is
 * thrown away afterwards. */
static void fill_in(struct settings *s)
{
    for (size_t i = 0; i < s->count; i++) {
        struct setting *item = &s->items[i];
        const struct setting_declared *d = &s->declared[i];
        if (!item->text && d->required)
            item->text = settings_filler(d->type);
        if (d->type == SETTING_INTEGER && item->integer < d->min)
            item->integer = d->min;
    }
}

/* true: the problems already name this error's "file:line:", in clearer words. */
static bool tells(const struct buf *problems, size_t from, const char *error)
{
    const char *line = error ? strchr(error, ':') : NULL;
    size_t n = line ? strcspn(line + 1, ":") : 0;
    char place[512];
    if (n == 0 || problems->len == from)
        return false;
    snprintf(place, sizeof place, "%.*s:", (int)(line + 1 + n - error), error);
    return strstr(problems->data + from, place) != NULL;
}

/* Loads main.lua, and compares the fields that scripts use with the fields that exist. */
static bool load_main(struct generation *g, const struct generation_options *o,
                      const struct names *names, struct buf *problems)
{
    char *error = NULL;
    struct load_job job = { o->main_module, NULL };
    bool loaded = guarded_load(g, &job, &error);
    size_t told = problems->len;
    bool known = known_fields(g, names, problems, loaded ? &g->warnings : problems);
    if (!loaded && !tells(problems, told, error))
        buf_printf(problems, "%s\n", error ? error : "not enough memory");
    free(error);
    return loaded && known;
}

enum generation_result generation_build(struct generation **out, struct scripts *all,
                                        struct tree *tree, const struct generation_options *o,
                                        struct buf *problems, struct buf *warnings)
{
    char *error = NULL;
    bool settings_bad = false;
    enum generation_result result = GENERATION_SCRIPTS;
    struct names names = { .list = NULL };
    *out = NULL;
    struct generation *g = new_state(all, tree, o->modules, lua_sandbox_open);
    if (!g) {
        buf_text(problems, "not enough memory\n");
        return result;
    }
    if (compile_all(g, problems) ||
        (!tree_checked(tree) &&
         !known_names(g, o->main_module, o->settings_module, &names, problems)))
        goto fail;
    g->settings = settings_new();
    if (g->settings)
        g->settings->made_up = o->make_up_settings;
    struct load_job settings_job = { o->settings_module, g->settings };
    if (!g->settings || !lua_sandbox_settings(g, &error) ||
        !guarded_load(g, &settings_job, &error)) {
        buf_printf(problems, "%s\n", error ? error : "not enough memory");
        goto fail;
    }
    if (!o->borrows)
        settings_unknown(g->settings);
    settings_hide(g->settings);
    if (g->settings->warnings.len && !o->ignore_settings)
        buf_add(warnings, g->settings->warnings.data, g->settings->warnings.len);
    settings_bad = g->settings->problems.len > 0;
    if (settings_bad && !o->ignore_settings)
        buf_add(problems, g->settings->problems.data, g->settings->problems.len);
    if (settings_bad)
        fill_in(g->settings);
    if (!lua_sandbox_settings(g, &error)) {
        buf_printf(problems, "%s\n", error);
        goto fail;
    }
    if (!load_main(g, o, &names, problems))
        goto fail;
    if (settings_bad && !o->ignore_settings) {
        result = GENERATION_SETTINGS;
        goto fail;
    }
    lua_sandbox_settle(g);
    hash_schema(g);
    if (g->warnings.len)
        buf_add(warnings, g->warnings.data, g->warnings.len);
    names_free(&names);
    *out = g;
    return GENERATION_OK;
fail:
    names_free(&names);
    free(error);
    generation_close(g);
    return result;
}

struct generation *generation_plain(struct scripts *all, const struct script_modules *modules,
                                    const char *scripts_dir, struct buf *problems)
{
    struct generation *g = new_state(all, NULL, modules, lua_sandbox_open_plain);
    char *error = NULL;
    if (!g || !(g->settings = settings_new())) {
        generation_close(g);
        buf_text(problems, "not enough memory\n");
        return NULL;
    }
    if (!lua_sandbox_settings(g, &error) ||
        !generation_protected(g, lua_sandbox_path, (void *)scripts_dir, &error)) {
        buf_printf(problems, "%s\n", error);
        free(error);
        generation_close(g);
        return NULL;
    }
    return g;
}
