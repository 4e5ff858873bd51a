#include "client/easy.h"

#include "base/http_token.h"
#include "client/form.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Small, because each waiting transfer holds one, and answers are a few KB. libcurl reads once in a
 * round, so files have a larger one. */
static const long RECEIVE_BYTES = 2048, FILE_BYTES = 16384, SEND_BYTES = 16384;
/* libcurl goes on reading while a fast peer sends, and meanwhile nobody else is served (measured:
 * 10 s with fifty files of 16 MB). So a file rests after so many bytes, until the next round. Not
 * with TLS, where transfers may share a connection. */
static const size_t ROUND_BYTES = 256 << 10;
/* Well below the idle limits of known peers: an old connection is often closed already. */
static const long REUSE_SECONDS = 55;

void pool_easy_fail(struct pool_transfer *t, enum pool_error e, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(t->message, sizeof t->message, format, args);
    va_end(args);
    t->error = e;
    /* Part of it may be text of the peer. */
    for (char *p = t->message; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
}

static bool refuse(struct pool_transfer *t, const char *why)
{
    pool_easy_fail(t, POOL_REFUSED, "%s", why);
    return false;
}

static bool method_check(struct pool_transfer *t)
{
    if (!t->method || strlen(t->method) > 16 || !http_token(t->method, strlen(t->method)))
        return refuse(t, "the method is not a valid name");
    if (strcasecmp(t->method, "CONNECT") == 0 || strcasecmp(t->method, "TRACE") == 0)
        return refuse(t, "this method is not allowed");
    return true;
}

/* libcurl writes headers unchanged, so each must be one line. It sets framing headers itself. */
static bool header_check(struct pool_transfer *t, const struct pool_header *h)
{
    if (!http_token(h->name, strlen(h->name)))
        return refuse(t, "a header has no valid name");
    for (const char *p = h->value; *p; p++)
        if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f) {
            pool_easy_fail(t, POOL_REFUSED, "the header %.64s holds a control character", h->name);
            return false;
        }
    static const char *const framing[] = { "content-length", "transfer-encoding",
                                           "host",           "connection",
                                           "expect",         "te",
                                           "trailer",        "upgrade" };
    for (size_t i = 0; i < sizeof framing / sizeof *framing; i++)
        if (strcasecmp(h->name, framing[i]) == 0) {
            pool_easy_fail(t, POOL_REFUSED, "the caller must not set the header %s", framing[i]);
            return false;
        }
    return true;
}

bool pool_easy_check(struct pool_transfer *t)
{
    if (!method_check(t))
        return false;
    for (size_t i = 0; i < t->header_count; i++)
        if (!header_check(t, &t->headers[i]))
            return false;
    return true;
}

bool pool_easy_read_url(struct pool_transfer *t, struct url *url)
{
    const char *wrong = url_read(t->url ? t->url : "", url);
    if (wrong)
        pool_easy_fail(t, POOL_REFUSED, "the URL cannot be used: %s", wrong);
    return !wrong;
}

/* ---- callbacks: they only store ---- */

/* The connection is open and the request is about to be sent; again before a silent resend. */
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

/* libcurl keeps them: see headers_take. Without a limit of lines, a peer could keep it counting
 * them for seconds. */
static size_t on_header(char *line, size_t one, size_t len, void *arg)
{
    (void)line, (void)one;
    struct pool_exchange *x = arg;
    x->header_bytes += len;
    if (++x->header_lines > POOL_HEADERS_COUNT || x->header_bytes > POOL_HEADERS_MAX) {
        x->verdict = POOL_TOO_LARGE;
        return 0;
    }
    return len;
}

/* true: the transfer goes on. */
static bool disk_fine(struct pool_exchange *x, int error)
{
    if (error) {
        x->verdict = POOL_DISK;
        x->disk_error = error;
    }
    return error == 0;
}

/* The body of a good answer goes to a file. false: the disk does not take it. */
static bool download_begin(struct pool_exchange *x)
{
    long status = 0;
    int error = 0;
    curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
    if (!x->transfer->file || x->download || status < 200 || status > 299)
        return true;
    x->download = pool_download_open(x->transfer->file, &error);
    return disk_fine(x, x->download ? 0 : error);
}

