/*
 * listener: opens a listening TCP socket, or says why it cannot, with the remedy.
 *
 * Owns nothing: the descriptor is the caller's. Any thread. Never waits.
 */
#ifndef HOST_BASE_LISTENER_H
#define HOST_BASE_LISTENER_H

#include <stddef.h>
#include <stdint.h>

/* host: a numeric address, IPv4 or IPv6. Non-blocking, close-on-exec; -1 with why, and errno. */
int listener_open(const char *host, uint16_t port, int backlog, char *why, size_t why_size);

#endif
