/*
 * serve: one instance from its first line to its last: settings, scripts, database, listener, loop, drain.
 *
 * Nothing half starts: every problem that can be known is told before anything is opened. Owns struct host. The main thread,
 * which becomes the loop thread.
 */
#ifndef HOST_SERVICE_SERVE_H
#define HOST_SERVICE_SERVE_H

#include "scripts/generation.h"

#include <stdbool.h>
#include <stddef.h>

struct serve_mode {
    const char *name;
    const char *main_module, *settings_module;
    const char *const *defaults; /* for settings the environment does not give */
    bool
        borrows; /* the environment is the service's: names that only the service knows are right */
};
extern const struct serve_mode serve_modes[]; /* serve, sandbox, stand-ins, rehearsal */

/* The service until SIGTERM. Returns its exit code (docs/contract.md lists them). */
int serve_run(const struct serve_mode *m);
/* `assistant check`: dir NULL: what serve would load. */
int serve_check(const char *dir);
/* `assistant run FILE`. */
int serve_file(char *const *args, size_t count);
/* A command that touches the database, with no service running: takes its lock, does it, prints. */
int serve_offline(char *const *args, size_t count);

/* Have the scripts a command of this name? Opens nothing; says what is wrong with them when they do not load. */
bool serve_knows(const char *name);
/* `assistant chat`: lines from stdin, until it ends. */
int serve_chat(void);
/* `assistant replay`: flags: "model", "record", blanks between. */
int serve_replay(const char *flags, char *const *files, size_t count);

/* DATABASE_URL → path (free it); NULL: why. ":memory:" for memory. */
char *serve_database(const struct settings *s, char *why, size_t size);

#endif
