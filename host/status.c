/*
 * status: the commands of the host itself: status, reload, jobs, requeue, backup. See admin.h.
 */
#include "admin.h"

#include "bind/bind.h"
#include "buf.h"
#include "generation.h"
#include "log.h"
#include "reload.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool has(char *const *args, size_t count, const char *flag)
{
    for (size_t i = 1; i < count; i++)
        if (strcmp(args[i], flag) == 0)
            return true;
    return false;
}

static void add_clock(struct buf *out, int64_t ms)
{
    time_t t = (time_t)(ms / 1000);
    struct tm tm;
    char text[40];
    localtime_r(&t, &tm);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %Z", &tm);
    buf_text(out, text);
}

static void status_json(struct host *h, struct buf *out)
{
    struct jobs_counts c = { .ready = 0 };
    int64_t now = loop_wall_ms(), oldest = inbox_oldest_ms(h->jobs);
    jobs_count(h->jobs, &c);
    buf_printf(out, "{\"running\":%s,\"healthy\":%s,", h->httpd ? "true" : "false",
               !h->httpd                 ? "null"
               : store_healthy(h->store) ? "true"
                                         : "false");
    if (h->current)
        buf_printf(out,
                   "\"generation\":{\"number\":%llu,\"hash\":\"%.12s\",\"loaded_at\":%lld,"
                   "\"draining\":%d},",
                   (unsigned long long)h->current->number, h->current->hash,
                   (long long)h->loaded_at, h->draining ? 1 : 0);
    buf_text(out, "\"last_reload_error\":");
    if (h->last_error[0]) {
        buf_text(out, "\"");
        buf_json(out, h->last_error, strlen(h->last_error));
        buf_printf(out, "\",\"last_reload_error_at\":%lld,", (long long)h->last_error_at);
    } else {
        buf_text(out, "null,");
    }
    buf_printf(out,
               "\"jobs\":{\"ready\":%lld,\"waiting\":%lld,\"running\":%lld,\"dead\":%lld,\"oldest_"
               "age_ms\":%lld},",
               (long long)c.ready, (long long)c.waiting, (long long)c.running, (long long)c.dead,
               (long long)(c.oldest_run_at && c.oldest_run_at < now ? now - c.oldest_run_at : 0));
    buf_printf(out, "\"inbox\":{\"unread\":%lld,\"oldest_age_ms\":%lld,\"parked\":%lld},",
               (long long)inbox_backlog(h->jobs), (long long)(oldest ? now - oldest : 0),
               (long long)c.parked);
    struct store_figures f = store_figures(h->store);
    buf_printf(out, "\"store\":{\"commits\":%llu,\"lost\":%llu,\"wal_bytes\":%llu},",
               (unsigned long long)f.commits, (unsigned long long)f.lost,
               (unsigned long long)f.wal_bytes);
    buf_printf(
        out,
        "\"script_errors\":%llu,\"requests\":%llu,\"log_lines_dropped\":%llu,\"lua_bytes\":%zu",
        (unsigned long long)h->script_errors, (unsigned long long)h->requests_seen,
        (unsigned long long)log_dropped(), h->current ? h->current->memory : 0);
    char *half = bind_status(h->current, false);
    if (half)
        buf_printf(out, ",\"business\":%s", half);
    free(half);
    buf_text(out, "}\n");
}

