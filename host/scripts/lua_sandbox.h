/*
 * lua_sandbox: what a script can see, for honest owners: mistakes stay small, nothing waits in the
 * wrong place. Not a jail.
 *
 * No io, os, debug, coroutine, load, collectgarbage; text chunks only; undefined globals are
 * errors; require stays inside the scripts folder; library tables are read-only; setmetatable
 * refuses __gc; what one C call could do for ever is capped.
 */
#ifndef HOST_SCRIPTS_LUA_SANDBOX_H
#define HOST_SCRIPTS_LUA_SANDBOX_H

#include "scripts/generation.h"

int lua_sandbox_open(lua_State *L); /* protected: libraries, host.* and require for a generation */
int lua_sandbox_open_plain(
    lua_State *L);               /* protected: the full library and host.* for `assistant run` */
int patterns_open(lua_State *L); /* puts find, match, gmatch and gsub into the table on top */
int lua_sandbox_path(
    lua_State *L); /* protected, light userdata: a scripts folder put before package.path */
/* Where the file that is compiled is noted (256 bytes), for a trial that dies with it. NULL:
 * nowhere. */
extern char *lua_sandbox_note;
/* Compiles one file without running it. false: *error "file:line: what" (free it). */
bool lua_sandbox_compile(struct generation *g, const struct tree_file *f, char **error);
/* Makes settings.get answer from g->settings. */
bool lua_sandbox_settings(struct generation *g, char **error);
/* After loading: collects what it left behind, and sets the pace of the collector. */
void lua_sandbox_settle(struct generation *g);

#endif
