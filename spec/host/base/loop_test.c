/* loop, buf and log: what other units take for granted of them. 1 when a sentence is false. */
#include "base/buf.h"
#include "base/log.h"
#include "base/loop.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static int passed, failed;

static void it(const char *sentence, bool holds)
{
    printf("%s %s\n", holds ? "ok  " : "FAIL", sentence);
    *(holds ? &passed : &failed) += 1;
}

static const uint64_t ms = 1000000;

/* ---- timers ---- */

struct mark {
    struct loop *loop;
    struct loop_timer timer;
    struct mark *victim; /* stopped, or moved away, by this one */
    bool again;          /* sets itself at once */
    char name;
};

static char calls[64];

static void on_mark(void *arg)
{
    struct mark *m = arg;
    size_t n = strlen(calls);
    if (n + 1 < sizeof calls)
        calls[n] = m->name;
    if (m->victim)
        loop_timer_stop(m->loop, &m->victim->timer);
    if (m->again)
        loop_timer_set(m->loop, &m->timer, 0, on_mark, m);
}

static void timers_in_order(struct loop *l)
{
    struct mark m[5] = { 0 };
    static const unsigned due[5] = { 3, 1, 4, 0, 2 };
    uint64_t past = loop_now_ns() - 100 * ms;
    memset(calls, 0, sizeof calls);
    for (int i = 0; i < 5; i++) {
        m[i].loop = l;
        m[i].name = (char)('a' + due[i]);
        loop_timer_set(l, &m[i].timer, past + due[i] * ms, on_mark, &m[i]);
    }
    it("says that a timer is due", loop_timer_next(l) == 0);
    loop_wait(l, UINT64_MAX);
    it("calls timers in the order they are due", strcmp(calls, "abcde") == 0);
    it("has no timer left", loop_timer_next(l) == UINT64_MAX && m[0].timer.index == 0);
}

static void timers_moved_and_stopped(struct loop *l)
{
    struct mark m[3] = { 0 };
    uint64_t past = loop_now_ns() - 100 * ms;
    memset(calls, 0, sizeof calls);
    for (int i = 0; i < 3; i++) {
        m[i].loop = l;
        m[i].name = (char)('a' + i);
        loop_timer_set(l, &m[i].timer, past + (uint64_t)i * ms, on_mark, &m[i]);
    }
    m[0].victim = &m[1];
    loop_timer_set(l, &m[2].timer, past + 60000 * ms, on_mark, &m[2]);
    loop_wait(l, 0);
    it("does not call a timer that another one stopped", strcmp(calls, "a") == 0);
    it("keeps a timer that was moved", m[2].timer.index != 0 && loop_timer_next(l) > 50000 * ms);
    loop_timer_stop(l, &m[2].timer);
    loop_timer_stop(l, &m[2].timer);
    it("stops a timer twice without harm", loop_timer_next(l) == UINT64_MAX);
}

static void timers_that_set_themselves(struct loop *l)
{
    struct mark m = { .loop = l, .name = 'x', .again = true };
    memset(calls, 0, sizeof calls);
    loop_timer_set(l, &m.timer, 0, on_mark, &m);
    loop_wait(l, UINT64_MAX);
    it("lets go of a timer that sets itself at once", strcmp(calls, "x") == 0);
    loop_timer_stop(l, &m.timer);
}

static void many_timers(struct loop *l)
{
    enum { MANY = 2000 };
    struct mark *m = calloc(MANY, sizeof *m);
    uint64_t base = loop_now_ns() + 3600000 * ms;
    unsigned seed = 7;
    for (int i = 0; i < MANY; i++) {
        m[i].loop = l;
        loop_timer_set(l, &m[i].timer, base + (uint64_t)rand_r(&seed), on_mark, &m[i]);
    }
    for (int i = 0; i < MANY; i += 3)
        loop_timer_stop(l, &m[i].timer);
    uint64_t nearest = UINT64_MAX;
    for (int i = 0; i < MANY; i++)
        if (i % 3 && m[i].timer.due_ns < nearest)
            nearest = m[i].timer.due_ns;
    uint64_t left = nearest - loop_now_ns(), said = loop_timer_next(l);
    it("knows the nearest of many after many were stopped", said >= left - ms && said <= left + ms);
    for (int i = 0; i < MANY; i++)
        loop_timer_stop(l, &m[i].timer);
    it("is empty after all were stopped", loop_timer_next(l) == UINT64_MAX);
    free(m);
}

