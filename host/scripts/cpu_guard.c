#include "scripts/cpu_guard.h"

#include "base/log.h"

#include <errno.h>
#include <lauxlib.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

enum {
    LOOKS = 4, /* looks per slice */
    /* A step takes 2 to 10 ns, so this many take about as long as the slice may last. A turn of the
     * specs takes 1,000,000 at most. */
    STEPS_PER_MS = 100000
};

static struct {
    unsigned slice_ms, watchdog_ms;
    atomic_uint extra_ms; /* extra time of the running slice */
    timer_t timer;
    int have_timer;
    pthread_t dog;
    int have_dog;
    clockid_t loop_clock;
    lua_State *volatile running;
    atomic_uint_fast64_t slice; /* odd while a slice runs */
    volatile sig_atomic_t looks, looks_allowed;
    uint_fast64_t seen;
    struct cpu_guard_steps steps;
    volatile sig_atomic_t ended; /* set by cpu_guard_end, which gave … */
    char why[512];               /* … this */
    atomic_int stop;
    pthread_mutex_t mutex;
    pthread_cond_t stopped;
} g = { .steps = { INT64_MAX, INT64_MAX },
        .mutex = PTHREAD_MUTEX_INITIALIZER,
        .stopped = PTHREAD_COND_INITIALIZER };

/* Pushes "file:line: " of the innermost Lua line. luaL_error would not find it from a hook or
 * through a pcall. */
static const char *push_place(lua_State *L)
{
    lua_Debug at;
    for (int level = 0; lua_getstack(L, level, &at); level++)
        if (lua_getinfo(L, "Sl", &at) && at.currentline > 0)
            return lua_pushfstring(L, "%s:%d: ", at.short_src, at.currentline);
    return lua_pushliteral(L, "");
}

/* The line where it was stopped is in the loop that does not end. */
static void too_long(lua_State *L, lua_Debug *unused)
{
    (void)unused;
    int ms = (int)(g.slice_ms + atomic_load(&g.extra_ms));
    lua_pushfstring(
        L,
        "%sstopped: it ran for more than %d ms without waiting. Look for a loop that does not end.",
        push_place(L), ms);
    lua_error(L);
}

static void ended(lua_State *L, lua_Debug *unused)
{
    (void)unused;
    lua_pushstring(L, g.why);
    lua_error(L);
}

static void condemned(lua_State *L, lua_Debug *unused)
{
    (void)unused;
    luaL_error(L, "cancelled");
}

static void look(int sig)
{
    (void)sig;
    uint_fast64_t now = atomic_load_explicit(&g.slice, memory_order_relaxed);
    if (!(now & 1)) {
        g.looks = 0;
    } else if (now != g.seen) {
        g.seen = now;
        g.looks = 1;
    } else if (++g.looks > g.looks_allowed && g.running && !g.ended) {
        lua_sethook(g.running, too_long, LUA_MASKCOUNT | LUA_MASKCALL | LUA_MASKRET, 1);
    }
}

static uint64_t loop_cpu_ns(void)
{
    struct timespec t;
    if (clock_gettime(g.loop_clock, &t) != 0)
        return 0;
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Wakes every WATCHDOG_MS / 4, and measures the CPU time that the loop thread spent in one
 * slice. */
static void *watch_loop(void *unused)
{
    (void)unused;
    uint_fast64_t slice = 0;
    uint64_t since = 0;
    pthread_mutex_lock(&g.mutex);
    while (!atomic_load(&g.stop)) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        uint64_t step = (uint64_t)g.watchdog_ms * 1000000u / 4;
        until.tv_sec += (time_t)(((uint64_t)until.tv_nsec + step) / 1000000000u);
        until.tv_nsec = (long)(((uint64_t)until.tv_nsec + step) % 1000000000u);
        pthread_cond_timedwait(&g.stopped, &g.mutex, &until);
        uint_fast64_t now = atomic_load(&g.slice);
        if (now != slice || !(now & 1)) {
            slice = now;
            since = loop_cpu_ns();
        } else if (loop_cpu_ns() - since >
                   ((uint64_t)g.watchdog_ms + atomic_load(&g.extra_ms)) * 1000000u) {
            log_event(
                LOG_ERROR, "watchdog.abort", log_i("ms", (int64_t)g.watchdog_ms),
                log_s(
                    "message",
                    "a script ran longer than WATCHDOG_MS and could not be stopped. The process "
                    "ends, and its supervisor starts it again. The crash counts against the job"));
            abort();
        }
    }
    pthread_mutex_unlock(&g.mutex);
    return NULL;
}

