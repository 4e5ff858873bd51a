#include "serve.h"

#include "admin.h"
#include "bind/bind.h"
#include "buf.h"
#include "guard.h"
#include "log.h"
#include "reload.h"
#include "tick.h"
#include "watch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    CONNECTIONS = 20000, /* to our listener, descriptors allowing */
    PER_HOST = 16384, /* outbound requests at once to one host; jobs have their own, lower limits */
};

static const struct generation_options *mode_options(const struct serve_mode *m)
{
    static struct generation_options o;
    o = (struct generation_options){ .main_module = m->main_module,
                                     .settings_module = m->settings_module };
    return &o;
}

/* ---- the database's place ---- */

static void make_folders(const char *path)
{
    char part[4096];
    for (const char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
        snprintf(part, sizeof part, "%.*s", (int)(p - path), path);
        mkdir(part, 0700); /* what cannot be made is told when the database is opened */
    }
}

char *serve_database(const struct settings *s, char *why, size_t size)
{
    const char *url = settings_text(s, "DATABASE_URL");
    if (!url || strncmp(url, "sqlite:", 7) != 0 || !url[7]) {
        snprintf(why, size, "DATABASE_URL: must be sqlite:PATH, like sqlite:data/db.sqlite.");
        return NULL;
    }
    return strdup(url + 7);
}

/* ---- signals ---- */

struct service {
    struct host host;
    struct watch *watch;
    int signals;
    bool stop_now;
};

static void on_signal(void *arg, int fd, uint32_t events)
{
    struct service *s = arg;
    struct signalfd_siginfo info;
    (void)events;
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP) {
            char *words = NULL;
            reload_now(&s->host, true, &words);
            free(words);
        } else if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT) {
            if (s->host.stopping)
                s->stop_now = true;
            s->host.stopping = true;
        }
    }
}

static int catch_signals(struct service *s)
{
    sigset_t set;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file size limit is a full disk, not death */
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    s->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return s->signals < 0 ? -1 : loop_add(s->host.loop, s->signals, EPOLLIN, on_signal, s);
}

/* ---- pieces of the start ---- */

static void on_request(void *arg, struct httpd_request *r)
{
    bind_request(arg, r);
}

static bool healthy(void *arg)
{
    return store_healthy(((struct host *)arg)->store);
}

static void on_pool(void *arg, int fd, uint32_t events)
{
    (void)arg, (void)fd,
        (void)events; /* tick takes the transfers: pool_take drains the descriptor */
}

static void on_change(void *arg)
{
    struct host *h = arg;
    if (!h->stopping)
        reload_now(h, false, NULL);
}

static int fail(int code, const char *why)
{
    fprintf(stderr, "assistant: %s\n", why);
    return code;
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
    const struct httpd_options o = {
        .host = address,
        .port = port,
        .max_body = body,
        .max_bodies = body * 4 > (96u << 20) ? body * 4 : (96u << 20),
        .deadline_ms = (unsigned)settings_integer(s, "REQUEST_DEADLINE_MS"),
        .max_connections = connections,
        .on_request = on_request,
        .healthy = healthy,
        .arg = h,
    };
    h->httpd = httpd_start(h->loop, &o, why, size);
    return h->httpd ? 0 : 2;
}

