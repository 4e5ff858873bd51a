/*
 * status: the host's own commands: status, versions, jobs, requeue. See admin.h. The loop thread,
 * or an offline command.
 */
#include "service/admin.h"

#include "bind/bind.h"
#include "base/buf.h"
#include "scripts/generation.h"
#include "base/log.h"
#include "service/reload.h"
#include "service/versions_tell.h"

#include <stdlib.h>
#include <string.h>

static bool has(char *const *args, size_t count, const char *flag)
{
    for (size_t i = 1; i < count; i++)
        if (strcmp(args[i], flag) == 0)
            return true;
    return false;
}

/* ---- work in numbers: jobs of `every` are timers and do not count as work ---- */

struct work {
    struct host *host;
    struct jobs_kind_counts all; /* not `every`; kind NULL */
    int64_t timers;
    struct buf kinds, dead; /* each kind as JSON, and as "2 send, 1 turn" */
};

static void add_json(struct buf *out, const char *text)
{
    buf_text(out, "\"");
    buf_json(out, text, strlen(text));
    buf_text(out, "\"");
}

static void on_kind(void *arg, const struct jobs_kind_counts *c)
{
    struct work *w = arg;
    const struct job_kind *k = w->host->scripts.current
                                   ? generation_kind(w->host->scripts.current, c->kind)
                                   : NULL;
    if (k && k->every_seconds) {
        w->timers += c->due + c->later + c->waiting + c->running;
        return;
    }
    w->all.due += c->due;
    w->all.later += c->later;
    w->all.waiting += c->waiting;
    w->all.running += c->running;
    w->all.dead += c->dead;
    if (c->due && c->oldest_run_at &&
        (!w->all.oldest_run_at || c->oldest_run_at < w->all.oldest_run_at))
        w->all.oldest_run_at = c->oldest_run_at;
    buf_text(&w->kinds, w->kinds.len ? "," : "");
    add_json(&w->kinds, c->kind);
    buf_printf(&w->kinds,
               ":{\"due\":%lld,\"later\":%lld,\"waiting\":%lld,\"running\":%lld,\"dead\":%lld}",
               (long long)c->due, (long long)c->later, (long long)c->waiting, (long long)c->running,
               (long long)c->dead);
    if (c->dead)
        buf_printf(&w->dead, "%s%lld %s", w->dead.len ? ", " : "", (long long)c->dead, c->kind);
}

static struct work look_at_work(struct host *h)
{
    struct work w = { .host = h };
    jobs_kinds(h->services.jobs, loop_wall_ms(), on_kind, &w);
    return w;
}

static void work_free(struct work *w)
{
    buf_free(&w->kinds);
    buf_free(&w->dead);
}

static int64_t age_ms(int64_t since)
{
    int64_t now = loop_wall_ms();
    return since && since < now ? now - since : 0;
}

/* ---- for machines ---- */

static void json_scripts(struct host *h, struct buf *out)
{
    if (h->scripts.current)
        buf_printf(out,
                   "\"generation\":{\"number\":%llu,\"hash\":\"%.12s\",\"loaded_at\":%lld,"
                   "\"draining\":%d},",
                   (unsigned long long)h->scripts.current->number, h->scripts.current->hash,
                   (long long)h->loaded_at, reload_draining(h) ? 1 : 0);
    const struct version *one = versions_serving(h->versions);
    static const char *const by[] = { "null", "\"owner\"", "\"judge\"" };
    if (one)
        buf_printf(out, "\"version\":{\"number\":%u,\"at\":%lld,\"kept\":%zu,\"held_by\":%s},",
                   one->number, (long long)one->at_ms, versions_count(h->versions),
                   by[versions_held(h->versions)->by]);
    if (versions_unread(h->versions)) {
        buf_text(out, "\"versions_trouble\":");
        add_json(out, versions_unread(h->versions));
        buf_text(out, ",");
    }
    buf_text(out, "\"last_reload_error\":");
    if (h->last_error[0]) {
        add_json(out, h->last_error);
        buf_printf(out, ",\"last_reload_error_at\":%lld,", (long long)h->last_error_at);
    } else {
        buf_text(out, "null,");
    }
}

static void json_work(struct host *h, struct buf *out)
{
    struct work w = look_at_work(h);
    buf_printf(out,
               "\"jobs\":{\"ready\":%lld,\"waiting\":%lld,\"running\":%lld,\"dead\":%lld,\"oldest_"
               "age_ms\":%lld,\"due\":%lld,\"later\":%lld,\"timers\":%lld,\"kinds\":{%s}},",
               (long long)w.all.due + (long long)w.all.later, (long long)w.all.waiting,
               (long long)w.all.running, (long long)w.all.dead,
               (long long)age_ms(w.all.oldest_run_at), (long long)w.all.due, (long long)w.all.later,
               (long long)w.timers, w.kinds.data ? w.kinds.data : "");
    work_free(&w);
    buf_printf(out, "\"inbox\":{\"unread\":%lld,\"oldest_age_ms\":%lld,\"parked\":%lld},",
               (long long)inbox_unread(h->services.jobs),
               (long long)age_ms(inbox_oldest_ms(h->services.jobs)),
               (long long)jobs_parked(h->services.jobs));
}

