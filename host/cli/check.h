/*
 * check: `assistant check`: loads settings, scripts and prompts, plays the stories, and calls each
 * handler.
 *
 * A script that loads may still fail for every customer. So each handler of main.lua is called (see
 * try_handlers), and the stories of scripts/rehearsal/stories and prompts/stories are played: a
 * script that throws or does not end is a problem. A reply that differs from the recorded one is
 * not, because owners change texts (`assistant replay` shows it).
 */
#ifndef HOST_CLI_CHECK_H
#define HOST_CLI_CHECK_H

#include <stdbool.h>

/* dir NULL: what serve would load. online: then asks each service, as serve_online; without dir. */
int serve_check(const char *dir, bool online);

#endif
