/*
 * help: the commands' names, their arguments, and a page for each.
 *
 * Only prints. The main thread.
 */
#ifndef HOST_CLI_HELP_H
#define HOST_CLI_HELP_H

#include <stdbool.h>
#include <stddef.h>

/* `assistant help`: all commands, one per line. */
void help_all(void);
/* `assistant help NAME`. false: there is no such command, which is said on stderr. */
bool help_page(const char *name);
/* Is this a command of the program? Scripts may have more. */
bool help_knows(const char *name);
/* Do these words fit the command they begin with? false: stderr says what is wrong, and how it is
 * called. */
bool help_fits(char *const *args, size_t count);
/* Says on stderr that there is no such command, and which one was meant. */
void help_unknown(const char *name);

#endif
