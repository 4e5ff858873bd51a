#include "service/instance.h"

#include "service/admin.h"
#include "service/backup.h"
#include "bind/bind.h"
#include "service/first.h"
#include "scripts/cpu_guard.h"
#include "store/ledger.h"
#include "store/media.h"
#include "base/log.h"
#include "service/metrics_http.h"
#include "service/reload.h"
#include "scripts/shipped.h"
#include "service/trial.h"
#include "service/versions.h"
#include "scripts/watch.h"
#include "service/slices.h"
#include "base/timezone.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    TABLE = 20480,    /* the pool's and the listener's descriptors together */
    PER_HOST = 16384, /* outbound requests at once per host; jobs have lower limits of their own */
};

/* Makes the missing folder of a database: `data/` of a fresh clone. Below the current folder it
 * makes all that are missing. Elsewhere it makes only the last one: when two are missing, the path
 * is wrong or a disk is not mounted, and an empty database would hide that. Opening the database
 * reports what is missing then. */
static void make_folders(const char *path)
{
    char part[4096];
    const char *last = strrchr(path, '/');
    for (const char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
        if (path[0] == '/' && p != last)
            continue;
        snprintf(part, sizeof part, "%.*s", (int)(p - path), path);
        if (mkdir(part, 0700) == 0)
            log_event(LOG_INFO, "store.folder", log_s("made", part));
    }
}

static void on_signal(void *arg, int fd, uint32_t events)
{
    struct service *s = arg;
    struct signalfd_siginfo info;
    (void)events;
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD) {
            trial_reap();
        } else if (info.ssi_signo == SIGHUP && !s->host.plain) {
            if (!s->host.stopping)
                reload_now(&s->host, true, NULL, NULL);
        } else {
            s->stop_now = s->host.stopping;
            s->host.stopping = true;
        }
    }
}

/* Raises the limit of descriptors, and makes the kernel's table that large at once. This is cheap
 * while there is one thread; later the process would stand still for milliseconds. */
void instance_limits(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    rlim_t most = files.rlim_cur < TABLE ? files.rlim_cur : TABLE;
    int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, (int)most - 1);
    if (fd >= 0)
        close(fd);
}

int instance_begin(struct service *s)
{
    struct host *h = &s->host;
    sigset_t set;
    h->scripts.services = &h->services;
    if (!(h->services.loop = loop_new()))
        return -1;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file size limit is like a full disk */
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    /* As process 1 of a container we must reap the children that others left. */
    if (getpid() == 1)
        sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    s->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return s->signals < 0 ? -1 : loop_add(h->services.loop, s->signals, EPOLLIN, on_signal, s);
}

int instance_fail(int code, const char *why)
{
    fprintf(stderr, "assistant: %s\n", why);
    return code;
}

static void on_pool(void *arg, int fd, uint32_t events)
{
    (void)arg, (void)fd,
        (void)events; /* tick takes the transfers: pool_take drains the descriptor */
}

/* 0, or 1 with why. */
static int open_pool(struct host *h, char *why, size_t size)
{
    const struct pool_options o = { .per_host = PER_HOST };
    struct pool *pool = h->services.outbound.pool = pool_start(&o, why, size);
    return pool && loop_add(h->services.loop, pool_fd(pool), EPOLLIN, on_pool, h) == 0 ? 0 : 1;
}

