#include "service/reload.h"

#include "bind/bind.h"
#include "service/compare.h"
#include "base/log.h"
#include "metrics/own.h"
#include "service/systemd.h"
#include "service/trial.h"
#include "service/versions_tell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DRAINING_LIMIT = 2, KEEP_NS = 100000000 };

static struct generation_options options;
static const char *mode; /* the mode in which a child loads a tree first; NULL: no trial */

void reload_options(const struct generation_options *o, const char *trial_mode)
{
    options = *o;
    mode = trial_mode;
}

/* `every` has no timer: each name has one row, which puts itself back. */
void reload_seed_every(struct host *h)
{
    struct generation *g = h->scripts.current;
    for (size_t i = 0; i < g->every_count; i++) {
        struct jobs_put p = { .kind = g->every[i].name,
                              .lane = g->every[i].name,
                              .unique = g->every[i].name,
                              .keep = true,
                              .run_at = loop_wall_ms() + 1000 };
        jobs_put(h->services.jobs, &p);
    }
}

unsigned reload_draining(const struct host *h)
{
    unsigned n = 0;
    for (const struct generation *g = h->scripts.draining; g; g = g->older)
        n += g != h->scripts.reference;
    return n;
}

static char *text_of(struct buf *problems, const char *otherwise)
{
    if (!problems->len)
        buf_text(problems, otherwise);
    char *text = problems->data;
    *problems = (struct buf){ .data = NULL };
    return text;
}

/* ---- waiting reloads, and the running one ---- */

struct asked {
    struct asked *next;
    unsigned number; /* of a version to go back to; 0: the files on disk */
    bool force;      /* their secrets may be new although the files are not */
    reload_done done;
    void *arg;
};

/* One reload at a time: the files are read, tried in a child (`trial`), then built here from the
 * same bytes when there is room. Reloads asked for meanwhile wait. All that wait for the files on
 * disk become one. */
static struct {
    enum { IDLE, TRYING, TRIED } state;
    struct trial *trial;
    struct tree *tree;
    bool kept_before;       /* a generation was kept as a version; the first one is kept later */
    struct loop_timer keep; /* set: the first one is to be kept */
    char disk[65];          /* hash of the files on disk; "": they could not be read */
    bool same;              /* the tree serves already, so only its secrets are read again */
    unsigned number;
    struct asked *told, *queue; /* told: gets the running reload's result */
} r;

static bool has_room(const struct host *h, bool rollback)
{
    return !h->scripts.next && (rollback || reload_draining(h) < DRAINING_LIMIT);
}

static void answer(struct asked *list, int code, const char *words)
{
    for (struct asked *a = list, *next; a; a = next) {
        next = a->next;
        if (a->done)
            a->done(a->arg, code, words);
        free(a);
    }
}

/* Ends the running reload. Frees words. */
static void finish(int code, char *words)
{
    struct asked *told = r.told;
    tree_drop(r.tree);
    r.tree = NULL;
    r.told = NULL;
    r.state = IDLE;
    answer(told, code, words);
    free(words);
}

static void fail(struct host *h, int code, char *text)
{
    struct buf b = { .data = NULL };
    log_mask(text);
    systemd_reloaded(false);
    if (r.number) { /* a command asked for it, and gets the answer */
        buf_printf(&b, "Nothing changed: version %u does not load.\n%s", r.number, text);
    } else {
        snprintf(h->last_error, sizeof h->last_error, "%s", text);
        h->last_error_at = loop_wall_ms();
        h->last_error_of = ERROR_RELOAD;
        log_event(LOG_ERROR, "reload.failed", log_s("error", text));
        metrics_own_add(h->services.metrics, OWN_RELOADS, 1, "failed", NULL, NULL);
        bind_notice(&h->scripts, "reload_failed", text, NULL, 1);
        buf_printf(&b, "Reload failed. The previous version is still running.\n%s", text);
    }
    free(text);
    finish(code, b.data);
}