static void short_waits(struct loop *l)
{
    struct mark m = { .loop = l, .name = 't' };
    memset(calls, 0, sizeof calls);
    uint64_t start = loop_now_ns();
    loop_timer_set(l, &m.timer, start + 3 * ms, on_mark, &m);
    while (!calls[0])
        loop_wait(l, UINT64_MAX);
    uint64_t took = loop_now_ns() - start;
    it("is never early", took >= 3 * ms);
    loop_timer_set(l, &m.timer, loop_now_ns() + 3 * ms, NULL, NULL);
    loop_wait(l, UINT64_MAX);
    it("ends a wait for a timer that calls nobody", m.timer.index == 0);
    uint64_t second = loop_whole_second(start);
    it("puts what is due in one second at its beginning",
       second <= start && start - second < 1000 * ms &&
           loop_whole_second(second + 999 * ms) == second);
    it("returns at max_ns with nothing to do", (loop_wait(l, ms / 2), true));
}

/* ---- descriptors ---- */

struct peer {
    struct loop *loop;
    int fd, other;
    int *count;
};

static void on_peer(void *arg, int fd, uint32_t events)
{
    struct peer *p = arg;
    (void)fd;
    (void)events;
    ++*p->count;
    loop_remove(p->loop, p->other);
    loop_remove(p->loop, p->fd);
}

static void removal_in_a_callback(struct loop *l)
{
    int a[2], b[2], count = 0;
    if (pipe2(a, O_CLOEXEC) || pipe2(b, O_CLOEXEC))
        abort();
    struct peer x = { l, a[0], b[0], &count }, y = { l, b[0], a[0], &count };
    it("watches a descriptor", loop_add(l, a[0], EPOLLIN, on_peer, &x) == 0);
    loop_add(l, b[0], EPOLLIN, on_peer, &y);
    if (write(a[1], "x", 1) != 1 || write(b[1], "x", 1) != 1)
        abort();
    loop_wait(l, UINT64_MAX);
    it("drops the events of a descriptor removed in the same wait", count == 1);
    loop_wait(l, 0);
    it("is quiet about removed descriptors", count == 1);
    it("does not change what nobody watches", loop_change(l, a[0], EPOLLIN) == -1);
    loop_add(l, a[0], EPOLLIN, on_peer, &x);
    close(a[0]);
    int again = fcntl(b[0], F_DUPFD_CLOEXEC, a[0]);
    it("takes a number that came back",
       again == a[0] && loop_add(l, again, EPOLLIN, on_peer, &x) == 0);
    loop_wait(l, 0);
    it("hears the newcomer", count == 2);
    close(again);
    close(a[1]);
    close(b[0]);
    close(b[1]);
}

static void *wakes(void *arg)
{
    for (int i = 0; i < 1000; i++)
        loop_wake(arg);
    return NULL;
}

static void wake_from_a_thread(struct loop *l)
{
    pthread_t t;
    if (pthread_create(&t, NULL, wakes, l))
        abort();
    loop_wait(l, UINT64_MAX); /* without a wake the test never ends */
    it("is woken by another thread", true);
    pthread_join(t, NULL);
    loop_wait(l, 0);
    uint64_t start = loop_now_ns();
    loop_wait(l, 20 * ms);
    it("is quiet again after any number of wakes", loop_now_ns() - start >= 19 * ms);
}

/* ---- buf ---- */

static bool json_is(const char *bytes, size_t len, const char *want)
{
    struct buf b = { 0 };
    bool same = buf_json(&b, bytes, len) && strcmp(b.data ? b.data : "", want) == 0;
    buf_free(&b);
    return same;
}

