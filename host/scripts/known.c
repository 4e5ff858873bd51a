#include "scripts/known.h"

#include "base/near.h"

#include <stdio.h>
#include <stdlib.h>

enum { TOLD = 20, PATH = 512 };

/* One search through the list, in a protected call. */
struct look {
    const struct names *names;
    struct buf *problems, *warnings;
    size_t told;
};

static void add(struct look *k, struct buf *to, const struct name_found *f, const char *words,
                struct name_text near, const char *otherwise)
{
    if (++k->told > TOLD)
        return;
    buf_printf(to, "%s:%d: %s ", f->path, f->line, words);
    if (near.text)
        buf_printf(to, "Did you mean '%.*s'?\n", (int)near.len, near.text);
    else
        buf_printf(to, "%s\n", otherwise);
}

/* ---- files and modules ---- */

static const struct tree_file *file_of(const struct tree *t, struct name_text module)
{
    char path[TREE_PATH];
    return tree_module(t, module.text, module.len, path);
}

static bool reach(const struct tree *t, bool *reached, struct name_text module)
{
    const struct tree_file *f = file_of(t, module);
    if (!f || reached[f - t->files])
        return false;
    return reached[f - t->files] = true;
}

/* Keeps only findings of files that the two modules reach by constant names. */
static void keep_reached(const struct tree *t, struct name_text main, struct name_text settings,
                         struct names *n)
{
    bool *reached = calloc(t->count + 1, 1), more = true;
    size_t kept = 0;
    if (!reached) {
        n->count = 0;
        return;
    }
    reach(t, reached, main);
    reach(t, reached, settings);
    while (more) {
        more = false;
        for (size_t i = 0; i < n->count; i++)
            if (n->list[i].kind == NAME_MODULE && reached[tree_find(t, n->list[i].path) - t->files])
                more |= reach(t, reached, n->list[i].name);
    }
    for (size_t i = 0; i < n->count; i++)
        if (reached[tree_find(t, n->list[i].path) - t->files])
            n->list[kept++] = n->list[i];
    n->count = kept;
    free(reached);
}

/* Gives each file's own table the name by which other files require it. */
static void name_own_tables(const struct tree *t, struct names *n)
{
    struct name_text *own = calloc(t->count + 1, sizeof *own);
    for (size_t i = 0; own && i < n->count; i++) {
        const struct tree_file *f = n->list[i].kind == NAME_MODULE ? file_of(t, n->list[i].name)
                                                                   : NULL;
        if (f)
            own[f - t->files] = n->list[i].name;
    }
    for (size_t i = 0; own && i < n->count; i++)
        if (n->list[i].kind == NAME_FIELD && !n->list[i].module.text)
            n->list[i].module = own[tree_find(t, n->list[i].path) - t->files];
    free(own);
}

/* ---- before loading ---- */

/* A module's name as `require` takes it. Other names are not checked. */
static bool is_module_name(struct name_text name)
{
    for (size_t i = 0; i < name.len; i++)
        if (strchr("/\\ ", name.text[i]) || (name.text[i] == '.' && i && name.text[i - 1] == '.'))
            return false;
    return true;
}

/* The keys of the table on top. */
static void offer_keys(lua_State *L, struct near *near)
{
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        size_t n = 0;
        const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tolstring(L, -2, &n) : NULL;
        near_offer(near, name, n);
    }
}