static size_t on_body(char *bytes, size_t one, size_t len, void *arg)
{
    (void)one;
    struct pool_exchange *x = arg;
    size_t keep = len;
    if (len > x->transfer->max_bytes - x->answer_bytes) {
        x->verdict = POOL_TOO_LARGE;
        return 0;
    }
    x->answer_bytes += len;
    if (!download_begin(x))
        return 0;
    if (x->download) {
        x->round_bytes += len;
        if (x->round_bytes >= ROUND_BYTES && !x->rests && !x->secure &&
            curl_easy_pause(x->easy, CURLPAUSE_RECV) == CURLE_OK) {
            x->round_bytes = 0;
            pool_easy_rests(x);
        }
        return disk_fine(x, pool_download_write(x->download, bytes, len)) ? len : 0;
    }
    if (x->transfer->file && keep > POOL_FILE_ERROR_BYTES - x->answer.len)
        keep = POOL_FILE_ERROR_BYTES - x->answer.len;
    return buf_add(&x->answer, bytes, keep) ? len : 0;
}

/* ---- the request ---- */

/* libcurl only reads the list, so its nodes and their lines are one block. */
static bool dress_headers(struct pool_exchange *x)
{
    /* No "Expect: 100-continue", which costs a round trip, and no content type added by libcurl. */
    static char no_expect[] = "Expect:", no_type[] = "Content-Type:";
    const struct pool_transfer *t = x->transfer;
    size_t size = (t->header_count + 2) * sizeof *x->lines, n = 0;
    for (size_t i = 0; i < t->header_count; i++)
        size += strlen(t->headers[i].name) + strlen(t->headers[i].value) + sizeof ": ";
    x->lines = malloc(size);
    if (!x->lines)
        return false;
    char *at = (char *)(x->lines + t->header_count + 2);
    bool typed = t->parts != NULL;
    for (size_t i = 0; i < t->header_count; i++) {
        const struct pool_header *h = &t->headers[i];
        /* "Name;" is sent as an empty header; "Name:" would remove it. */
        bool blank = h->value[strspn(h->value, " \t")] == '\0';
        x->lines[n++].data = at;
        at = stpcpy(at, h->name);
        at = stpcpy(stpcpy(at, blank ? ";" : ": "), blank ? "" : h->value) + 1;
        typed = typed || strcasecmp(h->name, "content-type") == 0;
    }
    x->lines[n++].data = no_expect;
    if (!typed)
        x->lines[n++].data = no_type;
    for (size_t i = 0; i < n; i++)
        x->lines[i].next = i + 1 < n ? &x->lines[i + 1] : NULL;
    return curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->lines) == CURLE_OK;
}

static bool dress_body(struct pool_exchange *x)
{
    const struct pool_transfer *t = x->transfer;
    CURL *e = x->easy;
    CURLcode bad = CURLE_OK;
    if (t->parts) {
        x->form = pool_form_make(e, t->parts, t->part_count);
        if (!x->form)
            return false;
        bad |= curl_easy_setopt(e, CURLOPT_MIMEPOST, x->form);
        if (strcmp(t->method, "POST") != 0)
            bad |= curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, t->method);
        return bad == CURLE_OK;
    }
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

/* What is forbidden, also when the environment asks for it. */
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
    /* Without it a hanging lookup blocks the thread for seconds after its transfer's time-out. */
    bad |= curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
    return bad == CURLE_OK;
}

/* Each transfer copies these texts twice, so those that it does not use are removed. */
static bool dress_trust(CURL *e, bool secure)
{
    CURLcode bad = CURLE_OK;
    bad |= curl_easy_setopt(e, CURLOPT_PROXY_CAINFO, NULL);
    bad |= curl_easy_setopt(e, CURLOPT_PROXY_CAPATH, NULL);
    if (!secure) {
        bad |= curl_easy_setopt(e, CURLOPT_CAINFO, NULL);
        bad |= curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
    }
    return bad == CURLE_OK;
}

