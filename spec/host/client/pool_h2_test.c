/* What the pool promises over HTTP/2, against a TLS peer on loopback that speaks just its frames:
 * it reads no header, and does with each request what `mode` says. */
#include "client/pool.h"
#include "spec/host/client/pool_case.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <dlfcn.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DATA = 0, HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, PING = 6, GOAWAY = 7 };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4, REFUSED_STREAM = 7, PREFACE = 24, STREAMS = 256 };

/* REFUSES, LEAVES and DIES are for one request; then the peer answers again. */
enum mode { ANSWERS, HOLDS, REFUSES, LEAVES, DIES };

static struct {
    int fd, port;
    SSL_CTX *context;
    atomic_int mode, connections, open, requests, resets;
} peer;
static char trusted[] = "/tmp/pool_h2_test.XXXXXX";

/* The pool trusts what the system trusts; here that is the peer's certificate. */
CURL *curl_easy_init(void)
{
    CURL *(*real)(void) = (CURL * (*)(void)) dlsym(RTLD_NEXT, "curl_easy_init");
    CURL *e = real();
    curl_easy_setopt(e, CURLOPT_CAINFO, trusted);
    return e;
}

/* ---- the peer ---- */

static bool put(SSL *tls, int type, int flags, uint32_t stream, const void *bytes, size_t n)
{
    unsigned char frame[64] = { 0, 0, (unsigned char)n, (unsigned char)type, (unsigned char)flags };
    stream = htonl(stream);
    memcpy(frame + 5, &stream, 4);
    if (n)
        memcpy(frame + 9, bytes, n);
    return SSL_write(tls, frame, (int)(9 + n)) > 0;
}

static bool get(SSL *tls, void *to, size_t n)
{
    size_t done = 0;
    return n == 0 || SSL_read_ex(tls, to, n, &done) == 0 ? n == 0
           : done == n                                   ? true
                                                         : get(tls, (char *)to + done, n - done);
}

/* A whole request of this stream came. false: the connection ends. */
static bool asked(SSL *tls, uint32_t stream, uint32_t held[], size_t *holds)
{
    uint32_t refused = htonl(REFUSED_STREAM), last[2] = { htonl(stream > 1 ? stream - 2 : 0), 0 };
    int mode = atomic_load(&peer.mode);
    atomic_fetch_add(&peer.requests, 1);
    if (mode == ANSWERS || mode == HOLDS) {
        held[(*holds)++] = stream;
        return *holds < STREAMS;
    }
    atomic_store(&peer.mode, ANSWERS);
    if (mode == REFUSES)
        return put(tls, RST_STREAM, 0, stream, &refused, sizeof refused);
    return mode == LEAVES && put(tls, GOAWAY, 0, 0, last, sizeof last);
}

static void *connection_run(void *arg)
{
    static const unsigned char ok = 0x88; /* :status 200 */
    unsigned char head[9], bytes[1 << 14];
    uint32_t held[STREAMS], stream;
    size_t holds = 0;
    int fd = (int)(intptr_t)arg;
    SSL *tls = SSL_new(peer.context);
    SSL_set_fd(tls, fd);
    bool on = SSL_accept(tls) == 1 && get(tls, bytes, PREFACE) && put(tls, SETTINGS, 0, 0, NULL, 0);
    while (on) {
        while (on && atomic_load(&peer.mode) == ANSWERS && holds > 0)
            on = put(tls, HEADERS, END_HEADERS | END_STREAM, held[--holds], &ok, 1);
        struct pollfd ready = { .fd = fd, .events = POLLIN };
        if (!on || (!SSL_pending(tls) && poll(&ready, 1, 10) == 0))
            continue;
        size_t n = 0;
        on = get(tls, head, sizeof head) && (n = (size_t)head[1] << 8 | head[2]) <= sizeof bytes &&
             get(tls, bytes, n);
        memcpy(&stream, head + 5, sizeof stream);
        stream = ntohl(stream);
        if (on && (head[3] == SETTINGS || head[3] == PING) && !(head[4] & ACK))
            on = put(tls, head[3], ACK, 0, bytes, head[3] == PING ? n : 0);
        else if (on && head[3] == RST_STREAM)
            atomic_fetch_add(&peer.resets, 1);
        else if (on && (head[3] == DATA || head[3] == HEADERS) && (head[4] & END_STREAM))
            on = asked(tls, stream, held, &holds);
    }
    SSL_shutdown(tls);
    SSL_free(tls);
    close(fd);
    atomic_fetch_sub(&peer.open, 1);
    return NULL;
}

