/*
 * host: one running instance, as the units of service/ see each other. What scripts and bindings
 * may see of it are its first two parts. tick says in which order things happen. The loop thread
 * only.
 */
#ifndef HOST_SERVICE_HOST_H
#define HOST_SERVICE_HOST_H

#include "base/trouble.h"
#include "client/pool.h"
#include "scripts/generation.h"
#include "server/httpd.h"
#include "store/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct admin;
struct backup;
struct versions;
struct metrics_http;

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
    struct services services;
    struct scripts scripts;
    struct admin *admin;
    struct httpd *httpd;
    struct backup *backup;             /* a copy under way */
    struct metrics_http *metrics_http; /* NULL: METRICS_LISTEN is unset */

    struct versions *versions; /* NULL: none are kept */
    struct tree *good;         /* the newest tree that has served well before the current one */
    struct verdict verdict;    /* on the files that serve */
    char bad_hash[65];     /* of a tree that was rolled back: not loaded again until it changes */
    char last_error[2048]; /* of the last failed reload, "" when the last one was fine */
    enum { ERROR_RELOAD, ERROR_ROLLED_BACK, ERROR_START } last_error_of;
    int64_t last_error_at, loaded_at; /* ms since 1970 */

    unsigned refused; /* requests of this second that were not let in: one log line for all */
    char refused_route[96];
    struct trouble
        trouble; /* why nothing can be stored, or could until now: staff hear of it later */
    uint64_t trouble_since_ns;
    unsigned drain_ms;
    bool plain;    /* not a service: nothing is claimed, read or reloaded */
    bool stopping; /* SIGTERM came: nothing new starts */
    bool paused;   /* a commit failed: no claims and no reading until the store is healthy */
    uint64_t script_errors, requests_seen;
    char script_error[512]; /* the last of them */
};

#endif