CURL *pool_easy_pattern(bool secure)
{
    CURL *e = curl_easy_init();
    CURLcode bad = CURLE_OK;
    if (!e)
        return NULL;
    bad |= curl_easy_setopt(e, CURLOPT_HTTP_VERSION,
                            (long)(secure ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    /* Wait for a connection that may carry many streams instead of opening a second. */
    bad |= curl_easy_setopt(e, CURLOPT_PIPEWAIT, secure ? 1L : 0L);
    bad |= curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
    bad |= curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)POOL_CONNECT_MS);
    bad |= curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, REUSE_SECONDS);
    bad |= curl_easy_setopt(e, CURLOPT_BUFFERSIZE, RECEIVE_BYTES);
    bad |= curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, SEND_BYTES);
    /* One name: libcurl would print all it knows, byte by byte. */
    bad |= curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "gzip");
    bad |= curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_request);
    bad |= curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    bad |= curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    if (bad == CURLE_OK && dress_rules(e, secure) && dress_trust(e, secure))
        return e;
    curl_easy_cleanup(e);
    return NULL;
}

bool pool_easy_dress(struct pool_exchange *x)
{
    CURL *e = x->easy;
    CURLcode bad = CURLE_OK;
    if (!dress_body(x) || !dress_headers(x))
        return false;
    /* The parts are read from the second; without the first, libcurl would print it again. */
    bad |= curl_easy_setopt(e, CURLOPT_URL, &x->route->text[0]);
    bad |= curl_easy_setopt(e, CURLOPT_CURLU, x->route->parsed);
    bad |= curl_easy_setopt(e, CURLOPT_PRIVATE, x);
    if (x->transfer->file) {
        bad |= curl_easy_setopt(e, CURLOPT_BUFFERSIZE, FILE_BYTES);
        /* What the length announces is refused before a byte is written. */
        bad |= curl_easy_setopt(e, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)x->transfer->max_bytes);
    }
    bad |= curl_easy_setopt(e, CURLOPT_PREREQDATA, x);
    bad |= curl_easy_setopt(e, CURLOPT_HEADERDATA, x);
    bad |= curl_easy_setopt(e, CURLOPT_WRITEDATA, x);
    if (x->secure && (x->detail = calloc(1, CURL_ERROR_SIZE)))
        bad |= curl_easy_setopt(e, CURLOPT_ERRORBUFFER, x->detail);
    return bad == CURLE_OK;
}

/* ---- the answer ---- */

bool pool_easy_sent(const struct pool_exchange *x)
{
    long bytes = 0;
    if (x->again)
        return true;
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
    case CURLE_OPERATION_TIMEDOUT: /* total time-outs are ours, so this is POOL_CONNECT_MS */
        return POOL_CONNECT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_ENGINE_INITFAILED: return POOL_TLS;
    case CURLE_FILESIZE_EXCEEDED: return POOL_TOO_LARGE;
    case CURLE_ABORTED_BY_CALLBACK: return POOL_DISK; /* a part's file: see form */
    case CURLE_URL_MALFORMAT:
    case CURLE_LOGIN_DENIED: return POOL_REFUSED;
    case CURLE_UNSUPPORTED_PROTOCOL: /* also the code for an HTTP/0.9 answer */
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
    if (x->easy)
        curl_easy_getinfo(x->easy, CURLINFO_OS_ERRNO, &number);
    if (x->verdict == POOL_TOO_LARGE &&
        (x->header_lines > POOL_HEADERS_COUNT || x->header_bytes > POOL_HEADERS_MAX))
        pool_easy_fail(t, e, "%.80s: the answer has more headers than %d, or %d bytes of them",
                       where, POOL_HEADERS_COUNT, POOL_HEADERS_MAX);
    else if (e == POOL_DISK && x->disk_error)
        pool_easy_fail(t, e, "the answer of %.60s cannot be written to MEDIA_DIR: %s", where,
                       strerrordesc_np(x->disk_error));
    else if (e == POOL_DISK)
        pool_easy_fail(t, e, "a file for %.80s cannot be read", where);
    else if (e == POOL_TOO_LARGE)
        pool_easy_fail(t, e, "%.80s: the answer is larger than %zu bytes", where, t->max_bytes);
    else if (x->verdict == POOL_BROKEN)
        pool_easy_fail(
            t, e, "%.80s: the connection closed before an answer; the request was not sent again",
            where);
    else if (code == CURLE_OPERATION_TIMEDOUT)
        pool_easy_fail(t, e, "%.80s: no connection within %d ms", where, POOL_CONNECT_MS);
    else if (code == CURLE_COULDNT_CONNECT && number != 0)
        pool_easy_fail(t, e, "%.80s: %s", where, strerrordesc_np((int)number));
    else if (e == POOL_TLS && x->detail && x->detail[0])
        pool_easy_fail(t, e, "%.60s: %s", where, x->detail);
    else if (code == CURLE_OK)
        pool_easy_fail(t, e, "%.80s: the answer is not HTTP", where);
    else
        pool_easy_fail(t, e, "%.80s: %s", where, curl_easy_strerror(code));
}

