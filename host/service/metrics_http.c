#include "service/metrics_http.h"

#include "server/httpd.h"

#include <stdlib.h>
#include <string.h>

enum { PEERS = 16, BODY_BYTES = 4096, WAITING_BYTES = 1 << 20, DEADLINE_MS = 10000 };

struct metrics_http {
    struct httpd *httpd;
    struct httpd_request *asking; /* of the opener; requests wait for metrics_http_answer */
    void (*text)(void *arg, struct buf *out);
    void *arg;
};

static void on_request(void *arg, struct httpd_request *r)
{
    struct metrics_http *m = arg;
    r->holder = m->asking;
    m->asking = r;
}

struct metrics_http *metrics_http_start(struct loop *l, const char *host, uint16_t port,
                                        void (*text)(void *arg, struct buf *out), void *arg,
                                        char *why, size_t why_size)
{
    struct metrics_http *m = calloc(1, sizeof *m);
    const struct httpd_options o = {
        .host = host,
        .port = port,
        .max_body = BODY_BYTES,
        .max_waiting = WAITING_BYTES,
        .deadline_ms = DEADLINE_MS,
        .max_connections = PEERS,
        .on_request = on_request,
        .arg = m,
    };
    if (!m || !(m->httpd = httpd_start(l, &o, why, why_size))) {
        free(m);
        return NULL;
    }
    m->text = text;
    m->arg = arg;
    return m;
}

void metrics_http_run(struct metrics_http *m)
{
    if (m)
        httpd_run(m->httpd);
}

static void answer(struct metrics_http *m, struct httpd_request *r)
{
    static const struct httpd_header type = { "Content-Type", 12,
                                              "text/plain; version=0.0.4; charset=utf-8", 40 },
                                     allow = { "Allow", 5, "GET, HEAD", 9 };
    struct buf text = { .data = NULL };
    if (r->path_len != 8 || memcmp(r->path, "/metrics", 8) != 0) {
        httpd_error(r, 404, "not found");
    } else if (strcmp(r->method, "GET") != 0 && strcmp(r->method, "HEAD") != 0) {
        httpd_respond(r, 405, &allow, 1, NULL, 0);
    } else {
        m->text(m->arg, &text);
        if (text.len)
            httpd_respond(r, 200, &type, 1, text.data, text.len);
    }
    httpd_forget(r); /* without an answer they get 503 */
    buf_free(&text);
}

void metrics_http_answer(struct metrics_http *m)
{
    struct httpd_request *r;
    if (!m || !m->asking)
        return;
    while ((r = m->asking)) {
        m->asking = r->holder;
        answer(m, r);
    }
    httpd_release(m->httpd, httpd_given(m->httpd));
    httpd_run(m->httpd);
}

void metrics_http_stop(struct metrics_http *m)
{
    struct httpd_request *r;
    if (!m)
        return;
    while ((r = m->asking)) {
        m->asking = r->holder;
        httpd_forget(r);
    }
    httpd_stop(m->httpd);
    free(m);
}
