#include "client/easy.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Small: it is held by every transfer that waits, and answers are a few KB. */
static const long RECEIVE_BYTES = 4096, SEND_BYTES = 16384;
/* Well below the idle limits of the peers we know: the older a connection, the likelier it is dead. */
static const long REUSE_SECONDS = 55;

void pool_easy_fail(struct pool_transfer *t, enum pool_error e, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(t->message, sizeof t->message, format, args);
    va_end(args);
    t->error = e;
    /* Some of it may be the peer's words. */
    for (char *p = t->message; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
}

static bool refuse(struct pool_transfer *t, const char *why)
{
    pool_easy_fail(t, POOL_REFUSED, "%s", why);
    return false;
}

static bool is_token(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)s[i]) && !memchr("!#$%&'*+-.^_`|~", s[i], 15))
            return false;
    return len > 0;
}

static bool method_check(struct pool_transfer *t)
{
    if (!t->method || strlen(t->method) > 16 || !is_token(t->method, strlen(t->method)))
        return refuse(t, "the method is not a name");
    if (strcasecmp(t->method, "CONNECT") == 0 || strcasecmp(t->method, "TRACE") == 0)
        return refuse(t, "this method is not allowed");
    return true;
}

static bool is_name(const char *s, size_t len, const char *name)
{
    return len == strlen(name) && strncasecmp(s, name, len) == 0;
}

/* libcurl writes the line as it is, so it must be one line; and what frames the message is libcurl's alone to say. */
static bool header_check(struct pool_transfer *t, const char *line)
{
    const char *colon = strchr(line, ':');
    if (!colon || !is_token(line, (size_t)(colon - line)))
        return refuse(t, "a header has no proper name");
    size_t len = (size_t)(colon - line);
    for (const char *p = colon + 1; *p; p++)
        if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f) {
            pool_easy_fail(t, POOL_REFUSED, "the header %.*s holds a control character",
                           (int)(len < 64 ? len : 64), line);
            return false;
        }
    static const char *const framing[] = { "content-length", "transfer-encoding",
                                           "host",           "connection",
                                           "expect",         "te",
                                           "trailer",        "upgrade" };
    for (size_t i = 0; i < sizeof framing / sizeof *framing; i++)
        if (is_name(line, len, framing[i])) {
            pool_easy_fail(t, POOL_REFUSED, "the header %s is not the caller's to set", framing[i]);
            return false;
        }
    return true;
}

/* "host", "host:port", "[v6]", "[v6]:port" → the port, 0 for none, -1 when it is none of these. */
static int authority_port(const char *a, size_t len, size_t *host_len)
{
    size_t i = 0;
    if (len > 0 && a[0] == '[') {
        for (i = 1; i < len && (isxdigit((unsigned char)a[i]) || a[i] == ':' || a[i] == '.'); i++)
            ;
        if (i < 3 || i >= len || a[i++] != ']')
            return -1;
    } else {
        while (i < len &&
               (isalnum((unsigned char)a[i]) || a[i] == '-' || a[i] == '.' || a[i] == '_'))
            i++;
        if (i == 0)
            return -1;
    }
    *host_len = i;
    if (i == len)
        return 0;
    if (a[i++] != ':' || i == len || len - i > 5)
        return -1;
    int port = 0;
    for (; i < len; i++) {
        if (!isdigit((unsigned char)a[i]))
            return -1;
        port = port * 10 + (a[i] - '0');
    }
    return port >= 1 && port <= 65535 ? port : -1;
}

static bool url_check(struct pool_transfer *t, char origin[POOL_ORIGIN_MAX])
{
    const char *url = t->url ? t->url : "";
    bool secure = strncasecmp(url, "https://", 8) == 0;
    if (!secure && strncasecmp(url, "http://", 7) != 0)
        return refuse(t, "the URL begins with neither http:// nor https://");
    for (const char *p = url; *p; p++)
        if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f)
            return refuse(t, "the URL holds a blank, a control character or a byte outside ASCII");
    const char *a = url + (secure ? 8 : 7);
    size_t len = strcspn(a, "/?#"), host_len;
    if (memchr(a, '@', len))
        return refuse(t, "the URL holds credentials");
    int port = authority_port(a, len, &host_len);
    if (port < 0 || host_len > 255)
        return refuse(t, "the URL names no proper host and port");
    snprintf(origin, POOL_ORIGIN_MAX, "%s://%.*s:%d", secure ? "https" : "http", (int)host_len, a,
             port     ? port
             : secure ? 443
                      : 80);
    for (char *p = origin; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return true;
}