int cpu_guard_start(unsigned slice_ms, unsigned watchdog_ms)
{
    g.slice_ms = slice_ms;
    g.watchdog_ms = watchdog_ms;
    atomic_store(&g.stop, 0); /* the guard may have been started and stopped before */
    if (slice_ms) {
        struct sigaction act = { .sa_handler = look, .sa_flags = SA_RESTART };
        sigemptyset(&act.sa_mask);
        if (sigaction(SIGRTMIN, &act, NULL) != 0)
            return -1;
        struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN };
        ev.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
        if (timer_create(CLOCK_THREAD_CPUTIME_ID, &ev, &g.timer) != 0)
            return -1;
        g.have_timer = 1;
        unsigned step = slice_ms / LOOKS ? slice_ms / LOOKS : 1;
        struct itimerspec when = { .it_interval = { step / 1000, (long)(step % 1000) * 1000000L } };
        when.it_value = when.it_interval;
        if (timer_settime(g.timer, 0, &when, NULL) != 0)
            return -1;
    }
    if (watchdog_ms) {
        sigset_t all, old;
        pthread_getcpuclockid(pthread_self(), &g.loop_clock);
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, &old);
        int rc = pthread_create(&g.dog, NULL, watch_loop, NULL);
        pthread_sigmask(SIG_SETMASK, &old, NULL);
        if (rc != 0) {
            errno = rc;
            return -1;
        }
        g.have_dog = 1;
    }
    return 0;
}

void cpu_guard_stop(void)
{
    if (g.have_timer)
        timer_delete(g.timer);
    if (g.have_dog) {
        pthread_mutex_lock(&g.mutex);
        atomic_store(&g.stop, 1);
        pthread_cond_signal(&g.stopped);
        pthread_mutex_unlock(&g.mutex);
        pthread_join(g.dog, NULL);
    }
    g.have_timer = g.have_dog = 0;
}

lua_State *cpu_guard_enter(lua_State *L, unsigned extra_ms)
{
    lua_State *outer = g.running;
    g.running = L;
    if (outer)
        return outer;
    unsigned step = g.slice_ms / LOOKS ? g.slice_ms / LOOKS : 1;
    atomic_store_explicit(&g.extra_ms, extra_ms, memory_order_relaxed);
    if (g.slice_ms)
        g.steps.left = g.steps.all = (int64_t)g.slice_ms * STEPS_PER_MS; /* loading takes few */
    g.looks_allowed = (sig_atomic_t)((g.slice_ms + extra_ms) / step);
    atomic_fetch_add_explicit(&g.slice, 1, memory_order_release);
    return NULL;
}

void cpu_guard_leave(lua_State *outer)
{
    lua_State *L = g.running;
    if (!outer) {
        atomic_fetch_add_explicit(&g.slice, 1, memory_order_release);
        g.steps = (struct cpu_guard_steps){ INT64_MAX, INT64_MAX };
    }
    g.running = outer;
    g.ended = 0;
    if (L && lua_gethook(L))
        lua_sethook(L, NULL, 0, 0);
}

lua_State *cpu_guard_rest(void)
{
    lua_State *L = g.running;
    if (L) {
        atomic_fetch_add_explicit(&g.slice, 1, memory_order_release);
        g.steps = (struct cpu_guard_steps){ INT64_MAX, INT64_MAX };
        g.running = NULL;
        g.ended = 0;
    }
    return L;
}

void cpu_guard_go_on(lua_State *L)
{
    if (L)
        cpu_guard_enter(L, 0);
}

uint64_t cpu_guard_slice(void)
{
    return atomic_load_explicit(&g.slice, memory_order_relaxed);
}

void cpu_guard_where(char *out, size_t size)
{
    lua_Debug at;
    for (int level = 0; g.running && level < 100 && lua_getstack(g.running, level, &at); level++)
        if (lua_getinfo(g.running, "Sl", &at) && at.currentline > 0) {
            snprintf(out, size, "%s:%d", at.short_src, at.currentline);
            return;
        }
}

struct cpu_guard_steps *cpu_guard_steps(void)
{
    return &g.steps;
}

int cpu_guard_end(lua_State *L, const char *what)
{
    snprintf(g.why, sizeof g.why, "%sstopped: %s", push_place(L), what);
    g.ended = 1;
    lua_sethook(L, ended, LUA_MASKCOUNT | LUA_MASKCALL | LUA_MASKRET, 1);
    lua_pushstring(L, g.why);
    return lua_error(L);
}

void cpu_guard_condemn(lua_State *L)
{
    lua_sethook(L, condemned, LUA_MASKCOUNT | LUA_MASKCALL | LUA_MASKRET, 1);
}
