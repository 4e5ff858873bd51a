/*
 * systemd: tells a supervisor that started us how we are: ready, reloading, stopping, still alive.
 *
 * The datagrams of sd_notify(3) to the socket that NOTIFY_SOCKET names; without one every call here
 * does nothing. Written out because it is one sendto: libsystemd would bring three more libraries
 * into the image for it. The loop thread. Never blocks, never fails loudly: a supervisor that does
 * not listen must not take the service down. What is said here is public (`systemctl status` shows
 * it), so no text of scripts, people or secrets comes in.
 */
#ifndef HOST_SERVICE_SYSTEMD_H
#define HOST_SERVICE_SYSTEMD_H

#include "base/loop.h"

/* Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment. Before the first
 * script runs. */
void systemd_open(void);
void systemd_close(void);
/* The listener answers. Keeps the watchdog of the supervisor quiet from now on, for as long as the
 * loop turns. */
void systemd_ready(struct loop *l);
/* Around a reload; `ok` is what came of it. */
void systemd_reloading(void);
void systemd_reloaded(bool ok);
void systemd_stopping(void);

#endif
