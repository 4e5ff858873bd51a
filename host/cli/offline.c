#include "cli/offline.h"

#include "service/admin.h"
#include "service/backup.h"
#include "bind/bind.h"
#include "base/buf.h"
#include "scripts/cpu_guard.h"
#include "service/instance.h"
#include "base/log.h"
#include "service/reload.h"
#include "service/tick.h"
#include "service/versions_tell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool serve_knows(const char *name)
{
    struct scripts all = { .memory_cap = 256u << 20 };
    struct buf problems = { .data = NULL }, warnings = { .data = NULL };
    struct generation *g = NULL;
    struct generation_options o = mode_options(&serve_modes[0]);
    log_open(LOG_OFF);
    cpu_guard_start(200, 2000);
    o.ignore_settings = true;
    instance_load(&all, &o, NULL, NULL, &g, &problems, &warnings);
    bool found = g && named_find(g->commands, g->command_count, name);
    if (!g) /* the command may be in a file that does not load */
        fprintf(stderr, "%s", problems.data ? problems.data : "");
    generation_close(g);
    buf_free(&problems);
    buf_free(&warnings);
    cpu_guard_stop();
    return found;
}

/* A command without a service: its words and its result. */
struct errand {
    char *const *args;
    size_t count;
    const char *problems; /* of the scripts, when they did not load */
    const struct settings *own;
    bool done, ok;
    int code; /* when it is not ok; 0: 1 */
};

static void ended(struct task *t, bool ok, const char *text, size_t len)
{
    struct errand *c = t->arg;
    c->done = true;
    c->ok = ok;
    if (len)
        fprintf(ok ? stdout : stderr, "%.*s\n", (int)len, text);
}

/* An instance without a listener, for one task. */
static int run_task(struct service *s, const char *path,
                    bool (*begin)(struct host *h, struct errand *c), struct errand *c)
{
    struct host *h = &s->host;
    char why[1024] = "";
    int code = instance_open(h, path, why, sizeof why);
    if (code == 0 && !begin(h, c))
        code = 1;
    while (code == 0 && !c->done && !h->stopping)
        tick(h);
    if (code && why[0])
        instance_fail(code, why);
    return code ? code : c->ok ? 0 : c->code ? c->code : 1;
}

static bool begin_file(struct host *h, struct errand *c)
{
    return bind_file(h->scripts.current, c->args, c->count, ended, c);
}

/* A loop with signals; it takes no jobs of the database. */
static bool begin_instance(struct service *s)
{
    s->host.plain = true;
    if (instance_begin(s) == 0)
        return true;
    instance_fail(1, strerror(errno));
    return false;
}

int serve_file(char *const *args, size_t count)
{
    static struct service s;
    struct buf problems = { .data = NULL };
    struct errand call = { .args = args, .count = count };
    int code = 1;
    log_open(LOG_ERROR);
    if (!begin_instance(&s))
        goto done;
    const char *scripts = getenv("SCRIPTS_DIR"), *url = getenv("DATABASE_URL");
    bool file = url && strncmp(url, "sqlite:", 7) == 0;
    s.host.scripts.current = generation_plain(&s.host.scripts, &bind_modules,
                                              scripts ? scripts : "scripts", &problems);
    if (s.host.scripts.current)
        code = run_task(&s, file ? url + 7 : ":memory:", begin_file, &call);
    else
        instance_fail(code, problems.data ? problems.data : "not started");
done:
    s.host.stopping = true;
    instance_close(&s);
    buf_free(&problems);
    return code;
}

static void backup_ended(void *arg, int code, const char *words)
{
    struct errand *c = arg;
    c->done = true;
    c->ok = code == 0;
    fprintf(code ? stderr : stdout, "%s\n", words);
}

/* For the next start. The database is locked, so no service starts meanwhile. */
static bool rollback_offline(struct host *h, struct errand *c)
{
    struct buf out = { .data = NULL };
    char why[1024];
    struct tree *disk = tree_read(settings_text(c->own, "SCRIPTS_DIR"),
                                  settings_text(c->own, "PROMPTS_DIR"), why, sizeof why);
    unsigned number = versions_wanted(h->versions, c->args, c->count, &out);
    bool ok = false;
    if (number && !disk) {
        buf_printf(&out, "%s\n", why);
    } else if (number) {
        struct tree *t = versions_tree(h->versions, number, why, sizeof why);
        ok = t && versions_choose(h->versions, number, disk->hash, "");
        if (ok)
            versions_tell_rollback(versions_find(h->versions, number), t, disk, true, &out);
        else if (!t)
            buf_printf(&out, "%s\n", why);
        else
            versions_tell_unwritten(h->versions, &out);
        c->code = t && !ok ? 3 : 1;
        tree_drop(t);
    }
    tree_drop(disk);
    fwrite(out.data ? out.data : "", 1, out.len, ok ? stdout : stderr);
    buf_free(&out);
    return ok;
}

