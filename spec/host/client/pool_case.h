/* pool_case: how the tests of client/ count their sentences. Included once per test. */
#ifndef SPEC_POOL_CASE_H
#define SPEC_POOL_CASE_H

#include <stdbool.h>
#include <stdio.h>

static int passed, failed;
static bool fine = true; /* of the running case */

#define CHECK(what)                                               \
    do {                                                          \
        if (!(what)) {                                            \
            printf("# %s:%d: %s\n", __FILE__, __LINE__, #what);   \
            fflush(stdout); /* what follows may not survive it */ \
            fine = false;                                         \
        }                                                         \
    } while (0)

/* Tells how the running case ended. The next one begins. */
static void case_over(const char *sentence)
{
    printf("%s %d - %s\n", fine ? "ok" : "not ok", passed + failed + 1, sentence);
    fine ? passed++ : failed++;
    fine = true;
}

#endif
