/*
 * admin: the socket the command line talks to, `admin.sock` beside the database, mode 0600.
 *
 * A request is its arguments, each ended by NUL, and one more NUL; the answer is a line with the
 * exit code, then text to print. One service a database holds it. No answer leaves before what the
 * command wrote is durable. The loop thread; a client that does not ask, or does not read, is cut
 * off after 10 s.
 */
#ifndef HOST_SERVICE_ADMIN_H
#define HOST_SERVICE_ADMIN_H

#include "service/host.h"

struct admin;

/* NULL with why. */
struct admin *admin_start(struct host *h, const char *database, char *why, size_t size);
void admin_stop(struct admin *a);
/* For tick, after the commit: answers that waited for it leave; lost: they say so instead. NULL is
 * fine. */
void admin_release(struct admin *a, bool lost);

/* What a command of the host answers: exit code, text appended to out. -1: not one of the host's.
 */
int admin_host_command(struct host *h, char *const *args, size_t count, struct buf *out);

/* The client: prints the answer. -1: no service is running there; else its exit code. */
int admin_call(const char *database, char *const *args, size_t count);

#endif
