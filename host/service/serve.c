#include "service/serve.h"

#include "service/admin.h"
#include "bind/bind.h"
#include "service/first.h"
#include "service/gauges.h"
#include "service/instance.h"
#include "base/log.h"
#include "service/metrics_http.h"
#include "metrics/own.h"
#include "service/systemd.h"
#include "store/media.h"
#include "service/reload.h"
#include "service/slices.h"
#include "service/tick.h"
#include "scripts/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    CONNECTIONS = 20000,     /* to our listener, if there are enough descriptors */
    STOPPED = FIRST_STOPPED, /* a signal stopped it before it served, which is no failure */
};

static void on_request(void *arg, struct httpd_request *r)
{
    struct host *h = arg;
    h->requests_seen++;
    bind_request(h->stopping ? NULL : h->scripts.current, r);
}

static bool healthy(void *arg)
{
    const struct host *h = arg;
    return h->scripts.current && store_healthy(h->services.store); /* NULL before the first swap */
}

static void on_answer(void *arg, const struct httpd_request *r, unsigned status)
{
    struct host *h = arg;
    char code[8];
    bool known = r && r->route[0];
    if (known && (status == 401 || status == 403)) {
        h->refused++;
        snprintf(h->refused_route, sizeof h->refused_route, "%s %s", r->method, r->route);
    }
    snprintf(code, sizeof code, "%u", status);
    metrics_own_add(h->services.metrics, OWN_REQUESTS, 1, known ? r->route : "other",
                    known ? r->method : "other", code);
}

static void on_change(void *arg)
{
    struct host *h = arg;
    if (!h->stopping)
        reload_now(h, false, NULL, NULL);
}

static void on_synced(void *loop)
{
    loop_wake(loop);
}

static int start_listener(struct host *h, const struct settings *s, char *why, size_t size)
{
    char address[64];
    uint16_t port = 0;
    if (!settings_address(settings_text(s, "LISTEN"), address, sizeof address, &port)) {
        snprintf(why, size, "LISTEN: must be address:port, like 127.0.0.1:8080 (port 1 to 65535).");
        return 2;
    }
    struct rlimit files;
    unsigned connections = CONNECTIONS;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < 2 * connections)
        connections = (unsigned)(files.rlim_cur / 2);
    size_t body = (size_t)settings_integer(s, "MAX_BODY_BYTES");
    size_t waiting = h->scripts.memory_cap / 4; /* scripts hold a copy of each */
    const struct httpd_options o = {
        .host = address,
        .port = port,
        .max_body = body,
        .max_waiting = body * 2 > waiting ? body * 2 : waiting,
        .deadline_ms = (unsigned)settings_integer(s, "REQUEST_DEADLINE_MS"),
        .max_connections = connections,
        .on_request = on_request,
        .healthy = healthy,
        .on_answer = on_answer,
        .arg = h,
    };
    char problem[512];
    h->httpd = httpd_start(h->services.loop, &o, problem, sizeof problem);
    if (h->httpd)
        return 0;
    bool taken = errno == EADDRINUSE; /* the cause may go away, so a supervisor should try again */
    snprintf(why, size, "LISTEN: %s", problem);
    return taken ? 1 : 2;
}

static void metrics_of(void *arg, struct buf *out)
{
    gauges_text(arg, out);
}

static int start_metrics(struct host *h, const struct settings *s, char *why, size_t size)
{
    char address[64], problem[512];
    uint16_t port = 0;
    const char *listen = settings_text(s, "METRICS_LISTEN");
    if (!(h->services.metrics = metrics_own_new())) {
        snprintf(why, size, "not enough memory");
        return 1;
    }
    if (!listen || !settings_address(listen, address, sizeof address, &port))
        return 0;
    h->metrics_http = metrics_http_start(h->services.loop, address, port, metrics_of, h, problem,
                                         sizeof problem);
    if (h->metrics_http)
        return 0;
    bool taken = errno == EADDRINUSE;
    snprintf(why, size, "METRICS_LISTEN: %s", problem);
    return taken ? 1 : 2;
}

/* ---- the end ---- */

/* Turns wait for a model, so they are put back and run at the next start. Sends may end within
 * DRAIN_MS. */
static void end_turns(struct host *h)
{
    for (int pass = 0; pass < 2; pass++)
        for (struct generation *g = pass ? h->scripts.draining : h->scripts.current; g;
             g = pass ? g->older : NULL)
            for (struct task *t = g->tasks, *next; t; t = next) {
                next = t->next;
                if (t->kind == TASK_JOB && t->job_kind >= 0 && g->kinds[t->job_kind].drain_ms)
                    task_kill(t);
            }
}

static size_t tasks_left(const struct host *h)
{
    size_t n = h->scripts.current ? h->scripts.current->task_count : 0;
    for (const struct generation *g = h->scripts.draining; g; g = g->older)
        n += g->task_count;
    return n;
}

static void drain(struct service *s)
{
    struct host *h = &s->host;
    uint64_t until = loop_now_ns() + (uint64_t)h->drain_ms * 1000000u;
    log_event(LOG_INFO, "serve.stopping", log_i("tasks", (int64_t)tasks_left(h)));
    httpd_quiesce(h->httpd);
    store_sync_together(h->services.store);
    end_turns(h);
    loop_wake(h->services.loop);
    tick(h);
    while ((tasks_left(h) || !slices_over()) && loop_now_ns() < until && !s->stop_now) {
        struct loop_timer look = { .index = 0 };
        loop_timer_set(h->services.loop, &look, loop_now_ns() + 20000000u, NULL, NULL);
        tick(h);
        loop_timer_stop(h->services.loop, &look);
    }
}

