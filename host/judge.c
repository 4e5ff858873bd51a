#include "judge.h"

#include "bind/bind.h"
#include "generation.h"
#include "log.h"
#include "reload.h"

#include <stdio.h>
#include <string.h>

/* A kind of job, or -1: everything else. */
static int kind_of(const struct task *t)
{
    return t->kind == TASK_JOB ? t->job_kind : -1;
}

void judge_fine(struct task *t)
{
    if (t->kind != TASK_REQUEST && t->kind != TASK_JOB)
        return;
    /* That webhooks are taken says nothing about turns that fail: only the kind that failed last can end the row. */
    if (kind_of(t) == t->gen->failing)
        t->gen->errors_in_row = 0;
    t->gen->proven = true;
}

static void log_error(struct generation *g, const char *what, const char *error)
{
    g->host->script_errors++;
    snprintf(g->host->script_error, sizeof g->host->script_error, "%s", error ? error : "");
    log_event(LOG_ERROR, "script.error", log_s("in", what), log_s("error", error),
              log_n("generation", g->hash, strnlen(g->hash, 12)));
}

static void count_error(struct generation *g, int kind, const char *what, const char *error)
{
    struct host *h = g->host;
    log_error(g, what, error);
    g->failing = kind;
    g->errors_in_row++;
    if (g == h->current && g->errors_in_row >= JUDGE_ROW && h->good &&
        strcmp(h->good->hash, g->hash) != 0)
        reload_roll_back(h, error);
}

static void job_failed(struct task *t)
{
    struct generation *g = t->gen;
    struct host *h = g->host;
    struct job *job = &t->job;
    int kind = t->job_kind;
    int64_t every = kind >= 0 ? g->kinds[kind].every_seconds : 0;
    if (every) { /* the next time comes by itself */
        if (jobs_again(h->jobs, job, loop_wall_ms() + every * 1000, false, t->error) < 0)
            task_put_back(h, job);
        task_touch(t);
        return;
    }
    int tries = g->proven || !h->good ? JUDGE_TRIES : JUDGE_TRIES_UNPROVEN;
    if (job->attempts + 1 < tries || h->current != g) {
        if (jobs_again(h->jobs, job, loop_wall_ms() + JUDGE_AGAIN_MS, true, t->error) < 0)
            task_put_back(h, job);
    } else if (kind >= 0 && g->kinds[kind].failed != LUA_NOREF && !job->error_handled) {
        bind_job_failed(g, job, kind, t->error);
    } else {
        int rc = jobs_die(h->jobs, job, t->error);
        task_touch(t); /* before the notice, which may lose the group */
        if (rc < 0)
            task_put_back(h, job);
        else
            bind_notice(h, "job_dead", t->error, job, 0);
    }
    task_touch(t);
}

void judge_failed(struct task *t)
{
    static const char *const names[] = { "request", "job", "spawned task", "command", "inbox" };
    if (t->kind == TASK_COMMAND) /* a word mistyped five times by staff is no reason to roll back */
        log_error(t->gen, names[t->kind], t->error);
    else
        count_error(t->gen, kind_of(t),
                    t->kind == TASK_JOB && t->job.kind ? t->job.kind : names[t->kind], t->error);
    if (t->request)
        httpd_error(t->request, 500, "internal error");
    if (t->kind == TASK_JOB)
        job_failed(t);
}

bool judge_row_failed(struct generation *g, const char *error, unsigned tries)
{
    struct host *h = g->host;
    if (tries < JUDGE_TRIES) /* counted once: one bad row is not five bad turns */
        count_error(g, -1, "inbox", error);
    return tries >= JUDGE_TRIES && (g->proven || !h->good || tries >= JUDGE_TRIES_UNPROVEN) &&
           h->current == g;
}
