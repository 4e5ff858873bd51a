/*
 * metrics_http: GET /metrics on METRICS_LISTEN, a second instance of httpd in the same loop.
 *
 * It has at most 16 connections and knows no other path. The public listener knows nothing of it.
 * The loop thread only. The text is made between two commits (metrics_http_answer), never inside a
 * callback of the server, since scripts have a part in it.
 */
#ifndef HOST_SERVICE_METRICS_HTTP_H
#define HOST_SERVICE_METRICS_HTTP_H

#include "base/buf.h"
#include "base/loop.h"

struct metrics_http;

/* NULL with why. text appends what is to be said. */
struct metrics_http *metrics_http_start(struct loop *l, const char *host, uint16_t port,
                                        void (*text)(void *arg, struct buf *out), void *arg,
                                        char *why, size_t why_size);
/* Every tick: reads what came. NULL is fine in all of these. */
void metrics_http_run(struct metrics_http *m);
/* After the commit: answers who asks. */
void metrics_http_answer(struct metrics_http *m);
void metrics_http_stop(struct metrics_http *m);

#endif