/* host.loaded is on top. */
static void look_module(lua_State *L, struct look *k, const struct name_found *f)
{
    const struct tree *t = generation_of(L)->tree;
    char words[2 * PATH], module[PATH], path[TREE_PATH];
    lua_pushlstring(L, f->name.text, f->name.len);
    bool there = lua_rawget(L, -2) != LUA_TNIL;
    lua_pop(L, 1);
    if (there || tree_module(t, f->name.text, f->name.len, path) || !is_module_name(f->name) ||
        f->name.len > PATH / 4)
        return;
    struct near near = near_to(f->name.text, f->name.len);
    offer_keys(L, &near);
    char best[PATH];
    for (size_t i = 0; i < t->count; i++) {
        size_t n = strlen(t->files[i].path);
        if (n < 13 || n > sizeof module || strncmp(t->files[i].path, "scripts/", 8) != 0 ||
            strcmp(t->files[i].path + n - 4, ".lua") != 0)
            continue;
        n -= 12;
        memcpy(module, t->files[i].path + 8, n);
        for (size_t j = 0; j < n; j++)
            module[j] = module[j] == '/' ? '.' : module[j];
        near_offer(&near, module, n);
        if (near.best == module) {
            memcpy(best, module, n);
            near.best = best;
        }
    }
    snprintf(words, sizeof words, "require \"%.*s\": there is no %s.", (int)f->name.len,
             f->name.text, path);
    add(k, k->problems, f, words, (struct name_text){ near.best, near.best_len },
        "Add the file, or correct the name.");
}

