/*
 * pool: outbound HTTP on a thread of its own.
 *
 * Owns libcurl, TLS, connections and their reuse, the queue and the limits per host. The loop thread submits and cancels;
 * the pool's thread works; finished transfers come back through a queue whose descriptor the loop watches. A
 * transfer belongs to the pool from pool_submit until pool_take returns it; its strings must live as long. Knows no Lua.
 *
 * One multi handle is quadratic in transfers in flight to one host (measured: it collapses above 2,000), so there are
 * POOL_SHARDS of them, each with its own connections. Deadlines are total, from submit to the last byte, waiting in the queue included. No
 * redirects, no proxy, no netrc, http and https only, TLS verified, CR/LF/NUL refused (by the binding, checked here again).
 */
#ifndef HOST_CLIENT_POOL_H
#define HOST_CLIENT_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pool;

enum { POOL_SHARDS = 16 };

enum pool_error {
    POOL_OK = 0, /* an HTTP answer of any status */
    POOL_CONNECT,
    POOL_DNS,
    POOL_TLS,
    POOL_TIMEOUT,
    POOL_TOO_LARGE,
    POOL_REFUSED, /* the request itself is not allowed: scheme, header, host */
    POOL_CANCELLED,
    POOL_BROKEN /* the connection died, or what came is not HTTP */
};
const char *
pool_error_name(enum pool_error e); /* connect dns tls timeout too_large refused cancelled broken */

struct pool_header {
    const char *name, *value;
};

struct pool_transfer {
    /* asked */
    const char *method, *url;
    const struct pool_header *headers;
    size_t header_count;
    const char *body; /* NULL: none */
    size_t body_len;
    unsigned timeout_ms;
    size_t max_bytes; /* of the decoded answer */
    bool once;        /* never sent twice: a silent resend by the library is refused */
    /* answered */
    enum pool_error error;
    char message[160]; /* for people: no URL query, no secret */
    bool sent;         /* the peer may have seen the request */
    int status;
    struct pool_header *answer_headers; /* in their order, names in lower case; NULL on error */
    size_t answer_header_count;
    char *answer;
    size_t answer_len;
    uint64_t elapsed_ns;
    /* the owner's */
    void *owner;
    /* the pool's */
    struct pool_transfer *next;
    void *inside;
    int state;
    uint64_t due_ns;
};

struct pool_options {
    unsigned per_host; /* transfers at once to one host:port; the rest wait in its queue. 0: 4096 */
};

struct pool *pool_start(const struct pool_options *o, char *why, size_t why_size);
/* Readable when pool_take has something, until it has said NULL. */
int pool_fd(const struct pool *p);
void pool_submit(struct pool *p, struct pool_transfer *t);
/* The transfer comes back soon: POOL_CANCELLED with its true `sent`, or finished if it was quicker. */
void pool_cancel(struct pool *p, struct pool_transfer *t);
/* A finished transfer, or NULL. Frees nothing: pool_transfer_clear frees the answer. */
struct pool_transfer *pool_take(struct pool *p);
void pool_transfer_clear(struct pool_transfer *t);
size_t pool_in_flight(const struct pool *p);
/* Cancels everything, joins the thread; what was in flight comes back through `each` before it returns. */
void pool_stop(struct pool *p, void (*each)(void *arg, struct pool_transfer *t), void *arg);

#endif
