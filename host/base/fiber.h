/*
 * fiber: a C stack of its own for code that waits for the database.
 *
 * Why: the C code that uses the database is written as if the database answered at once. On SQLite
 * it does. On PostgreSQL the same code runs on a fiber: it asks, switches back to the loop
 * (fiber_wait), and goes on when the answer is there (fiber_resume). So one C code serves both
 * engines, and the database also works where Lua cannot yield: in callbacks of gsub and sort, in
 * metamethods, and under a pcall of C.
 *
 * One thread, the loop's, owns all fibers. fiber_start and fiber_resume are called from the loop's
 * own stack and never from a fiber. Stacks are bounded in number, have a guard page below them, and
 * are used again. A fiber never waits for anything but the database, so there are as many as
 * connections. A Lua coroutine must be left (by yield, end or error) on the fiber that resumed it.
 * Coroutines of one Lua state may run on several fibers that take turns, because each coroutine
 * keeps its own place to jump to.
 */
#ifndef HOST_BASE_FIBER_H
#define HOST_BASE_FIBER_H

#include <stdbool.h>
#include <stddef.h>

struct fiber;

/* The bytes of a stack. The deepest that Lua allows, 200 gsubs inside one another's callbacks,
 * takes 411 KB on x86-64; libpq and TLS come on top. Only pages that were touched take memory. */
enum { FIBER_STACK = 1024 * 1024 };

/* How many may exist at once; 0 at the start. Not below the number that exist. */
void fiber_most(size_t most);
/* Whenever a fiber goes on, and whenever it waits or ends, on the loop's own stack: with what
 * fiber_start was given. `out` may free it when the fiber has ended. NULL: nobody is told. */
void fiber_watch(void (*in)(void *arg), void (*out)(void *arg));
/* Runs run(arg) at once, on a stack of its own, until it waits or ends. false: as many as allowed
 * exist, or there is no memory; run was not called. */
bool fiber_start(void (*run)(void *arg), void *arg);
/* The fiber that runs now, or NULL on the loop's own stack. */
struct fiber *fiber_current(void);
/* From a fiber: back to the caller of fiber_start or fiber_resume. Returns when it is resumed. */
void fiber_wait(void);
/* Lets a fiber that waits go on, until it waits again or ends. */
void fiber_resume(struct fiber *f);
/* How many have begun and not ended. */
size_t fiber_count(void);
/* Frees the stacks that are not in use. */
void fiber_free(void);

#endif
