#include "base/fiber.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
enum { STACK = 8 * FIBER_STACK }; /* its frames are larger */
#else
enum { STACK = FIBER_STACK };
#endif
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

struct fiber {
    ucontext_t context;
    struct fiber *next; /* of the unused ones */
    char *stack;        /* the guard page comes first */
    void (*run)(void *arg);
    void *arg;
    bool waits, over;
#ifdef __SANITIZE_ADDRESS__
    void *fake; /* ASan's own stack of this fiber */
#endif
#ifdef __SANITIZE_THREAD__
    void *known;
#endif
};

static struct {
    ucontext_t loop; /* where the running fiber came from */
    struct fiber *current, *unused;
    size_t count, most;
    void (*in)(void *arg), (*out)(void *arg);
#ifdef __SANITIZE_ADDRESS__
    void *fake;
    const void *bottom;
    size_t size;
#endif
#ifdef __SANITIZE_THREAD__
    void *known;
#endif
} all;

/* ---- the two switches, and what the sanitizers must know of them ---- */

static void arrived_on_fiber(struct fiber *f)
{
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(f->fake, &all.bottom, &all.size);
#endif
    (void)f;
}

static void enter(struct fiber *f)
{
    all.current = f;
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_start_switch_fiber(&all.fake, f->stack + getpagesize(), STACK);
#endif
#ifdef __SANITIZE_THREAD__
    all.known = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(f->known, 0);
#endif
    swapcontext(&all.loop, &f->context);
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(all.fake, NULL, NULL);
#endif
    all.current = NULL;
}

static void leave(struct fiber *f)
{
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_start_switch_fiber(f->over ? NULL : &f->fake, all.bottom, all.size);
    if (f->over)
        f->fake = NULL;
#endif
#ifdef __SANITIZE_THREAD__
    __tsan_switch_to_fiber(all.known, 0);
#endif
    swapcontext(&f->context, &all.loop);
    arrived_on_fiber(f);
}

/* The first function on each stack. A stack that is used again goes on here. */
static void stack_main(void)
{
    struct fiber *f = all.current;
    arrived_on_fiber(f);
    for (;;) {
        f->run(f->arg);
        f->over = true;
        leave(f);
    }
}

/* ---- the stacks ---- */

static void stack_free(struct fiber *f)
{
#ifdef __SANITIZE_THREAD__
    __tsan_destroy_fiber(f->known);
#endif
    munmap(f->stack, STACK + (size_t)getpagesize());
    free(f);
}

static bool context_make(struct fiber *f, void *stack)
{
    if (getcontext(&f->context) != 0)
        return false;
    f->context.uc_stack.ss_sp = stack;
    f->context.uc_stack.ss_size = STACK;
    f->context.uc_link = NULL; /* stack_main does not return */
    makecontext(&f->context, stack_main, 0);
    return true;
}

static struct fiber *stack_new(void)
{
    size_t guard = (size_t)getpagesize();
    struct fiber *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->stack = mmap(NULL, guard + STACK, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (f->stack == MAP_FAILED) {
        free(f);
        return NULL;
    }
#ifdef __SANITIZE_THREAD__
    f->known = __tsan_create_fiber(0);
#endif
    if (mprotect(f->stack, guard, PROT_NONE) != 0 || !context_make(f, f->stack + guard)) {
        stack_free(f);
        return NULL;
    }
    return f;
}

/* ---- the interface ---- */

void fiber_most(size_t most)
{
    all.most = most;
}

void fiber_watch(void (*in)(void *arg), void (*out)(void *arg))
{
    all.in = in;
    all.out = out;
}

size_t fiber_count(void)
{
    return all.count;
}

struct fiber *fiber_current(void)
{
    return all.current;
}

static void go_on(struct fiber *f)
{
    void *arg = f->arg;
    assert(!all.current); /* only the loop's own stack starts and resumes */
    if (all.in)
        all.in(arg);
    enter(f);
    if (f->over) {
        all.count--;
        f->next = all.unused;
        all.unused = f;
    }
    if (all.out)
        all.out(arg);
}

bool fiber_start(void (*run)(void *arg), void *arg)
{
    struct fiber *f = all.unused;
    if (all.count >= all.most)
        return false;
    if (f)
        all.unused = f->next;
    else if (!(f = stack_new()))
        return false;
    f->run = run;
    f->arg = arg;
    f->over = f->waits = false;
    all.count++;
    go_on(f);
    return true;
}

void fiber_wait(void)
{
    struct fiber *f = all.current;
    assert(f);
    f->waits = true;
    leave(f);
}

void fiber_resume(struct fiber *f)
{
    assert(f->waits && !f->over);
    f->waits = false;
    go_on(f);
}

void fiber_free(void)
{
    while (all.unused) {
        struct fiber *f = all.unused;
        all.unused = f->next;
        stack_free(f);
    }
}
