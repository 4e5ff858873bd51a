/*
 * cpu_guard: no script holds the loop longer than its slice.
 *
 * A timer on the loop thread's CPU clock compares the number of the running slice with the last
 * one. After LUA_SLICE_MS in one slice it sets a hook that throws at every instruction, so a loop
 * around pcall ends too. A hook cannot stop one long C call. The watchdog thread aborts the process
 * after WATCHDOG_MS of CPU time in one slice, and at the next start the page of `jobs` names the
 * work that ran. A C call that counts its own steps (patterns, rows) takes them from the slice, and
 * ends it before that. The cost per slice is a few stores. One guard per process.
 */
#ifndef HOST_SCRIPTS_CPU_GUARD_H
#define HOST_SCRIPTS_CPU_GUARD_H

#include <lua.h>
#include <stddef.h>
#include <stdint.h>

/* Once, from the loop thread. slice_ms 0: slices have no end (assistant run). watchdog_ms 0: no
 * watchdog. 0, or -1 with errno. */
int cpu_guard_start(unsigned slice_ms, unsigned watchdog_ms);
void cpu_guard_stop(void);
/* Called around every entry into Lua. L is the thread that runs. extra_ms lengthens this slice
 * (loading). An inner entry counts as part of the outer slice. cpu_guard_leave gets the result
 * back. */
lua_State *cpu_guard_enter(lua_State *L, unsigned extra_ms);
void cpu_guard_leave(lua_State *outer);
/* Around a wait for the database: the slice rests, so that others can run, and goes on with time of
 * its own. cpu_guard_rest: what cpu_guard_go_on needs; NULL: no slice runs. */
lua_State *cpu_guard_rest(void);
void cpu_guard_go_on(lua_State *L);
/* The number of the running slice. It is never used again. */
uint64_t cpu_guard_slice(void);
/* The Lua line that runs now, as "file:line". out is unchanged when no script runs. For the handler
 * of a deadly signal: Lua does not allow these calls there, so the line may be wrong and the call
 * may fault again. Only a process that ends next may call it. */
void cpu_guard_where(char *out, size_t size);
/* The steps that C calls may still take in this slice, and those it began with. Where slices have
 * no end, more than any call uses. */
struct cpu_guard_steps {
    int64_t left, all;
};
struct cpu_guard_steps *cpu_guard_steps(void);
/* Throws "file:line: stopped: what", and again at every instruction until L's slice ends. */
int cpu_guard_end(lua_State *L, const char *what);
/* Makes L throw at every instruction until its slice ends, so that a cancelled task cannot catch
 * it. */
void cpu_guard_condemn(lua_State *L);

#endif
