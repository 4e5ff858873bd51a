#include "server/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BODY_FIRST_BYTES = 4096,
    NEARLY_BYTES = 16384, /* missing bytes of a body that is nearly complete */
};

static void request_body_free(struct request *r)
{
    if (r->httpd)
        r->httpd->waiting -= r->body_cap;
    free(r->body);
    r->body = NULL;
    r->body_cap = 0;
    r->pub.body = "";
    r->pub.body_len = 0;
}

/* Frees it when connection and holder have released it. */
static void request_settle(struct request *r)
{
    if (r->conn || r->held)
        return;
    request_body_free(r);
    if (r->httpd)
        r->httpd->waiting -= r->charged;
    answer_leave(r->answer);
    free(r->many);
    free(r);
}

static void answered_remove(struct request *r)
{
    r->answered = false;
    TAILQ_REMOVE(&r->httpd->answered, r, at_answered);
}

/* The request line is whole: MHD asks what to log, and what we answer becomes the request's
 * context. The target is copied as it was sent, because MHD then cuts it at '?' and parses the
 * query into its pool; a NUL after the '?' keeps it from that (a query of a thousand '&' would
 * exhaust the pool and hang the connection). */
void *request_begin(void *arg, const char *uri, struct MHD_Connection *mhd)
{
    struct httpd *h = arg;
    struct conn *c =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    if (!c)
        return NULL;
    size_t len = uri ? strlen(uri) : 0;
    struct request *r = malloc(sizeof *r + len + 1);
    if (!r)
        return NULL;
    memset(r, 0, sizeof *r);
    memcpy(r->target, len ? uri : "", len + 1);
    r->target_len = len;
    char *mark = len ? strchr((char *)(uintptr_t)uri, '?') : NULL;
    if (mark && mark[1])
        mark[1] = '\0';
    r->httpd = h;
    r->conn = c;
    r->mhd = mhd;
    r->pub.headers = r->headers;
    r->pub.body = "";
    r->pub.remote = c->remote;
    r->pub.method = r->method;
    c->request = r;
    conn_move(c, CONN_READING);
    return r;
}

static enum MHD_Result on_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                 size_t name_len, const char *value, size_t value_len)
{
    (void)kind;
    struct request *r = arg;
    framing_header(&r->framing, name, name_len, value, &value_len);
    size_t n = r->pub.header_count;
    if (n == HEADERS_INLINE && !r->many) {
        r->many = malloc(HEADERS_MAX * sizeof *r->many);
        if (r->many)
            memcpy(r->many, r->headers, sizeof r->headers);
        r->pub.headers = r->many;
    }
    struct httpd_header *list = r->many ? r->many : r->headers;
    if (n < (r->many ? (size_t)HEADERS_MAX : (size_t)HEADERS_INLINE))
        list[n] = (struct httpd_header){ name, name_len, value, value_len };
    r->pub.header_count++; /* the count says that there are too many */
    return MHD_YES;
}

static bool is_health(const struct request *r)
{
    return r->httpd->o.healthy && r->pub.path_len == 7 && memcmp(r->pub.path, "/health", 7) == 0;
}

bool request_nearly(const struct request *r, size_t more)
{
    size_t have = r->pub.body_len + more, whole = (size_t)r->framing.length;
    if (r->framing.lengths == 0)
        return false;
    return whole - have <= NEARLY_BYTES || whole - have <= whole / 8;
}

void request_drop(struct request *r)
{
    request_body_free(r);
    answer_refuse(r->conn, 503, "busy, try again", false);
}

/* true: this many more bytes may be kept. A quarter is for requests that are nearly complete, so
 * that many endless requests cannot block the others. When the limit is reached, the slowest
 * request is refused. */
static bool budget_has(const struct request *r, size_t bytes, bool nearly)
{
    struct httpd *h = r->httpd;
    size_t most = nearly ? h->o.max_waiting : h->o.max_waiting / 4 * 3;
    while (h->waiting + bytes > most)
        if (!conn_drop_body(h, r, nearly))
            return false;
    return true;
}

/* Refuses before the body: 0, or a status and why. */
static unsigned head_refusal(struct request *r, struct MHD_Connection *mhd, const char *version,
                             const char **why)
{
    struct httpd *h = r->httpd;
    struct httpd_request *q = &r->pub;
    size_t head =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size;
    *why = "the URL is too long";
    if (r->target_len > TARGET_MAX_BYTES)
        return 414;
    *why = "the headers are too large";
    if (head > HEAD_MAX_BYTES || q->header_count > (size_t)(r->many ? HEADERS_MAX : HEADERS_INLINE))
        return 431;
    *why = "bad request";
    bool http_1_0 = strcmp(version, "HTTP/1.0") == 0;
    if (!framing_end(&r->framing, head, http_1_0) ||
        !framing_target(r->target, r->target_len, &q->path, &q->path_len, &q->query, &q->query_len))
        return 400;
    *why = "the body is too large";
    if (r->framing.length > h->o.max_body)
        return 413;
    *why = "busy, try again";
    r->head_len = head;
    if (!is_health(r) && !budget_has(r, HELD_BYTES, true))
        return 503;
    return 0;
}

