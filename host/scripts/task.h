/*
 * task: a coroutine and the one thing it waits for, with the way to cancel that wait.
 *
 * A task is a request, a job, an inbox row, a command or a spawned function. Only task_run runs it,
 * until it waits or ends, and only tick calls that. A completion calls task_ready and nothing else.
 * task_lost undoes what ended in a group that was lost. The loop thread only.
 */
#ifndef HOST_SCRIPTS_TASK_H
#define HOST_SCRIPTS_TASK_H

#include "scripts/generation.h"
#include "server/httpd.h"

#include <lua.h>

enum task_kind { TASK_REQUEST, TASK_JOB, TASK_SPAWN, TASK_COMMAND, TASK_SYNC };
enum task_state { TASK_READY, TASK_RUNNING, TASK_WAITING, TASK_ENDED };

/* Work that failed on the serving files and is now done on another generation (service/judge.h). */
struct suspicion {
    char hash[65]; /* of the files that failed */
    char what[64]; /* the job's kind, or the request's route */
    bool alone;    /* no customer starts this kind of work */
    char *error;
};

/* Something that a task holds. The struct is a member of that thing. */
struct task_held {
    struct task_held *next;
    void (*release)(void *arg);
    void *arg;
};

typedef void (*task_ended)(struct task *t, bool ok, const char *text, size_t len);

struct task {
    struct generation *gen;
    lua_State *co;
    int ref; /* a reference that keeps co alive */
    enum task_kind kind;
    enum task_state state;
    bool condemned; /* must not run again, because its group was lost or its generation is closed */
    const char *no_wait; /* why it must not wait, in messages; NULL: it may */
    uint64_t touched;    /* 1 + the last group in which it touched the database; 0: none */
    /* Ends the wait at once and does not wake the task. NULL: task_kill needs no help. */
    void (*cancel)(struct task *t);
    struct loop_timer timer; /* of a sleep or an event */
    void *wait; /* what it waits for: an event, a request, or a number of cancelled requests */
    bool timed_out;
    /* Its slice's transaction is not over: it cannot be made ready or freed (woken: it was made
     * ready meanwhile). Only where each slice has its own. */
    bool busy, woken;
    unsigned slices, again; /* begun so far; how often it began again: only there */
    struct httpd_request *request;
    uint64_t since_ns; /* TASK_REQUEST: when it arrived */
    unsigned status;   /* TASK_REQUEST: the status that its handler answered; 0: none yet */
    struct job job;    /* TASK_JOB */
    int job_kind;      /* index into its generation's kinds; -1: none */
    int sync_ref;      /* TASK_SYNC: a reference to the function */
    task_ended ended;  /* TASK_COMMAND: called with the result when that is durable */
    char *said;        /* TASK_COMMAND: the result, until it is durable */
    size_t said_len;
    void *arg;
    struct inbox_row *row;       /* TASK_SYNC of an inbox reader: the row it reads */
    char *error;                 /* the error that ended it, with traceback */
    struct suspicion *suspicion; /* NULL: the work did not fail elsewhere before */
    struct task_held *held;      /* from task_defer, newest first */
    struct task *next_ready;
    struct task_list *list;   /* TASK_READY: where it stands */
    uint64_t durable_at;      /* in db.durable: until store_durable says this */
    struct task *next_side;   /* in the queue's lists of finished and durable tasks */
    struct task *prev, *next; /* in its generation's list */
};

/* A new task. entry is a light C function that runs first on its coroutine, whose stack is empty.
 * task_ready makes it run. NULL: no memory. */
struct task *task_new(struct generation *g, enum task_kind kind, lua_CFunction entry);
void task_ready(struct task *t);
/* The first task of a list, taken from it. */
struct task *task_take(struct task_list *list);
/* Puts what a slice has made ready where it runs. */
void task_list_move(struct task_list *kept);
/* Runs the task until it waits or ends. Only tick calls it, and bindings for TASK_SYNC. The caller
 * has the outcome judged (service/judge) and then calls task_end. */
enum task_outcome {
    TASK_OVER, /* nothing to judge: it waits, or was cancelled and freed (TASK_SYNC: by its
                  caller) */
    TASK_FINE,
    TASK_FAILED, /* with t->error */
    TASK_UNDONE  /* it was cancelled, or its group is lost: the caller calls task_kill */
};
enum task_outcome task_run(struct task *t);
/* Ends a task that was judged: frees it, or keeps it until what it wrote is durable. */
void task_end(struct task *t);
/* Ends a task that must not run again: cancels its wait, answers its request 503, puts its job
 * back. */
void task_kill(struct task *t);
void task_free(struct task *t);
/* Calls release(arg) when t is freed. The last one deferred is released first. */
void task_defer(struct task *t, struct task_held *held, void (*release)(void *arg), void *arg);
/* Removes it without calling release. */
void task_undefer(struct task *t, struct task_held *held);
/* Kills the tasks of a generation that has run, and closes it. NULL is fine. */
void task_close_generation(struct generation *g);
void suspicion_free(struct suspicion *s);

/* The task that runs on L. NULL: scripts are loading, or L is a coroutine that a script made. */
struct task *task_of(lua_State *L);
/* Throws at the caller's line when this task must not wait here. what: "http.request". */
struct task *task_may_wait(lua_State *L, const char *what);
/* The last statement of a binding that waits: `return task_wait(L, t, cancel, k)`. k pushes the
 * results. */
int task_wait(lua_State *L, struct task *t, void (*cancel)(struct task *), lua_KFunction k);
/* Marks that t read or changed the open group. */
void task_touch(struct task *t);

/* After a commit: lets go what ended in it. After a loss: undoes every task that touched the group.
 * task_durable: wakes what waits for a sync that is done. */
void task_committed(struct scripts *all);
void task_durable(struct scripts *all);
void task_lost(struct scripts *all, uint64_t group);
/* Makes jobs ready again that a loss or a kill left claimed: soon, or with at_once for the next
 * process. Called before each commit. */
void task_rearm(struct scripts *all, bool at_once);
/* What task_rearm wrote was lost: it writes it again. task_lost does this too. */
void task_rearm_lost(struct scripts *all);
void task_put_back(struct scripts *all, struct job *job); /* takes over the strings */

#endif
