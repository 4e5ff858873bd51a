/*
 * bind: the Lua modules host.*, one file each. Each luaopen leaves its module table on the stack. Contracts: host/api.
 */
#ifndef HOST_BIND_BIND_H
#define HOST_BIND_BIND_H

#include "bind/values.h"
#include "scripts/generation.h"
#include "scripts/task.h"
#include "server/httpd.h"

#include <lauxlib.h>
#include <lua.h>

/* What generations are built with. */
extern const struct script_modules bind_modules;

int luaopen_host_http(lua_State *L);
int luaopen_host_db(lua_State *L);
int luaopen_host_jobs(lua_State *L);
int luaopen_host_inbox(lua_State *L);
int luaopen_host_task(lua_State *L);
int luaopen_host_log(lua_State *L);
int luaopen_host_metrics(lua_State *L);
int luaopen_host_files(lua_State *L);
int luaopen_host_ledger(lua_State *L);
int luaopen_host_settings(lua_State *L);

/* Throws at the caller's line while scripts are loading: there may be no database yet. */
void bind_not_loading(lua_State *L, const char *what);
/* The store refuses to write, or has lost the group: the task that runs ends here, and cannot catch it. Throws. */
int bind_not_stored(lua_State *L);
/* The running task has used the open group; without `stored` as above. */
void bind_wrote(lua_State *L, bool stored);
/* For tick: a piece of the work that a task waits for in db.scrub; no group is open. */
void bind_scrub_step(struct scripts *all);
/* Parts of host.jobs, host.inbox and host.db that live in purge.c. */
int bind_jobs_find(lua_State *L);
int bind_jobs_erase(lua_State *L);
int bind_jobs_list(lua_State *L);
int bind_jobs_forget(lua_State *L);
int bind_inbox_find(lua_State *L);
int bind_inbox_find_parked(lua_State *L);
int bind_inbox_get(lua_State *L);
int bind_inbox_replace(lua_State *L);
int bind_inbox_erase_parked(lua_State *L);
int bind_inbox_forget(lua_State *L);
int bind_db_scrub(lua_State *L);
int bind_db_holds(lua_State *L);
int bind_db_restored(lua_State *L);

/* A whole request: finds the route and makes a task ready, or answers 404/405; g NULL: 503. */
void bind_request(struct generation *g, struct httpd_request *r);
/* Pushes what a handler gets of a job (host.jobs.Job). Throws for memory and for a payload that is not JSON. */
void bind_push_job(lua_State *L, const struct job *j);
/* A claimed job (strings taken over): makes its task. The kind must exist in g. */
void bind_job_start(struct generation *g, struct job *job);
/* A job that failed elsewhere (strings and suspicion taken over), or its failed handler, on g. false: g has no such kind. */
bool bind_job_again(struct generation *g, struct job *job, struct suspicion *s);
/* t's request, handled once more on g (suspicion taken over). false: g has no such route, or no memory. */
bool bind_request_again(struct generation *g, struct task *t, struct suspicion *s);
/* Runs the kind's failed handler for a job that had its tries (strings taken over). */
void bind_job_failed(struct generation *g, struct job *job, int kind, const char *error);
/* One piece of an inbox row is given to its reader. What else than BIND_READ did nothing; what a failure means is for service/reading. */
enum {
    BIND_READ = 0,
    BIND_STORE_BUSY = 1, /* the store was in the way */
    BIND_THROWN = -1,    /* in *error, free it */
    BIND_NO_READER = -2
};
int bind_inbox_read(struct generation *g, struct inbox_row *row, char **error);
/* Calls main.lua's notice, if there is one. job may be NULL. */
void bind_notice(struct scripts *all, const char *event, const char *message, const struct job *job,
                 int64_t count);
/* Starts a command of main.lua. false: no such command. ended gets the text to print. */
bool bind_command(struct generation *g, const char *name, char *const *args, size_t count,
                  void (*ended)(struct task *t, bool ok, const char *text, size_t len), void *arg);
/* main.lua's status(words): JSON text, or with words lines for people; NULL: none, or it failed. The caller frees it. */
char *bind_status(struct generation *g, bool words, bool *fine);
/* Asks the scripts for their gauges; g NULL: there are none. false: they could not be read. */
bool bind_gauges(struct generation *g);
/* Takes the list of metrics at the top of the stack (throws, naming the file and what is wrong). */
void bind_metrics_declare(lua_State *L, struct generation *g);
/*
 * Runs entry to its end, in one slice that must not wait; no_wait names it for people. 0, -1 script error (text in *error, free it),
 * 1 the store was in the way.
 */
int bind_sync(struct generation *g, lua_CFunction entry, const char *no_wait, int ref, void *arg,
              char **error);
/* main.lua's prepare(), as a task. false: there is none, or no memory. */
bool bind_prepare(struct generation *g,
                  void (*ended)(struct task *t, bool ok, const char *text, size_t len), void *arg);
/* main.lua's start(), as a task. */
bool bind_start(struct generation *g);
/* Runs a Lua file as a task (assistant run); args[0] is its path. */
bool bind_file(struct generation *g, char *const *args, size_t count,
               void (*ended)(struct task *t, bool ok, const char *text, size_t len), void *arg);
/* Declares the settings in the list at the top of L's stack (throws). */
void bind_settings_declare(lua_State *L, struct settings *s);

#endif
