#include "reload.h"

#include "bind/bind.h"
#include "buf.h"
#include "judge.h"
#include "log.h"
#include "metrics_own.h"
#include "notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DRAINING_LIMIT = 2 };

static const struct generation_options *options;

void reload_options(const struct generation_options *o)
{
    options = o;
}

/* "every" has no clock of its own: a row a name that puts itself back. */
void reload_seed_every(struct host *h)
{
    struct generation *g = h->current;
    for (size_t i = 0; i < g->every_count; i++) {
        struct jobs_put p = { .kind = g->every[i].name,
                              .lane = g->every[i].name,
                              .unique = g->every[i].name,
                              .keep = true,
                              .run_at = loop_wall_ms() + 1000 };
        jobs_put(h->jobs, &p);
    }
}

static int failed(struct host *h, int code, char *text, char **words)
{
    log_mask(text);
    snprintf(h->last_error, sizeof h->last_error, "%s", text);
    h->last_error_at = loop_wall_ms();
    log_event(LOG_ERROR, "reload.failed", log_s("error", text));
    metrics_own_add(h->metrics, OWN_RELOADS, 1, "failed", NULL, NULL);
    notify_reloaded(false);
    bind_notice(h, "reload_failed", text, NULL, 1);
    if (words) {
        struct buf b = { .data = NULL };
        buf_printf(&b, "Nothing was loaded anew; what served before goes on.\n%s", text);
        *words = b.data;
    }
    free(text);
    return code;
}

static unsigned draining(const struct host *h)
{
    unsigned n = 0;
    for (const struct generation *g = h->draining; g; g = g->older)
        n++;
    return n;
}

static bool same_secrets(const struct settings *a, const struct settings *b)
{
    for (size_t i = 0; i < a->count; i++) {
        const char *x = a->items[i].text, *y = settings_text(b, a->items[i].name);
        if ((x && y) ? strcmp(x, y) != 0 : x != y)
            return false;
    }
    return a->count == b->count;
}

/*
 * What served before and is not there any more is a mistyped handler far more often than a decision: a field of a module that
 * does not exist is nil, and a nil entry of main.lua leaves no trace. NULL: nothing is gone; else the sentence, to be freed.
 */
static char *gone(const struct generation *was, const struct generation *is)
{
    struct buf b = { .data = NULL };
    for (size_t i = 0; i < was->route_count; i++) {
        const struct route *r = &was->routes[i];
        bool there = false;
        for (size_t j = 0; j < is->route_count; j++)
            there |= strcmp(is->routes[j].method, r->method) == 0 &&
                     strcmp(is->routes[j].path, r->path) == 0;
        if (!there)
            buf_printf(&b, "%sroutes[\"%s %s%s\"]", b.len ? ", " : "", r->method, r->path,
                       r->prefix ? "*" : "");
    }
    for (size_t i = 0; i < was->reader_count; i++) {
        bool there = false;
        for (size_t j = 0; j < is->reader_count; j++)
            there |= strcmp(is->readers[j].name, was->readers[i].name) == 0;
        if (!there)
            buf_printf(&b, "%sinbox.%s", b.len ? ", " : "", was->readers[i].name);
    }
    for (size_t i = 0; i < was->kind_count; i++) {
        bool there = was->kinds[i].every_seconds > 0;
        for (size_t j = 0; j < is->kind_count; j++)
            there |= strcmp(is->kinds[j].name, was->kinds[i].name) == 0;
        if (!there)
            buf_printf(&b, "%sjobs.%s", b.len ? ", " : "", was->kinds[i].name);
    }
    if (b.len)
        buf_text(&b, ": missing in scripts/main.lua, and served until now. Is its handler's name "
                     "mistyped? To remove it, restart.");
    return b.data;
}

static char *text_of(struct buf *problems, const char *otherwise)
{
    if (!problems->len)
        buf_text(problems, otherwise);
    char *text = problems->data;
    *problems = (struct buf){ .data = NULL };
    return text;
}

static bool has_room(const struct host *h)
{
    return !h->next && draining(h) < DRAINING_LIMIT;
}

/* Waits for a generation to close; any number of reloads become one. */
static int later(struct host *h, bool force, char **words)
{
    h->reload_wanted = true;
    h->reload_forced |= force; /* its secrets may be new although its files are not */
    if (words)
        *words = strdup("Older scripts are still finishing their work; the reload follows as soon "
                        "as they are done.");
    return 0;
}