bool pool_easy_check(struct pool_transfer *t, char origin[POOL_ORIGIN_MAX])
{
    if (!method_check(t) || !url_check(t, origin))
        return false;
    for (size_t i = 0; i < t->header_count; i++)
        if (!header_check(t, t->headers[i]))
            return false;
    return true;
}

/* ---- callbacks: they only remember ---- */

/* Called when the connection stands and the request is about to leave; again before a silent resend. */
static int on_request(void *arg, char *to, char *from, int to_port, int from_port)
{
    (void)to, (void)from, (void)to_port, (void)from_port;
    struct pool_exchange *x = arg;
    if (x->asked > 0 && x->transfer->once) {
        x->verdict = POOL_BROKEN;
        return CURL_PREREQFUNC_ABORT;
    }
    x->asked++;
    return CURL_PREREQFUNC_OK;
}

static bool headers_add(struct pool_exchange *x, const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);
    if (!colon || colon == line)
        return true;
    size_t name = (size_t)(colon - line), at = x->headers.len;
    const char *value = colon + 1, *end = line + len;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    if (!buf_add(&x->headers, line, name) || !buf_add(&x->headers, ": ", 2) ||
        !buf_add(&x->headers, value, (size_t)(end - value)) || !buf_add(&x->headers, "\n", 1))
        return false;
    char *text = x->headers.data + at;
    for (size_t i = 0; i < name; i++)
        text[i] = (char)tolower((unsigned char)text[i]);
    for (char *p = text; p < x->headers.data + x->headers.len - 1; p++)
        if ((unsigned char)*p < 0x20 && *p != '\t')
            *p = ' ';
    return true;
}

static size_t on_header(char *line, size_t one, size_t len, void *arg)
{
    (void)one;
    struct pool_exchange *x = arg;
    size_t took = len;
    x->header_bytes += len;
    if (x->header_bytes > POOL_HEADERS_MAX) {
        x->verdict = POOL_TOO_LARGE;
        return 0;
    }
    while (len > 0 && isspace((unsigned char)line[len - 1]))
        len--;
    if (x->headers_done && x->status >= 200)
        return took; /* trailers */
    if (x->headers_done || x->status == 0) {
        /* A status line, the final one or an interim one before it: only the last one's headers count. */
        const char *blank = memchr(line, ' ', len);
        x->headers_done = false;
        x->headers.len = 0;
        x->status = blank && line + len - blank > 3 ? atoi(blank + 1) : 0;
    } else if (len == 0) {
        x->headers_done = true;
    } else if (isspace((unsigned char)line[0]) && x->headers.len > 0) {
        x->headers.data[x->headers.len - 1] = ' '; /* a folded line goes on */
        while (len > 0 && isspace((unsigned char)*line))
            line++, len--;
        if (!buf_add(&x->headers, line, len) || !buf_add(&x->headers, "\n", 1))
            return 0;
    } else if (!headers_add(x, line, len)) {
        return 0;
    }
    return took;
}

static size_t on_body(char *bytes, size_t one, size_t len, void *arg)
{
    (void)one;
    struct pool_exchange *x = arg;
    if (len > x->transfer->max_bytes - x->answer.len) {
        x->verdict = POOL_TOO_LARGE;
        return 0;
    }
    return buf_add(&x->answer, bytes, len) ? len : 0;
}

/* ---- the request ---- */

