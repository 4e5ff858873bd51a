/*
 * httpd: libmicrohttpd inside the loop.
 *
 * Owns the listener, its connections, framing checks, caps and absolute deadlines, held responses,
 * drain, and GET /health. A process may have several. The loop thread only. Never calls Lua: a
 * whole request is handed to on_request, which marks something ready; the answer comes by
 * httpd_respond at any later time and leaves at the next httpd_release. A request given to
 * on_request has two owners: its connection and its holder. The holder releases it with
 * httpd_forget, once, answered or not (unanswered: 503). Until then the object exists, also after
 * the client left or httpd stopped.
 */
#ifndef HOST_SERVER_HTTPD_H
#define HOST_SERVER_HTTPD_H

#include "base/loop.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct httpd;

struct httpd_header {
    const char *name; /* as the client wrote it */
    size_t name_len;
    const char *value;
    size_t value_len;
};

/* A whole, well-framed request. Its texts are valid until its answer is released or it is
 * forgotten. */
struct httpd_request {
    uint64_t id; /* never the same twice in a process */
    const char *method;
    const char *path; /* as sent, not decoded, without the query; no NUL, no control characters */
    size_t path_len;
    const char *query; /* after '?', as sent; NULL when there is none */
    size_t query_len;
    const struct httpd_header *headers;
    size_t header_count;
    const char *body;
    size_t body_len;
    const char *remote; /* the peer's address as text; only for logs */
    bool gone;          /* the client left: an answer is dropped, and the headers are empty */
    void *holder;       /* the task that answers it */
    bool kept;          /* the holder's: httpd_release leaves its answer where it is */
    char route[48];     /* the route, set by the holder, for metrics */
};

struct httpd_options {
    const char *host; /* numeric address */
    uint16_t port;
    size_t max_body;      /* bytes of one body; over it 413 */
    size_t max_waiting;   /* bytes of all unfinished and unanswered requests together; over it 503
                             with Retry-After */
    unsigned deadline_ms; /* from a request's first byte to its last; over it 408 */
    unsigned max_connections;
    void (*on_request)(void *arg, struct httpd_request *r);
    bool (*healthy)(void *arg); /* what GET /health says; NULL: no such path */
    /* An answer leaves. r NULL: the request was refused before it was complete. May be NULL. */
    void (*on_answer)(void *arg, const struct httpd_request *r, unsigned status);
    void *arg;
};

/* NULL: why holds cause and remedy in one line (address in use, no permission, …), errno is set. */
struct httpd *httpd_start(struct loop *l, const struct httpd_options *o, char *why,
                          size_t why_size);
/* MHD_run. Every tick, events or not, and once more after httpd_release. (Deadlines, and what MHD
 * itself waits for, are timers of the loop.) */
void httpd_run(struct httpd *h);

/* Remembers the answer (copies everything); it leaves at httpd_release. A second answer is
 * ignored. status 0: drop the connection. */
void httpd_respond(struct httpd_request *r, unsigned status, const struct httpd_header *headers,
                   size_t count, const void *body, size_t len);
/* The same with `bytes` of the descriptor fd, from its start, as the body: they are read while they
 * are sent. fd is httpd's from here on. */
void httpd_respond_file(struct httpd_request *r, unsigned status,
                        const struct httpd_header *headers, size_t count, int fd, uint64_t bytes);
/* {"error":"<text>"} with a constant text. */
void httpd_error(struct httpd_request *r, unsigned status, const char *text);
/* Removes an unreleased answer, because its group was lost: the request is unanswered again. */
void httpd_revoke(struct httpd_request *r);
/* The holder releases r: exactly once for each on_request, also after an answer. Unanswered: 503.
 */
void httpd_forget(struct httpd_request *r);
/* How many answers were given so far. */
uint64_t httpd_given(const struct httpd *h);
/* true: an answer was given and not released. */
bool httpd_holds(const struct httpd *h);
/* Sends the answers with numbers up to this one (httpd_given says the last). true: there were some
 * (call httpd_run again). */
bool httpd_release(struct httpd *h, uint64_t upto);
/* true: bytes or a connection wait to be taken by httpd_run. One system call. */
bool httpd_waits(const struct httpd *h);
/* Requests handed to on_request and not yet answered. */
size_t httpd_open(const struct httpd *h);
unsigned httpd_connections(const struct httpd *h);

/* No new connections; those that are open may finish. */
void httpd_quiesce(struct httpd *h);
/* Answers open requests with 503, resumes suspended connections (else MHD aborts), and stops. */
void httpd_stop(struct httpd *h);

#endif
