/*
 * modes: which scripts a command starts with, and the host's own settings where the environment gives none. Defaults of
 * the business's settings are the scripts' affair (scripts/stand_ins/defaults.lua).
 */
#include "service/serve.h"

static const char *const sandbox[] = { "DATABASE_URL=sqlite:data/sandbox/db.sqlite", NULL };
static const char *const stand_ins[] = { "DATABASE_URL=sqlite::memory:", "LISTEN=127.0.0.1:8090",
                                         NULL };

const struct serve_mode serve_modes[] = {
    { "serve", "main", "settings", NULL, false },
    { "sandbox", "stand_ins.main", "stand_ins.defaults", sandbox, false },
    { "stand-ins", "stand_ins.alone", "stand_ins.settings", stand_ins, true },
    { "rehearsal", "rehearsal.main", "rehearsal.settings", NULL, false },
};
