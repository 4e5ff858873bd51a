/*
 * offline: what the program does beside serving: check, run a file, a command on a database that nobody serves. See serve.h.
 */
#include "admin.h"
#include "bind/bind.h"
#include "buf.h"
#include "guard.h"
#include "instance.h"
#include "log.h"
#include "tick.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int serve_check(const char *dir)
{
    struct host h = { .memory_cap = 256u << 20 };
    struct buf problems = { .data = NULL }, warnings = { .data = NULL };
    struct generation *g = NULL;
    char scripts[4096], prompts[4096], why[2048];
    log_open(LOG_OFF);
    if (!dir) {
        int code = instance_generation(&h, &serve_modes[0], &g);
        generation_close(g);
        if (code == 0)
            printf("Settings, scripts and prompts are fine.\n");
        return code;
    }
    snprintf(scripts, sizeof scripts, "%s/scripts", dir);
    snprintf(prompts, sizeof prompts, "%s/prompts", dir);
    guard_start(200, 2000);
    struct tree *t = tree_read(scripts, prompts, why, sizeof why);
    struct generation_options o = *instance_options(&serve_modes[0]);
    o.ignore_settings = true;
    int code = GENERATION_SCRIPTS;
    if (t)
        code = (int)generation_build(&g, &h, t, &o, &problems, &warnings);
    else
        buf_printf(&problems, "%s\n", why);
    if (code == 0)
        printf("Scripts and prompts in %s are fine.\n", dir);
    else
        fprintf(stderr, "%s", problems.data ? problems.data : "");
    generation_close(g);
    tree_drop(t);
    buf_free(&problems);
    buf_free(&warnings);
    return code;
}

struct result {
    bool done, ok;
};

static void file_ended(struct task *t, bool ok, const char *text, size_t len)
{
    struct result *r = t->arg;
    r->done = true;
    r->ok = ok;
    if (len)
        fprintf(ok ? stdout : stderr, "%.*s\n", (int)len, text);
}

/* An instance without a listener, for one task. */
static int run_task(struct service *s, const char *path,
                    bool (*begin)(struct host *h, void *arg, struct result *r), void *arg)
{
    struct host *h = &s->host;
    char why[1024] = "";
    struct result r = { .done = false };
    int code = instance_store(h, path, why, sizeof why);
    if (code == 0 && instance_pool(h, why, sizeof why) != 0)
        code = 1;
    if (code == 0 && !begin(h, arg, &r))
        code = 1;
    while (code == 0 && !r.done && !h->stopping)
        tick(h);
    if (code && why[0])
        instance_fail(code, why);
    return code ? code : r.ok ? 0 : 1;
}

struct file_call {
    char *const *args;
    size_t count;
};

static bool begin_file(struct host *h, void *arg, struct result *r)
{
    const struct file_call *c = arg;
    return bind_file(h->current, c->args, c->count, file_ended, r);
}

int serve_file(char *const *args, size_t count)
{
    static struct service s;
    struct buf problems = { .data = NULL };
    struct file_call call = { args, count };
    log_open(LOG_ERROR);
    s.host.plain = true;
    s.host.parked_from = INT64_MAX;
    s.host.loop = loop_new();
    if (!s.host.loop || instance_signals(&s) != 0)
        return instance_fail(1, strerror(errno));
    const char *scripts = getenv("SCRIPTS_DIR");
    s.host.current = generation_plain(&s.host, scripts ? scripts : "scripts", &problems);
    if (!s.host.current)
        return instance_fail(1, problems.data ? problems.data : "not started");
    const char *url = getenv("DATABASE_URL");
    int code = run_task(
        &s, url && strncmp(url, "sqlite:", 7) == 0 ? url + 7 : ":memory:", begin_file, &call);
    s.host.stopping = true;
    instance_close(&s);
    buf_free(&problems);
    return code;
}

static bool begin_offline(struct host *h, void *arg, struct result *r)
{
    const struct file_call *c = arg;
    struct buf out = { .data = NULL };
    int code = admin_host_command(h, c->args, c->count, &out);
    if (code >= 0) {
        fwrite(out.data ? out.data : "", 1, out.len, code ? stderr : stdout);
        r->done = true;
        r->ok = code == 0;
        buf_free(&out);
        return true;
    }
    if (h->current &&
        bind_command(h->current, c->args[0], c->args + 1, c->count - 1, file_ended, r))
        return true;
    fprintf(stderr, "There is no command \"%s\". `assistant help` lists them.\n", c->args[0]);
    return false;
}

int serve_offline(char *const *args, size_t count)
{
    static struct service s;
    char why[1024];
    struct buf problems = { .data = NULL }, warnings = { .data = NULL };
    struct file_call call = { args, count };
    struct host *h = &s.host;
    struct settings *own = settings_new();
    for (size_t i = 0; own && i < settings_host_count; i++)
        settings_declare(own, &settings_host[i]);
    char *path = own ? serve_database(own, why, sizeof why) : NULL;
    if (!path)
        return instance_fail(2, why);
    log_open(LOG_OFF);
    h->loop = loop_new();
    h->parked_from = INT64_MAX;
    h->plain = true; /* claims nothing */
    struct tree *t = tree_read(settings_text(own, "SCRIPTS_DIR"), settings_text(own, "PROMPTS_DIR"),
                               why, sizeof why);
    struct generation_options o = *instance_options(&serve_modes[0]);
    o.ignore_settings = true;
    if (t)
        generation_build(&h->current, h, t, &o, &problems, &warnings);
    tree_drop(t);
    int code = run_task(&s, path, begin_offline, &call);
    h->stopping = true;
    instance_close(&s);
    settings_free(own);
    buf_free(&problems);
    buf_free(&warnings);
    free(path);
    return code;
}
