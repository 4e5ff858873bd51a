#include "service/judge.h"

#include "bind/bind.h"
#include "base/log.h"
#include "service/reference.h"
#include "service/reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TELL_MS = 10000 };
static const uint64_t FORGET_NS = 7 * 86400 * 1000000000ull;

static void log_error(struct host *h, const struct generation *g, const char *what,
                      const char *error)
{
    h->script_errors++;
    snprintf(h->script_error, sizeof h->script_error, "%s", error ? error : "");
    log_event(LOG_ERROR, "script.error", log_s("in", what), log_s("error", error),
              log_n("generation", g->hash, strnlen(g->hash, 12)));
}

static bool serves(const struct host *h, const char *hash)
{
    return h->scripts.current && strcmp(h->scripts.current->hash, hash) == 0;
}

/* Tells staff of an error that is not counted, but not for each stranger's request. */
static void tell(struct host *h, const char *error)
{
    uint64_t now = loop_now_ns();
    if (h->verdict.told_ns && now - h->verdict.told_ns < TELL_MS * 1000000ull)
        return;
    h->verdict.told_ns = now;
    bind_notice(&h->scripts, "script_errors", error, NULL, 0);
}

/* ---- failures that count against the serving files ---- */

static struct suspicion *suspect(const struct generation *g, const char *what, bool alone,
                                 const char *error)
{
    struct suspicion *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    memcpy(s->hash, g->hash, sizeof s->hash);
    snprintf(s->what, sizeof s->what, "%s", what);
    s->alone = alone;
    s->error = strdup(error);
    return s;
}

/* Counts a failure of this kind of work. Returns how many there are. */
static unsigned count_alone(struct verdict *v, const char *what)
{
    size_t most = sizeof v->alone / sizeof *v->alone;
    for (size_t i = 0; i < most; i++) {
        if (!v->alone[i].count)
            snprintf(v->alone[i].what, sizeof v->alone[i].what, "%s", what);
        if (strcmp(v->alone[i].what, what) == 0)
            return ++v->alone[i].count;
    }
    return 0;
}

static void note_conversation(struct verdict *v, const char *conversation)
{
    if (!v->conversation[0])
        snprintf(v->conversation, sizeof v->conversation, "%s", conversation);
    else if (conversation[0] &&
             strncmp(v->conversation, conversation, sizeof v->conversation - 1) != 0)
        v->several = true;
}

/* Counts a failure against the serving files, because the good files did the work. */
static void blame(struct host *h, const struct suspicion *s, const char *conversation)
{
    struct verdict *v = &h->verdict;
    const char *error = s->error ? s->error : "unknown";
    uint64_t now = loop_now_ns();
    if (!serves(h, s->hash) || h->scripts.next)
        return;
    if (v->count && now - v->last_ns > FORGET_NS)
        *v = (struct verdict){ .count = 0 };
    v->count++;
    v->last_ns = now;
    note_conversation(v, conversation);
    unsigned alone = s->alone ? count_alone(v, s->what) : 0;
    log_event(LOG_WARN, "generation.failure", log_s("in", s->what), log_i("count", v->count),
              log_n("hash", s->hash, 12));
    if ((v->count >= JUDGE_FAILURES && v->several) || alone >= JUDGE_FAILURES)
        reload_roll_back(h, error);
    else
        bind_notice(&h->scripts, "script_errors", error, NULL, v->count);
}

/* ---- which files are good ---- */

/* The new generation has the same files (new secrets), so it keeps what the old one has proven. */
static void inherit(const struct generation *old, struct generation *next)
{
    next->worked = old->worked;
    for (size_t i = 0; i < old->kind_count; i++) {
        struct job_kind *k = generation_kind(next, old->kinds[i].name);
        if (k)
            k->done_well = old->kinds[i].done_well;
    }
}

void judge_takes_over(struct host *h, struct generation *old, struct generation *next)
{
    bool same = old && strcmp(old->hash, next->hash) == 0;
    if (same)
        inherit(old, next);
    else if (old && !h->verdict.count && (!h->good || generation_proven(old))) {
        tree_drop(h->good);
        h->good = tree_keep(old->tree);
    }
    if (!same) {
        h->verdict = (struct verdict){ .count = 0 };
        reference_drop(h);
    }
}

