/* What the pool promises, against a peer on loopback that misbehaves on purpose. The codes:
 * docs/faults.md. */
#include "base/loop.h"
#include "client/pool.h"
#include "spec/host/client/pool_case.h"
#include "spec/host/client/pool_server.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>

static struct server server;
static int refused_port, full_port;

struct call {
    struct pool_transfer t;
    char url[256];
    int back; /* how often it came back */
};

static struct pool *pool_new(unsigned per_host)
{
    char why[128];
    struct pool_options o = { .per_host = per_host };
    struct pool *p = pool_start(&o, why, sizeof why);
    if (!p) {
        printf("Bail out! %s\n", why);
        exit(1);
    }
    return p;
}

static void call_make(struct call *c, const char *method, const char *path)
{
    *c = (struct call){ .t = { .method = method, .timeout_ms = 10000, .max_bytes = 1 << 20 } };
    if (path[0] == '/')
        snprintf(c->url, sizeof c->url, "http://127.0.0.1:%d%s", server.port, path);
    else
        snprintf(c->url, sizeof c->url, "%s", path);
    c->t.url = c->url;
    c->t.owner = c;
    if (strcmp(method, "POST") == 0) {
        c->t.body = "{\"to\":\"somebody\"}";
        c->t.body_len = 17;
    }
}

static void came_back(void *arg, struct pool_transfer *t)
{
    (void)arg;
    ((struct call *)t->owner)->back++;
}

/* Takes until `count` came back; false when nothing does for 15 s. */
static bool take(struct pool *p, size_t count)
{
    while (count > 0) {
        struct pollfd ready = { .fd = pool_fd(p), .events = POLLIN };
        if (poll(&ready, 1, 15000) != 1)
            return false;
        struct pool_transfer *t;
        while (count > 0 && (t = pool_take(p))) {
            came_back(NULL, t);
            count--;
        }
    }
    return true;
}

static bool reaches(atomic_int *value, int wanted)
{
    for (int i = 0; i < 5000 && atomic_load(value) < wanted; i++)
        usleep(1000);
    return atomic_load(value) >= wanted;
}

static void ask(struct pool *p, struct call *c)
{
    pool_submit(p, &c->t);
    CHECK(take(p, 1));
    CHECK(c->back == 1);
}

/* One request, its error and whether it counts as sent. */
static void expect(struct pool *p, struct call *c, enum pool_error e, bool sent)
{
    ask(p, c);
    if (c->t.error != e || c->t.sent != sent)
        printf("# got %s, sent %d: %s\n", pool_error_name(c->t.error), c->t.sent, c->t.message);
    CHECK(c->t.error == e);
    CHECK(c->t.sent == sent);
    CHECK(e == POOL_OK ? c->t.status >= 200
                       : c->t.message[0] && !c->t.answer && !c->t.answer_headers);
    CHECK(!strstr(c->t.message, "secret"));
    pool_transfer_clear(&c->t);
}

/* value NULL: any. */
static bool has_header(const struct call *c, const char *name, const char *value)
{
    for (size_t i = 0; i < c->t.answer_header_count; i++) {
        const struct pool_header *h = &c->t.answer_headers[i];
        if (strcmp(h->name, name) == 0 && (!value || strcmp(h->value, value) == 0))
            return true;
    }
    return false;
}