/* Before anything opens descriptors: the pool reserves its share of what is allowed. */
static void raise_limits(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

static int start_pool(struct host *h, char *why, size_t size)
{
    const struct pool_options o = { .per_host = PER_HOST };
    raise_limits();
    h->pool = pool_start(&o, why, size);
    if (h->pool && loop_add(h->loop, pool_fd(h->pool), EPOLLIN, on_pool, h) == 0)
        return 0;
    return 1;
}

static int open_store(struct host *h, const char *path, char *why, size_t size)
{
    bool memory = strcmp(path, ":memory:") == 0;
    char page[4200];
    snprintf(page, sizeof page, "%s.running", path);
    if (!memory)
        make_folders(path);
    enum store_open_result r = store_open(&h->store, memory ? NULL : path, why, size);
    if (r != STORE_OPENED)
        return (int)r;
    h->jobs = jobs_open(h->store, memory ? NULL : page, why, size);
    return h->jobs ? 0 : 3;
}

/* Problems about settings come one a line, all at once; LISTEN and DATABASE_URL are looked at here. */
static void check_host_settings(const struct settings *s, struct buf *problems)
{
    char why[256], address[64];
    uint16_t port;
    char *path = serve_database(s, why, sizeof why);
    if (!path)
        buf_printf(problems, "%s\n", why);
    free(path);
    if (!settings_address(settings_text(s, "LISTEN"), address, sizeof address, &port))
        buf_text(problems, "LISTEN: must be address:port, like 127.0.0.1:8080 (an IP address, and "
                           "a port from 1 to 65535).\n");
}

/* Before the first script is loaded, for that may be the one that never ends. */
static bool start_guard(const struct settings *own)
{
    int64_t slice = settings_integer(own, "LUA_SLICE_MS"),
            dog = settings_integer(own, "WATCHDOG_MS");
    return guard_start(slice > 0 ? (unsigned)slice : 200, dog > 0 ? (unsigned)dog : 2000) == 0;
}

/* Reads and builds. *out NULL: the exit code. */
static int first_generation(struct host *h, const struct serve_mode *m, struct generation **out)
{
    char why[2048];
    struct buf problems = { .data = NULL }, warnings = { .data = NULL };
    struct settings *own = settings_new();
    for (size_t i = 0; own && i < settings_host_count; i++)
        settings_declare(own, &settings_host[i]);
    *out = NULL;
    if (!own)
        return 1;
    h->memory_cap = (size_t)settings_integer(own, "LUA_MEMORY_MB") << 20;
    h->drain_ms = (unsigned)settings_integer(own, "DRAIN_MS");
    int level = log_level_of(settings_text(own, "LOG_LEVEL") ? settings_text(own, "LOG_LEVEL")
                                                             : "info");
    log_open(level < 0 ? LOG_INFO : (enum log_level)level);
    int code = GENERATION_SCRIPTS;
    struct tree *t = tree_read(settings_text(own, "SCRIPTS_DIR"), settings_text(own, "PROMPTS_DIR"),
                               why, sizeof why);
    if (t && !start_guard(own))
        buf_printf(&problems, "the guard of the scripts could not be started: %s\n",
                   strerror(errno));
    else if (t)
        code = (int)generation_build(out, h, t, mode_options(m), &problems, &warnings);
    else
        buf_printf(&problems, "%s\n", why);
    size_t before = problems.len;
    check_host_settings(own, &problems);
    if (problems.len > before && code == GENERATION_OK)
        code = GENERATION_SETTINGS;
    if (warnings.len)
        fprintf(stderr, "%s", warnings.data);
    if (problems.len)
        fprintf(stderr, "%s", problems.data);
    if (code != GENERATION_OK) {
        generation_close(*out);
        *out = NULL;
    }
    tree_drop(t);
    settings_free(own);
    buf_free(&problems);
    buf_free(&warnings);
    return code;
}

/* ---- the end ---- */

/* Turns wait for a model and run again at the next start; sends may finish within DRAIN_MS. */
static void end_turns(struct host *h)
{
    for (int pass = 0; pass < 2; pass++)
        for (struct generation *g = pass ? h->draining : h->current; g; g = pass ? g->older : NULL)
            for (struct task *t = g->tasks, *next; t; t = next) {
                next = t->next;
                if (t->kind == TASK_JOB && t->job_kind >= 0 && g->kinds[t->job_kind].drain_turn)
                    task_kill(t);
            }
}

static size_t tasks_left(const struct host *h)
{
    size_t n = h->current ? h->current->task_count : 0;
    for (const struct generation *g = h->draining; g; g = g->older)
        n += g->task_count;
    return n;
}

static void drain(struct service *s)
{
    struct host *h = &s->host;
    uint64_t until = loop_now_ns() + (uint64_t)h->drain_ms * 1000000u;
    log_event(LOG_INFO, "serve.stopping", log_i("tasks", (int64_t)tasks_left(h)));
    httpd_quiesce(h->httpd);
    end_turns(h);
    loop_wake(h->loop);
    tick(h);
    while (tasks_left(h) && loop_now_ns() < until && !s->stop_now) {
        struct loop_timer look = { .index = 0 };
        loop_timer_set(h->loop, &look, loop_now_ns() + 20000000u, (loop_timer_cb)loop_wake,
                       h->loop);
        tick(h);
        loop_timer_stop(h->loop, &look);
    }
}

static void pool_gone(void *arg, struct pool_transfer *t)
{
    bind_http_done(arg, t);
}

static void close_generations(struct host *h)
{
    generation_close(h->next);
    h->next = NULL;
    while (h->draining) {
        struct generation *g = h->draining;
        h->draining = g->older;
        generation_close(g);
    }
    generation_close(h->current);
    h->current = NULL;
}

static void close_all(struct service *s)
{
    struct host *h = &s->host;
    watch_stop(s->watch);
    admin_stop(h->admin);
    h->admin = NULL;
    if (h->current || h->draining)
        for (int pass = 0; pass < 2; pass++)
            for (struct generation *g = pass ? h->draining : h->current; g;
                 g = pass ? g->older : NULL)
                while (g->tasks)
                    task_kill(g->tasks);
    if (h->store && h->jobs) { /* what was put back by them, and the last answers */
        task_rearm(h);
        jobs_flush(h->jobs);
        store_commit(h->store);
        task_committed(h);
    }
    if (h->httpd)
        httpd_stop(h->httpd);
    if (h->pool)
        pool_stop(h->pool, pool_gone, h);
    close_generations(h);
    guard_stop();
    inbox_row_free(&h->row);
    if (h->jobs)
        jobs_close(h->jobs);
    store_close(h->store);
    tree_drop(h->good);
    if (s->signals > 0)
        close(s->signals);
    loop_free(h->loop);
}

/* ---- serve ---- */

static void tell_crashed(struct host *h)
{
    struct job j;
    while (jobs_crashed(h->jobs, &j)) {
        log_event(LOG_ERROR, "job.crashed", log_s("kind", j.kind), log_i("id", j.id),
                  log_i("crashes", j.crashes));
        struct job_kind *k = h->current ? generation_kind(h->current, j.kind) : NULL;
        (void)k;
        bind_notice(h, "job_dead", j.error ? j.error : "the process died with it three times", &j,
                    j.crashes);
        job_free(&j);
    }
}

static int start(struct service *s, const struct serve_mode *m, char *why, size_t size)
{
    struct host *h = &s->host;
    struct generation *g = NULL;
    int code = first_generation(h, m, &g);
    if (!g)
        return code ? code : 1;
    h->next = g;
    char *path = serve_database(g->settings, why, size);
    if (!path)
        return 2;
    h->turn_drain_ms = settings_find(g->settings, "LLM_DEADLINE_MS")
                           ? (unsigned)settings_integer(g->settings, "LLM_DEADLINE_MS")
                           : h->drain_ms;
    if ((code = open_store(h, path, why, size)) != 0)
        goto done;
    code = 3;
    if (reload_migrate(h, g, why, size) != 0)
        goto done;
    code = 1;
    if (start_pool(h, why, size) != 0)
        goto done;
    if ((code = start_listener(h, g->settings, why, size)) != 0)
        goto done;
    code = 1;
    if (strcmp(path, ":memory:") != 0 && !(h->admin = admin_start(h, path, why, size)))
        goto done;
    const char *folders[] = { settings_text(g->settings, "SCRIPTS_DIR"),
                              settings_text(g->settings, "PROMPTS_DIR"), NULL };
    s->watch = watch_start(h->loop, folders, on_change, h);
    log_event(LOG_INFO, "serve.started", log_s("mode", m->name),
              log_s("listen", settings_text(g->settings, "LISTEN")), log_s("database", path),
              log_n("scripts", g->hash, 12));
    code = 0;
done:
    free(path);
    return code;
}

int serve_run(const struct serve_mode *m)
{
    static struct service s;
    char why[1024] = "";
    settings_defaults(m->defaults);
    const struct rlimit none = { 0, 0 };
    prctl(PR_SET_TIMERSLACK, 10000UL); /* 10 µs: the rest between commits is short */
    setrlimit(RLIMIT_CORE, &none);     /* a core would hold secrets */
    s.host.loop = loop_new();
    s.host.parked_from = INT64_MAX;
    reload_options(mode_options(m));
    int code = !s.host.loop || catch_signals(&s) != 0 ? fail(1, strerror(errno))
                                                      : start(&s, m, why, sizeof why);
    if (code == 0) {
        if (strcmp(m->name, "sandbox") == 0)
            fprintf(stderr, "The sandbox is ready: http://%s/sandbox/\n",
                    settings_text(s.host.next->settings, "LISTEN"));
        tick(&s.host);
        tell_crashed(&s.host);
        while (!s.host.stopping) {
            if (s.host.reload_wanted && !s.host.next) {
                s.host.reload_wanted = false;
                reload_now(&s.host, false, NULL);
            }
            tick(&s.host);
        }
        drain(&s);
        log_event(LOG_INFO, "serve.stopped", log_i("code", 0));
    } else if (why[0]) {
        fail(code, why);
    }
    s.host.stopping = true;
    close_all(&s);
    return code;
}

/* ---- check, run, offline ---- */

int serve_check(const char *dir)
{
    struct host h = { .memory_cap = 256u << 20 };
    struct buf problems = { .data = NULL }, warnings = { .data = NULL };
    struct generation *g = NULL;
    char scripts[4096], prompts[4096], why[2048];
    log_open(LOG_OFF);
    if (!dir) {
        int code = first_generation(&h, &serve_modes[0], &g);
        generation_close(g);
        if (code == 0)
            printf("Settings, scripts and prompts are fine.\n");
        return code;
    }
    snprintf(scripts, sizeof scripts, "%s/scripts", dir);
    snprintf(prompts, sizeof prompts, "%s/prompts", dir);
    guard_start(200, 2000);
    struct tree *t = tree_read(scripts, prompts, why, sizeof why);
    struct generation_options o = *mode_options(&serve_modes[0]);
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
    int code = open_store(h, path, why, sizeof why);
    if (code == 0 && start_pool(h, why, sizeof why) != 0)
        code = 1;
    if (code == 0 && !begin(h, arg, &r))
        code = 1;
    while (code == 0 && !r.done && !h->stopping)
        tick(h);
    if (code && why[0])
        fail(code, why);
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
    if (!s.host.loop || catch_signals(&s) != 0)
        return fail(1, strerror(errno));
    const char *scripts = getenv("SCRIPTS_DIR");
    s.host.current = generation_plain(&s.host, scripts ? scripts : "scripts", &problems);
    if (!s.host.current)
        return fail(1, problems.data ? problems.data : "not started");
    const char *url = getenv("DATABASE_URL");
    int code = run_task(
        &s, url && strncmp(url, "sqlite:", 7) == 0 ? url + 7 : ":memory:", begin_file, &call);
    s.host.stopping = true;
    close_all(&s);
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
        return fail(2, why);
    log_open(LOG_OFF);
    h->loop = loop_new();
    h->parked_from = INT64_MAX;
    h->plain = true; /* claims nothing */
    struct tree *t = tree_read(settings_text(own, "SCRIPTS_DIR"), settings_text(own, "PROMPTS_DIR"),
                               why, sizeof why);
    struct generation_options o = *mode_options(&serve_modes[0]);
    o.ignore_settings = true;
    if (t)
        generation_build(&h->current, h, t, &o, &problems, &warnings);
    tree_drop(t);
    int code = run_task(&s, path, begin_offline, &call);
    h->stopping = true;
    close_all(&s);
    settings_free(own);
    buf_free(&problems);
    buf_free(&warnings);
    free(path);
    return code;
}