void reload_follow(struct host *h)
{
    bool force = h->reload_forced;
    if (!h->reload_wanted || !has_room(h))
        return;
    h->reload_wanted = h->reload_forced = false;
    reload_now(h, force, NULL);
}

int reload_now(struct host *h, bool force, char **words)
{
    char why[2048];
    struct buf problems = { .data = NULL }, warnings = { .data = NULL };
    struct generation *g = NULL;
    if (!h->current || !has_room(h))
        return later(h, force, words);
    const struct settings *old = h->current->settings;
    struct tree *t = tree_read(settings_text(old, "SCRIPTS_DIR"), settings_text(old, "PROMPTS_DIR"),
                               why, sizeof why);
    if (!t)
        return failed(h, GENERATION_SCRIPTS, strdup(why), words);
    bool same = strcmp(t->hash, h->current->hash) == 0;
    if (!force && (same || strcmp(t->hash, h->bad_hash) == 0)) {
        if (same) /* what failed has been taken back by hand */
            h->last_error[0] = 0;
        tree_drop(t);
        return 0;
    }
    notify_reloading();
    enum generation_result r = generation_build(&g, h, t, options, &problems, &warnings);
    tree_drop(t);
    if (r != GENERATION_OK) {
        buf_free(&warnings);
        return failed(h, (int)r, text_of(&problems, "not built"), words);
    }
    buf_free(&problems);
    buf_free(&warnings);
    if (strcmp(g->schema_hash, h->current->schema_hash) != 0) {
        generation_close(g);
        return failed(
            h, GENERATION_SCRIPTS,
            strdup("scripts/main.lua: the list of schema steps changed. Restart to migrate."),
            words);
    }
    char *missing = gone(h->current, g);
    if (missing) {
        generation_close(g);
        return failed(h, GENERATION_SCRIPTS, missing, words);
    }
    bool secrets = !same_secrets(old, g->settings);
    h->last_error[0] = 0;
    h->bad_hash[0] = 0;
    h->next = g;
    metrics_own_add(h->metrics, OWN_RELOADS, 1, "ok", NULL, NULL);
    notify_reloaded(true);
    if (words) {
        struct buf b = { .data = NULL };
        buf_printf(&b, "Reloaded: generation %llu (%.12s)%s%s.", (unsigned long long)g->number,
                   g->hash, same ? ", the same files" : "", secrets ? ", changed settings" : "");
        *words = b.data;
    }
    return 0;
}

void reload_roll_back(struct host *h, const char *error)
{
    struct buf problems = { .data = NULL }, warnings = { .data = NULL };
    struct generation *g = NULL;
    if (h->next || !h->good)
        return;
    if (generation_build(&g, h, h->good, options, &problems, &warnings) != GENERATION_OK) {
        log_event(LOG_ERROR, "generation.not_rolled_back", log_s("error", problems.data));
        goto done;
    }
    h->next = g;
    memcpy(h->bad_hash, h->current->hash, sizeof h->bad_hash);
    if (!error)
        error = "unknown";
    snprintf(h->last_error, sizeof h->last_error,
             "The scripts that were saved last failed five times in a row, so the ones before them "
             "serve again. The last error was %.*s. Mend it and save: then yours are taken again.",
             (int)strcspn(error, "\n"), error);
    h->last_error_at = loop_wall_ms();
    log_event(LOG_ERROR, "generation.rolled_back", log_n("from", h->bad_hash, 12),
              log_n("to", g->hash, 12), log_s("error", error));
    metrics_own_add(h->metrics, OWN_RELOADS, 1, "rolled_back", NULL, NULL);
    bind_notice(h, "rolled_back", h->last_error, NULL, JUDGE_ROW);
done:
    buf_free(&problems);
    buf_free(&warnings);
}

int reload_migrate(struct host *h, struct generation *g, char *why, size_t size)
{
    if (store_migrate(h->store, "scripts", (const char *const *)g->schema, g->schema_count, why,
                      size) != 0)
        return -1;
    if (g->extra_name)
        return store_migrate(h->store, g->extra_name, (const char *const *)g->extra_schema,
                             g->extra_count, why, size);
    return 0;
}