static void case_get_and_post(struct pool *p)
{
    struct call c;
    call_make(&c, "POST", "/echo");
    ask(p, &c);
    CHECK(c.t.error == POOL_OK);
    CHECK(c.t.status == 200);
    CHECK(c.t.sent);
    CHECK(c.t.elapsed_ns > 0);
    CHECK(c.t.answer_len == 17 && memcmp(c.t.answer, c.t.body, 17) == 0);
    CHECK(has_header(&c, "set-cookie", "a=1") && has_header(&c, "set-cookie", "b=2"));
    pool_transfer_clear(&c.t);
    static const struct pool_header lines[] = { { "Authorization", "Bearer k" },
                                                { "X-Blank", "" },
                                                { "X-Also", "  " } };
    call_make(&c, "GET", "/head");
    c.t.headers = lines;
    c.t.header_count = 3;
    ask(p, &c);
    CHECK(c.t.answer && strncmp(c.t.answer, "GET /head HTTP/1.1\r\n", 20) == 0);
    CHECK(c.t.answer && strstr(c.t.answer, "\r\nAuthorization: Bearer k\r\n"));
    CHECK(c.t.answer && strstr(c.t.answer, "\r\nX-Blank:\r\n") &&
          strstr(c.t.answer, "\r\nX-Also:\r\n"));
    pool_transfer_clear(&c.t);
    call_make(&c, "PUT", "/head");
    ask(p, &c);
    CHECK(c.t.answer && strncmp(c.t.answer, "PUT ", 4) == 0 && !strcasestr(c.t.answer, "expect"));
    pool_transfer_clear(&c.t);
    call_make(&c, "POST", "/echo");
    c.t.body = NULL;
    ask(p, &c);
    CHECK(c.t.error == POOL_OK && c.t.answer && c.t.answer_len == 0);
    pool_transfer_clear(&c.t);
}

static void case_reuse(struct pool *p)
{
    int before = atomic_load(&server.connections);
    struct call c;
    for (int i = 0; i < 20; i++) {
        call_make(&c, i % 2 ? "POST" : "GET", "/echo");
        expect(p, &c, POOL_OK, true);
    }
    CHECK(atomic_load(&server.connections) - before <= 1);
}

/* More than the pool keeps, waiting and again: each request carries its own. */
static void case_urls(struct pool *p)
{
    enum { URLS = 24 };
    static struct call slow[URLS], c;
    char path[64], line[80];
    for (int i = 0; i < URLS; i++) {
        snprintf(path, sizeof path, "/slow?%d", 100 + i);
        call_make(&slow[i], "GET", path);
        pool_submit(p, &slow[i].t);
    }
    for (int i = 0; i < 2 * URLS; i++) {
        snprintf(path, sizeof path, "/head?a=%d&b", i % URLS);
        snprintf(line, sizeof line, "GET %s HTTP/1.1\r\n", path);
        call_make(&c, "GET", path);
        pool_submit(p, &c.t);
        while (c.back == 0 && take(p, 1))
            ;
        CHECK(c.t.error == POOL_OK && c.t.answer && strncmp(c.t.answer, line, strlen(line)) == 0);
        pool_transfer_clear(&c.t);
    }
    for (int i = 0; i < URLS; i++) {
        while (slow[i].back == 0 && take(p, 1))
            ;
        CHECK(slow[i].t.error == POOL_OK);
        pool_transfer_clear(&slow[i].t);
    }
}

static void case_large_post(struct pool *p)
{
    struct call c;
    char *body = malloc(900000);
    memset(body, 'b', 900000);
    call_make(&c, "POST", "/echo");
    c.t.body = body;
    c.t.body_len = 900000;
    ask(p, &c);
    CHECK(c.t.error == POOL_OK && c.t.answer_len == 900000 &&
          memcmp(c.t.answer, body, 900000) == 0);
    pool_transfer_clear(&c.t);
    free(body);
}

static void case_refused(struct pool *p)
{
    struct call c;
    call_make(&c, "POST", "");
    snprintf(c.url, sizeof c.url, "http://127.0.0.1:%d/x?key=secret", refused_port);
    expect(p, &c, POOL_CONNECT, false);
}

static void case_blackhole(struct pool *p)
{
    struct call c;
    call_make(&c, "POST", "");
    snprintf(c.url, sizeof c.url, "http://127.0.0.1:%d/x?key=secret", full_port);
    c.t.timeout_ms = 300;
    expect(p, &c, POOL_TIMEOUT, false);
    CHECK(c.t.elapsed_ns >= 300000000u && c.t.elapsed_ns < 1500000000u);
}