void judge_fine(struct host *h, struct task *t)
{
    struct generation *g = t->gen;
    if (t->kind != TASK_REQUEST && t->kind != TASK_JOB)
        return;
    g->worked = true;
    if (t->job_kind >= 0 && !t->job.error_handled)
        g->kinds[t->job_kind].done_well = true;
    struct suspicion *s = t->suspicion;
    const char *colon = t->job.lane && s && !s->alone ? strrchr(t->job.lane, ':') : NULL;
    if (s && t->kind == TASK_REQUEST && (!t->status || t->status >= 400))
        tell(h, s->error ? s->error : "unknown"); /* perhaps a stranger's request */
    else if (s)
        blame(h, s, colon ? colon + 1 : "");
}

/* ---- jobs ---- */

static void again(struct host *h, struct task *t, int64_t after_ms, bool add_attempt)
{
    if (jobs_again(h->services.jobs, &t->job, loop_wall_ms() + after_ms, add_attempt, t->error) < 0)
        task_put_back(&h->scripts, &t->job);
}

static void die(struct host *h, struct task *t, const char *error)
{
    int rc = jobs_die(h->services.jobs, &t->job, error);
    task_touch(t); /* before the notice, because the group may be lost there */
    if (rc < 0)
        task_put_back(&h->scripts, &t->job);
    else
        bind_notice(&h->scripts, "job_dead", error, &t->job, 0);
}

/* The good files failed too, or there are none to compare with. */
static void count_against_job(struct host *h, struct task *t, const char *error, bool tried_again)
{
    struct generation *g = h->scripts.current;
    struct job *job = &t->job;
    struct job_kind *k = job->kind ? generation_kind(g, job->kind) : NULL;
    if (k && k->every_seconds) /* `every` starts it again anyway */
        again(h, t, k->every_seconds * 1000, false);
    else if (!tried_again && job->attempts + 1 < JUDGE_TRIES && !job->error_handled)
        again(h, t, JUDGE_AGAIN_MS, true);
    else if (k && k->failed != LUA_NOREF && !job->error_handled)
        bind_job_failed(g, job, (int)(k - g->kinds), error);
    else
        die(h, t, error);
}

static void job_failed(struct host *h, struct task *t)
{
    struct generation *g = t->gen, *good;
    struct suspicion *s = t->suspicion;
    bool every = t->job_kind >= 0 && g->kinds[t->job_kind].every_seconds;
    if (!serves(h, s ? s->hash : g->hash)) { /* the files changed meanwhile */
        again(h, t, JUDGE_AGAIN_MS, true);
    } else if (s) {
        count_against_job(h, t, s->error ? s->error : t->error, true);
    } else {
        good = t->job.kind ? reference_get(h) : NULL;
        s = good ? suspect(g, t->job.kind, every, t->error) : NULL;
        if (!s || !bind_job_again(good, &t->job, s)) {
            suspicion_free(s);
            count_against_job(h, t, t->error, false);
        }
    }
    task_touch(t);
}

/* ---- requests and rows ---- */

static void request_failed(struct host *h, struct task *t)
{
    struct generation *g = t->gen, *good;
    struct suspicion *s = NULL;
    char what[64];
    snprintf(what, sizeof what, "%s %s", t->request ? t->request->method : "",
             t->request ? t->request->route : "");
    good = t->request && !t->suspicion && serves(h, g->hash) ? reference_get(h) : NULL;
    s = good ? suspect(g, what, true, t->error) : NULL;
    if (s && bind_request_again(good, t, s))
        return;
    suspicion_free(s);
    if (t->request)
        httpd_error(t->request, 500, "internal error");
    tell(h, t->suspicion && t->suspicion->error ? t->suspicion->error : t->error);
}

void judge_failed(struct host *h, struct task *t)
{
    static const char *const names[] = { "request", "job", "spawned task", "command", "inbox" };
    log_error(h, t->gen, t->kind == TASK_JOB && t->job.kind ? t->job.kind : names[t->kind],
              t->error);
    if (t->kind == TASK_REQUEST)
        request_failed(h, t);
    else if (t->kind == TASK_JOB)
        job_failed(h, t);
    else if (t->kind == TASK_SPAWN)
        tell(h, t->error);
}

struct generation *judge_row_failed(struct host *h, const char *error)
{
    log_error(h, h->scripts.current, "inbox", error);
    return reference_get(h);
}

void judge_row_read(struct host *h, const struct inbox_row *row, const char *error)
{
    const char *colon = strrchr(row->about, ':');
    struct suspicion *s = suspect(h->scripts.current, row->reader, false, error);
    if (s)
        blame(h, s, colon ? colon + 1 : row->about);
    suspicion_free(s);
}
