/*
 * generation: one lua_State with everything that was loaded into it.
 *
 * Built beside the one that serves, from a tree in memory and a settings snapshot; checked; swapped in by tick; drained; closed. A
 * failed build leaves nothing behind and says why with file, line and remedy. Its memory is capped by its allocator. The loop thread.
 */
#ifndef HOST_SCRIPTS_GENERATION_H
#define HOST_SCRIPTS_GENERATION_H

#include "base/buf.h"
#include "service/host.h"
#include "metrics/metrics.h"
#include "scripts/slab.h"
#include "scripts/task.h"

#include <lua.h>

struct route {
    char *method, *path;
    size_t path_len;
    bool prefix; /* "/x/…": path holds it with the slash */
    int ref;
};

struct job_kind {
    char *name;
    int run, failed; /* registry references; failed: LUA_NOREF when there is none */
    int limit, running;
    double per_second, burst, tokens; /* the pace; per_second 0: none */
    uint64_t refilled_ns;
    /* 1 + the kind whose pace this one has too, and which goes first; 0: it has its own */
    size_t after;
    bool done_well; /* at least one of them has gone well */
    int64_t
        drain_ms; /* how long one may go on after a reload; such a one is not waited for at the end. 0: the host's drain time */
    int64_t every_seconds; /* of main.lua's `every`; 0: an ordinary kind */
};

struct named {
    char *name;
    int ref;
    int64_t seconds; /* every */
};

struct generation {
    lua_State *L;
    struct host *host;
    struct tree *tree;
    struct settings *settings;
    uint64_t number;
    char hash[65];
    struct slab slab;
    size_t memory, memory_cap;
    bool large;    /* collected often, to keep memory in bounds */
    bool headroom; /* pushes of the host may pass the cap */

    struct route *routes;
    struct job_kind *kinds;
    struct named *readers, *every, *commands;
    size_t route_count, kind_count, reader_count, every_count, command_count;
    int notice, status, start, gauges, prepare; /* LUA_NOREF when absent */
    struct metric_set metrics;
    char **schema; /* "scripts", and one more list */
    size_t schema_count;
    char *extra_name;
    char **extra_schema;
    size_t extra_count;
    char schema_hash[65];
    struct buf warnings; /* what is doubtful in its files, one line each */
    bool announced;      /* people are to hear when it takes over */

    struct task *tasks; /* alive */
    size_t task_count;
    struct task *spare; /* ended coroutines to run again */
    size_t spare_count;

    bool worked;         /* at least one job or request has gone well */
    uint64_t drained_ns; /* when a newer one took over; of the reference: when it was last used */
    struct generation *older;
};

struct generation_options {
    const char *main_module;     /* "main", "stand_ins.main" */
    const char *settings_module; /* "settings" */
    bool make_up_settings;       /* the scripts' settings are defaults or made up, never the
                                    environment's: all that a setting switches on is on */
    bool ignore_settings;        /* no word about settings at all (check DIR) */
    bool borrows;                /* see struct serve_mode */
};

enum generation_result { GENERATION_OK = 0, GENERATION_SETTINGS = 2, GENERATION_SCRIPTS = 5 };

/* *out NULL: problems holds lines for people (settings' and scripts', both). warnings: the settings', and those of the files. */
enum generation_result generation_build(struct generation **out, struct host *h, struct tree *tree,
                                        const struct generation_options *o, struct buf *problems,
                                        struct buf *warnings);
/* A bare state for `assistant run`: the full library, host.* modules, scripts on the path. */
struct generation *generation_plain(struct host *h, const char *scripts_dir, struct buf *problems);
/* Kills its tasks, closes the state, frees everything. */
void generation_close(struct generation *g);

struct job_kind *generation_kind(struct generation *g, const char *name);
/* Runs f(L) protected on the main state with one light userdata argument. On failure false and *error (free it). */
bool generation_protected(struct generation *g, lua_CFunction f, void *arg, char **error);
struct generation *generation_of(lua_State *L);

#endif
