/*
 * task: a coroutine and the one thing it waits for, which always knows how to cancel itself.
 *
 * A task is a request, a job, an inbox row, a command or something a script spawned. It runs in one
 * place (task_run, from tick), until it waits or ends. Completions only call task_ready. What ended
 * in a group that is then lost is undone through task_lost. The loop thread only.
 */
#ifndef HOST_SCRIPTS_TASK_H
#define HOST_SCRIPTS_TASK_H

#include "scripts/generation.h"
#include "server/httpd.h"

#include <lua.h>

enum task_kind { TASK_REQUEST, TASK_JOB, TASK_SPAWN, TASK_COMMAND, TASK_SYNC };
enum task_state { TASK_READY, TASK_RUNNING, TASK_WAITING, TASK_ENDED };

/* The files that serve failed at this, and another generation does it now (judge.h). */
struct suspicion {
    char hash[65]; /* of the files that failed */
    char what[64]; /* the job's kind, the request's route */
    bool alone;    /* no customer starts this kind of work */
    char *error;
};

/* Something that a task holds; it lies in the thing itself. */
struct task_held {
    struct task_held *next;
    void (*release)(void *arg);
    void *arg;
};

struct task {
    struct generation *gen;
    lua_State *co;
    int ref; /* anchors co in the registry */
    enum task_kind kind;
    enum task_state state;
    bool condemned;      /* must not run again: its group was lost, or its generation is closed */
    const char *no_wait; /* why it cannot wait here, for people; NULL: it can */
    uint64_t touched;    /* 1 + the group it touched the database in last; 0: none */
    void (*cancel)(struct task *t); /* ends the pending wait at once without waking the task; NULL:
                                       waits for nothing */
    struct loop_timer timer;        /* sleep, event */
    void *wait; /* what it waits for: an event, a request, a count of cancelled requests */
    bool timed_out;
    struct httpd_request *request;
    uint64_t since_ns; /* TASK_REQUEST: when it was there */
    unsigned status;   /* TASK_REQUEST: what its handler answered; 0: nothing */
    struct job job;    /* TASK_JOB */
    int job_kind;      /* index into its generation's kinds; -1: none */
    int sync_ref;      /* TASK_SYNC: the function, a registry reference */
    void (*ended)(struct task *t, bool ok, const char *text,
                  size_t len); /* TASK_COMMAND: what came of it, once that is durable */
    char *said;                /* TASK_COMMAND: its result, until then */
    size_t said_len;
    void *arg;
    struct inbox_row *row;       /* TASK_SYNC of an inbox reader: what it reads */
    char *error;                 /* traceback of what ended it */
    struct suspicion *suspicion; /* NULL: nobody failed at it before */
    struct task_held *held;      /* task_defer's, newest first */
    struct task *next_ready;
    struct task *next_side;   /* finished, durable */
    struct task *prev, *next; /* in its generation */
};

/* A new task; entry is a light C function that runs first on its coroutine (its stack is empty). It
 * is ready when task_ready is called. NULL: no memory. */
struct task *task_new(struct generation *g, enum task_kind kind, lua_CFunction entry);
void task_ready(struct task *t);
/*
 * Runs it until it waits or ends. Only tick calls this, and bindings for TASK_SYNC. What it means
 * that a task did well or failed is decided above (service/judge), so it is returned: the caller
 * judges it, and calls task_end.
 */
enum task_outcome {
    TASK_OVER, /* nothing is to be judged: it waits, or was cancelled and is gone (TASK_SYNC: its
                  caller's) */
    TASK_FINE,
    TASK_FAILED /* with t->error */
};
enum task_outcome task_run(struct task *t);
/* The end of one that was judged: freed, or kept until what it wrote is durable. */
void task_end(struct task *t);
/* Ends it without running it again: cancels its wait, answers its request 503, puts its job back.
 */
void task_kill(struct task *t);
void task_free(struct task *t);
/* What t holds is released when t is freed, last first. */
void task_defer(struct task *t, struct task_held *held, void (*release)(void *arg), void *arg);
/* It is released already. */
void task_undefer(struct task *t, struct task_held *held);
/* Kills the tasks of a generation that has run, and closes it. NULL is fine. */
void task_close_generation(struct generation *g);
void suspicion_free(struct suspicion *s);

/* The task that runs on L, or NULL (loading, a coroutine of the script's own). */
struct task *task_of(lua_State *L);
/* Throws at the caller's line unless this task can wait here; what: "http.request". */
struct task *task_may_wait(lua_State *L, const char *what);
/* The last statement of a waiting binding: `return task_wait(L, t, cancel, k)`. k pushes the
 * results. */
int task_wait(lua_State *L, struct task *t, void (*cancel)(struct task *), lua_KFunction k);
/* Marks that t saw or changed the open group. */
void task_touch(struct task *t);

/* After a commit: what ended in it may go, what waits for it wakes. After a loss: everyone who
 * touched it is undone. */
void task_committed(struct scripts *all);
void task_lost(struct scripts *all, uint64_t group);
/* Jobs that a loss or a kill left claimed go back to ready, soon, or with at_once for the next
 * process. Called before each commit. */
void task_rearm(struct scripts *all, bool at_once);
void task_put_back(struct scripts *all, struct job *job); /* takes over the strings */

#endif