static char *said_reloaded(const struct host *h, const struct generation *g)
{
    bool secrets = !compare_settings(h->scripts.current->settings, g->settings);
    struct buf b = { .data = NULL };
    buf_printf(&b, "Reloaded: generation %llu (%.12s)%s%s.%s", (unsigned long long)g->number,
               g->hash, r.same ? ", the same files" : "", secrets ? ", changed settings" : "",
               r.same && h->bad_hash[0] && strcmp(h->bad_hash, r.disk) == 0
                   ? " The files on disk are not loaded until one of them is saved. `assistant "
                     "status` says why."
                   : "");
    if (g->warnings.len)
        buf_printf(&b, "\n%.*s", (int)g->warnings.len - 1, g->warnings.data);
    return b.data;
}

/* The result of the owner's rollback. Reads the files on disk once more, for the difference. */
static char *said_rolled_back(struct host *h, const struct generation *g)
{
    struct buf b = { .data = NULL };
    char why[1024];
    const struct settings *s = h->scripts.current->settings;
    struct tree *disk = tree_read(settings_text(s, "SCRIPTS_DIR"), settings_text(s, "PROMPTS_DIR"),
                                  why, sizeof why);
    versions_tell_rollback(versions_find(h->versions, r.number), g->tree, disk, false, &b);
    tree_drop(disk);
    return b.data;
}

/* Called before the version is announced and before it serves. */
static bool choose(struct host *h, unsigned number)
{
    struct buf b = { .data = NULL };
    if (versions_choose(h->versions, number, r.disk, "")) {
        snprintf(h->bad_hash, sizeof h->bad_hash, "%s", versions_held(h->versions)->hash);
        return true;
    }
    versions_tell_unwritten(h->versions, &b);
    systemd_reloaded(false);
    finish(3, b.data);
    return false;
}

/* Builds from the bytes that the child tried. */
static void build(struct host *h)
{
    struct buf problems = { .data = NULL }, warnings = { .data = NULL };
    struct generation *g = NULL;
    enum generation_result result = generation_build(&g, &h->scripts, r.tree, &options, &problems,
                                                     &warnings);
    buf_free(&warnings);
    if (result != GENERATION_OK) {
        fail(h, (int)result, text_of(&problems, "not built"));
        return;
    }
    buf_free(&problems);
    if (strcmp(g->schema_hash, h->scripts.current->schema_hash) != 0) {
        generation_close(g);
        fail(h, GENERATION_SCRIPTS,
             strdup(r.number ? "This version has another list of schema steps than the database. "
                               "Choose a later version, or correct the files and save them."
                             : "scripts/main.lua: the list of schema steps changed. Restart to "
                               "migrate."));
        return;
    }
    char *missing = r.number ? NULL : compare_gone(h->scripts.current, g);
    if (missing) {
        generation_close(g);
        fail(h, GENERATION_SCRIPTS, missing);
        return;
    }
    if (r.number && !choose(h, r.number)) {
        generation_close(g);
        return;
    }
    char *words = r.number ? said_rolled_back(h, g) : said_reloaded(h, g);
    h->scripts.next = g;
    g->announced = !r.number;
    loop_wake(h->services.loop);
    h->last_error[0] = 0;
    if (r.number) {
        log_event(LOG_WARN, "generation.chosen", log_i("version", r.number),
                  log_n("from", h->scripts.current->hash, 12), log_n("to", g->hash, 12));
    } else if (!r.same) {
        h->bad_hash[0] = 0;
    }
    metrics_own_add(h->services.metrics, OWN_RELOADS, 1, "ok", NULL, NULL);
    systemd_reloaded(true);
    finish(0, words);
}

static void on_tried(void *arg, int code, struct buf *problems)
{
    struct host *h = arg;
    r.trial = NULL;
    r.state = TRIED;
    if (h->stopping)
        finish(1, strdup("The service is stopping."));
    else if (code == GENERATION_SCRIPTS)
        fail(h, code, text_of(problems, "not loaded"));
    else
        reload_follow(h); /* the build here reports problems with settings again */
    buf_free(problems);
}

/* Tries r.tree in a child. When this program has loaded its bytes before, builds it here at
 * once. */
static void try(struct host *h, bool known)
{
    systemd_reloading();
    r.state = TRIED;
    if (!known && mode) {
        r.trial = trial_begin(h->services.loop, r.tree, mode, on_tried, h);
        if (r.trial)
            r.state = TRYING;
        else /* loading without a trial is better than not loading */
            log_event(LOG_WARN, "trial.none", log_s("error", strerror(errno)));
    }
    if (r.state == TRIED && has_room(h, r.number))
        build(h);
}

