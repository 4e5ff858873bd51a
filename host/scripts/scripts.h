/*
 * scripts: the Lua side of one running instance: the generations that run, and the queue of their tasks. service/ owns it and says in
 * which order things happen; a generation knows the one it belongs to. The loop thread only.
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

/* A job whose end was lost with a group: put back as soon as the store takes writes again. */
struct rearm {
    struct rearm *next;
    struct job job;
    bool written; /* in the open group; free after its commit */
};

/* What runs next, and what waits for the commit. */
struct run_queue {
    struct task_list requests_ready; /* run first: accepting goes before answering */
    struct task_list ready;          /* run next */
    struct task *finished;           /* ended in this tick, touched the open group */
    struct task *durable;            /* wait for the commit */
    struct task *scrubbing;          /* waits in db.scrub */
    struct loop_timer scrub_again;   /* set: the next piece of that is not due */
    struct rearm *rearm;
    struct inbox_row row; /* the inbox row that failed and is tried again; id 0: none */
};

struct scripts {
    struct services *services;
    struct run_queue queue;
    struct generation *current;  /* serves and claims */
    struct generation *next;     /* built, takes over at the end of this tick */
    struct generation *draining; /* older ones with tasks left, newest first */
    struct generation
        *reference;       /* of the last good files (service/reference.h); in the list above */
    uint64_t generations; /* built so far */
    size_t memory_cap;    /* of a generation; 0: none */
};

#endif
