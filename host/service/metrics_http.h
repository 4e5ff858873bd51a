/*
 * metrics_http: GET /metrics on METRICS_LISTEN, a second instance of server/ in the same loop.
 *
 * It takes at most 16 connections and has no other path. Scripts give a part of the text, so it is
 * made between two commits (metrics_http_answer), never inside a callback of the server. The loop
 * thread only.
 */
#ifndef HOST_SERVICE_METRICS_HTTP_H
#define HOST_SERVICE_METRICS_HTTP_H

#include "base/buf.h"
#include "base/loop.h"

struct metrics_http;

/* NULL: why holds the cause. text appends the metrics. */
struct metrics_http *metrics_http_start(struct loop *l, const char *host, uint16_t port,
                                        void (*text)(void *arg, struct buf *out), void *arg,
                                        char *why, size_t why_size);
/* Every tick: reads requests. All of these functions take NULL. */
void metrics_http_run(struct metrics_http *m);
/* After the commit: answers the waiting requests. */
void metrics_http_answer(struct metrics_http *m);
void metrics_http_stop(struct metrics_http *m);

#endif
