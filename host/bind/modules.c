/* modules: the table of all modules that scripts get from the host. No other table lists them. */
#include "bind/bind.h"

static const luaL_Reg modules[] = {
    { "host.http", luaopen_host_http },       { "host.db", luaopen_host_db },
    { "host.jobs", luaopen_host_jobs },       { "host.inbox", luaopen_host_inbox },
    { "host.task", luaopen_host_task },       { "host.log", luaopen_host_log },
    { "host.metrics", luaopen_host_metrics }, { "host.files", luaopen_host_files },
    { "host.ledger", luaopen_host_ledger },   { "host.settings", luaopen_host_settings },
    { "host.json", luaopen_host_json },       { "host.yaml", luaopen_host_yaml },
    { "host.crypto", luaopen_host_crypto },   { "host.time", luaopen_host_time },
    { "host.url", luaopen_host_url },         { "host.words", luaopen_host_words },
    { "host.media", luaopen_host_media },     { NULL, NULL },
};

const struct script_modules bind_modules = { .list = modules,
                                             .declare_settings = bind_settings_declare,
                                             .declare_metrics = bind_metrics_declare };