/* ---- serve ---- */

static void tell_crashed(struct host *h)
{
    struct job j;
    while (jobs_crashed(h->services.jobs, &j)) {
        log_event(LOG_ERROR, "job.crashed", log_s("kind", j.kind), log_i("id", j.id),
                  log_i("crashes", j.crashes));
        bind_notice(&h->scripts, "job_dead",
                    j.error ? j.error : "the process died with it three times", &j, j.crashes);
        job_free(&j);
    }
}

struct prepared {
    bool done, ok;
    char *why;
    size_t size;
};

static void on_prepared(struct task *t, bool ok, const char *text, size_t len)
{
    struct prepared *p = t->arg;
    const char *line = memchr(text, '\n', len);
    p->done = true;
    p->ok = ok;
    if (!ok)
        snprintf(p->why, p->size, "`prepare` of main.lua failed: %.*s",
                 (int)(line ? line - text : (ptrdiff_t)len), text);
}

/* Runs prepare() of main.lua, before anything is accepted, read or claimed. 0, an exit code with
 * why, or STOPPED. */
static int prepare(struct host *h, char *why, size_t size)
{
    struct generation *g = h->scripts.next;
    struct prepared p = { .ok = true, .why = why, .size = size };
    if (g->prepare == LUA_NOREF)
        return 0;
    h->scripts.next = NULL;
    h->scripts.current = g;
    h->plain = true;
    p.done = !bind_prepare(g, on_prepared, &p);
    while (!p.done && !h->stopping)
        tick(h);
    bool stopped = !p.done;
    while (stopped && g->tasks) /* while `p`, which they write to when they end, exists */
        task_kill(g->tasks);
    h->plain = false;
    h->scripts.current = NULL;
    h->scripts.next = g;
    return stopped ? STOPPED : p.ok ? 0 : 3;
}

static int start(struct service *s, const struct serve_mode *m, char *why, size_t size)
{
    struct host *h = &s->host;
    struct generation *g = NULL;
    int code = instance_generation(h, m, true, &g);
    if (!g)
        return code ? code : 1;
    h->scripts.next = g;
    char *place = NULL, *path = settings_database(g->settings, why, size);
    if (!path)
        return 2;
    bool server = settings_is_server(path);
    if (server && strcmp(m->name, "sandbox") != 0) {
        snprintf(why, size,
                 "DATABASE_URL: PostgreSQL works in `assistant sandbox` only, so far "
                 "(docs/ops/postgres.md says what is missing). Use sqlite:PATH.");
        free(path);
        return 2;
    }
    if ((code = instance_open(h, path, why, size)) != 0 || (code = prepare(h, why, size)) != 0 ||
        (code = start_listener(h, g->settings, why, size)) != 0 ||
        (code = start_metrics(h, g->settings, why, size)) != 0)
        goto done;
    code = 1;
    if (!(place = settings_state(g->settings, path)) ||
        (strcmp(path, ":memory:") != 0 && !(h->admin = admin_start(h, place, why, size))))
        goto done;
    if (media_alone(h->services.media, why, size) != 0)
        goto done;
    store_sync_apart(h->services.store, on_synced, h->services.loop);
    const char *folders[] = { settings_text(g->settings, "SCRIPTS_DIR"),
                              settings_text(g->settings, "PROMPTS_DIR"), NULL };
    s->watch = watch_start(h->services.loop, folders, on_change, h);
    log_event(LOG_INFO, "serve.started", log_s("mode", m->name),
              log_s("listen", settings_text(g->settings, "LISTEN")),
              log_s("database", server ? "PostgreSQL" : path), log_n("scripts", g->hash, 12));
    code = 0;
done:
    free(place);
    free(path);
    return code;
}

int serve_run(const struct serve_mode *m)
{
    static struct service s;
    const struct generation_options options = mode_options(m);
    char why[1024] = "";
    settings_defaults(m->defaults);
    instance_limits();
    reload_options(&options, m->name);
    systemd_open();
    int code = instance_begin(&s) != 0 ? instance_fail(1, strerror(errno))
                                       : start(&s, m, why, sizeof why);
    if (code == 0) {
        if (strcmp(m->name, "sandbox") == 0)
            fprintf(stderr, "The sandbox is ready: http://%s/sandbox/\n",
                    settings_text(s.host.scripts.next->settings, "LISTEN"));
        tick(&s.host);
        tell_crashed(&s.host);
        first_tell(&s.host);
        systemd_ready(s.host.services.loop);
        while (!s.host.stopping) {
            reload_follow(&s.host);
            tick(&s.host);
        }
        systemd_stopping();
        drain(&s);
        if (!slices_over()) { /* they wait for the database: what they did not commit is undone */
            log_event(LOG_WARN, "serve.stopped", log_i("code", 0),
                      log_s("message", "the database did not answer"));
            _exit(0);
        }
        log_event(LOG_INFO, "serve.stopped", log_i("code", 0));
    } else if (code == STOPPED) {
        log_event(LOG_INFO, "serve.stopped", log_i("code", code = 0));
    } else if (why[0]) {
        instance_fail(code, why);
    }
    s.host.stopping = true;
    systemd_close();
    instance_close(&s);
    return code;
}
