/* Fibers: stacks that take turns, are bounded, are used again, and have a guard page. */
#include "base/fiber.h"

#include "spec/host/store/store_case.h"

#include <setjmp.h>

static char said[128];

static void say(const char *text)
{
    snprintf(said + strlen(said), sizeof said - strlen(said), "%s", text);
}

struct turn {
    const char *name;
    int waits;
    struct fiber *self;
    const void *place; /* an address on its stack */
};

static void take_turns(void *arg)
{
    struct turn *t = arg;
    volatile char mark = t->name[0];
    t->place = (const void *)&mark;
    t->self = fiber_current();
    for (int i = 0; i < t->waits; i++) {
        say(t->name);
        fiber_wait();
    }
    say(mark == t->name[0] && fiber_current() == t->self ? "." : "!");
}

static void runs_at_once(void)
{
    struct turn a = { .name = "a", .waits = 0 };
    said[0] = 0;
    fiber_most(2);
    CHECK(!fiber_current());
    CHECK(fiber_start(take_turns, &a) && strcmp(said, ".") == 0);
    CHECK(!fiber_current() && fiber_count() == 0 && a.self);
    fiber_free();
}

static void takes_turns(void)
{
    struct turn a = { .name = "a", .waits = 3 }, b = { .name = "b", .waits = 2 };
    said[0] = 0;
    fiber_most(2);
    CHECK(fiber_start(take_turns, &a) && fiber_start(take_turns, &b));
    CHECK(fiber_count() == 2 && a.self != b.self);
    fiber_resume(a.self);
    fiber_resume(b.self);
    fiber_resume(b.self);
    fiber_resume(a.self);
    fiber_resume(a.self);
    CHECK(strcmp(said, "abab.a.") == 0 && fiber_count() == 0);
    fiber_free();
}

static void is_bounded(void)
{
    struct turn a = { .name = "a", .waits = 1 }, b = { .name = "b", .waits = 1 };
    said[0] = 0;
    fiber_most(1);
    CHECK(fiber_start(take_turns, &a) && !fiber_start(take_turns, &b));
    CHECK(strcmp(said, "a") == 0 && fiber_count() == 1);
    fiber_resume(a.self);
    const void *place = a.place;
    CHECK(fiber_start(take_turns, &b) && b.place == place);
    fiber_resume(b.self);
    CHECK(strcmp(said, "a.b.") == 0);
    fiber_free();
}

static void jumps(void *arg)
{
    struct turn *t = arg;
    jmp_buf here;
    volatile int times = 0;
    for (volatile int i = 0; i < 3; i = i + 1) {
        if (setjmp(here) == 0) {
            t->self = fiber_current();
            fiber_wait();
            longjmp(here, 1);
        }
        times = times + 1;
    }
    if (times == 3)
        say(t->name);
}

static void jumps_on_its_own_stack(void)
{
    struct turn a = { .name = "a" }, b = { .name = "b" };
    said[0] = 0;
    fiber_most(2);
    CHECK(fiber_start(jumps, &a) && fiber_start(jumps, &b));
    for (int i = 0; i < 3; i++) {
        fiber_resume(a.self);
        fiber_resume(b.self);
    }
    CHECK(strcmp(said, "ab") == 0 && fiber_count() == 0);
    fiber_free();
}

/* Writes to each page of the stack, from the top down, without end. */
static void falls_through(void *arg)
{
    volatile char *p = (volatile char *)&arg;
    for (;;) {
        *p = 1;
        p -= 1024;
    }
}

static void overflows(void)
{
    fiber_most(1);
    signal(SIGSEGV, SIG_DFL); /* a sanitizer would say more */
    signal(SIGBUS, SIG_DFL);
    fiber_start(falls_through, NULL);
}

static void has_a_guard_page(void)
{
    int ended = case_child(overflows);
    CHECK(ended == -SIGSEGV || ended == -SIGBUS || ended == 1); /* 1: a sanitizer saw it first */
}

int main(void)
{
    case_run("a fiber runs at once until it ends", runs_at_once);
    case_run("two fibers take turns, each on its own stack", takes_turns);
    case_run("no more fibers than allowed exist, and a stack is used again", is_bounded);
    case_run("a jump that stays on its fiber finds its frame after others have run",
             jumps_on_its_own_stack);
    case_run("a stack that overflows meets the guard page and nobody's memory", has_a_guard_page);
    return cases_end();
}
