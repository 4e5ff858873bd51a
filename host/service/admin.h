/*
 * admin: the socket for the command line, `admin.sock` beside the database, mode 0600. One service
 * per database.
 *
 * A request is its arguments, each ended by NUL, and one more NUL. The answer is a line with the
 * exit code, then text to print. No answer is sent before what the command wrote is durable. A
 * client that does not ask, or does not read, is disconnected after 10 s. The loop thread.
 */
#ifndef HOST_SERVICE_ADMIN_H
#define HOST_SERVICE_ADMIN_H

#include "service/host.h"

struct admin;

/* NULL: why holds the cause. */
struct admin *admin_start(struct host *h, const char *database, char *why, size_t size);
void admin_stop(struct admin *a);
/* For tick: sends the answers whose wait is over. lost: a group was lost in this tick, and what
 * waited for it reports that. NULL is fine. */
void admin_release(struct admin *a, bool lost);
/* true: an answer waits for what it names to be durable. */
bool admin_holds(const struct admin *a);

/* Runs a command of the host: returns the exit code, appends text to out. -1: the host has no such
 * command. */
int admin_host_command(struct host *h, char *const *args, size_t count, struct buf *out);

/* The client: prints the answer and returns its exit code. -1: no service is running there. */
int admin_call(const char *database, char *const *args, size_t count);

#endif
