/*
 * host: one running instance, as its units see each other.
 *
 * tick owns it and says in which order things happen; task and generation hang their state here; bindings reach the rest through
 * the generation they belong to. The loop thread only.
 */
#ifndef HOST_SERVICE_HOST_H
#define HOST_SERVICE_HOST_H

#include "server/httpd.h"
#include "work/jobs.h"
#include "base/loop.h"
#include "client/pool.h"
#include "settings/settings.h"
#include "store/store.h"
#include "scripts/tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct task;
struct generation;
struct http_op;
struct admin;
struct job_kind;
struct backup;
struct ledger;
struct metrics;
struct versions;
struct metrics_http;

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

/* What counts against the files that serve (judge.h). */
struct verdict {
    unsigned count;
    uint64_t last_ns, told_ns;
    char conversation[80]; /* of the first; several: another one failed too */
    bool several;
    struct {
        char what[64];
        unsigned count;
    } alone[8]; /* by kind of work that no customer starts */
};

struct host {
    struct loop *loop;
    struct store *store;
    struct jobs *jobs;
    struct admin *admin;
    struct ledger *ledger;
    struct httpd *httpd;
    struct pool *pool;
    struct backup *backup;             /* a copy under way */
    struct metrics *metrics;           /* NULL: not a service */
    struct metrics_http *metrics_http; /* NULL: METRICS_LISTEN is unset */

    struct generation *current;   /* serves and claims */
    struct generation *next;      /* built, takes over at the end of this tick */
    struct generation *draining;  /* older ones with tasks left, newest first */
    struct generation *reference; /* of the last good files (reference.h); in the list above */
    struct versions *versions;    /* NULL: none are kept */
    struct tree *good;            /* the newest tree that has served well before the current one */
    uint64_t reference_again_ns;  /* it could not be built: tried again then */
    struct verdict verdict;       /* on the files that serve */
    char bad_hash[65];     /* of a tree that was rolled back: not loaded again until it changes */
    uint64_t generations;  /* built so far */
    char last_error[2048]; /* of the last failed reload, "" when the last one was fine */
    enum { ERROR_RELOAD, ERROR_ROLLED_BACK, ERROR_START } last_error_of;
    int64_t last_error_at, loaded_at; /* ms since 1970 */

    struct task_list requests_ready; /* run first: accepting goes before answering */
    struct task_list ready;          /* run next */
    struct task *finished;           /* ended in this tick, touched the open group */
    struct task *durable;            /* wait for the commit */
    struct task *scrubbing;          /* waits in db.scrub */
    struct loop_timer scrub_again;   /* set: the next piece of that is not due */
    struct http_op *held;            /* outbound requests of this tick, released by its commit */
    struct http_op *requests;        /* every outbound request under way, held ones included */
    struct rearm *rearm;

    struct inbox_row row;        /* the inbox row that failed and is tried again; id 0: none */
    struct loop_timer row_again; /* set: not yet */
    uint64_t suspect_ns;  /* when the last suspect ran (claims.h); 0: since the start none waited */
    bool suspect_goes_on; /* the next item of that row is read in the next tick */
    int64_t parked_from;  /* parked rows past this id are read again; INT64_MAX: done */
    size_t batch;         /* tasks that were ready in this tick */
    uint64_t committed_ns, requests_before;
    uint64_t commit_ns;           /* of all commits so far, to see what the last one took */
    struct loop_timer second;     /* until the store is looked at again */
    struct loop_timer work;       /* until a job is due or may start (claims.h) */
    struct loop_timer lock_again; /* until the lock is tried again */
    unsigned refused; /* requests of this second that were not let in: one log line for all */
    char refused_route[96];
    uint64_t locked_ns; /* another program holds the database's lock since then; 0: nobody does */
    struct trouble
        trouble; /* why nothing can be stored, or could until now: staff hear of it later */
    uint64_t trouble_since_ns;
    uint64_t idle_since_ns;
    unsigned drain_ms;
    size_t memory_cap;
    bool plain;    /* not a service: nothing is claimed, read or reloaded */
    bool alone;    /* `assistant check`: every outbound request fails at once */
    bool answered; /* with alone: it is answered at once, with 200 and {} */
    bool in_notice;
    bool stopping; /* SIGTERM came: nothing new starts */
    bool paused;   /* a commit failed: no claims and no reading until the store is healthy */
    uint64_t script_errors, requests_seen;
    char script_error[512]; /* the last of them */
};

#endif
