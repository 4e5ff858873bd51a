/*
 * host: one running instance, for the units of service/. Scripts and bindings see only its first
 * two members. tick decides the order in which things happen. The loop thread only.
 */
#ifndef HOST_SERVICE_HOST_H
#define HOST_SERVICE_HOST_H

#include "base/trouble.h"
#include "client/pool.h"
#include "scripts/generation.h"
#include "server/httpd.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

struct admin;
struct backup;
struct versions;
struct metrics_http;

/* What counts against the serving files (judge.h). */
struct verdict {
    unsigned count;
    uint64_t last_ns, told_ns;
    char conversation[80]; /* of the first; several: another conversation failed too */
    bool several;
    struct {
        char what[64];
        unsigned count;
    } alone[8]; /* per kind of work that no customer starts */
};

struct host {
    struct services services;
    struct scripts scripts;
    struct admin *admin;
    struct httpd *httpd;
    struct backup *backup;             /* the running copy */
    struct metrics_http *metrics_http; /* NULL: METRICS_LISTEN is unset */

    struct versions *versions; /* NULL: no versions are kept */
    struct tree *good;         /* the newest tree that served well before the current one */
    struct verdict verdict;    /* on the serving files */
    char bad_hash[65]; /* of the tree that was rolled back; it is not loaded until a file changes */
    char last_error[2048]; /* of the last failed reload; "": the last one succeeded */
    enum { ERROR_RELOAD, ERROR_ROLLED_BACK, ERROR_START } last_error_of;
    int64_t last_error_at, loaded_at; /* ms since 1970 */

    unsigned refused; /* refused requests of this second: one log line for all */
    char refused_route[96];
    /* Why nothing can be stored, or could not until now. Staff are told afterwards. */
    struct trouble trouble;
    uint64_t trouble_since_ns;
    unsigned drain_ms;
    bool plain;    /* not a service: it claims, reads and reloads nothing */
    bool stopping; /* SIGTERM arrived: nothing new starts */
    bool paused;   /* a commit failed: no claims and no reading until the store is healthy */
    uint64_t script_errors, requests_seen;
    char script_error[512]; /* when the last of them happened */
};

#endif