static struct tree *read_disk(struct host *h, char *why, size_t size)
{
    const struct settings *s = h->scripts.current->settings;
    struct tree *t = tree_read(settings_text(s, "SCRIPTS_DIR"), settings_text(s, "PROMPTS_DIR"),
                               why, size);
    snprintf(r.disk, sizeof r.disk, "%s", t ? t->hash : "");
    return t;
}

static void begin_disk(struct host *h, bool force)
{
    char why[2048];
    r.number = 0;
    r.tree = read_disk(h, why, sizeof why);
    if (!r.tree) {
        fail(h, GENERATION_SCRIPTS, strdup(why));
        return;
    }
    r.same = strcmp(r.disk, h->scripts.current->hash) == 0;
    bool held = !r.same && strcmp(r.disk, h->bad_hash) == 0;
    if (r.same) { /* the owner has undone what failed or was rolled back */
        h->bad_hash[0] = 0;
        versions_release(h->versions);
    }
    if (!force && (r.same || held)) {
        if (r.same)
            h->last_error[0] = 0;
        finish(0, NULL);
        return;
    }
    if (held) { /* the serving tree with new secrets */
        tree_drop(r.tree);
        r.tree = tree_keep(h->scripts.current->tree);
        r.same = true;
    }
    try(h, r.same || versions_known(h->versions, r.tree->hash));
}

static void begin_version(struct host *h, unsigned number)
{
    char why[2048];
    const struct version *one = versions_find(h->versions, number);
    r.number = number;
    r.same = false;
    tree_drop(read_disk(h, why, sizeof why));
    r.tree = versions_tree(h->versions, number, why, sizeof why);
    if (!r.tree) {
        finish(1, strdup(why));
        return;
    }
    if (strcmp(one->hash, h->scripts.current->hash) == 0) {
        struct buf b = { .data = NULL };
        buf_printf(&b, "Version %u is already running.", number);
        if (choose(h, number))
            finish(0, b.data);
        else
            buf_free(&b);
        return;
    }
    try(h, versions_known(h->versions, one->hash));
}

/* Tells each reload that cannot begin yet, once. */
static void tell_later(void)
{
    for (struct asked *a = r.queue; a; a = a->next) {
        if (a->done && !a->number) {
            a->done(a->arg, 0,
                    "Older versions still have running tasks. The reload starts when these have "
                    "ended.");
            a->done = NULL;
        }
    }
}

static void begin_next(struct host *h)
{
    bool force = false;
    unsigned number = r.queue->number;
    struct asked **end = &r.queue;
    do { /* one rollback, or all reloads of the files on disk */
        force |= (*end)->force;
        end = &(*end)->next;
    } while (!number && *end && !(*end)->number);
    struct asked *rest = *end;
    *end = NULL;
    r.told = r.queue;
    r.queue = rest;
    if (number)
        begin_version(h, number);
    else
        begin_disk(h, force);
}

void reload_follow(struct host *h)
{
    if (h->scripts.current && !h->verdict.count && !r.keep.index &&
        generation_proven(h->scripts.current))
        versions_well(h->versions);
    if (r.state == TRIED && has_room(h, r.number))
        build(h);
    if (!r.queue || r.state != IDLE)
        return;
    if (h->scripts.current && has_room(h, r.queue->number))
        begin_next(h);
    else if (reload_draining(h) >= DRAINING_LIMIT)
        tell_later();
}

static void ask(struct host *h, unsigned number, bool force, reload_done done, void *arg)
{
    struct asked **end = &r.queue, *a;
    reload_keep(h);
    while (*end) {
        if (!done && !number && !(*end)->done && !(*end)->number) {
            (*end)->force |= force;
            reload_follow(h);
            return;
        }
        end = &(*end)->next;
    }
    if (!(a = calloc(1, sizeof *a))) {
        if (done)
            done(arg, 1, "not enough memory");
        return;
    }
    *a = (struct asked){ .number = number, .force = force, .done = done, .arg = arg };
    *end = a;
    reload_follow(h);
}

void reload_now(struct host *h, bool force, reload_done done, void *arg)
{
    ask(h, 0, force, done, arg);
}

void reload_version(struct host *h, unsigned number, reload_done done, void *arg)
{
    ask(h, number, false, done, arg);
}

