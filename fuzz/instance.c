/*
 * instance: a whole instance for fuzz targets: the business's scripts, a database in memory, a
 * listener on loopback. No job runs, so nothing leaves the process.
 */
#include "fuzz.h"

#include "../host/bind/bind.h"
#include "../host/base/buf.h"
#include "../host/scripts/cpu_guard.h"
#include "../host/service/instance.h"
#include "../host/base/log.h"
#include "../host/service/reading.h"
#include "../host/service/reload.h"
#include "../host/service/tick.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TICKS = 4000, TICK_NS = 50000 };

static struct service service;
static uint16_t port;

static void set(const char *name, const char *value)
{
    setenv(name, value, 1);
}

static void environment(void)
{
    static const char *const pairs[][2] = {
        { "META_VERIFY_TOKEN", "fuzz-verify" },     { "META_APP_SECRET", "fuzz-secret" },
        { "META_ACCESS_TOKEN", "fuzz-token" },      { "META_PHONE_NUMBER_ID", "106540352242922" },
        { "DEEPSEEK_API_KEY", "fuzz-key" },         { "SLACK_WEBHOOK_URL", "http://127.0.0.1:9/" },
        { "SLACK_SIGNING_SECRET", "fuzz-signing" }, { "CALCOM_WEBHOOK_SECRET", "fuzz-booking" },
        { "DATABASE_URL", "sqlite::memory:" },
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        set(pairs[i][0], pairs[i][1]);
    unsetenv("SLACK_BOT_TOKEN");
    unsetenv("SLACK_CHANNEL_ID");
}

static void on_request(void *arg, struct httpd_request *r)
{
    bind_request(((struct host *)arg)->scripts.current, r);
}

static bool healthy(void *arg)
{
    return store_healthy(((struct host *)arg)->services.store);
}

/* A port nobody has. */
static uint16_t free_port(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &len) != 0)
        fuzz_fail("no port: %s", strerror(errno));
    close(fd);
    return ntohs(a.sin_port);
}

static void listen_here(struct host *h)
{
    char why[512];
    port = free_port();
    const struct httpd_options o = { .host = "127.0.0.1",
                                     .port = port,
                                     .max_body = 1 << 20,
                                     .max_waiting = 16 << 20,
                                     .deadline_ms = 15000,
                                     .max_connections = 64,
                                     .on_request = on_request,
                                     .healthy = healthy,
                                     .arg = h };
    h->httpd = httpd_start(h->services.loop, &o, why, sizeof why);
    if (!h->httpd)
        fuzz_fail("no listener: %s", why);
}

struct host *fuzz_instance(void)
{
    struct host *h = &service.host;
    struct buf problems = { .data = NULL }, warnings = { .data = NULL };
    char why[2048] = "";
    if (h->services.loop)
        return h;
    environment();
    log_open(LOG_OFF);
    h->services.loop = loop_new();
    h->scripts.services = &h->services;
    h->plain = true;
    h->scripts.memory_cap = 256u << 20;
    cpu_guard_start(0, 0);
    const struct generation_options options = mode_options(&serve_modes[0]);
    reload_options(&options, NULL);
    if (instance_load(&h->scripts, &options, "scripts", "prompts", &h->scripts.next, &problems,
                      &warnings))
        fuzz_fail("%s (start it in the repository's folder)", problems.data);
    if (instance_open(h, ":memory:", why, sizeof why) != 0)
        fuzz_fail("%s", why);
    h->scripts.next->start = LUA_NOREF; /* nobody outside is looked for */
    buf_free(&warnings);
    listen_here(h);
    tick(h);
    return h;
}

/* One turn of the loop that does not sleep for long. */
static void turn(struct host *h)
{
    struct loop_timer soon = { .index = 0 };
    loop_timer_set(h->services.loop, &soon, loop_now_ns() + TICK_NS, NULL, NULL);
    tick(h);
    loop_timer_stop(h->services.loop, &soon);
}

static int dial(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons(port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const struct linger reset = { .l_onoff = 1 }; /* no port stays in TIME_WAIT */
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) != 0)
        fuzz_fail("cannot connect: %s", strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    return fd;
}

unsigned fuzz_send(const void *bytes, size_t size)
{
    struct host *h = fuzz_instance();
    char answer[4096], rest[4096];
    size_t got = 0, sent = 0;
    bool over = false;
    int fd = dial();
    for (int i = 0; i < TICKS && !over; i++) {
        ssize_t n = sent < size ? send(fd, (const char *)bytes + sent, size - sent,
                                       MSG_DONTWAIT | MSG_NOSIGNAL)
                                : 0;
        sent += n > 0 ? (size_t)n : 0;
        if (n < 0 && errno != EAGAIN)
            sent = size; /* it does not want more */
        if (sent == size && n >= 0)
            shutdown(fd, SHUT_WR);
        turn(h);
        while (!over) {
            bool full = got == sizeof answer - 1;
            n = recv(fd, full ? rest : answer + got, full ? sizeof rest : sizeof answer - 1 - got,
                     MSG_DONTWAIT);
            if (n < 0 && errno == EAGAIN)
                break;
            over = n <= 0;
            got += n > 0 && !full ? (size_t)n : 0;
        }
    }
    close(fd);
    turn(h);
    answer[got] = 0;
    if (!over)
        fuzz_fail("the connection stays open after %d turns of the loop", TICKS);
    if (h->script_errors)
        fuzz_fail("a script failed");
    return got > 12 && memcmp(answer, "HTTP/1.", 7) == 0 ? (unsigned)atoi(answer + 9) : 0;
}

void fuzz_read_inbox(void)
{
    struct host *h = fuzz_instance();
    struct inbox_row row = { .id = 0 };
    for (int i = 0; i < TICKS && store_dirty(h->services.store); i++)
        turn(h);
    while (inbox_next(h->services.jobs, &row) == 1) {
        if (reading_row(h, &row) != 0 || h->script_errors)
            fuzz_fail("the reader failed");
        inbox_read(h->services.jobs, &row);
        inbox_row_free(&row);
    }
    turn(h);
}