static void case_no_name(struct pool *p)
{
    struct call c;
    call_make(&c, "GET", "http://no-such-host.invalid/");
    c.t.timeout_ms = 3000;
    ask(p, &c);
    CHECK(c.t.error == POOL_DNS || c.t.error == POOL_TIMEOUT); /* a machine without a resolver */
    CHECK(!c.t.sent && c.t.elapsed_ns < 4500000000u);
}

static void case_drip(struct pool *p)
{
    struct call c;
    call_make(&c, "POST", "/drip");
    c.t.timeout_ms = 400;
    expect(p, &c, POOL_TIMEOUT, true);
    CHECK(c.t.elapsed_ns >= 400000000u && c.t.elapsed_ns < 2000000000u);
}

static void case_reset(struct pool *p)
{
    struct call c;
    call_make(&c, "POST", "/reset?key=secret");
    c.t.once = true;
    expect(p, &c, POOL_BROKEN, true);
    call_make(&c, "GET", "/short");
    expect(p, &c, POOL_BROKEN, true);
    call_make(&c, "GET", "/garbage");
    expect(p, &c, POOL_BROKEN, true);
}

static void case_too_large(struct pool *p)
{
    struct call c;
    call_make(&c, "GET", "/big");
    expect(p, &c, POOL_TOO_LARGE, true);
    call_make(&c, "GET", "/long");
    expect(p, &c, POOL_TOO_LARGE, true);
    call_make(&c, "GET", "/many");
    expect(p, &c, POOL_TOO_LARGE, true);
    call_make(&c, "GET", "/big");
    c.t.max_bytes = 2 << 20; /* to the byte */
    expect(p, &c, POOL_OK, true);
}

/* libcurl 7.88 wrote through a pointer to the header of an earlier answer. */
static void case_folded(struct pool *p)
{
    struct call c;
    for (int i = 0; i < 20; i++) {
        call_make(&c, "GET", "/head");
        ask(p, &c);
        pool_transfer_clear(&c.t);
        call_make(&c, "GET", "/folded");
        expect(p, &c, POOL_BROKEN, true);
    }
}

static void case_bomb(struct pool *p)
{
    struct call c;
    call_make(&c, "GET", "/bomb");
    expect(p, &c, POOL_TOO_LARGE, true);
}

static void case_redirect(struct pool *p)
{
    struct call c;
    call_make(&c, "GET", "/redirect");
    ask(p, &c);
    CHECK(c.t.error == POOL_OK && c.t.status == 302);
    pool_transfer_clear(&c.t);
    call_make(&c, "GET", "/interim");
    ask(p, &c);
    CHECK(c.t.error == POOL_OK && c.t.status == 201 && c.t.answer_len == 2);
    CHECK(has_header(&c, "x-late", "1") && !has_header(&c, "x-early", NULL));
    CHECK(has_header(&c, "x-empty", ""));
    pool_transfer_clear(&c.t);
}

static void case_environment(struct pool *p)
{
    struct call c;
    call_make(&c, "GET", "/head");
    ask(p, &c);
    CHECK(c.t.error == POOL_OK && c.t.answer && !strcasestr(c.t.answer, "authorization"));
    pool_transfer_clear(&c.t);
}

