/*
 * reload: replaces the generation while the service runs: reads the files, tries them in a child,
 * builds, checks, and has tick swap. A failed reload changes nothing, and is reported in the log,
 * in `status`, and to the serving scripts (notice). The loop thread.
 */
#ifndef HOST_SERVICE_RELOAD_H
#define HOST_SERVICE_RELOAD_H

#include "scripts/build.h"
#include "service/host.h"

/* words: the result for people (NULL: there was nothing to do). code: 0, 1 failed, 2 settings, 3
 * not stored, 5 scripts or prompts. Unless it is 0, nothing changed. */
typedef void (*reload_done)(void *arg, int code, const char *words);

/* How this process builds generations. trial_mode: the mode in which a child loads a tree first;
 * NULL: no trial. */
void reload_options(const struct generation_options *o, const char *trial_mode);
/* Loads the files on disk. force: also when nothing changed, because the files of X_FILE may have.
 * done may be NULL, and may be called inside this call. */
void reload_now(struct host *h, bool force, reload_done done, void *arg);
/* A kept version takes over. The files on disk are not loaded until one of them changes. */
void reload_version(struct host *h, unsigned number, reload_done done, void *arg);
/* Every tick: starts a reload that waits. */
void reload_follow(struct host *h);
/* Cancels the running reload, and calls every `done` that waits. */
void reload_stop(struct host *h);
/* For tick: another generation serves now. Keeps its tree as a version: the first one of the
 * process a moment later, when its first answers have gone, or with reload_keep. */
void reload_serves(struct host *h);
/* Before the versions are shown or changed. */
void reload_keep(struct host *h);
/* The number of older generations with running tasks. */
unsigned reload_draining(const struct host *h);
/* Builds a generation of this tree beside the serving one. NULL: it failed, which is logged. */
struct generation *reload_build(struct host *h, struct tree *t);
/* The serving files failed too often (judge.h): builds the last good files, which take over. */
void reload_roll_back(struct host *h, const char *error);
/* After an announced generation took over: tells the scripts, with the new warnings. */
void reload_announce(struct host *h, const struct generation *was, const struct generation *is);
/* Stores one row per name of main.lua's `every`. */
void reload_seed_every(struct host *h);
/* Applies the schema of the first generation. 0, or -1 with why. */
int reload_migrate(struct host *h, struct generation *g, char *why, size_t size);

#endif