/* 0, or the exit code with why. */
static int open_store(struct host *h, const char *path, const char *place, char *why, size_t size)
{
    bool memory = strcmp(path, ":memory:") == 0, server = settings_is_server(path);
    char page[4200];
    snprintf(page, sizeof page, "%s.running", place);
    if (!memory && !server)
        make_folders(path);
    if (!memory && strcmp(place, path) != 0)
        make_folders(place);
    const struct generation *g = h->scripts.next ? h->scripts.next : h->scripts.current;
    struct store_options o = { .path = memory ? NULL : path, .loop = h->services.loop };
    o.begin = g ? shipped_database(g->schema_hash, &o.begin_len) : NULL;
    enum store_open_result r = store_open_with(&h->services.store, &o, why, size);
    if (r != STORE_OPENED)
        return (int)r;
    slices_start(STORE_GROUPS);
    if (g && g->schema_count &&
        store_known(h->services.store, "scripts", g->schema_count, why, size) != 0)
        return 3; /* before anything is written */
    if (!(h->services.ledger = ledger_open(store_path(h->services.store), why, size)))
        return 3;
    h->services.jobs = jobs_open(h->services.store, memory ? NULL : page, why, size);
    return h->services.jobs && store_live(h->services.store, why, size) == 0 ? 0 : 3;
}

int instance_open(struct host *h, const char *path, char *why, size_t size)
{
    struct settings *own = settings_new();
    char *place = own ? settings_state(own, path) : NULL;
    char *folder = place ? settings_media(own, path) : NULL;
    int code = 1;
    snprintf(why, size, "not enough memory");
    if (!place || !(h->services.media = media_open(folder, h->services.loop)))
        goto done;
    code = open_store(h, path, place, why, size);
    if (code == 0 && h->scripts.next && reload_migrate(h, h->scripts.next, why, size) != 0)
        code = 3;
    if (code == 0)
        code = open_pool(h, why, size);
done:
    free(folder);
    free(place);
    settings_free(own);
    return code;
}

int instance_load(struct scripts *all, const struct generation_options *o, const char *scripts,
                  const char *prompts, struct generation **out, struct buf *problems,
                  struct buf *warnings)
{
    char why[2048] = "not enough memory";
    struct settings *own = settings_new();
    struct tree *t = own ? tree_read(scripts ? scripts : settings_text(own, "SCRIPTS_DIR"),
                                     prompts ? prompts : settings_text(own, "PROMPTS_DIR"), why,
                                     sizeof why)
                         : NULL;
    int code = t ? (int)generation_build(out, all, t, o, problems, warnings) : GENERATION_SCRIPTS;
    if (!t)
        buf_printf(problems, "%s\n", why);
    tree_drop(t);
    settings_free(own);
    return code;
}

/* Two addresses with one port are the same when they are equal, or when one of them means all
 * addresses. */
static void check_metrics_listen(const struct settings *s, struct buf *problems)
{
    char public[64], address[64];
    uint16_t public_port, port;
    const char *listen = settings_text(s, "METRICS_LISTEN");
    if (!listen || !*listen)
        return;
    if (!settings_address(listen, address, sizeof address, &port))
        buf_text(problems, "METRICS_LISTEN: must be address:port, like 127.0.0.1:9464 (an IP "
                           "address, and a port from 1 to 65535), or unset.\n");
    else if (settings_address(settings_text(s, "LISTEN"), public, sizeof public, &public_port) &&
             port == public_port &&
             (strcmp(address, public) == 0 || strcmp(address, "0.0.0.0") == 0 ||
              strcmp(address, "::") == 0 || strcmp(public, "0.0.0.0") == 0 ||
              strcmp(public, "::") == 0))
        buf_text(problems, "METRICS_LISTEN: is the same as LISTEN. Metrics must not be public. "
                           "Choose another port, like 127.0.0.1:9464.\n");
}

/* Adds all problems with settings, one per line. LISTEN and DATABASE_URL are checked here. */
static void check_host_settings(const struct settings *s, struct buf *problems)
{
    char why[256], address[64];
    uint16_t port;
    char *path = settings_database(s, why, sizeof why);
    if (!path)
        buf_printf(problems, "%s\n", why);
    free(path);
    if (!settings_address(settings_text(s, "LISTEN"), address, sizeof address, &port))
        buf_text(problems, "LISTEN: must be address:port, like 127.0.0.1:8080 (an IP address, and "
                           "a port from 1 to 65535).\n");
    check_metrics_listen(s, problems);
}

