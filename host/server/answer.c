#include "server/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

/* MHD sets the framing headers; a second one would be ambiguous. */
static bool is_framing(const struct httpd_header *f)
{
    static const char *const ours[] = { "Content-Length", "Transfer-Encoding", "Connection",
                                        "Date" };
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (strlen(ours[i]) == f->name_len && strncasecmp(ours[i], f->name, f->name_len) == 0)
            return true;
    return false;
}

static bool add_header(struct MHD_Response *response, const struct httpd_header *f)
{
    char text[2048]; /* MHD wants C strings */
    if (f->name_len + f->value_len + 2 > sizeof text)
        return false;
    memcpy(text, f->name, f->name_len);
    text[f->name_len] = '\0';
    char *value = text + f->name_len + 1;
    memcpy(value, f->value, f->value_len);
    value[f->value_len] = '\0';
    return MHD_add_response_header(response, text, value) == MHD_YES;
}

/* The response with our headers and these. NULL: no memory, and the response is gone. */
static struct MHD_Response *answer_dress(struct httpd *h, struct MHD_Response *response,
                                         const struct httpd_header *headers, size_t count)
{
    if (!response)
        return NULL;
    static const struct httpd_header nosniff = { "X-Content-Type-Options", 22, "nosniff", 7 };
    bool ok = add_header(response, &nosniff);
    for (size_t i = 0; ok && i < count; i++)
        if (!is_framing(&headers[i]))
            ok = add_header(response, &headers[i]);
    if (ok && h->quiesced)
        ok = MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close") == MHD_YES;
    if (!ok) {
        MHD_destroy_response(response);
        return NULL;
    }
    return response;
}

static struct MHD_Response *answer_build(struct httpd *h, const struct httpd_header *headers,
                                         size_t count, const void *body, size_t len)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        len, len ? (void *)(uintptr_t)body : (void *)(uintptr_t) "",
        len ? MHD_RESPMEM_MUST_COPY : MHD_RESPMEM_PERSISTENT);
    return answer_dress(h, response, headers, count);
}

/* The key of an answer in the cache, or 0: too long to keep. */
static size_t answer_key(char out[CACHED_BYTES], const struct httpd_header *headers, size_t count,
                         const void *body, size_t len)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        const struct httpd_header *f = &headers[i];
        if (f->name_len + f->value_len + 2 > CACHED_BYTES - at)
            return 0;
        memcpy(out + at, f->name, f->name_len);
        at += f->name_len;
        out[at++] = '\n';
        memcpy(out + at, f->value, f->value_len);
        at += f->value_len;
        out[at++] = '\n';
    }
    if (len + 1 > CACHED_BYTES - at)
        return 0;
    out[at++] = '\n';
    if (len)
        memcpy(out + at, body, len);
    return at + len;
}

void answer_leave(struct answer *a)
{
    if (!a || --a->users > 0)
        return;
    MHD_destroy_response(a->response);
    free(a);
}

void answer_forget_all(struct httpd *h)
{
    for (size_t i = 0; i < CACHED_ANSWERS; i++) {
        answer_leave(h->cache[i]);
        h->cache[i] = NULL;
    }
}

struct answer *answer_make(struct httpd *h, const struct httpd_header *headers, size_t count,
                           const void *body, size_t len)
{
    char key[CACHED_BYTES];
    size_t key_len = answer_key(key, headers, count, body, len);
    for (size_t i = 0; key_len && i < CACHED_ANSWERS; i++) {
        struct answer *known = h->cache[i];
        if (known && known->key_len == key_len && memcmp(known->key, key, key_len) == 0) {
            known->users++;
            return known;
        }
    }
    struct answer *a = malloc(sizeof *a + key_len);
    if (!a)
        return NULL;
    a->response = answer_build(h, headers, count, body, len);
    if (!a->response) {
        free(a);
        return NULL;
    }
    a->users = 1;
    a->key_len = key_len;
    memcpy(a->key, key, key_len);
    if (key_len) {
        struct answer **place = &h->cache[h->cache_next++ % CACHED_ANSWERS];
        answer_leave(*place);
        *place = a;
        a->users++;
    }
    return a;
}

struct answer *answer_file(struct httpd *h, const struct httpd_header *headers, size_t count,
                           int fd, uint64_t bytes)
{
    struct answer *a = malloc(sizeof *a);
    struct MHD_Response *response = a ? MHD_create_response_from_fd64(bytes, fd) : NULL;
    if (!response)
        close(fd);
    if (!(response = answer_dress(h, response, headers, count))) {
        free(a);
        return NULL;
    }
    *a = (struct answer){ .response = response, .users = 1 };
    return a;
}

struct answer *answer_json(struct httpd *h, const char *body, const char *allow)
{
    const struct httpd_header headers[] = { { "Content-Type", 12, "application/json", 16 },
                                            { "Allow", 5, allow, allow ? strlen(allow) : 0 } };
    return answer_make(h, headers, allow ? 2 : 1, body, strlen(body));
}

void answer_refuse(struct conn *c, unsigned status, const char *text, bool head_only)
{
    if (c->stage == CONN_LINGER || c->stage == CONN_DEAD)
        return;
    if (c->httpd->o.on_answer)
        c->httpd->o.on_answer(c->httpd->o.arg, NULL, status);
    char body[128], out[512];
    int body_len = snprintf(body, sizeof body, "{\"error\":\"%s\"}", text);
    int len = snprintf(out, sizeof out,
                       "HTTP/1.1 %u %s\r\nContent-Type: application/json\r\n"
                       "X-Content-Type-Options: nosniff\r\n%sConnection: close\r\n"
                       "Content-Length: %d\r\n\r\n%s",
                       status, MHD_get_reason_phrase_for(status),
                       status == 503 ? "Retry-After: 1\r\n" : "", body_len, head_only ? "" : body);
    /* The socket's buffer is empty: MHD reads a request only after the previous answer was sent. */
    ssize_t sent = sendto(c->fd, out, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0);
    (void)sent; /* a peer that does not take this gets no answer */
    conn_move(c, CONN_LINGER);
    /* Reads on while half open: otherwise the kernel resets the connection, and the answer is lost.
     */
    shutdown(c->fd, SHUT_WR);
}