void reload_stop(struct host *h)
{
    reload_keep(h);
    struct asked *queue = r.queue;
    trial_end(r.trial);
    r.trial = NULL;
    r.queue = NULL;
    if (r.state != IDLE)
        finish(1, strdup("The service is stopping."));
    answer(queue, 1, "The service is stopping.");
}

static void keep(void *arg)
{
    struct host *h = arg;
    struct generation *g = h->scripts.current;
    loop_timer_stop(h->services.loop, &r.keep);
    versions_accept(h->versions, g->tree, g->schema_hash, h->good ? h->good->hash : "");
}

void reload_keep(struct host *h)
{
    if (r.keep.index)
        keep(h);
}

void reload_serves(struct host *h)
{
    if (r.kept_before)
        keep(h);
    else /* four syncs that nobody waits for */
        loop_timer_set(h->services.loop, &r.keep, loop_now_ns() + KEEP_NS, keep, h);
    r.kept_before = true;
}

struct generation *reload_build(struct host *h, struct tree *t)
{
    struct buf problems = { .data = NULL }, warnings = { .data = NULL };
    struct generation *g = NULL;
    if (generation_build(&g, &h->scripts, t, &options, &problems, &warnings) != GENERATION_OK)
        log_event(LOG_ERROR, "generation.not_built", log_n("hash", t->hash, 12),
                  log_s("error", problems.data));
    buf_free(&problems);
    buf_free(&warnings);
    return g;
}

void reload_roll_back(struct host *h, const char *error)
{
    reload_keep(h);
    if (h->scripts.next || !h->good)
        return;
    struct generation *g = reload_build(h, h->good);
    if (!g)
        return;
    h->scripts.next = g;
    memcpy(h->bad_hash, h->scripts.current->hash, sizeof h->bad_hash);
    struct buf words = { .data = NULL };
    versions_tell_way_back(h->versions, h->bad_hash, g->hash, h->verdict.count, error, &words);
    if (!versions_refuse(h->versions, h->bad_hash, g->hash, words.data ? words.data : ""))
        versions_tell_until_restart(h->versions, &words);
    snprintf(h->last_error, sizeof h->last_error, "%s", words.data ? words.data : "");
    buf_free(&words);
    h->last_error_at = loop_wall_ms();
    h->last_error_of = ERROR_ROLLED_BACK;
    log_event(LOG_ERROR, "generation.rolled_back", log_n("from", h->bad_hash, 12),
              log_n("to", g->hash, 12), log_s("error", error));
    metrics_own_add(h->services.metrics, OWN_RELOADS, 1, "rolled_back", NULL, NULL);
    bind_notice(&h->scripts, "rolled_back", h->last_error, NULL, h->verdict.count);
}

int reload_migrate(struct host *h, struct generation *g, char *why, size_t size)
{
    if (store_migrate(h->services.store, "scripts", (const char *const *)g->schema, g->schema_count,
                      why, size) != 0)
        return -1;
    if (g->extra_name)
        return store_migrate(h->services.store, g->extra_name, (const char *const *)g->extra_schema,
                             g->extra_count, why, size);
    return 0;
}

/* ---- what staff read after a reload: only warnings that the previous version did not have ---- */

/* true: the lines contain this line. */
static bool has_line(const struct buf *lines, const char *line, size_t len)
{
    for (const char *p = lines->data; p && *p; p += strcspn(p, "\n"), p += *p == '\n')
        if (strcspn(p, "\n") == len && memcmp(p, line, len) == 0)
            return true;
    return false;
}

void reload_announce(struct host *h, const struct generation *was, const struct generation *is)
{
    struct buf fresh = { .data = NULL };
    int64_t count = 0;
    for (const char *p = is->warnings.data; p && *p; p += strcspn(p, "\n"), p += *p == '\n') {
        size_t len = strcspn(p, "\n");
        if (has_line(&was->warnings, p, len))
            continue;
        log_event(LOG_WARN, "reload.warning", log_n("warning", p, len));
        buf_printf(&fresh, "%s%.*s", fresh.len ? "\n" : "", (int)len, p);
        count++;
    }
    log_mask(fresh.data);
    if (count || strcmp(was->hash, is->hash) != 0)
        bind_notice(&h->scripts, "reloaded", fresh.data ? fresh.data : "", NULL, count);
    buf_free(&fresh);
}
