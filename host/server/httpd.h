/*
 * httpd: libmicrohttpd inside the loop.
 *
 * Owns the listener, its connections, framing checks, caps and absolute deadlines, held responses,
 * drain, and GET /health. A process may have several. The loop thread only. Never calls Lua: a whole request is handed to
 * on_request, which marks something ready; the answer comes by httpd_respond at any later time and
 * leaves at the next httpd_release. A request handed to on_request belongs to two: its connection
 * and its holder. The holder lets go with httpd_forget, once, answered or not (unanswered: 503);
 * until then the object is there, also when the client or the whole httpd is gone.
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
    const char *remote; /* the peer's address as text; never to be trusted for more than a log */
    bool gone;          /* the client left: an answer goes nowhere, and the headers are empty */
    void *holder;       /* for who answers it: a task */
    char route[48];     /* the holder's word for where it goes; for who counts answers */
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
    /* An answer is on its way. r NULL: it was refused before it was whole. May be NULL itself. */
    void (*on_answer)(void *arg, const struct httpd_request *r, unsigned status);
    void *arg;
};

/* NULL: why, in one line with the remedy (address in use, no permission, …), and errno. */
struct httpd *httpd_start(struct loop *l, const struct httpd_options *o, char *why,
                          size_t why_size);
/* MHD_run. Every tick, events or not, and once more after httpd_release. (Deadlines, and what MHD itself waits for, are
 * timers of the loop.) */
void httpd_run(struct httpd *h);

/* Remembers the answer (copies everything); it leaves at httpd_release. A second answer is
 * ignored. status 0: drop the connection. */
void httpd_respond(struct httpd_request *r, unsigned status, const struct httpd_header *headers,
                   size_t count, const void *body, size_t len);
/* {"error":"<text>"} with a constant text. */
void httpd_error(struct httpd_request *r, unsigned status, const char *text);
/* Takes back an answer that was not released yet: the request is unanswered again (its group was
 * lost). */
void httpd_revoke(struct httpd_request *r);
/* The holder lets go of it: exactly once for each on_request, after it was answered too.
 * Unanswered: 503. */
void httpd_forget(struct httpd_request *r);
/* Lets every answer given so far leave. true: there were some (call httpd_run again). */
bool httpd_release(struct httpd *h);
/* Requests handed to on_request and not yet answered. */
size_t httpd_open(const struct httpd *h);
unsigned httpd_connections(const struct httpd *h);

/* No new connections; those that are open may finish. */
void httpd_quiesce(struct httpd *h);
/* Answers what is left with 503, resumes every suspended connection, stops. MHD aborts
 * the process when it is stopped with a suspended connection: never here. */
void httpd_stop(struct httpd *h);

#endif