/* Names of Lua that scripts do not get (lua_sandbox.c). */
static bool is_withheld(struct name_text name)
{
    static const char *const names[] = {
        "io",   "os",       "debug",      "coroutine",      "package", "dofile",
        "load", "loadfile", "loadstring", "collectgarbage", "xpcall",  "warn"
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (name_is(name, names[i]))
            return true;
    return false;
}

static void look_global(struct look *k, const struct name_found *f)
{
    char words[PATH];
    bool written = f->kind == NAME_GLOBAL_WRITE, withheld = !written && is_withheld(f->name);
    snprintf(words, sizeof words,
             written ? "global '%.*s' is assigned." : "undefined global '%.*s'.", (int)f->name.len,
             f->name.text);
    add(k, k->problems, f, words, written || withheld ? (struct name_text){ NULL, 0 } : f->near,
        written    ? "Write `local` before it."
        : withheld ? "Scripts do not get this part of Lua. Use what the modules in host/api offer."
                   : "A typing mistake, or a missing `local`?");
}

static int list_globals(lua_State *L)
{
    struct names *n = lua_touserdata(L, 1);
    lua_pushglobaltable(L);
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
        if (lua_type(L, -2) == LUA_TSTRING && n->known_count < NAMES_KNOWN) {
            struct name_text *one = &n->known[n->known_count++];
            one->text = lua_tolstring(L, -2, &one->len);
        }
    return 0;
}

static int look_names(lua_State *L)
{
    struct look *k = lua_touserdata(L, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, "host.loaded");
    for (size_t i = 0; i < k->names->count; i++) {
        const struct name_found *f = &k->names->list[i];
        if (f->kind == NAME_MODULE)
            look_module(L, k, f);
        else if (f->kind == NAME_GLOBAL || f->kind == NAME_GLOBAL_WRITE)
            look_global(k, f);
    }
    return 0;
}

static bool look(struct generation *g, lua_CFunction through, struct look *k)
{
    size_t before = k->problems->len;
    char *error = NULL;
    if (!generation_protected(g, through, k, &error))
        buf_printf(k->problems, "%s\n", error ? error : "not enough memory");
    free(error);
    if (k->told > TOLD)
        buf_printf(k->problems, "… and %zu more like these.\n", k->told - TOLD);
    return k->problems->len == before;
}

bool known_names(struct generation *g, const char *main_module, const char *settings_module,
                 struct names *names, struct buf *problems)
{
    struct look k = { .names = names, .problems = problems };
    names->failed = !generation_protected(g, list_globals, names, NULL);
    for (size_t i = 0; i < g->tree->count; i++) {
        const struct tree_file *f = &g->tree->files[i];
        size_t n = strlen(f->path);
        if (n > 4 && strcmp(f->path + n - 4, ".lua") == 0)
            names_scan(names, f->path, f->bytes, f->len);
    }
    if (names->failed) {
        buf_text(problems, "not enough memory\n");
        return false;
    }
    keep_reached(g->tree, (struct name_text){ main_module, strlen(main_module) },
                 (struct name_text){ settings_module, strlen(settings_module) }, names);
    name_own_tables(g->tree, names);
    return look(g, look_names, &k);
}

/* ---- after loading ---- */

/* Pushes the table with the module's fields. false: it has none, or computes them. */
static bool push_fields(lua_State *L, const struct name_found *f)
{
    if (f->library)
        lua_pushglobaltable(L);
    else
        lua_getfield(L, LUA_REGISTRYINDEX, "host.loaded");
    lua_pushlstring(L, f->module.text, f->module.len);
    lua_rawget(L, -2);
    lua_remove(L, -2);
    bool ours = f->library || (f->module.len > 5 && memcmp(f->module.text, "host.", 5) == 0);
    if (lua_istable(L, -1) && !lua_getmetatable(L, -1))
        return !f->library; /* host tables are locked; any other global table is not a library */
    if (ours && lua_istable(L, -1) && lua_istable(L, -2)) {
        lua_pushliteral(L, "__index");
        if (lua_rawget(L, -2) == LUA_TTABLE) {
            lua_replace(L, -3);
            lua_pop(L, 1);
            return true;
        }
    }
    return false;
}

/* true: a script tests or sets this field, so it may be absent. */
static bool excused(const struct names *n, const struct name_found *f, const struct tree *t)
{
    const struct tree_file *file = f->library ? NULL : file_of(t, f->module);
    for (size_t i = 0; i < n->count; i++) {
        const struct name_found *one = &n->list[i];
        if (one->kind == NAME_OPEN && file && strcmp(one->path, file->path) == 0)
            return true;
        if (one->kind == NAME_SET && file && name_same(one->name, f->name))
            return true;
        if (one->kind == NAME_FIELD && one->use == NAME_TESTED && name_same(one->name, f->name) &&
            one->module.text && name_same(one->module, f->module))
            return true;
    }
    return false;
}

/* Reports a field that the table on top does not have. */
static void tell_field(lua_State *L, struct look *k, const struct name_found *f)
{
    const struct tree_file *file = f->library ? NULL : file_of(generation_of(L)->tree, f->module);
    struct near near = near_to(f->name.text, f->name.len);
    char words[PATH], otherwise[PATH] = "Correct the name.";
    offer_keys(L, &near);
    snprintf(words, sizeof words, "%.*s.%.*s: the %s %.*s has no '%.*s'.", (int)f->as.len,
             f->as.text, (int)f->name.len, f->name.text, f->library ? "library" : "module",
             (int)f->module.len, f->module.text, (int)f->name.len, f->name.text);
    if (file)
        snprintf(otherwise, sizeof otherwise, "Correct the name, or add it to %s.", file->path);
    add(k, f->use == NAME_USED ? k->problems : k->warnings, f, words,
        (struct name_text){ near.best, near.best_len }, otherwise);
}

static int look_fields(lua_State *L)
{
    struct look *k = lua_touserdata(L, 1);
    const struct tree *t = generation_of(L)->tree;
    for (size_t i = 0; i < k->names->count; i++) {
        const struct name_found *f = &k->names->list[i];
        lua_settop(L, 1);
        if (f->kind != NAME_FIELD || f->use == NAME_TESTED || !f->module.text || !push_fields(L, f))
            continue;
        lua_pushlstring(L, f->name.text, f->name.len);
        bool there = lua_rawget(L, -2) != LUA_TNIL;
        lua_pop(L, 1);
        if (!there && !excused(k->names, f, t))
            tell_field(L, k, f);
    }
    return 0;
}

bool known_fields(struct generation *g, const struct names *names, struct buf *problems,
                  struct buf *warnings)
{
    struct look k = { .names = names, .problems = problems, .warnings = warnings };
    return look(g, look_fields, &k);
}
