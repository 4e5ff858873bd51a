/*
 * reload: how a generation comes to be while the service runs: read, try in a child, build, check,
 * hand to tick for the swap. A failed one changes nothing and is told: in the log, in `status`, and
 * to the scripts that serve (notice). The loop thread.
 */
#ifndef HOST_SERVICE_RELOAD_H
#define HOST_SERVICE_RELOAD_H

#include "scripts/build.h"
#include "service/host.h"

/* What came of it in words (NULL: nothing was to be done), and the exit code: 0, 1 failed, 2
 * settings, 3 not stored, 5 scripts or prompts. Unless it is 0 nothing changed. */
typedef void (*reload_done)(void *arg, int code, const char *words);

/* How generations of this process are built. trial_mode: how a child loads a tree first; NULL:
 * there is none. */
void reload_options(const struct generation_options *o, const char *trial_mode);
/* The files on disk. force: also when nothing changed, because the files of X_FILE may have. done
 * (NULL: nobody asks) may come at once. */
void reload_now(struct host *h, bool force, reload_done done, void *arg);
/* A kept version takes over, and the files on disk are not loaded until one of them changes. */
void reload_version(struct host *h, unsigned number, reload_done done, void *arg);
/* Takes up what waits. Each turn of the loop. */
void reload_follow(struct host *h);
/* Ends what is under way; whoever waits is told. */
void reload_stop(void);
/* For tick: another generation serves now; its tree is kept as a version. */
void reload_serves(struct host *h);
/* How many older generations finish their work. */
unsigned reload_draining(const struct host *h);
/* A generation of this tree, beside the one that serves. NULL: it does not build, which is logged.
 */
struct generation *reload_build(struct host *h, struct tree *t);
/* The files that serve failed too often (judge.h): the last good files are built and take over. */
void reload_roll_back(struct host *h, const char *error);
/* After the swap of an announced one: the scripts are told, with the warnings that are new. */
void reload_announce(struct host *h, const struct generation *was, const struct generation *is);
/* One row per name of main.lua's `every`. */
void reload_seed_every(struct host *h);
/* Applies the schema of a first generation. 0, or -1 with why. */
int reload_migrate(struct host *h, struct generation *g, char *why, size_t size);

#endif
