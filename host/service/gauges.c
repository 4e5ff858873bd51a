#include "service/gauges.h"

#include "bind/bind.h"
#include "base/log.h"
#include "metrics/own.h"
#include "service/reload.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static void set(struct host *h, enum metrics_own_id id, double value)
{
    metric_set_to(metrics_own(h->services.metrics, id), value, NULL);
}

static double age_s(int64_t since_ms)
{
    int64_t now = loop_wall_ms();
    return since_ms && since_ms < now ? (double)(now - since_ms) / 1000 : 0;
}

struct work {
    struct host *host;
    int64_t oldest;
};

static void on_kind(void *arg, const struct jobs_kind_counts *c)
{
    struct work *w = arg;
    metrics_own_set(w->host->services.metrics, OWN_JOBS, (double)c->due, c->kind, "ready");
    metrics_own_set(w->host->services.metrics, OWN_JOBS, (double)c->later, c->kind, "later");
    metrics_own_set(w->host->services.metrics, OWN_JOBS, (double)c->waiting, c->kind, "waiting");
    metrics_own_set(w->host->services.metrics, OWN_JOBS, (double)c->running, c->kind, "running");
    metrics_own_set(w->host->services.metrics, OWN_JOBS, (double)c->dead, c->kind, "dead");
    if (c->due && (!w->oldest || c->oldest_run_at < w->oldest))
        w->oldest = c->oldest_run_at;
}

static void look_at_work(struct host *h)
{
    struct work w = { .host = h };
    metric_clear(metrics_own(h->services.metrics, OWN_JOBS));
    if (h->scripts.current) /* a kind without a row is 0 */
        for (size_t i = 0; i < h->scripts.current->kind_count; i++)
            on_kind(&w, &(struct jobs_kind_counts){ .kind = h->scripts.current->kinds[i].name });
    jobs_kinds(h->services.jobs, loop_wall_ms(), on_kind, &w);
    set(h, OWN_JOBS_AGE, age_s(w.oldest));
    set(h, OWN_LANES_WAITING, (double)jobs_lanes_waiting(h->services.jobs));
    set(h, OWN_INBOX_UNREAD, (double)inbox_unread(h->services.jobs));
    set(h, OWN_INBOX_AGE, age_s(inbox_oldest_ms(h->services.jobs)));
    set(h, OWN_INBOX_PARKED, (double)jobs_parked(h->services.jobs));
}

static void look_at_store(struct host *h)
{
    struct store_figures f = store_figures(h->services.store);
    struct statvfs disk;
    struct stat st;
    const char *path = store_path(h->services.store);
    set(h, OWN_COMMITS_LOST, (double)f.lost);
    set(h, OWN_CHECKPOINTS, (double)f.checkpoints);
    set(h, OWN_LOCKS, (double)f.locks);
    metric_clear(metrics_own(h->services.metrics, OWN_LOCKED));
    struct store_holder holder;
    if (store_locked(h->services.store, &holder))
        metrics_own_set(h->services.metrics, OWN_LOCKED, (double)holder.held_ms / 1000,
                        holder.program[0] ? holder.program : "unknown", NULL);
    set(h, OWN_WAL, (double)f.wal_bytes);
    if (path && stat(path, &st) == 0)
        set(h, OWN_DATABASE, (double)st.st_size);
    if (path && statvfs(path, &disk) == 0)
        set(h, OWN_DISK_FREE, (double)disk.f_bavail * (double)disk.f_frsize);
    set(h, OWN_HEALTHY, store_healthy(h->services.store));
}

static void look_at_scripts(struct host *h)
{
    size_t tasks = h->scripts.current ? h->scripts.current->task_count : 0;
    for (const struct generation *g = h->scripts.draining; g; g = g->older)
        tasks += g->task_count;
    set(h, OWN_TASKS, (double)tasks);
    set(h, OWN_DRAINING, reload_draining(h));
    set(h, OWN_SCRIPT_ERRORS, (double)h->script_errors);
    set(h, OWN_RELOAD_FINE, h->last_error[0] == 0);
    set(h, OWN_GENERATION_LOADED, (double)h->loaded_at / 1000);
    metric_clear(metrics_own(h->services.metrics, OWN_GENERATION_INFO));
    if (h->scripts.current) {
        char hash[13];
        snprintf(hash, sizeof hash, "%.12s", h->scripts.current->hash);
        set(h, OWN_GENERATION, (double)h->scripts.current->number);
        set(h, OWN_LUA_MEMORY, (double)h->scripts.current->memory);
        set(h, OWN_LUA_LIMIT, (double)h->scripts.current->memory_cap);
        metrics_own_set(h->services.metrics, OWN_GENERATION_INFO, 1, hash, NULL);
    }
}

static double resident_bytes(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f && fscanf(f, "%*d %ld", &pages) != 1)
        pages = 0;
    if (f)
        fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static double open_files(void)
{
    DIR *d = opendir("/proc/self/fd");
    double n = 0;
    for (struct dirent *e; d && (e = readdir(d));)
        n += e->d_name[0] != '.';
    if (d)
        closedir(d);
    return n ? n - 1 : 0; /* not the descriptor that lists them */
}

static void look_at_process(struct host *h)
{
    struct rusage u;
    struct rlimit files;
    metrics_own_set(h->services.metrics, OWN_BUILD, 1, ASSISTANT_VERSION, NULL);
    if (getrusage(RUSAGE_SELF, &u) == 0)
        set(h, OWN_CPU,
            (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
                (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        set(h, OWN_FDS_MAX, (double)files.rlim_cur);
    set(h, OWN_RESIDENT, resident_bytes());
    set(h, OWN_FDS, open_files());
    set(h, OWN_LOG_DROPPED, (double)log_dropped());
    set(h, OWN_SERIES_OVERFLOWED, (double)metrics_overflowed(h->services.metrics));
}

static void look(struct host *h, bool scripts_fine)
{
    const struct pool *pool = h->services.outbound.pool;
    look_at_work(h);
    look_at_store(h);
    look_at_scripts(h);
    look_at_process(h);
    set(h, OWN_CONNECTIONS, h->httpd ? httpd_connections(h->httpd) : 0);
    set(h, OWN_REQUESTS_OPEN, h->httpd ? (double)httpd_open(h->httpd) : 0);
    set(h, OWN_OUTBOUND_OPEN, pool ? (double)pool_in_flight(pool) : 0);
    set(h, OWN_GAUGES_FINE, scripts_fine);
}

void gauges_text(struct host *h, struct buf *out)
{
    look(h, bind_gauges(h->scripts.current));
    metrics_text(h->services.metrics, out);
}