/* The nodes are ours and point at the caller's lines: no copies, and libcurl only reads them. */
static bool dress_headers(struct pool_exchange *x)
{
    const struct pool_transfer *t = x->transfer;
    /* No "Expect: 100-continue", which costs a round trip, and no content type of libcurl's invention. */
    static char expect[] = "Expect:", type[] = "Content-Type:";
    size_t most = t->header_count + 2, n = 0;
    struct curl_slist *line = x->inline_lines;
    if (most > POOL_LINES_INLINE) {
        x->more_lines = calloc(most, sizeof *x->more_lines);
        if (!x->more_lines)
            return false;
        line = x->more_lines;
    }
    bool typed = false;
    line[n++].data = expect;
    for (size_t i = 0; i < t->header_count; i++) {
        const char *h = t->headers[i], *colon = strchr(h, ':');
        typed = typed || is_name(h, (size_t)(colon - h), "content-type");
        line[n].data = (char *)(uintptr_t)h;
        if (colon[1 + strspn(colon + 1, " \t")] == '\0') {
            if (!x->blank_lines)
                x->blank_lines = calloc(t->header_count, sizeof *x->blank_lines);
            char *copy = x->blank_lines ? buf_copy(h, (size_t)(colon - h) + 1) : NULL;
            if (!copy)
                return false;
            copy[colon - h] = ';';
            x->blank_lines[x->blank_count++] = copy;
            line[n].data = copy;
        }
        n++;
    }
    if (!typed)
        line[n++].data = type;
    for (size_t i = 0; i + 1 < n; i++)
        line[i].next = &line[i + 1];
    line[n - 1].next = NULL;
    x->lines = line;
    return curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->lines) == CURLE_OK;
}

static bool dress_body(struct pool_exchange *x)
{
    const struct pool_transfer *t = x->transfer;
    CURL *e = x->easy;
    CURLcode bad = CURLE_OK;
    if (strcmp(t->method, "HEAD") == 0 && !t->body)
        return curl_easy_setopt(e, CURLOPT_NOBODY, 1L) == CURLE_OK;
    if (t->body || strcmp(t->method, "POST") == 0) {
        bad |= curl_easy_setopt(e, CURLOPT_POST, 1L);
        bad |= curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
                                (curl_off_t)(t->body ? t->body_len : 0));
        bad |= curl_easy_setopt(e, CURLOPT_POSTFIELDS, t->body ? t->body : "");
        if (strcmp(t->method, "POST") != 0)
            bad |= curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, t->method);
    } else if (strcmp(t->method, "GET") != 0) {
        bad |= curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, t->method);
    }
    return bad == CURLE_OK;
}

/* What is forbidden, whatever the environment of the process says. */
static bool dress_rules(CURL *e, bool secure)
{
    CURLcode bad = CURLE_OK;
    bad |= curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, secure ? "https" : "http");
    bad |= curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    bad |= curl_easy_setopt(e, CURLOPT_PROXY, "");
    bad |= curl_easy_setopt(e, CURLOPT_NOPROXY, "*");
    bad |= curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    bad |= curl_easy_setopt(e, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    bad |= curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
    bad |= curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
    bad |= curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    /* Without it a lookup that hangs blocks the thread for seconds after its transfer's time-out. */
    bad |= curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
    return bad == CURLE_OK;
}

bool pool_easy_dress(struct pool_exchange *x)
{
    CURL *e = x->easy;
    CURLcode bad = CURLE_OK;
    if (!dress_rules(e, x->secure) || !dress_body(x) || !dress_headers(x))
        return false;
    bad |= curl_easy_setopt(e, CURLOPT_URL, x->transfer->url);
    bad |= curl_easy_setopt(e, CURLOPT_PRIVATE, x);
    bad |= curl_easy_setopt(e, CURLOPT_HTTP_VERSION,
                            (long)(x->secure ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    /* Wait for a connection that may turn out to carry many streams, rather than open a second. */
    bad |= curl_easy_setopt(e, CURLOPT_PIPEWAIT, x->secure ? 1L : 0L);
    bad |= curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
    bad |= curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)POOL_CONNECT_MS);
    bad |= curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, REUSE_SECONDS);
    bad |= curl_easy_setopt(e, CURLOPT_BUFFERSIZE, RECEIVE_BYTES);
    bad |= curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, SEND_BYTES);
    bad |= curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "");
    bad |= curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_request);
    bad |= curl_easy_setopt(e, CURLOPT_PREREQDATA, x);
    bad |= curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    bad |= curl_easy_setopt(e, CURLOPT_HEADERDATA, x);
    bad |= curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    bad |= curl_easy_setopt(e, CURLOPT_WRITEDATA, x);
    if (x->secure && (x->detail = calloc(1, CURL_ERROR_SIZE)))
        bad |= curl_easy_setopt(e, CURLOPT_ERRORBUFFER, x->detail);
    return bad == CURLE_OK;
}

