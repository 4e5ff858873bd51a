/*
 * systemd: tells a supervisor our state: ready, reloading, stopping, alive.
 *
 * It sends the datagrams of sd_notify(3) to the socket in NOTIFY_SOCKET. Without that variable
 * every call does nothing. It is one sendto, so libsystemd, with three more libraries in the image,
 * is not used. An error is ignored, because the service must run without a listening supervisor.
 * The texts are public (`systemctl status`), so they contain nothing from scripts, people or
 * secrets. Never blocks. The loop thread.
 */
#ifndef HOST_SERVICE_SYSTEMD_H
#define HOST_SERVICE_SYSTEMD_H

#include "base/loop.h"

/* Removes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID from the environment. Called before the
 * first script runs. */
void systemd_open(void);
void systemd_close(void);
/* The listener answers. From now on the supervisor's watchdog is fed while the loop runs. */
void systemd_ready(struct loop *l);
/* Around a reload. `ok`: it succeeded. */
void systemd_reloading(void);
void systemd_reloaded(bool ok);
void systemd_stopping(void);

#endif