static void case_not_allowed(struct pool *p)
{
    static const struct pool_header lines[] = {
        { "X-A", "b\r\nX-B: c" }, { "X-A b", "" }, { "Content-Length", "5" },
        { "X-A\n", "b" },         { "", "b" },     { "Transfer-Encoding", "chunked" },
        { "Host", "secret" }
    };
    static const char *const urls[] = { "file:///etc/passwd",
                                        "ftp://127.0.0.1/",
                                        "http://u:secret@127.0.0.1/",
                                        "http://",
                                        "http://a b/",
                                        "http://127.0.0.1:99999/",
                                        "http://127.0.0.1:1x/",
                                        "http://a\r\nHost: b/",
                                        "http://[::1/",
                                        "http:///127.0.0.1/",
                                        "http:/127.0.0.1/",
                                        "http://127.1/",
                                        "http://127.0.0.1:/",
                                        "http://127.0.0.1:0/",
                                        "http://127.0.0.1/\xc3\xa9",
                                        "127.0.0.1/" };
    int before = atomic_load(&server.requests);
    struct call c;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        call_make(&c, "GET", "/echo");
        c.t.headers = &lines[i];
        c.t.header_count = 1;
        expect(p, &c, POOL_REFUSED, false);
    }
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        call_make(&c, "GET", urls[i]);
        expect(p, &c, POOL_REFUSED, false);
    }
    call_make(&c, "GET / HTTP/1.1\r\n", "/echo");
    expect(p, &c, POOL_REFUSED, false);
    CHECK(atomic_load(&server.requests) == before);
}

static void case_cancel(struct pool *p)
{
    struct call c;
    int before = atomic_load(&server.requests);
    call_make(&c, "POST", "/never");
    pool_submit(p, &c.t);
    CHECK(reaches(&server.requests, before + 1));
    pool_cancel(p, &c.t);
    pool_cancel(p, &c.t);
    CHECK(take(p, 1));
    CHECK(c.back == 1);
    CHECK(c.t.error == POOL_CANCELLED);
    CHECK(c.t.sent);
    CHECK(!pool_take(p)); /* quiet again */
    call_make(&c, "GET", "/echo");
    pool_submit(p, &c.t);
    struct pollfd ready = { .fd = pool_fd(p), .events = POLLIN };
    CHECK(poll(&ready, 1, 10000) == 1);
    pool_cancel(p, &c.t);
    CHECK(take(p, 1));
    CHECK(c.back == 1);
    CHECK(c.t.error == POOL_OK);
    CHECK(c.t.status == 200);
    CHECK(!pool_take(p) && poll(&ready, 1, 0) == 0 && pool_in_flight(p) == 0);
    pool_transfer_clear(&c.t);
}

static void case_cancel_storm(struct pool *p)
{
    enum { COUNT = 400 };
    static struct call c[COUNT];
    for (int i = 0; i < COUNT; i++) {
        call_make(&c[i], "POST", i % 3 ? "/slow?5" : "/echo");
        pool_submit(p, &c[i].t);
        if (i % 2)
            pool_cancel(p, &c[i / 2 + i % 7 <= i ? i / 2 + i % 7 : i].t);
    }
    CHECK(take(p, COUNT) && pool_in_flight(p) == 0);
    for (int i = 0; i < COUNT; i++) {
        CHECK(c[i].back == 1 && (c[i].t.error == POOL_OK || c[i].t.error == POOL_CANCELLED));
        pool_transfer_clear(&c[i].t);
    }
}

static void case_queue(struct pool *unused)
{
    (void)unused;
    struct pool *p = pool_new(2);
    struct call c[6], late;
    int before = atomic_load(&server.requests);
    atomic_store(&server.most_held, 0);
    for (int i = 0; i < 6; i++) {
        call_make(&c[i], "POST", "/slow?300");
        pool_submit(p, &c[i].t);
    }
    call_make(&late, "POST", "/echo");
    late.t.timeout_ms = 100;
    pool_submit(p, &late.t);
    CHECK(reaches(&server.requests, before + 2));
    pool_cancel(p, &c[5].t);
    CHECK(take(p, 1));
    CHECK(c[5].back == 1);
    CHECK(c[5].t.error == POOL_CANCELLED);
    CHECK(!c[5].t.sent);
    CHECK(take(p, 1));
    CHECK(late.back == 1);
    CHECK(late.t.error == POOL_TIMEOUT);
    CHECK(!late.t.sent);
    CHECK(late.t.elapsed_ns < 290000000u);
    CHECK(take(p, 5));
    for (int i = 0; i < 5; i++) {
        CHECK(c[i].back == 1 && c[i].t.error == POOL_OK);
        CHECK(i == 0 || c[i].t.elapsed_ns + 50000000u > c[i - 1].t.elapsed_ns);
        pool_transfer_clear(&c[i].t);
    }
    CHECK(atomic_load(&server.most_held) == 2 && atomic_load(&server.requests) - before == 5);
    pool_stop(p, NULL, NULL);
}

