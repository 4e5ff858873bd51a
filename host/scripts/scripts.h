/*
 * scripts: the Lua side of one running instance: its generations, and the queue of their tasks.
 * service/ owns it and decides the order in which things happen. Each generation points to its
 * scripts. The loop thread only.
 */
#ifndef HOST_SCRIPTS_SCRIPTS_H
#define HOST_SCRIPTS_SCRIPTS_H

#include "base/loop.h"
#include "scripts/services.h"
#include "work/jobs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct task;
struct generation;

struct task_list {
    struct task *head, *tail;
    size_t count;
};

/* A job whose end was lost with a group. It is put back when the store takes writes again. */
struct rearm {
    struct rearm *next;
    struct job job;
    bool written; /* it is in the open group, and is freed after the commit */
};

/* What runs next, and what waits for the commit. */
struct run_queue {
    struct task_list requests_ready; /* run first, because accepting goes before answering */
    struct task_list ready;
    /* What the running slice makes ready is kept here until its transaction is over. NULL: every
     * slice is part of one group, and nothing is kept. */
    struct task_list *kept;
    struct task *finished;         /* ended and touched the open group */
    struct task *durable;          /* wait in db.durable */
    struct task *scrubbing;        /* waits in db.scrub */
    struct loop_timer scrub_again; /* set: the next piece of scrubbing is not due yet */
    struct rearm *rearm;
    struct inbox_row row; /* the inbox row that failed and is tried again; id 0: none */
};

struct scripts {
    struct services *services;
    struct run_queue queue;
    struct generation *current;  /* serves and claims jobs */
    struct generation *next;     /* built; takes over at the end of this tick */
    struct generation *draining; /* older ones with running tasks, newest first */
    struct generation
        *reference;       /* of the last good files (service/reference.h); also in the list above */
    uint64_t generations; /* number built so far */
    size_t memory_cap;    /* per generation; 0: no cap */
};

#endif
