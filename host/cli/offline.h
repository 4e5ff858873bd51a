/* offline: commands without a service: run a file, or a command on the database. */
#ifndef HOST_CLI_OFFLINE_H
#define HOST_CLI_OFFLINE_H

#include <stdbool.h>
#include <stddef.h>

/* `assistant run FILE`. */
int serve_file(char *const *args, size_t count);
/* A command on the database while no service runs: takes the lock and prints the output. */
int serve_offline(char *const *args, size_t count);
/* Have the scripts a command of this name? Opens nothing; says what is wrong with them when they do
 * not load. */
bool serve_knows(const char *name);

#endif
