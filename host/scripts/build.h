/*
 * build: how a generation comes to be: from a tree in memory and a settings snapshot, checked
 * before it is handed out.
 *
 * A failed build leaves nothing behind and says why with file, line and remedy. The loop thread.
 */
#ifndef HOST_SCRIPTS_BUILD_H
#define HOST_SCRIPTS_BUILD_H

#include "scripts/generation.h"

struct generation_options {
    const struct script_modules *modules;
    const char *main_module;     /* "main", "stand_ins.main" */
    const char *settings_module; /* "settings" */
    bool make_up_settings;       /* the scripts' settings are defaults or made up, never the
                                    environment's: all that a setting switches on is on */
    bool ignore_settings;        /* no word about settings at all (check DIR) */
    bool borrows;                /* see struct serve_mode */
};

enum generation_result { GENERATION_OK = 0, GENERATION_SETTINGS = 2, GENERATION_SCRIPTS = 5 };

/* *out NULL: problems holds lines for people (settings' and scripts', both). warnings: the
 * settings', and those of the files. */
enum generation_result generation_build(struct generation **out, struct scripts *all,
                                        struct tree *tree, const struct generation_options *o,
                                        struct buf *problems, struct buf *warnings);
/* A bare state for `assistant run`: the full library, host.* modules, scripts on the path. */
struct generation *generation_plain(struct scripts *all, const struct script_modules *modules,
                                    const char *scripts_dir, struct buf *problems);

#endif
