/*
 * serve: one instance from its first line to its last: settings, scripts, database, listener, loop,
 * drain.
 *
 * Nothing half starts: every problem that can be known is told before anything is opened. Owns
 * struct host. The main thread, which becomes the loop thread.
 */
#ifndef HOST_SERVICE_SERVE_H
#define HOST_SERVICE_SERVE_H

#include "service/modes.h"

/* The service until SIGTERM. Returns its exit code (docs/contract.md lists them). */
int serve_run(const struct serve_mode *m);

#endif