static void status_text(struct host *h, struct buf *out)
{
    struct jobs_counts c = { .ready = 0 };
    int64_t now = loop_wall_ms(), oldest = inbox_oldest_ms(h->jobs);
    jobs_count(h->jobs, &c);
    if (!h->httpd)
        buf_text(out, "No service is running. This is what its database holds.\n");
    else
        buf_text(
            out,
            store_healthy(h->store)
                ? "Accepting messages.\n"
                : "NOT accepting messages: the database cannot be written. Is the disk full?\n");
    if (h->current && h->loaded_at) {
        buf_printf(out, "Scripts and prompts: generation %llu (%.12s), loaded ",
                   (unsigned long long)h->current->number, h->current->hash);
        add_clock(out, h->loaded_at);
        buf_text(out, "\n");
    }
    if (h->last_error[0]) {
        buf_text(out, "Last reload FAILED at ");
        add_clock(out, h->last_error_at);
        buf_printf(out, ":\n  %s\n  Mend the file and save it; nothing else is needed.\n",
                   h->last_error);
    }
    buf_printf(
        out, "Work: %lld ready, %lld waiting in lanes, %lld running, oldest due for %lld s\n",
        (long long)c.ready, (long long)c.waiting, (long long)c.running,
        (long long)(c.oldest_run_at && c.oldest_run_at < now ? (now - c.oldest_run_at) / 1000 : 0));
    buf_printf(out, "Inbox: %lld unread%s, %lld parked\n", (long long)inbox_backlog(h->jobs),
               oldest && now - oldest > 5000 ? " (falling behind)" : "", (long long)c.parked);
    if (c.dead)
        buf_printf(out,
                   "Dead jobs: %lld. `assistant jobs --dead` shows them, `assistant requeue ID` "
                   "tries one again.\n",
                   (long long)c.dead);
    char *half = bind_status(h->current, true);
    if (half)
        buf_printf(out, "%s\n", half);
    free(half);
}

static void add_job(void *arg, const struct job *j, enum job_state state)
{
    static const char *const names[] = { "ready", "waiting", "running", "dead" };
    struct buf *out = arg;
    const char *lane = j->lane ? j->lane : "-";
    size_t n = strlen(lane), colon = strcspn(lane, ":");
    /* A lane may hold a customer's number: only its end is shown. */
    buf_printf(out, "%-8lld %-8s %-14s %.*s%s%s  tries %d, crashes %d, due ", (long long)j->id,
               names[state], j->kind, (int)(colon < n ? colon + 1 : n), lane,
               colon < n && n - colon > 5 ? "…" : "",
               colon < n ? (n - colon > 5 ? lane + n - 4 : lane + colon + 1) : "", j->attempts,
               j->crashes);
    add_clock(out, j->run_at);
    if (j->error)
        buf_printf(out, "\n         %.*s", (int)strcspn(j->error, "\n"), j->error);
    buf_text(out, "\n");
}

static int list_jobs(struct host *h, bool dead, struct buf *out)
{
    jobs_each(h->jobs, dead, 200, add_job, out);
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
    int rc = jobs_requeue(h->jobs, id);
    if (rc == 1)
        buf_printf(out, "Job %lld runs again.\n", id);
    else
        buf_printf(out,
                   rc == 0 ? "There is no dead job %lld.\n"
                           : "Job %lld could not be changed; see the log.\n",
                   id);
    return rc == 1 ? 0 : 1;
}

static int backup(struct host *h, char *const *args, size_t count, struct buf *out)
{
    char why[512];
    if (count != 2) {
        buf_text(out, "Usage: assistant backup FILE\n");
        return 1;
    }
    if (store_backup(h->store, args[1], why, sizeof why) != 0) {
        buf_printf(out, "%s\n", why);
        return 1;
    }
    buf_printf(out, "Copied to %s.\n", args[1]);
    return 0;
}

int admin_host_command(struct host *h, char *const *args, size_t count, struct buf *out)
{
    const char *name = args[0];
    if (strcmp(name, "status") == 0) {
        if (has(args, count, "--json"))
            status_json(h, out);
        else
            status_text(h, out);
        return 0;
    }
    if (strcmp(name, "jobs") == 0)
        return list_jobs(h, has(args, count, "--dead"), out);
    if (strcmp(name, "requeue") == 0)
        return requeue(h, args, count, out);
    if (strcmp(name, "backup") == 0)
        return backup(h, args, count, out);
    if (strcmp(name, "reload") == 0) {
        char *words = NULL;
        if (!h->current) {
            buf_text(out, "No service is running.\n");
            return 1;
        }
        bool ok = reload_now(h, true, &words);
        buf_printf(out, "%s\n", words ? words : "Nothing to do.");
        free(words);
        return ok ? 0 : 5;
    }
    return -1;
}