/* Before the first script is loaded, because that may run without end. */
static bool start_guard(const struct settings *own)
{
    int64_t slice = settings_integer(own, "LUA_SLICE_MS"),
            dog = settings_integer(own, "WATCHDOG_MS");
    return cpu_guard_start(slice > 0 ? (unsigned)slice : 200, dog > 0 ? (unsigned)dog : 2000) == 0;
}

int instance_generation(struct host *h, const struct serve_mode *m, bool service,
                        struct generation **out)
{
    struct buf problems = { .data = NULL }, warnings = { .data = NULL };
    const struct generation_options options = mode_options(m);
    struct settings *own = settings_new();
    *out = NULL;
    if (!own)
        return 1;
    h->scripts.memory_cap = (size_t)settings_integer(own, "LUA_MEMORY_MB") << 20;
    h->drain_ms = (unsigned)settings_integer(own, "DRAIN_MS");
    int level = log_level_of(settings_text(own, "LOG_LEVEL") ? settings_text(own, "LOG_LEVEL")
                                                             : "info");
    log_open(level < 0 ? LOG_INFO : (enum log_level)level);
    int code = GENERATION_SCRIPTS;
    if (!start_guard(own))
        buf_printf(&problems, "the timer that stops long scripts cannot be started: %s\n",
                   strerror(errno));
    else if (service)
        code = first_load(h, m, own, out, &problems, &warnings);
    else
        code = instance_load(&h->scripts, &options, NULL, NULL, out, &problems, &warnings);
    size_t before = problems.len;
    check_host_settings(own, &problems);
    if (problems.len > before && code == GENERATION_OK)
        code = GENERATION_SETTINGS;
    if (timezone_warning())
        buf_text(&warnings, timezone_warning());
    if (warnings.len)
        fprintf(stderr, "%s", warnings.data);
    log_mask(problems.data);
    if (problems.len)
        fprintf(stderr, "%s", problems.data);
    if (code != GENERATION_OK) {
        generation_close(*out);
        *out = NULL;
    }
    settings_free(own);
    buf_free(&problems);
    buf_free(&warnings);
    return code;
}

static void close_generations(struct host *h)
{
    task_close_generation(h->scripts.next);
    h->scripts.next = NULL;
    while (h->scripts.draining) {
        struct generation *g = h->scripts.draining;
        h->scripts.draining = g->older;
        task_close_generation(g);
    }
    task_close_generation(h->scripts.current);
    h->scripts.current = NULL;
}

void instance_close(struct service *s)
{
    struct host *h = &s->host;
    if (h->services.store)
        store_sync_together(h->services.store);
    watch_stop(s->watch);
    reload_stop(h);
    backup_stop(h);
    admin_stop(h->admin);
    h->admin = NULL;
    if (h->scripts.current || h->scripts.draining)
        for (int pass = 0; pass < 2; pass++)
            for (struct generation *g = pass ? h->scripts.draining : h->scripts.current; g;
                 g = pass ? g->older : NULL)
                while (g->tasks)
                    task_kill(g->tasks);
    if (h->services.store &&
        h->services.jobs) { /* what the killed tasks put back, and the last answers */
        task_rearm(&h->scripts, h->stopping);
        jobs_flush(h->services.jobs);
        store_commit(h->services.store);
        task_committed(&h->scripts);
        task_durable(&h->scripts);
    }
    if (h->httpd)
        httpd_stop(h->httpd);
    metrics_http_stop(h->metrics_http);
    outbound_stop(&h->services.outbound);
    close_generations(h);
    metrics_free(h->services.metrics);
    h->services.metrics = NULL;
    cpu_guard_stop();
    inbox_row_free(&h->scripts.queue.row);
    if (h->services.jobs)
        jobs_close(h->services.jobs);
    ledger_close(h->services.ledger);
    media_close(h->services.media);
    store_close(h->services.store);
    tree_drop(h->good);
    versions_close(h->versions);
    if (s->signals > 0)
        close(s->signals);
    loop_free(h->services.loop);
}
