/*
 * generation: one lua_State with everything that was loaded into it.
 *
 * Built beside the one that serves (build.h), swapped in by tick, drained, closed. Its memory is
 * capped by its allocator. The loop thread.
 */
#ifndef HOST_SCRIPTS_GENERATION_H
#define HOST_SCRIPTS_GENERATION_H

#include "base/buf.h"
#include "metrics/metrics.h"
#include "scripts/slab.h"
#include "scripts/scripts.h"
#include "scripts/tree.h"
#include "settings/settings.h"

#include <lauxlib.h>
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
    bool done_well;   /* at least one of them has gone well */
    int64_t drain_ms; /* how long one may go on after a reload; such a one is not waited for at the
                         end. 0: the host's drain time */
    int64_t every_seconds; /* of main.lua's `every`; 0: an ordinary kind */
};

struct named {
    char *name;
    int ref;
    int64_t seconds; /* every */
};

/*
 * What a generation gets from bind/, which lies above this folder: the modules host.* and the
 * readers of two lists that scripts return. Given as a table when it is built, so that nothing here
 * includes a binding.
 */
struct script_modules {
    const luaL_Reg *list; /* "host.http" and its luaopen …, to { NULL, NULL } */
    /* Both take the list at the top of the stack, and throw, naming what is wrong. */
    void (*declare_settings)(lua_State *L, struct settings *s);
    void (*declare_metrics)(lua_State *L, struct generation *g);
};

struct generation {
    lua_State *L;
    const struct script_modules *modules;
    struct scripts *scripts;
    struct services *services;
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

/* Without libraries, for build.h. NULL: no memory. */
struct generation *generation_new(struct scripts *all, struct tree *tree);
/* Closes the state and frees everything. One that has run goes by task_close_generation. */
void generation_close(struct generation *g);

/* Has it done well what people notice: a job of each kind with a `failed` handler, or anything if
 * there is no such kind? */
bool generation_proven(const struct generation *g);
struct job_kind *generation_kind(struct generation *g, const char *name);
/* Runs f(L) protected on the main state with one light userdata argument. On failure false and
 * *error (free it). */
bool generation_protected(struct generation *g, lua_CFunction f, void *arg, char **error);
struct generation *generation_of(lua_State *L);

#endif
