/*
 * modes: which scripts a command starts with, and the host's own settings where the environment
 * gives none. Defaults of the business's settings are the scripts' affair
 * (scripts/stand_ins/defaults.lua).
 */
#ifndef HOST_SERVICE_MODES_H
#define HOST_SERVICE_MODES_H

#include "scripts/build.h"

struct serve_mode {
    const char *name;
    const char *main_module, *settings_module;
    const char *const *defaults; /* for settings the environment does not give */
    bool
        borrows; /* the environment is the service's: names that only the service knows are right */
};
extern const struct serve_mode serve_modes[]; /* serve, sandbox, stand-ins, rehearsal */

/* How the generations of a mode are built. */
struct generation_options mode_options(const struct serve_mode *m);

#endif
