/*
 * offline: what the program does beside serving: run a file, a command on a database that nobody serves.
 */
#ifndef HOST_CLI_OFFLINE_H
#define HOST_CLI_OFFLINE_H

#include <stdbool.h>
#include <stddef.h>

/* `assistant run FILE`. */
int serve_file(char *const *args, size_t count);
/* A command that touches the database, with no service running: takes its lock, does it, prints. */
int serve_offline(char *const *args, size_t count);
/* Have the scripts a command of this name? Opens nothing; says what is wrong with them when they do not load. */
bool serve_knows(const char *name);

#endif
