/*
 * serve: the life of one service: settings, scripts, database, listener, loop, drain.
 *
 * It reports every problem that can be found before it opens anything. It owns struct host. The
 * main thread, which becomes the loop thread.
 */
#ifndef HOST_SERVICE_SERVE_H
#define HOST_SERVICE_SERVE_H

#include "service/modes.h"

/* Runs the service until SIGTERM. Returns the exit code (listed in docs/contract.md). */
int serve_run(const struct serve_mode *m);

#endif