bool pool_easy_reset(CURL *easy)
{
    curl_easy_reset(easy);
    /* 7.88 leaves the buffer of a failed lookup in the handle, forgets its size, and then only says no. */
    return curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, RECEIVE_BYTES) == CURLE_OK;
}

/* ---- the answer ---- */

bool pool_easy_sent(const struct pool_exchange *x)
{
    long bytes = 0;
    if (!x->easy || x->asked == 0)
        return false;
    /* libcurl counts what the socket took, over all tries. */
    curl_easy_getinfo(x->easy, CURLINFO_REQUEST_SIZE, &bytes);
    return bytes > 0;
}

static enum pool_error error_of(CURLcode code, bool asked)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST: return POOL_DNS;
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT: /* ours are total and not libcurl's: this is POOL_CONNECT_MS */
        return POOL_CONNECT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_ENGINE_INITFAILED: return POOL_TLS;
    case CURLE_URL_MALFORMAT:
    case CURLE_LOGIN_DENIED: return POOL_REFUSED;
    case CURLE_UNSUPPORTED_PROTOCOL: /* also said of an answer that is HTTP/0.9 */
        return asked ? POOL_BROKEN : POOL_REFUSED;
    case CURLE_FAILED_INIT:
    case CURLE_OUT_OF_MEMORY: return asked ? POOL_BROKEN : POOL_CONNECT;
    default: return POOL_BROKEN;
    }
}

static void explain(struct pool_exchange *x, CURLcode code, enum pool_error e)
{
    struct pool_transfer *t = x->transfer;
    const char *where = pool_easy_where(x);
    long number = 0;
    curl_easy_getinfo(x->easy, CURLINFO_OS_ERRNO, &number);
    if (x->verdict == POOL_TOO_LARGE && x->header_bytes > POOL_HEADERS_MAX)
        pool_easy_fail(t, e, "%.80s: the headers of the answer are larger than %d bytes", where,
                       POOL_HEADERS_MAX);
    else if (x->verdict == POOL_TOO_LARGE)
        pool_easy_fail(t, e, "%.80s: the answer is larger than %zu bytes", where, t->max_bytes);
    else if (x->verdict == POOL_BROKEN)
        pool_easy_fail(t, e, "%.80s: the connection died before an answer; not sent a second time",
                       where);
    else if (code == CURLE_OPERATION_TIMEDOUT)
        pool_easy_fail(t, e, "%.80s: no connection within %d ms", where, POOL_CONNECT_MS);
    else if (code == CURLE_COULDNT_CONNECT && number != 0)
        pool_easy_fail(t, e, "%.80s: %s", where, strerrordesc_np((int)number));
    else if (e == POOL_TLS && x->detail && x->detail[0])
        pool_easy_fail(t, e, "%.60s: %s", where, x->detail);
    else if (code == CURLE_OK)
        pool_easy_fail(t, e, "%.80s: what came is not an HTTP answer", where);
    else
        pool_easy_fail(t, e, "%.80s: %s", where, curl_easy_strerror(code));
}

void pool_easy_close(struct pool_exchange *x, CURLcode code)
{
    struct pool_transfer *t = x->transfer;
    t->sent = pool_easy_sent(x);
    enum pool_error e = POOL_OK;
    if (x->verdict != POOL_OK)
        e = x->verdict;
    else if (code != CURLE_OK)
        e = error_of(code, x->asked > 0);
    else if (x->status < 200)
        e = POOL_BROKEN;
    else if (!buf_reserve(&x->headers, 0) || !buf_reserve(&x->answer, 0))
        e = POOL_BROKEN; /* an answer's strings are never NULL */
    if (e != POOL_OK) {
        explain(x, code, e);
        return;
    }
    t->error = POOL_OK;
    t->status = x->status;
    t->answer_headers = x->headers.data;
    t->answer_headers_len = x->headers.len;
    t->answer = x->answer.data;
    t->answer_len = x->answer.len;
    t->answer_headers[t->answer_headers_len] = '\0';
    x->headers = x->answer = (struct buf){ 0 };
}

void pool_easy_free(struct pool_exchange *x)
{
    for (size_t i = 0; i < x->blank_count; i++)
        free(x->blank_lines[i]);
    free(x->blank_lines);
    free(x->more_lines);
    free(x->detail);
    buf_free(&x->headers);
    buf_free(&x->answer);
    free(x);
}
