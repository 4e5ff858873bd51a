/*
 * bind: the Lua modules host.*, one file each (contracts: host/api), and the calls by which
 * service/ enters Lua.
 *
 * Each luaopen leaves its module table on the stack. The loop thread only. Where a contract below
 * says "throws", the caller is in a protected call.
 */
#ifndef HOST_BIND_BIND_H
#define HOST_BIND_BIND_H

#include "bind/values.h"
#include "scripts/generation.h"
#include "scripts/task.h"
#include "server/httpd.h"

#include <lauxlib.h>
#include <lua.h>

/* What a generation gets from this folder (modules.c). */
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
int luaopen_host_media(lua_State *L);
int luaopen_host_settings(lua_State *L);

/* Throws at the caller's line while scripts are loading, because the database is perhaps not open
 * yet. */
void bind_not_loading(lua_State *L, const char *what);
/* Ends the running task, which cannot catch it: the store refuses to write, or the group was lost.
 * Throws. */
int bind_not_stored(lua_State *L);
/* Marks that the running task used the open group. stored false: does what bind_not_stored does. */
void bind_wrote(lua_State *L, bool stored);
/* Gives the file of an answer to the task that asked for it, and pushes it as host.media.File. It
 * is removed when that task ends and has not kept it. Throws; then the file is still the answer's.
 */
void bind_media_push(lua_State *L, struct task *t, struct pool_file *file);
/* For tick, while no group is open: one piece of the scrubbing that a task in db.scrub waits for.
 * busy: other work ran in this tick. */
void bind_scrub_step(struct scripts *all, bool busy);
/* Parts of host.jobs, host.inbox and host.db that purge.c defines. */
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

/* Makes a task for the request's route, or answers 404 or 405. g NULL: answers 503. */
void bind_request(struct generation *g, struct httpd_request *r);
/* Pushes the job as its handler gets it (host.jobs.Job). Throws when out of memory, or when the
 * payload is not JSON. */
void bind_push_job(lua_State *L, const struct job *j);
/* Makes the task of a claimed job, and takes over its strings. g must have its kind. */
void bind_job_start(struct generation *g, struct job *job);
/* Runs a job that failed on other files, or its `failed` handler, on g. Takes over its strings and
 * s. false: g has no such kind. */
bool bind_job_again(struct generation *g, struct job *job, struct suspicion *s);
/* Handles t's request once more, on g. Takes over s. false: g has no such route, or no memory. */
bool bind_request_again(struct generation *g, struct task *t, struct suspicion *s);
/* Runs the kind's `failed` handler for a job that has used up its tries. Takes over its strings. */
void bind_job_failed(struct generation *g, struct job *job, int kind, const char *error);
/* Gives one piece of an inbox row to its reader. Unless it returns BIND_READ, nothing was changed.
 * service/reading decides what a failure means. */
enum {
    BIND_READ = 0,
    BIND_STORE_BUSY = 1, /* the group was lost, or memory is missing */
    BIND_THROWN = -1,    /* *error says why; the caller frees it */
    BIND_NO_READER = -2
};
int bind_inbox_read(struct generation *g, struct inbox_row *row, char **error);
/* Calls `notice` of main.lua, if there is one. job may be NULL. */
void bind_notice(struct scripts *all, const char *event, const char *message, const struct job *job,
                 int64_t count);
/* Starts a command of main.lua. `ended` gets the text to print. false: there is no such command. */
bool bind_command(struct generation *g, const char *name, char *const *args, size_t count,
                  task_ended ended, void *arg);
/* Calls `status` of main.lua. words: lines for people, else JSON. NULL: there is none, or it
 * failed. The caller frees the text. */
char *bind_status(struct generation *g, bool words, bool *fine);
/* Has the scripts set their gauges. g NULL: there are no scripts. false: the gauges could not be
 * read. */
bool bind_gauges(struct generation *g);
/* Declares the list of metrics at the top of the stack. Throws with the file and the cause. */
void bind_metrics_declare(lua_State *L, struct generation *g);
/* Runs entry in one slice that must not wait. no_wait names it in messages. 0; -1: a script error,
 * in *error (the caller frees it); 1: the group was lost, or memory is missing. */
int bind_sync(struct generation *g, lua_CFunction entry, const char *no_wait, int ref, void *arg,
              char **error);
/* Runs prepare() of main.lua as a task. false: there is none, or no memory. */
bool bind_prepare(struct generation *g, task_ended ended, void *arg);
/* Runs start() of main.lua as a task. false: there is none, or no memory. */
bool bind_start(struct generation *g);
/* Runs the Lua file args[0] as a task (assistant run). false: no memory. */
bool bind_file(struct generation *g, char *const *args, size_t count, task_ended ended, void *arg);
/* Declares the list of settings at the top of the stack. Throws. */
void bind_settings_declare(lua_State *L, struct settings *s);

#endif