static void json_trouble(struct host *h, struct buf *out)
{
    struct trouble why;
    struct store_holder w;
    if (store_healthy(h->services.store))
        return;
    store_trouble(h->services.store, &why);
    buf_text(out, ",\"trouble\":");
    add_json(out, why.cause);
    if (store_locked(h->services.store, &w))
        buf_printf(out, ",\"locked_by\":%d,\"locked_ms\":%lld", (int)w.pid, (long long)w.held_ms);
}

static void status_json(struct host *h, struct buf *out, bool *fine)
{
    buf_printf(out, "{\"running\":%s,\"healthy\":%s,", h->httpd ? "true" : "false",
               !h->httpd                          ? "null"
               : store_healthy(h->services.store) ? "true"
                                                  : "false");
    json_scripts(h, out);
    json_work(h, out);
    struct store_figures f = store_figures(h->services.store);
    buf_printf(out, "\"store\":{\"commits\":%llu,\"lost\":%llu,\"wal_bytes\":%llu",
               (unsigned long long)f.commits, (unsigned long long)f.lost,
               (unsigned long long)f.wal_bytes);
    json_trouble(h, out);
    buf_text(out, "},");
    buf_printf(
        out,
        "\"script_errors\":%llu,\"requests\":%llu,\"log_lines_dropped\":%llu,\"lua_bytes\":%zu",
        (unsigned long long)h->script_errors, (unsigned long long)h->requests_seen,
        (unsigned long long)log_dropped(), h->scripts.current ? h->scripts.current->memory : 0);
    char *half = bind_status(h->scripts.current, false, fine);
    if (half)
        buf_printf(out, ",\"business\":%s", half);
    free(half);
    buf_text(out, "}\n");
}

/* ---- for people ---- */

static void words_version(struct host *h, struct buf *out)
{
    const struct version *one = versions_serving(h->versions);
    const struct versions_hold *held = versions_held(h->versions);
    if (!one || strcmp(one->hash, h->scripts.current->hash) != 0)
        return;
    buf_text(out, "This is ");
    versions_tell_name(one, false, out);
    if (held->by == VERSIONS_OWNER) {
        buf_text(out, ", chosen with `assistant rollback` at ");
        buf_clock(out, held->at_ms);
        buf_text(out, ". The files on disk are loaded again when one of them is saved");
    }
    buf_text(out, ". `assistant versions` lists them.\n");
}

static void words_scripts(struct host *h, struct buf *out)
{
    static const char *const heads[] = { "The last reload FAILED at ", "Rolled back at ",
                                         "Started at " };
    if (h->scripts.current && h->loaded_at) {
        buf_printf(out, "Scripts and prompts: generation %llu (%.12s), loaded ",
                   (unsigned long long)h->scripts.current->number, h->scripts.current->hash);
        buf_clock(out, h->loaded_at);
        buf_text(out, ".\n");
        words_version(h, out);
    }
    if (versions_unread(h->versions))
        buf_printf(out, "Kept versions: %s\n", versions_unread(h->versions));
    if (!h->last_error[0])
        return;
    buf_text(out, heads[h->last_error_of]);
    buf_clock(out, h->last_error_at);
    buf_text(out, h->last_error_of == ERROR_RELOAD ? "; the previous version is still running:\n"
                                                   : ":\n");
    for (const char *p = h->last_error; *p;) {
        size_t n = strcspn(p, "\n");
        if (n)
            buf_printf(out, "  %.*s\n", (int)n, p);
        p += n + (p[n] == '\n');
    }
    if (h->last_error_of == ERROR_RELOAD)
        buf_text(out,
                 "  Correct the file and save it. After changing a secret's file, type `assistant "
                 "reload`.\n");
}

static void words_work(struct host *h, struct buf *out)
{
    struct work w = look_at_work(h);
    int64_t late = age_ms(w.all.oldest_run_at) / 1000;
    if (w.all.due)
        buf_printf(out, "Work: %lld due now (the oldest for %lld s)", (long long)w.all.due,
                   (long long)late);
    else
        buf_text(out, "Work: nothing is due");
    if (w.all.running)
        buf_printf(out, ", %lld running", (long long)w.all.running);
    if (w.all.waiting)
        buf_printf(out, ", %lld behind others of their chat", (long long)w.all.waiting);
    if (w.all.later)
        buf_printf(out, ", %lld later", (long long)w.all.later);
    buf_text(out, ".\n");
    if (w.all.dead)
        buf_printf(out,
                   "Dead: %s. `assistant jobs --dead` says why, `assistant requeue ID` tries "
                   "one again.\n",
                   w.dead.data ? w.dead.data : "?");
    work_free(&w);
}

