/*
 * lua_sandbox: what a script can see. It protects honest owners from mistakes. It is not a jail.
 *
 * No io, os, debug, coroutine, load, collectgarbage; only text chunks; undefined globals are
 * errors; require stays inside the scripts folder; library tables are read-only; setmetatable
 * refuses __gc; a C call that could run without end is capped. The loop thread.
 */
#ifndef HOST_SCRIPTS_LUA_SANDBOX_H
#define HOST_SCRIPTS_LUA_SANDBOX_H

#include "scripts/generation.h"

/* Protected: the libraries, host.* and require for a generation. */
int lua_sandbox_open(lua_State *L);
/* Protected: the full library and host.* for `assistant run`. */
int lua_sandbox_open_plain(lua_State *L);
int patterns_open(lua_State *L); /* puts find, match, gmatch and gsub into the table on top */
/* Protected, with a light userdata: puts a scripts folder before package.path. */
int lua_sandbox_path(lua_State *L);
/* Where to note the file that is compiled (256 bytes), for a trial that dies while compiling. NULL:
 * nowhere. */
extern char *lua_sandbox_note;
/* Compiles one file and does not run it. false: *error is "file:line: cause" (the caller frees
 * it). */
bool lua_sandbox_compile(struct generation *g, const struct tree_file *f, char **error);
/* Makes settings.get answer from g->settings. */
bool lua_sandbox_settings(struct generation *g, char **error);
/* After loading: collects garbage and sets the collector's pace. */
void lua_sandbox_settle(struct generation *g);

#endif