static void buffers(void)
{
    struct buf b = { 0 };
    for (int i = 0; i < 100; i++)
        buf_printf(&b, "%d,", i);
    it("grows while it prints", b.len == 290 && strcmp(b.data + 284, "98,99,") == 0);
    it("says that the impossible has no room", !buf_reserve(&b, SIZE_MAX) && b.len == 290);
    buf_free(&b);
    it("escapes quotes, backslashes and controls",
       json_is("a\"b\\\n\x1b\x7f\0z", 9, "a\\\"b\\\\\\n\\u001b\\u007f\\u0000z"));
    const char *fine = "h\xc3\xa9 \xf0\x9f\x9a\x9a";
    it("keeps well-formed UTF-8", json_is(fine, strlen(fine), fine));
    it("puts U+FFFD for stray bytes, overlongs, surrogates and what is cut off",
       json_is("\xff", 1, "\xef\xbf\xbd") && json_is("\xc0\xaf", 2, "\xef\xbf\xbd\xef\xbf\xbd") &&
           json_is("\xed\xa0\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd") &&
           json_is("\xf0\x9f\x9a", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"));
}

/* ---- log ---- */

static size_t logged(char *out, size_t size, const struct log_field *fields, size_t count)
{
    int p[2], saved = dup(STDOUT_FILENO);
    fflush(stdout);
    if (saved < 0 || pipe2(p, O_NONBLOCK | O_CLOEXEC) || dup2(p[1], STDOUT_FILENO) < 0)
        abort();
    log_write(LOG_INFO, "test.\"event\"\n", fields, count);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    close(p[1]);
    ssize_t n = read(p[0], out, size - 1);
    close(p[0]);
    out[n > 0 ? n : 0] = '\0';
    return n > 0 ? (size_t)n : 0;
}

static void lines(void)
{
    static char line[2 * PIPE_BUF], big[100000];
    memset(big, '\x01', sizeof big);
    log_open(LOG_INFO);
    it("is silent below its level", !log_on(LOG_DEBUG) && log_on(LOG_ERROR) && !log_on(LOG_OFF));
    it("reads names of levels", log_level_of("warn") == LOG_WARN && log_level_of("WARN") == -1);
    struct log_field few[] = { log_s("who", "Eve\r\n{\"event\":\"forged\"}"),
                               log_s("none", NULL),
                               log_i("n", INT64_MIN),
                               log_r("r", 0.5),
                               log_r("nan", 0.0 / 0.0),
                               log_b("yes", true) };
    logged(line, sizeof line, few, 6);
    it("writes one line whatever it is told", strchr(line, '\n') == line + strlen(line) - 1);
    it("writes fields as JSON",
       strstr(line, "\"level\":\"info\",\"event\":\"test.\\\"event\\\"\\n\",\"who\":\"Eve\\r\\n{"
                    "\\\"event\\\":\\\"forged\\\"}\",\"none\":null,\"n\":-9223372036854775808,"
                    "\"r\":0.5,\"nan\":null,\"yes\":true}\n") != NULL);
    struct log_field large[] = { log_n("a", big, sizeof big), log_n("b", big, sizeof big),
                                 log_i("last", 7) };
    size_t n = logged(line, sizeof line, large, 3);
    it("cuts what is too long to one line of PIPE_BUF bytes", n > PIPE_BUF / 2 && n <= PIPE_BUF);
    it("marks a cut and ends its JSON",
       strstr(line, "\xe2\x80\xa6\",\"b\":\"") && strstr(line, "\xe2\x80\xa6\",\"last\":7}\n"));
}

static void full_pipe(void)
{
    int p[2], saved = dup(STDOUT_FILENO);
    fflush(stdout);
    if (saved < 0 || pipe2(p, O_CLOEXEC) || dup2(p[1], STDOUT_FILENO) < 0)
        abort();
    uint64_t before = log_dropped();
    for (int i = 0; i < 3000; i++)
        log_event(LOG_INFO, "flood", log_i("i", i));
    dup2(saved, STDOUT_FILENO);
    close(saved);
    it("A25: drops and counts lines when nobody reads stdout", log_dropped() > before);
    close(p[0]);
    close(p[1]);
}

int main(void)
{
    struct loop *l = loop_new();
    if (!l)
        return 1;
    timers_in_order(l);
    timers_moved_and_stopped(l);
    timers_that_set_themselves(l);
    many_timers(l);
    short_waits(l);
    removal_in_a_callback(l);
    wake_from_a_thread(l);
    loop_free(l);
    buffers();
    lines();
    full_pipe();
    printf("%d passed, %d failed\n", passed, failed);
    return failed ? 1 : 0;
}