/* Reads the folder alone: no lock, no database. */
static int versions_offline(const char *path, const char *place, const struct settings *own,
                            char *const *args, size_t count)
{
    struct buf out = { .data = NULL };
    struct versions *v = versions_open(place, path);
    int code = versions_command(v, own, args, count, &out);
    fwrite(out.data ? out.data : "", 1, out.len, code ? stderr : stdout);
    versions_close(v);
    buf_free(&out);
    return code;
}

static bool begin_offline(struct host *h, struct errand *c)
{
    struct buf out = { .data = NULL };
    if (strcmp(c->args[0], "backup") == 0 && c->count == 2) {
        backup_begin(h, c->args[1], backup_ended, c);
        return true;
    }
    if (strcmp(c->args[0], "rollback") == 0) {
        c->ok = rollback_offline(h, c);
        c->done = true;
        return true;
    }
    if (strcmp(c->args[0], "reload") == 0) {
        fprintf(stderr, "No service is running. It loads its files when it starts. `assistant "
                        "check` checks them now.\n");
        c->done = true;
        return true;
    }
    int code = admin_host_command(h, c->args, c->count, &out);
    if (code >= 0) {
        jobs_flush(h->services.jobs);
        c->done = true;
        c->ok = code == 0;
        if (store_commit(h->services.store) ==
            STORE_LOST) { /* before the answer is printed (law 1) */
            c->ok = false;
            struct trouble why;
            store_trouble(h->services.store, &why);
            fprintf(stderr, "The database could not store the change: %s: %s.\n", why.cause,
                    why.remedy);
        } else {
            bool status = strcmp(c->args[0], "status") == 0; /* its code is a part of the answer */
            fwrite(out.data ? out.data : "", 1, out.len, code && !status ? stderr : stdout);
            if (status && !h->scripts.current)
                fprintf(stderr, "The scripts do not load, so their part is missing. `assistant "
                                "check` says why.\n");
        }
        buf_free(&out);
        return true;
    }
    char why[1024];
    if (h->scripts.current && reload_migrate(h, h->scripts.current, why, sizeof why) != 0) {
        fprintf(stderr, "%s\n", why);
        c->done = true;
        return true;
    }
    if (h->scripts.current &&
        bind_command(h->scripts.current, c->args[0], c->args + 1, c->count - 1, ended, c))
        return true;
    fprintf(stderr, "%sThere is no command \"%s\". `assistant help` lists them.\n", c->problems,
            c->args[0]);
    c->done = true;
    return true;
}

int serve_offline(char *const *args, size_t count)
{
    static struct service s;
    char why[2048] = "not enough memory";
    struct buf problems = { .data = NULL }, warnings = { .data = NULL };
    struct errand call = { .args = args, .count = count, .problems = "" };
    struct host *h = &s.host;
    struct settings *own = settings_new();
    int code = 2;
    char *path = own ? settings_database(own, why, sizeof why) : NULL;
    char *place = path ? settings_state(own, path) : NULL;
    if (!place) {
        instance_fail(code, why);
        goto done;
    }
    log_open(LOG_OFF);
    if (strcmp(args[0], "versions") == 0) {
        code = versions_offline(path, place, own, args, count);
        goto done;
    }
    call.own = own;
    h->versions = versions_open(place, path);
    if (!begin_instance(&s))
        goto done;
    struct generation_options o = mode_options(&serve_modes[0]);
    o.ignore_settings = true;
    instance_load(&h->scripts, &o, NULL, NULL, &h->scripts.current, &problems, &warnings);
    if (problems.data)
        call.problems = problems.data;
    code = run_task(&s, path, begin_offline, &call);
done:
    h->stopping = true;
    instance_close(&s);
    settings_free(own);
    buf_free(&problems);
    buf_free(&warnings);
    free(place);
    free(path);
    return code;
}