static void *listen_run(void *arg)
{
    for (int fd; (fd = accept4(peer.fd, NULL, NULL, SOCK_CLOEXEC)) >= 0;) {
        pthread_t thread;
        atomic_fetch_add(&peer.connections, 1);
        atomic_fetch_add(&peer.open, 1);
        pthread_create(&thread, NULL, connection_run, (void *)(intptr_t)fd);
        pthread_detach(thread);
    }
    return arg;
}

static int choose(SSL *tls, const unsigned char **out, unsigned char *n, const unsigned char *in,
                  unsigned in_n, void *arg)
{
    (void)tls, (void)arg;
    unsigned char *found = NULL;
    int r = SSL_select_next_proto(&found, n, (const unsigned char *)"\2h2", 3, in, in_n);
    *out = found;
    return r == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Its certificate goes to the file `trusted`. */
static void certify(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                               (const unsigned char *)"peer", -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    X509_EXTENSION *name = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
    X509_add_ext(cert, name, -1);
    X509_EXTENSION_free(name);
    X509_set_pubkey(cert, key);
    X509_sign(cert, key, EVP_sha256());
    FILE *f = fdopen(mkstemp(trusted), "w");
    PEM_write_X509(f, cert);
    fclose(f);
    peer.context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(peer.context, cert);
    SSL_CTX_use_PrivateKey(peer.context, key);
    SSL_CTX_set_alpn_select_cb(peer.context, choose, NULL);
    X509_free(cert);
    EVP_PKEY_free(key);
}

/* ---- the calls ---- */

struct call {
    struct pool_transfer t;
    char url[64];
    bool back;
};

static void call_make(struct call *c, bool once)
{
    *c = (struct call){ .t = { .method = "POST",
                               .body = "{}",
                               .body_len = 2,
                               .timeout_ms = 10000,
                               .max_bytes = 1 << 20,
                               .once = once } };
    snprintf(c->url, sizeof c->url, "https://127.0.0.1:%d/send", peer.port);
    c->t.url = c->url;
    c->t.owner = c;
}

static bool until_back(struct pool *p, struct call *c)
{
    while (!c->back) {
        struct pollfd ready = { .fd = pool_fd(p), .events = POLLIN };
        if (poll(&ready, 1, 15000) != 1)
            return false;
        for (struct pool_transfer *t; (t = pool_take(p));)
            ((struct call *)t->owner)->back = true;
    }
    return true;
}

static bool reaches(atomic_int *value, int wanted)
{
    for (int i = 0; i < 5000 && atomic_load(value) < wanted; i++)
        usleep(1000);
    return atomic_load(value) >= wanted;
}

/* One request that meets a peer in this mode; how often the peer saw it. */
static void expect(struct pool *p, bool once, int mode, enum pool_error e, int seen)
{
    struct call c;
    atomic_store(&peer.mode, mode);
    int before = atomic_load(&peer.requests);
    call_make(&c, once);
    pool_submit(p, &c.t);
    CHECK(until_back(p, &c));
    if (c.t.error != e || atomic_load(&peer.requests) - before != seen)
        printf("# got %s, seen %d: %s\n", pool_error_name(c.t.error),
               atomic_load(&peer.requests) - before, c.t.message);
    CHECK(c.t.error == e && c.t.sent && (e != POOL_OK || c.t.status == 200));
    CHECK(atomic_load(&peer.requests) - before == seen);
    pool_transfer_clear(&c.t);
}

static void case_share(struct pool *p)
{
    enum { CALLS = 90 };
    static struct call c[CALLS];
    atomic_store(&peer.mode, HOLDS);
    int before = atomic_load(&peer.requests);
    for (int i = 0; i < CALLS; i++) {
        call_make(&c[i], false);
        pool_submit(p, &c[i].t);
    }
    CHECK(reaches(&peer.requests, before + CALLS));
    atomic_store(&peer.mode, ANSWERS);
    for (int i = 0; i < CALLS; i++) {
        CHECK(until_back(p, &c[i]) && c[i].t.error == POOL_OK && c[i].t.status == 200);
        pool_transfer_clear(&c[i].t);
    }
    CHECK(atomic_load(&peer.connections) <= 6);
}

static void case_cancel(struct pool *p)
{
    struct call gone, stays;
    int before = atomic_load(&peer.requests), connections = atomic_load(&peer.connections);
    atomic_store(&peer.mode, HOLDS);
    call_make(&gone, true);
    call_make(&stays, true);
    pool_submit(p, &gone.t);
    pool_submit(p, &stays.t);
    CHECK(reaches(&peer.requests, before + 2));
    pool_cancel(p, &gone.t);
    CHECK(until_back(p, &gone) && gone.t.error == POOL_CANCELLED && gone.t.sent);
    CHECK(reaches(&peer.resets, 1));
    atomic_store(&peer.mode, ANSWERS);
    CHECK(until_back(p, &stays) && stays.t.error == POOL_OK);
    CHECK(atomic_load(&peer.connections) == connections);
    pool_transfer_clear(&stays.t);
}

static void case_refused(struct pool *p)
{
    expect(p, false, REFUSES, POOL_OK, 2);
    expect(p, true, REFUSES, POOL_BROKEN, 1);
    expect(p, true, ANSWERS, POOL_OK, 1);
}

static void case_leaves(struct pool *p)
{
    expect(p, false, LEAVES, POOL_OK, 2);
    expect(p, true, LEAVES, POOL_BROKEN, 1);
    expect(p, true, ANSWERS, POOL_OK, 1);
}

static void case_dies(struct pool *p)
{
    expect(p, false, DIES, POOL_BROKEN, 1);
    expect(p, true, DIES, POOL_BROKEN, 1);
    expect(p, true, ANSWERS, POOL_OK, 1);
}

static void run(struct pool *p, const char *sentence, void (*body)(struct pool *))
{
    body(p);
    case_over(sentence);
}

int main(void)
{
    char why[128];
    pthread_t thread;
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof a;
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN);
    certify();
    peer.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(peer.fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(peer.fd, 64) != 0)
        return 1;
    getsockname(peer.fd, (struct sockaddr *)&a, &n);
    peer.port = ntohs(a.sin_port);
    pthread_create(&thread, NULL, listen_run, NULL);
    struct pool *p = pool_start(NULL, why, sizeof why);
    if (!p) {
        printf("Bail out! %s\n", why);
        return 1;
    }
    run(p, "ninety calls that wait at one host share six connections", case_share);
    run(p, "C7: a cancel ends its own stream, and the connection serves the others", case_cancel);
    run(p, "E5: a refused stream is asked again, and with 'once' is not", case_refused);
    run(p, "E5: a stream after GOAWAY is asked again, and with 'once' is not", case_leaves);
    run(p, "E5: a stream of a connection that dies is not asked again", case_dies);
    pool_stop(p, NULL, NULL);
    shutdown(peer.fd, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(peer.fd);
    for (int i = 0; i < 5000 && atomic_load(&peer.open) > 0; i++)
        usleep(1000);
    SSL_CTX_free(peer.context);
    unlink(trusted);
    printf("%d passed, %d failed\n", passed, failed);
    return failed ? 1 : 0;
}
