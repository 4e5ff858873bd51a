/* What the log promises of secrets. The codes: docs/faults.md. */
#include "base/log.h"

#include "spec/host/store/store_case.h"

enum { LASTING = 20, ROTATIONS = 200 };

static const char *named(const char *what, int number)
{
    static char text[64];
    snprintf(text, sizeof text, "%s-secret-%d-end", what, number);
    return text;
}

static bool hidden_now(const char *text)
{
    char line[128];
    snprintf(line, sizeof line, "refused: %s was wrong", text);
    log_mask(line);
    return !strstr(line, text) && strstr(line, "*** was wrong") != NULL;
}

/* Each reload names them all: those that stay, and a new one in the place of another. */
static void rotations(void)
{
    for (int round = 0; round < ROTATIONS; round++) {
        for (int i = 0; i < LASTING; i++)
            log_hide(named("lasting", i), strlen(named("lasting", i)));
        log_hide(named("token", round), strlen(named("token", round)));
        for (int i = 0; i < LASTING; i++)
            CHECK(hidden_now(named("lasting", i)));
        CHECK(hidden_now(named("token", round)));
        CHECK(round == 0 || hidden_now(named("token", round - 1))); /* old work may still say it */
    }
}

int main(void)
{
    log_open(LOG_OFF);
    case_run("H2: a secret that stays is hidden however often another one is changed", rotations);
    return cases_end();
}
