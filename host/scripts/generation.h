/*
 * generation: one Lua state with everything that was loaded into it.
 *
 * build makes it beside the serving one. tick lets it take over, drains it and closes it. Its
 * allocator caps its memory. The loop thread.
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
    bool prefix; /* "/x/…": path keeps the slash */
    int ref;
};

struct job_kind {
    char *name;
    int run, failed; /* references in the registry; failed: LUA_NOREF when there is none */
    int limit, running;
    double per_second, burst, tokens; /* rate limit; per_second 0: none */
    uint64_t refilled_ns;
    /* 1 + the kind whose rate limit this kind shares, after that kind; 0: it has its own */
    size_t after;
    bool done_well;   /* at least one job of this kind succeeded */
    int64_t drain_ms; /* of a job after a reload, and none at shutdown; 0: the host's drain time */
    int64_t every_seconds; /* from `every` of main.lua; 0: an ordinary kind */
};

struct named {
    char *name;
    int ref;
    int64_t seconds;
};

/* What bind/ gives to a generation: the modules host.* and the readers of two lists that scripts
 * return. bind/ is above this folder, so this table is passed when a generation is built, and
 * nothing here includes a binding. */
struct script_modules {
    const luaL_Reg *list; /* "host.http" and its luaopen, …; { NULL, NULL } ends it */
    /* Both take the list at the top of the stack. They throw with the cause. */
    void (*declare_settings)(lua_State *L, struct settings *s);
    void (*declare_metrics)(lua_State *L, struct generation *g);
};

/* How much a collection does for each 8 KB that are taken: about 0.15 ms, and it ends before the
 * state has grown by an eighth more. With 200 (Lua's own is 100) one turn paid for a whole
 * collection: 90 ms with 2,000 turns waiting, now 20. */
enum { GARBAGE_STEP = 4 };

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
    int garbage_pause; /* percent; 0: as it was loaded */
    bool headroom;     /* the host's pushes may pass the cap */

    struct route *routes;
    struct job_kind *kinds;
    struct named *readers, *every, *commands;
    size_t route_count, kind_count, reader_count, every_count, command_count;
    int notice, status, start, gauges, prepare; /* LUA_NOREF: none */
    struct metric_set metrics;
    char **schema; /* "scripts", and one more list */
    size_t schema_count;
    char *extra_name;
    char **extra_schema;
    size_t extra_count;
    char schema_hash[65];
    struct buf warnings; /* doubts about its files, one line each */
    bool announced;      /* people are told when it takes over */

    struct task *tasks; /* all that have not ended */
    size_t task_count;
    struct task *spare; /* coroutines that have ended, for use by new tasks */
    size_t spare_count;

    bool worked;         /* at least one job or request succeeded */
    uint64_t drained_ns; /* when a newer one took over; for the reference: its last use */
    struct generation *older;
};

/* For build alone: a state without libraries. NULL: no memory. */
struct generation *generation_new(struct scripts *all, struct tree *tree);
/* Closes the state and frees everything. For one that has run tasks, call task_close_generation. */
void generation_close(struct generation *g);

/* true: a job of each kind with a `failed` handler succeeded; without such kinds, anything
 * succeeded. */
bool generation_proven(const struct generation *g);
const struct named *named_find(const struct named *list, size_t count, const char *name);
struct job_kind *generation_kind(const struct generation *g, const char *name);
/* Calls f(L) protected on the main state, with one light userdata. false: *error holds the cause
 * (the caller frees it). */
bool generation_protected(struct generation *g, lua_CFunction f, void *arg, char **error);
struct generation *generation_of(lua_State *L);

#endif