static enum MHD_Result request_head(struct request *r, struct MHD_Connection *mhd,
                                    const char *method, const char *version)
{
    bool ok = framing_start(&r->framing, method, r->target_len, version);
    size_t method_len = strlen(method);
    if (!ok || method_len >= METHOD_BYTES)
        r->framing.bad = true;
    else
        memcpy(r->method, method, method_len + 1);
    MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, on_header, r);
    const char *why;
    unsigned status = head_refusal(r, mhd, version, &why);
    r->stage = REQUEST_BODY;
    if (status)
        answer_refuse(r->conn, status, why, strcmp(method, "HEAD") == 0);
    return MHD_YES;
}

/* Room for len more bytes. It grows with the bytes received, so a declared length costs nothing. */
static bool body_grow(struct request *r, size_t len)
{
    size_t need = r->pub.body_len + len;
    if (need + 1 <= r->body_cap)
        return true;
    size_t cap = r->body_cap * 2 > BODY_FIRST_BYTES ? r->body_cap * 2 : BODY_FIRST_BYTES;
    size_t most = r->framing.lengths ? (size_t)r->framing.length : r->httpd->o.max_body;
    if (cap > most + 1)
        cap = most + 1;
    if (cap < need + 1)
        cap = need + 1;
    if (!budget_has(r, cap - r->body_cap, request_nearly(r, len)))
        return false;
    char *grown = realloc(r->body, cap);
    if (!grown)
        return false;
    r->httpd->waiting += cap - r->body_cap;
    r->body = grown;
    r->body_cap = cap;
    return true;
}

static void request_body(struct request *r, const char *bytes, size_t len)
{
    if (r->conn->stage != CONN_READING)
        return; /* refused: dropped */
    if (len > r->httpd->o.max_body - r->pub.body_len) {
        request_body_free(r);
        answer_refuse(r->conn, 413, "the body is too large", false);
    } else if (!body_grow(r, len)) {
        request_drop(r);
    } else {
        memcpy(r->body + r->pub.body_len, bytes, len);
        r->pub.body = r->body;
        r->pub.body_len += len;
        r->body[r->pub.body_len] = '\0';
    }
}

static enum MHD_Result request_queue(struct request *r, struct MHD_Connection *mhd, unsigned status,
                                     struct answer *a)
{
    if (!a)
        return MHD_NO;
    conn_move(r->conn, CONN_SENDING);
    if (r->httpd->o.on_answer)
        r->httpd->o.on_answer(r->httpd->o.arg, &r->pub, status);
    enum MHD_Result queued = MHD_queue_response(mhd, status, a->response);
    answer_leave(a);
    return queued;
}

static enum MHD_Result request_health(struct request *r, struct MHD_Connection *mhd)
{
    struct httpd *h = r->httpd;
    memcpy(r->pub.route, "/health", sizeof "/health");
    if (strcmp(r->method, "GET") != 0 && strcmp(r->method, "HEAD") != 0)
        return request_queue(r, mhd, 405,
                             answer_json(h, "{\"error\":\"method not allowed\"}", "GET, HEAD"));
    if (h->o.healthy(h->o.arg))
        return request_queue(r, mhd, 200, answer_json(h, "{\"status\":\"healthy\"}", NULL));
    return request_queue(r, mhd, 503, answer_json(h, "{\"status\":\"unhealthy\"}", NULL));
}

static enum MHD_Result request_whole(struct request *r, struct MHD_Connection *mhd)
{
    struct httpd *h = r->httpd;
    if (r->conn->stage != CONN_READING)
        return MHD_NO; /* refused */
    if (is_health(r))
        return request_health(r, mhd);
    if (h->stopping)
        return request_queue(r, mhd, 503, answer_json(h, "{\"error\":\"stopping\"}", NULL));
    r->pub.id = ++h->ids;
    r->stage = REQUEST_HELD;
    r->charged = r->head_len + HELD_BYTES;
    h->waiting += r->charged;
    conn_move(r->conn, CONN_HELD);
    r->held = true;
    LIST_INSERT_HEAD(&h->held, r, at_held);
    h->open++;
    h->o.on_request(h->o.arg, &r->pub);
    return MHD_YES;
}

/* MHD asks for the answer of a held request in each run. In the run after httpd_release most have
 * theirs, so only those that wait longer are suspended: suspending and resuming takes two system
 * calls. */
static enum MHD_Result request_wait(struct request *r, struct MHD_Connection *mhd)
{
    r->suspended = true;
    MHD_suspend_connection(mhd);
    return MHD_YES;
}

