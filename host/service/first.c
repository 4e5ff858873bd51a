#include "service/first.h"

#include "bind/bind.h"
#include "base/log.h"
#include "service/trial.h"
#include "service/versions_tell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool to_tell;

struct tried {
    bool done;
    int code;
    struct buf *problems;
};

static void on_tried(void *arg, int code, struct buf *problems)
{
    struct tried *t = arg;
    t->done = true;
    t->code = code;
    if (code == GENERATION_SCRIPTS && problems->len)
        buf_add(t->problems, problems->data, problems->len);
    buf_free(problems);
}

/* GENERATION_OK: it may be loaded here. Without a version to go back to (a database in memory, the
 * first start of all), a trial would only cost time. */
static int try_it(struct host *h, const struct serve_mode *m, struct tree *t, struct buf *problems)
{
    struct tried tried = { .code = GENERATION_OK, .problems = problems };
    if (!h->versions || !versions_count(h->versions) || versions_known(h->versions, t->hash))
        return GENERATION_OK;
    struct trial *trial = trial_begin(h->services.loop, t, m->name, on_tried, &tried);
    if (!trial) { /* starting without a trial is better than not starting */
        log_event(LOG_WARN, "trial.none", log_s("error", strerror(errno)));
        return GENERATION_OK;
    }
    while (!tried.done && !h->stopping)
        loop_wait(h->services.loop, UINT64_MAX);
    if (!tried.done)
        trial_end(trial);
    return tried.done ? tried.code : FIRST_STOPPED;
}

static int load(struct host *h, const struct serve_mode *m, struct tree *t, struct generation **out,
                struct buf *problems, struct buf *warnings)
{
    const struct generation_options options = mode_options(m);
    int code = try_it(h, m, t, problems);
    return code == GENERATION_SCRIPTS || code == FIRST_STOPPED
               ? code
               : (int)generation_build(out, &h->scripts, t, &options, problems, warnings);
}

static int load_version(struct host *h, const struct serve_mode *m, const struct version *one,
                        struct generation **out, struct buf *missing, struct buf *warnings)
{
    char why[512];
    struct buf problems = { .data = NULL };
    struct tree *t = one ? versions_tree(h->versions, one->number, why, sizeof why) : NULL;
    int code = t ? load(h, m, t, out, &problems, warnings) : GENERATION_SCRIPTS;
    if (t && code != GENERATION_OK)
        log_event(LOG_WARN, "versions.not_loaded", log_i("number", one->number),
                  log_s("error", problems.data));
    if (code == GENERATION_SETTINGS)
        buf_add(missing, problems.data, problems.len);
    tree_drop(t);
    buf_free(&problems);
    return code;
}

/* Loads the version that served last, or the one before it that served well. NULL: neither loads.
 * missing: the settings that it lacks. */
static const struct version *load_last(struct host *h, const struct serve_mode *m,
                                       struct generation **out, struct buf *missing,
                                       struct buf *warnings, int *code)
{
    const struct version *now = versions_serving(h->versions), *good = versions_good(h->versions);
    size_t n = versions_count(h->versions);
    if (!now && n) /* the file that names the serving version cannot be read */
        now = versions_at(h->versions, n - 1);
    *code = load_version(h, m, now, out, missing, warnings);
    if (*code == GENERATION_SCRIPTS && good && good != now)
        *code = load_version(h, m, now = good, out, missing, warnings);
    return *code == GENERATION_OK ? now : NULL;
}

static void remember_good(struct host *h, const struct generation *g)
{
    char why[512];
    const struct version *good = versions_good_before(h->versions, g->hash);
    if (good)
        h->good = versions_tree(h->versions, good->number, why, sizeof why);
}

/* Notes that the files on disk do not load, and that another version does. */
static void note(struct host *h, const struct version *one, const char *problems)
{
    struct buf b = { .data = NULL };
    buf_text(&b, "At the start the files on disk did not load. ");
    versions_tell_name(one, true, &b);
    buf_printf(&b, " is running. Correct and save:\n%s", problems ? problems : "");
    log_mask(b.data);
    snprintf(h->last_error, sizeof h->last_error, "%s", b.data ? b.data : "");
    h->last_error_at = loop_wall_ms();
    h->last_error_of = ERROR_START;
    log_event(LOG_ERROR, "start.not_loaded", log_s("error", h->last_error));
    fprintf(stderr, "%s", h->last_error);
    to_tell = true;
    buf_free(&b);
}

int first_load(struct host *h, const struct serve_mode *m, const struct settings *own,
               struct generation **out, struct buf *problems, struct buf *warnings)
{
    char why[2048] = "";
    char *database = settings_database(own, why, sizeof why);
    char *place = database ? settings_state(own, database) : NULL;
    h->versions = place ? versions_open(place, database) : NULL;
    free(place);
    free(database);
    struct tree *disk = tree_read(settings_text(own, "SCRIPTS_DIR"),
                                  settings_text(own, "PROMPTS_DIR"), why, sizeof why);
    const struct version *one = NULL;
    struct buf missing = { .data = NULL };
    int code = GENERATION_SCRIPTS, last = GENERATION_SCRIPTS;
    const struct versions_hold *hold = versions_held(h->versions);
    bool held = disk && hold->hash[0] && strcmp(hold->hash, disk->hash) == 0;
    if (held && (one = load_last(h, m, out, &missing, warnings, &last))) {
        snprintf(h->bad_hash, sizeof h->bad_hash, "%s", disk->hash);
        snprintf(h->last_error, sizeof h->last_error, "%s", hold->why);
        h->last_error_at = hold->at_ms;
        h->last_error_of = ERROR_ROLLED_BACK;
        code = GENERATION_OK;
    } else if (last != FIRST_STOPPED) {
        if (disk)
            code = load(h, m, disk, out, problems, warnings);
        else
            buf_printf(problems, "%s\n", why);
        if (code == GENERATION_SCRIPTS && !held)
            one = load_last(h, m, out, &missing, warnings, &last);
        if (code == GENERATION_SCRIPTS &&
            last == GENERATION_SETTINGS) { /* the owner must correct both */
            buf_add(problems, missing.data, missing.len);
            code = GENERATION_SETTINGS;
        }
        if (one) {
            note(h, one, problems->data);
            problems->len = 0;
            code = GENERATION_OK;
        }
    }
    if (last == FIRST_STOPPED)
        code = last;
    if (*out)
        remember_good(h, *out);
    buf_free(&missing);
    tree_drop(disk);
    return code;
}

void first_tell(struct host *h)
{
    if (to_tell)
        bind_notice(&h->scripts, "not_loaded", h->last_error, NULL, 1);
    if (versions_unread(h->versions))
        bind_notice(&h->scripts, "versions_unread", versions_unread(h->versions), NULL, 1);
    to_tell = false;
}
