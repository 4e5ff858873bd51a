/*
 * ship: what the build runs once, to write what scripts/shipped.h reads: `ship OUT SCRIPTS
 * PROMPTS`.
 *
 * Compiles the scripts, looks in every mode for names that do not exist, and makes an empty
 * database. A script that does not compile is left out, and the program reports it when it loads
 * it. OUT is 1.3 MB of code, 1.2 MB of source to compare with, and the database.
 */
#include "base/buf.h"
#include "base/log.h"
#include "scripts/cpu_guard.h"
#include "scripts/shipped.h"
#include "service/modes.h"
#include "store/store.h"
#include "work/jobs.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MODES = 5 }; /* of serve_modes */

static int take(lua_State *L, const void *bytes, size_t len, void *arg)
{
    (void)L;
    return buf_add(arg, bytes, len) ? 0 : 1;
}

/* Keeps file and line of every instruction, because errors name them. */
static void compile(const struct tree_file *f, struct buf *code)
{
    size_t n = strlen(f->path);
    char name[1024];
    lua_State *L = n > 4 && strcmp(f->path + n - 4, ".lua") == 0 ? luaL_newstate() : NULL;
    if (!L)
        return;
    snprintf(name, sizeof name, "@%s", f->path);
    if (luaL_loadbufferx(L, f->bytes, f->len, name, "t") == LUA_OK)
        lua_dump(L, take, code, 0);
    lua_close(L);
}

/* Builds a generation in each mode. true: there was nothing to say. */
static bool check(struct tree *t, struct generation **service)
{
    static struct scripts all = { .memory_cap = 256u << 20 };
    bool fine = true;
    for (size_t i = 0; i < MODES; i++) {
        struct generation_options o = mode_options(&serve_modes[i]);
        struct buf problems = { .data = NULL }, warnings = { .data = NULL };
        struct generation *g = NULL;
        o.ignore_settings = true;
        if (generation_build(&g, &all, t, &o, &problems, &warnings) != GENERATION_OK ||
            warnings.len) {
            fprintf(stderr, "ship: %s: checked again at each start:\n%s%s", serve_modes[i].name,
                    problems.data ? problems.data : "", warnings.data ? warnings.data : "");
            fine = false;
        }
        buf_free(&problems);
        buf_free(&warnings);
        if (i == 0)
            *service = g;
        else
            generation_close(g);
    }
    return fine;
}

static bool read_whole(const char *path, struct buf *out)
{
    char bytes[65536];
    FILE *f = fopen(path, "rb");
    for (size_t n; f && (n = fread(bytes, 1, sizeof bytes, f)) > 0;)
        if (!buf_add(out, bytes, n))
            break;
    return f && fclose(f) == 0 && out->len > 0;
}

/* An empty database with the tables of the host and of the scripts. Its number (application_id) is
 * taken out, because each database gets its own, and so the same files make the same program. */
static bool make_database(const struct generation *g, const char *out, struct buf *bytes)
{
    char path[4096], lock[4110], why[1024] = "not enough memory";
    struct store *s = NULL;
    snprintf(path, sizeof path, "%s.sqlite", out);
    snprintf(lock, sizeof lock, "%s.lock", path);
    unlink(path);
    bool ok = store_open(&s, path, why, sizeof why) == STORE_OPENED &&
              jobs_tables(s, why, sizeof why) == 0 &&
              store_migrate(s, "scripts", (const char *const *)g->schema, g->schema_count, why,
                            sizeof why) == 0;
    store_close(s);
    ok = ok && read_whole(path, bytes);
    if (ok)
        memset(bytes->data + 68, 0, 4);
    if (!ok)
        fprintf(stderr, "ship: no database is made: %s\n", why);
    unlink(path);
    unlink(lock);
    return ok;
}

int main(int argc, char **argv)
{
    char why[2048] = "not enough memory";
    struct buf out = { .data = NULL }, database = { .data = NULL };
    struct generation *g = NULL;
    if (argc != 4)
        return 1;
    log_open(LOG_OFF);
    cpu_guard_start(10000, 60000);
    struct tree *t = tree_read(argv[2], argv[3], why, sizeof why);
    struct buf *codes = t ? calloc(t->count + 1, sizeof *codes) : NULL;
    if (!codes) {
        fprintf(stderr, "ship: %s\n", why);
        return 1;
    }
    struct shipped_script *list = calloc(t->count + 1, sizeof *list);
    size_t count = 0;
    for (size_t i = 0; list && i < t->count; i++) {
        const struct tree_file *from = &t->files[i];
        compile(from, &codes[i]);
        if (codes[i].len)
            list[count++] = (struct shipped_script){ from->path, from->bytes, from->len,
                                                     &codes[i] };
    }
    bool checked = check(t, &g);
    if (!g || !make_database(g, argv[1], &database))
        database.len = 0;
    bool ok = list && shipped_write(list, count, checked, g ? g->schema_hash : "", &database, &out);
    FILE *f = ok ? fopen(argv[1], "wb") : NULL;
    ok = f && fwrite(out.data, 1, out.len, f) == out.len;
    ok = f && fclose(f) == 0 && ok;
    if (!ok)
        perror(argv[1]);
    generation_close(g);
    cpu_guard_stop();
    for (size_t i = 0; i < t->count; i++)
        buf_free(&codes[i]);
    free(codes);
    free(list);
    tree_drop(t);
    buf_free(&out);
    buf_free(&database);
    return ok ? 0 : 1;
}
