/*
 * build: makes a generation from a tree in memory and a copy of the settings, and checks it.
 *
 * A failed build leaves nothing behind, and gives file, line and remedy. The caller owns the
 * generation. The loop thread.
 */
#ifndef HOST_SCRIPTS_BUILD_H
#define HOST_SCRIPTS_BUILD_H

#include "scripts/generation.h"

struct generation_options {
    const struct script_modules *modules;
    const char *main_module;     /* "main", "stand_ins.main" */
    const char *settings_module; /* "settings" */
    bool make_up_settings;       /* the scripts' settings are made up; all options are on */
    bool ignore_settings;        /* does not report settings (check DIR) */
    bool borrows;                /* see struct serve_mode */
};

enum generation_result { GENERATION_OK = 0, GENERATION_SETTINGS = 2, GENERATION_SCRIPTS = 5 };

/* *out NULL: problems holds lines for people, about settings and scripts. warnings: about the
 * settings and the files. */
enum generation_result generation_build(struct generation **out, struct scripts *all,
                                        struct tree *tree, const struct generation_options *o,
                                        struct buf *problems, struct buf *warnings);
/* A state for `assistant run`: the full library, the host.* modules, and the scripts folder in
 * package.path. */
struct generation *generation_plain(struct scripts *all, const struct script_modules *modules,
                                    const char *scripts_dir, struct buf *problems);

#endif