static void case_once(struct pool *unused)
{
    (void)unused;
    for (int once = 0; once < 2; once++) {
        struct pool *p = pool_new(0);
        struct call c;
        call_make(&c, "GET", "/echo");
        expect(p, &c, POOL_OK, true);
        int before = atomic_load(&server.died_bodies);
        call_make(&c, "POST", "/die");
        c.t.once = once;
        expect(p, &c, once ? POOL_BROKEN : POOL_OK, true);
        CHECK(atomic_load(&server.died_bodies) - before == (once ? 1 : 2));
        pool_stop(p, NULL, NULL);
    }
}

static void case_many(struct pool *p)
{
    enum { COUNT = 2000 };
    static struct call c[COUNT];
    atomic_store(&server.most_held, 0);
    for (int i = 0; i < COUNT; i++) {
        call_make(&c[i], "POST", "/slow?1500");
        c[i].t.timeout_ms = 60000;
        pool_submit(p, &c[i].t);
    }
    CHECK(pool_in_flight(p) == COUNT);
    CHECK(take(p, COUNT));
    for (int i = 0; i < COUNT; i++) {
        CHECK(c[i].back == 1 && c[i].t.error == POOL_OK && c[i].t.answer_len == 4);
        pool_transfer_clear(&c[i].t);
    }
    CHECK(atomic_load(&server.most_held) > 500);
}

static void case_stop(struct pool *unused)
{
    (void)unused;
    struct pool *p = pool_new(20);
    struct call c[25], done;
    int before = atomic_load(&server.requests), sent = 0;
    call_make(&done, "GET", "/echo");
    pool_submit(p, &done.t);
    for (int i = 0; i < 25; i++) {
        call_make(&c[i], "POST", "/never");
        pool_submit(p, &c[i].t);
    }
    CHECK(reaches(&server.requests, before + 21));
    pool_stop(p, came_back, NULL);
    CHECK(done.back == 1 && done.t.error == POOL_OK);
    pool_transfer_clear(&done.t);
    for (int i = 0; i < 25; i++) {
        CHECK(c[i].back == 1 && c[i].t.error == POOL_CANCELLED);
        sent += c[i].t.sent;
    }
    CHECK(sent == 20);
}

/* A TLS peer whose certificate nobody signed. Counts what it could read. */
struct tls_peer {
    int fd, port;
    atomic_int read;
};

static void *tls_run(void *arg)
{
    struct tls_peer *peer = arg;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_sign(cert, key, EVP_sha256());
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context, cert);
    SSL_CTX_use_PrivateKey(context, key);
    int fd = accept4(peer->fd, NULL, NULL, SOCK_CLOEXEC);
    SSL *tls = SSL_new(context);
    SSL_set_fd(tls, fd);
    char bytes[256];
    if (SSL_accept(tls) == 1) {
        int n = SSL_read(tls, bytes, sizeof bytes);
        atomic_fetch_add(&peer->read, n > 0 ? n : 0);
    }
    SSL_free(tls);
    close(fd);
    SSL_CTX_free(context);
    X509_free(cert);
    EVP_PKEY_free(key);
    return NULL;
}

