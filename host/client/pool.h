/*
 * pool: outbound HTTP on a separate thread.
 *
 * Owns libcurl, TLS, connections and their reuse, the queue and the limits per host. The loop
 * thread submits and cancels; the pool's thread works; finished transfers come back through a queue
 * whose descriptor the loop watches. A transfer belongs to the pool from pool_submit until
 * pool_take returns it; its strings must live as long. Knows no Lua.
 *
 * The cost of one multi handle grows with the square of the transfers in flight to one host
 * (measured: unusable above 2,000), so there are POOL_SHARDS of them, each with its own
 * connections. Deadlines are total, from submit to the last byte, waiting in the queue included. No
 * redirects, no proxy, no netrc, http and https only, TLS verified, CR/LF/NUL refused (by the
 * binding, checked here again).
 */
#ifndef HOST_CLIENT_POOL_H
#define HOST_CLIENT_POOL_H

#include "client/transfer.h"

struct pool;

/* connect dns tls timeout too_large refused cancelled broken disk */
const char *pool_error_name(enum pool_error e);

struct pool *pool_start(const struct pool_options *o, char *why, size_t why_size);
/* Readable when pool_take has a transfer, until pool_take answers NULL. */
int pool_fd(const struct pool *p);
void pool_submit(struct pool *p, struct pool_transfer *t);
/* The transfer comes back soon: POOL_CANCELLED with its true `sent`, or finished if it was quicker.
 */
void pool_cancel(struct pool *p, struct pool_transfer *t);
/* A finished transfer, or NULL. Frees nothing: pool_transfer_clear frees the answer. */
struct pool_transfer *pool_take(struct pool *p);
/* Frees the answer, and removes its file where file->made still says so. */
void pool_transfer_clear(struct pool_transfer *t);
size_t pool_in_flight(const struct pool *p);
/* Cancels everything, gives transfers in flight to `each`, and joins the thread. */
void pool_stop(struct pool *p, void (*each)(void *arg, struct pool_transfer *t), void *arg);

#endif
