/*
 * cpu_guard: no script holds the loop for longer than its slice.
 *
 * A repeating timer on the loop thread's CPU clock looks at the number of the slice that runs. The
 * same number for LUA_SLICE_MS: a hook is set on the running thread that throws at every
 * instruction, so a pcall loop dies too. What no hook can stop (one long C call) is ended by a
 * thread that aborts the process after WATCHDOG_MS of CPU inside one slice; the page of `jobs` then
 * names the culprit at the next start. A C call that counts its own steps (patterns) takes them
 * from the slice's and ends it before that. Costs nothing per slice but a few stores. One guard a
 * process.
 */
#ifndef HOST_SCRIPTS_CPU_GUARD_H
#define HOST_SCRIPTS_CPU_GUARD_H

#include <lua.h>
#include <stddef.h>
#include <stdint.h>

/* From the loop thread, once. slice_ms 0: no slices (assistant run). watchdog_ms 0: none. 0, or -1
 * with errno. */
int cpu_guard_start(unsigned slice_ms, unsigned watchdog_ms);
void cpu_guard_stop(void);
/* Around every entry into Lua. L is the thread that runs; extra_ms lengthens this slice (loading).
 * Entries nest: the inner one counts as part of the outer slice. Returns what cpu_guard_leave wants
 * back. */
lua_State *cpu_guard_enter(lua_State *L, unsigned extra_ms);
void cpu_guard_leave(lua_State *outer);
/* A number that is the same within one slice and never again. */
uint64_t cpu_guard_slice(void);
/*
 * The line of Lua that runs now, as "file:line"; out is unchanged when none does. For the handler
 * of a deadly signal: Lua's calls are not meant for that, so it may be wrong or fault again, and
 * only a process that ends next may ask.
 */
void cpu_guard_where(char *out, size_t size);
/* What C calls that count their own steps may still take in this slice, and what there was at its
 * beginning. Outside of a slice, and where slices have no end: more than anybody uses. */
struct cpu_guard_steps {
    int64_t left, all;
};
struct cpu_guard_steps *cpu_guard_steps(void);
/* Throws "file:line: stopped: what", and the same at every instruction from now to the end of L's
 * slice. */
int cpu_guard_end(lua_State *L, const char *what);
/* Makes L throw at every instruction from now to the end of its slice: a cancelled task cannot
 * catch it. */
void cpu_guard_condemn(lua_State *L);

#endif