static void case_tls(struct pool *p)
{
    static const struct pool_header lines[] = { { "Authorization", "Bearer secret" } };
    struct tls_peer peer = { 0 };
    struct call c;
    pthread_t thread;
    peer.fd = server_listen(4, &peer.port);
    fcntl(peer.fd, F_SETFL, 0); /* its thread waits in accept */
    pthread_create(&thread, NULL, tls_run, &peer);
    call_make(&c, "POST", "");
    snprintf(c.url, sizeof c.url, "https://127.0.0.1:%d/x?key=secret", peer.port);
    c.t.headers = lines;
    c.t.header_count = 1;
    expect(p, &c, POOL_TLS, false);
    pthread_join(thread, NULL);
    close(peer.fd);
    CHECK(atomic_load(&peer.read) == 0);
    call_make(&c, "POST", "");
    snprintf(c.url, sizeof c.url, "https://127.0.0.1:%d/", server.port); /* it speaks no TLS */
    expect(p, &c, POOL_TLS, false);
}

static void run(struct pool *p, const char *sentence, void (*body)(struct pool *))
{
    body(p);
    case_over(sentence);
}

/* The environment must not matter, so it is hostile. */
static void surroundings(char home[])
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max < 8000 ? files.rlim_max : 8000;
    setrlimit(RLIMIT_NOFILE, &files);
    char path[64];
    snprintf(path, sizeof path, "%s/.netrc", mkdtemp(home));
    FILE *f = fopen(path, "w");
    fprintf(f, "default login somebody password secret\n");
    fclose(f);
    static const char *const proxies[] = { "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy" };
    for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++)
        setenv(proxies[i], "http://127.0.0.1:1/", 1);
    setenv("HOME", home, 1);
    unsetenv("no_proxy");
    unsetenv("NO_PROXY");
    close(server_listen(1, &refused_port));
    /* Nobody accepts: two calls fill its queue, further SYNs are dropped. */
    server_listen(0, &full_port);
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons((uint16_t)full_port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    for (int i = 0; i < 4; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        connect(fd, (struct sockaddr *)&a, sizeof a);
    }
}

int main(void)
{
    char home[] = "/tmp/pool_test.XXXXXX", netrc[64];
    setvbuf(stdout, NULL, _IOLBF, 0);
    surroundings(home);
    server_start(&server);
    struct pool *p = pool_new(0);
    run(p, "carries methods, headers and bodies both ways", case_get_and_post);
    run(p, "keeps and reuses a connection", case_reuse);
    run(p, "each request carries its own URL, however many a host has", case_urls);
    run(p, "carries a large body both ways", case_large_post);
    run(p, "D1, E6: a refused connection is 'connect' and nothing was sent", case_refused);
    run(p, "D1: a blackhole ends at the deadline and nothing was sent", case_blackhole);
    run(p, "D1, E6: a name that does not resolve blocks nobody", case_no_name);
    run(p, "D1: a bad certificate is 'tls' and not one byte of the key leaves", case_tls);
    run(p, "D2: a dripping body meets the total deadline", case_drip);
    run(p, "D2, E5: a connection that dies after the request is 'broken' and was sent", case_reset);
    run(p, "D16: an answer past its cap is cut off, headers too", case_too_large);
    run(p, "D16: an answer whose first header line is folded harms no later one", case_folded);
    run(p, "D16: the cap counts decoded bytes of a gzip bomb", case_bomb);
    run(p, "D16: redirects are not followed, interim answers are skipped", case_redirect);
    run(p, "D16: proxy variables and .netrc are ignored", case_environment);
    run(p, "G9: refuses other schemes, credentials, CR/LF and framing headers", case_not_allowed);
    run(p, "C7: a cancel comes back once, with the truth about what was sent", case_cancel);
    run(p, "C7: a storm of cancels brings every transfer back once", case_cancel_storm);
    run(p, "queues above the limit of a host, deadlines running", case_queue);
    run(p, "E5: 'once' is not sent again on a dead connection", case_once);
    run(p, "carries 2,000 at once to one host", case_many);
    run(p, "A23: stopping brings everything back", case_stop);
    pool_stop(p, NULL, NULL);
    server_stop(&server);
    snprintf(netrc, sizeof netrc, "%s/.netrc", home);
    unlink(netrc);
    rmdir(home);
    printf("%d passed, %d failed\n", passed, failed);
    return failed ? 1 : 0;
}
