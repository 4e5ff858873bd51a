/*
 * modes: which scripts a command starts with, and the host's settings that the environment does not
 * give. Scripts set the defaults of the business's settings (scripts/stand_ins/defaults.lua).
 * Constants; any thread.
 */
#ifndef HOST_SERVICE_MODES_H
#define HOST_SERVICE_MODES_H

#include "scripts/build.h"

struct serve_mode {
    const char *name;
    const char *main_module, *settings_module;
    const char *const *defaults; /* for settings that the environment does not give */
    bool borrows; /* the environment is a service's: it may hold names that only that knows */
};
extern const struct serve_mode serve_modes[]; /* serve, sandbox, stand-ins, rehearsal, online */

/* The options with which generations of a mode are built. */
struct generation_options mode_options(const struct serve_mode *m);

#endif
