/*
 * reload: how a generation comes to be while the service runs: read, build, check, hand to tick for the swap. A failed one changes
 * nothing and is told: in the log, in `status`, and to the scripts that serve (notice). The loop thread.
 */
#ifndef HOST_RELOAD_H
#define HOST_RELOAD_H

#include "generation.h"
#include "host.h"

/* How generations of this process are built. Kept by reference. */
void reload_options(const struct generation_options *o);
/*
 * Says in words what came of it (free it). force: also when nothing changed, for the files of X_FILE may have. 0, or the exit code
 * that says what is wrong (2 settings, 5 scripts or prompts): nothing changed.
 */
int reload_now(struct host *h, bool force, char **words);
/* After reload_now had to wait: tries again once an older generation has closed. Each turn of the loop. */
void reload_follow(struct host *h);
/* The generation that serves fails again and again: the last good tree is built and takes over. */
void reload_roll_back(struct host *h, const char *error);
/* One row a name for main.lua's `every`. */
void reload_seed_every(struct host *h);
/* Applies the schema of a first generation. 0, or -1 with why. */
int reload_migrate(struct host *h, struct generation *g, char *why, size_t size);

#endif