/* Copies libcurl's headers, because the handle goes. One block: the list, then its texts. */
static bool headers_take(struct pool_exchange *x)
{
    struct pool_transfer *t = x->transfer;
    struct pool_header *list = malloc(x->header_lines * sizeof *list + x->header_bytes + 1);
    if (!list)
        return false;
    char *at = (char *)(list + x->header_lines);
    size_t n = 0;
    for (struct curl_header *h = NULL; (h = curl_easy_nextheader(x->easy, CURLH_HEADER, -1, h));) {
        list[n].name = at;
        for (const char *p = h->name; *p; p++)
            *at++ = (char)tolower((unsigned char)*p);
        *at++ = '\0';
        list[n++].value = at;
        for (const char *p = h->value; *p; p++)
            *at++ = (unsigned char)*p < 0x20 && *p != '\t' ? ' ' : *p;
        while (at > list[n - 1].value && at[-1] == ' ') /* an empty value keeps its line's end */
            at--;
        *at++ = '\0';
    }
    t->answer_headers = list;
    t->answer_header_count = n;
    return true;
}

bool pool_easy_close(struct pool_exchange *x, CURLcode code)
{
    struct pool_transfer *t = x->transfer;
    long status = 0;
    curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
    t->sent = pool_easy_sent(x);
    enum pool_error e = POOL_OK;
    if (x->verdict != POOL_OK)
        e = x->verdict;
    else if (code != CURLE_OK)
        e = error_of(code, x->asked > 0);
    else if (!download_begin(x)) /* the body is empty */
        e = POOL_DISK;
    else if (status < 200 || !buf_reserve(&x->answer, 0) || !headers_take(x))
        e = POOL_BROKEN; /* an answer's strings are never NULL */
    if (e != POOL_OK) {
        explain(x, code, e);
        return false;
    }
    t->error = POOL_OK;
    t->status = (int)status;
    t->answer = x->answer.data;
    t->answer_len = x->answer.len;
    x->answer = (struct buf){ 0 };
    return x->download != NULL;
}

void pool_easy_forget(struct pool_transfer *t)
{
    free(t->answer_headers);
    free(t->answer);
    t->answer_headers = NULL;
    t->answer = NULL;
    t->answer_header_count = t->answer_len = 0;
}

void pool_easy_unsynced(struct pool_exchange *x, int error)
{
    pool_easy_forget(x->transfer);
    x->transfer->status = 0;
    x->disk_error = error;
    explain(x, CURLE_OK, POOL_DISK);
}

void pool_easy_undress(struct pool_exchange *x)
{
    free(x->lines);
    free(x->detail);
    x->lines = NULL;
    x->detail = NULL;
    pool_download_discard(x->download);
    x->download = NULL;
    curl_mime_free(x->form);
    x->form = NULL;
}

void pool_easy_free(struct pool_exchange *x)
{
    buf_free(&x->answer);
    free(x);
}
