/*
 * listener: a TCP socket that listens, or the sentence that says why it does not and what to do.
 *
 * Owns nothing: the descriptor is the caller's. Any thread. Waits for nothing.
 */
#ifndef HOST_BASE_LISTENER_H
#define HOST_BASE_LISTENER_H

#include <stddef.h>
#include <stdint.h>

/* host: a numeric address, IPv4 or IPv6. Non-blocking, close-on-exec; -1 with why, and errno. */
int listener_open(const char *host, uint16_t port, int backlog, char *why, size_t why_size);

#endif
