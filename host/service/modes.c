#include "service/modes.h"

#include "bind/bind.h"

static const char *const sandbox[] = { "DATABASE_URL=sqlite:data/sandbox/db.sqlite", NULL };
static const char *const stand_ins[] = { "DATABASE_URL=sqlite::memory:", "LISTEN=127.0.0.1:8090",
                                         NULL };

const struct serve_mode serve_modes[] = {
    { "serve", "main", "settings", NULL, false },
    { "sandbox", "stand_ins.main", "stand_ins.defaults", sandbox, false },
    { "stand-ins", "stand_ins.alone", "stand_ins.settings", stand_ins, true },
    { "rehearsal", "rehearsal.main", "rehearsal.settings", NULL, false },
    { "online", "online", "settings", NULL, false },
};

struct generation_options mode_options(const struct serve_mode *m)
{
    return (struct generation_options){ .modules = &bind_modules,
                                        .main_module = m->main_module,
                                        .settings_module = m->settings_module,
                                        .borrows = m->borrows };
}
