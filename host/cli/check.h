/*
 * check: `assistant check`: do settings, scripts and prompts load, and do they carry the stories that come with the program?
 *
 * A script that loads may still fail at every customer. So what main.lua names is called (see try_handlers), and the stories of
 * scripts/rehearsal/stories and prompts/stories are played: what throws or does not end is a problem. Other words than recorded are
 * not: owners change them (`assistant replay` tells).
 */
#ifndef HOST_CLI_CHECK_H
#define HOST_CLI_CHECK_H

/* dir NULL: what serve would load. */
int serve_check(const char *dir);

#endif