static void words_inbox(struct host *h, struct buf *out)
{
    int64_t unread = inbox_unread(h->services.jobs), aside = jobs_parked(h->services.jobs);
    int64_t late = age_ms(inbox_oldest_ms(h->services.jobs)) / 1000;
    if (unread)
        buf_printf(out, "Inbox: %lld not read yet, the oldest for %lld s%s.\n", (long long)unread,
                   (long long)late, late > 5 ? ": reading is slower than accepting" : "");
    else
        buf_text(out, "Inbox: everything is read.\n");
    if (aside)
        buf_printf(out,
                   "Parked: %lld that could not be read. Staff were told. They are tried again "
                   "after each reload.\n",
                   (long long)aside);
}

static void words_trouble(struct host *h, struct buf *out)
{
    struct trouble why;
    store_trouble(h->services.store, &why);
    buf_printf(out, "NOT accepting messages since ");
    uint64_t since = h->trouble.cause[0] ? h->trouble_since_ns : loop_now_ns(); /* not told yet */
    buf_clock(out, loop_wall_ms() - (int64_t)((loop_now_ns() - since) / 1000000u));
    buf_printf(out, ": %s.\n  Remedy: %s. It is tried again each second; no restart is needed.\n",
               why.cause, why.remedy);
}

static void status_words(struct host *h, struct buf *out, bool *fine)
{
    if (!h->httpd)
        buf_text(out, "No service is running. This is what its database holds.\n");
    else if (store_healthy(h->services.store))
        buf_text(out, "Accepting messages.\n");
    else
        words_trouble(h, out);
    words_scripts(h, out);
    words_work(h, out);
    words_inbox(h, out);
    if (log_dropped())
        buf_printf(out, "Log: %llu lines were lost, because stdout is not read fast enough.\n",
                   (unsigned long long)log_dropped());
    char *half = bind_status(h->scripts.current, true, fine);
    if (half)
        buf_printf(out, "%s\n", half);
    else if (h->scripts.current && h->scripts.current->status != LUA_NOREF)
        buf_text(out, "The scripts' part of the status could not be read. The log says why.\n");
    free(half);
}

static void add_job(void *arg, const struct job *j, enum job_state state)
{
    static const char *const names[] = { "due", "waiting", "running", "dead" };
    struct buf *out = arg;
    const char *lane = j->lane ? j->lane : "-";
    size_t n = strlen(lane), colon = strcspn(lane, ":");
    /* A lane may hold a customer's number, so only its end is shown. */
    buf_printf(out, "%-8lld %-8s %-14s %.*s%s%s  tries %d, crashes %d, due ", (long long)j->id,
               state == JOB_READY && j->run_at > loop_wall_ms() ? "later" : names[state], j->kind,
               (int)(colon < n ? colon + 1 : n), lane, colon < n && n - colon > 5 ? "…" : "",
               colon < n ? (n - colon > 5 ? lane + n - 4 : lane + colon + 1) : "", j->attempts,
               j->crashes);
    buf_clock(out, j->run_at);
    if (j->error)
        buf_printf(out, "\n         %.*s", (int)strcspn(j->error, "\n"), j->error);
    buf_text(out, "\n");
}

static int list_jobs(struct host *h, bool dead, struct buf *out)
{
    jobs_each(h->services.jobs, dead, 200, add_job, out);
    if (!out->len)
        buf_text(out, dead ? "No dead jobs.\n" : "No jobs.\n");
    return 0;
}

static int requeue(struct host *h, char *const *args, size_t count, struct buf *out)
{
    char *end = NULL;
    long long id = count > 1 ? strtoll(args[1], &end, 10) : 0;
    if (count != 2 || !end || *end || id <= 0) {
        buf_text(out, "Usage: assistant requeue ID   (`assistant jobs --dead` shows the ids)\n");
        return 1;
    }
    int rc = jobs_requeue(h->services.jobs, id);
    if (rc == 1)
        buf_printf(out, "Job %lld runs again.\n", id);
    else
        buf_printf(out,
                   rc == 0 ? "There is no dead job %lld.\n"
                           : "Job %lld could not be changed; see the log.\n",
                   id);
    return rc == 1 ? 0 : 1;
}

int admin_host_command(struct host *h, char *const *args, size_t count, struct buf *out)
{
    const char *name = args[0];
    if (strcmp(name, "status") == 0) {
        bool fine = true;
        if (has(args, count, "--json"))
            status_json(h, out, &fine);
        else
            status_words(h, out, &fine);
        return h->httpd && store_healthy(h->services.store) && fine ? 0 : 1;
    }
    if (strcmp(name, "jobs") == 0)
        return list_jobs(h, has(args, count, "--dead"), out);
    if (strcmp(name, "requeue") == 0)
        return requeue(h, args, count, out);
    if (strcmp(name, "versions") == 0 && h->scripts.current)
        return versions_command(h->versions, h->scripts.current->settings, args, count, out);
    return -1;
}
