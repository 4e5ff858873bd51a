/*
 * notify: tells a supervisor that started us how we are: ready, reloading, stopping, still alive.
 *
 * The datagrams of sd_notify(3) to the socket that NOTIFY_SOCKET names; without one every call here does nothing. Written out
 * because it is one sendto: libsystemd would bring three more libraries into the image for it. The loop thread. Never blocks, never
 * fails loudly: a supervisor that does not listen must not take the service down. What is said here is public (`systemctl
 * status` shows it), so no text of scripts, people or secrets comes in.
 */
#ifndef HOST_NOTIFY_H
#define HOST_NOTIFY_H

#include "loop.h"

/* Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment. Before the first script runs. */
void notify_open(void);
void notify_close(void);
/* The listener answers. Keeps the watchdog of the supervisor quiet from now on, for as long as the loop turns. */
void notify_ready(struct loop *l);
/* Around a reload; `ok` is what came of it. */
void notify_reloading(void);
void notify_reloaded(bool ok);
void notify_stopping(void);

#endif