static enum MHD_Result request_reply(struct request *r, struct MHD_Connection *mhd)
{
    struct answer *a = r->answer;
    r->answer = NULL;
    request_body_free(r);
    r->httpd->queued = true;
    if (r->status == 0) {
        answer_leave(a);
        return MHD_NO;
    }
    return request_queue(r, mhd, r->status, a);
}

enum MHD_Result request_access(void *arg, struct MHD_Connection *mhd, const char *url,
                               const char *method, const char *version, const char *upload,
                               size_t *upload_len, void **context)
{
    (void)arg;
    (void)url;
    struct request *r = *context;
    if (!r)
        return MHD_NO; /* no memory when it began */
    switch (r->stage) {
    case REQUEST_HEAD: return request_head(r, mhd, method, version);
    case REQUEST_BODY:
        if (*upload_len == 0)
            return request_whole(r, mhd);
        request_body(r, upload, *upload_len);
        *upload_len = 0;
        return MHD_YES;
    case REQUEST_ANSWERED: return request_reply(r, mhd);
    case REQUEST_HELD: return request_wait(r, mhd);
    }
    return MHD_NO;
}

void request_completed(void *arg, struct MHD_Connection *mhd, void **context,
                       enum MHD_RequestTerminationCode code)
{
    (void)arg;
    (void)mhd;
    (void)code;
    struct request *r = *context;
    *context = NULL;
    if (!r)
        return;
    conn_move(r->conn, CONN_IDLE);
    r->conn->request = NULL;
    if (r->answered)
        answered_remove(r);
    else if (r->stage == REQUEST_HELD)
        r->httpd->open--;
    r->stage = REQUEST_ANSWERED;
    r->conn = NULL;
    r->mhd = NULL;
    r->pub.gone = true;
    r->pub.remote = ""; /* it belonged to the connection */
    r->pub.header_count = 0;
    request_settle(r);
}

static void answer_take(struct request *r, unsigned status, struct answer *a)
{
    r->status = a ? status : 0; /* no memory for an answer: the connection is dropped */
    r->answer = a;
    r->httpd->open--;
    r->answered = true;
    r->given = ++r->httpd->given;
    TAILQ_INSERT_TAIL(&r->httpd->answered, r, at_answered);
}

static bool may_answer(const struct request *r)
{
    return r->conn && r->stage == REQUEST_HELD && !r->answered;
}

void httpd_respond(struct httpd_request *q, unsigned status, const struct httpd_header *headers,
                   size_t count, const void *body, size_t len)
{
    struct request *r = (struct request *)q;
    if (!may_answer(r))
        return;
    struct answer *a = NULL;
    if (status >= 200 && status <= 999)
        a = answer_make(r->httpd, headers, count, body, len);
    answer_take(r, status, a);
}

void httpd_respond_file(struct httpd_request *q, unsigned status,
                        const struct httpd_header *headers, size_t count, int fd, uint64_t bytes)
{
    struct request *r = (struct request *)q;
    if (may_answer(r))
        answer_take(r, status, answer_file(r->httpd, headers, count, fd, bytes));
    else
        close(fd);
}

void httpd_error(struct httpd_request *q, unsigned status, const char *text)
{
    struct request *r = (struct request *)q;
    char body[256];
    if (!may_answer(r))
        return;
    static const struct httpd_header headers[] = { { "Content-Type", 12, "application/json", 16 },
                                                   { "Retry-After", 11, "1", 1 } };
    int len = snprintf(body, sizeof body, "{\"error\":\"%s\"}", text);
    answer_take(r, status,
                answer_make(r->httpd, headers, status == 503 ? 2 : 1, body,
                            len > 0 && (size_t)len < sizeof body ? (size_t)len : 0));
}

void httpd_revoke(struct httpd_request *q)
{
    struct request *r = (struct request *)q;
    if (!r->answered)
        return;
    answered_remove(r);
    answer_leave(r->answer);
    r->answer = NULL;
    r->httpd->open++;
}

void httpd_forget(struct httpd_request *q)
{
    struct request *r = (struct request *)q;
    if (!r->held)
        return;
    httpd_error(q, 503, "unavailable");
    if (r->httpd)
        LIST_REMOVE(r, at_held);
    r->held = false;
    request_settle(r);
}

uint64_t httpd_given(const struct httpd *h)
{
    return h->given;
}

bool httpd_holds(const struct httpd *h)
{
    return !TAILQ_EMPTY(&h->answered);
}

bool httpd_release(struct httpd *h, uint64_t upto)
{
    struct request *r, *next;
    bool any = false;
    for (r = TAILQ_FIRST(&h->answered); r && r->given <= upto; r = next) {
        next = TAILQ_NEXT(r, at_answered);
        if (r->pub.kept)
            continue;
        answered_remove(r);
        r->stage = REQUEST_ANSWERED;
        if (r->suspended)
            MHD_resume_connection(r->mhd);
        any = true;
    }
    return any;
}
