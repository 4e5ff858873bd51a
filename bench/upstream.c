/*
 * upstream: the platforms. A model, a messaging API and a chat webhook on one loopback port, as
 * fast as they can be, so that what is measured is the assistant.
 *
 *   POST …/chat/completions   answers after the delay with an answer that satisfies the contract;
 * it carries the mark of the message that was asked about POST …/messages           a send: kept
 * with its mark, and answered with a new id any other POST            "ok" (the staff channel,
 * "read" and "typing" included) GET  /figures             counts as JSON: sends, repeats (a message
 * answered again), out of order, model calls, … GET  /sends               one line a send: mark,
 * number, when (ns), our id, the sender's own mark POST /reset?delay=MS      forgets all, and sets
 * the delay
 *
 * Delays are equal, so the calls that wait are a queue and need no heap. Ends by itself after 15
 * minutes.
 */
#include "common.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define IN_MAX (1u << 20)
#define LIFE_S 900

struct peer {
    int fd;
    bool waiting, gone;
    uint32_t mark;
    uint64_t due;
    struct peer *after; /* next in the queue of calls that wait */
    char *in, *out;
    size_t in_size, in_room, out_size, out_sent;
};

struct sent {
    uint32_t mark;
    uint64_t number, ns;
    char own[64];
};

static int ep;
static uint64_t delay_ns;
static struct peer *first, *last;
static struct sent *sends;
static size_t sends_room;
static unsigned char answered[MESSAGES_MAX / 8];
static uint32_t newest[MESSAGES_MAX]; /* by conversation: 1 + the mark answered last */

static struct {
    uint64_t sends, repeats, out_of_order, unmarked, model_calls, model_open, model_open_max, posts,
        peers;
} n;

static void forget_peer(struct peer *p)
{
    if (p->fd >= 0) {
        close(p->fd);
        n.peers--;
    }
    p->fd = -1;
    p->gone = true;
    if (p->waiting)
        return; /* the queue still points here */
    free(p->in);
    free(p->out);
    free(p);
}

/* ---- answers ---- */

static void flush(struct peer *p)
{
    while (p->out_sent < p->out_size) {
        ssize_t k = send(p->fd, p->out + p->out_sent, p->out_size - p->out_sent, MSG_NOSIGNAL);
        if (k < 0) {
            struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT, .data.ptr = p };
            if (errno == EAGAIN)
                epoll_ctl(ep, EPOLL_CTL_MOD, p->fd, &ev);
            return; /* anything else shows when it is read */
        }
        p->out_sent += (size_t)k;
    }
    free(p->out);
    p->out = NULL;
    p->out_size = p->out_sent = 0;
}

static void answer(struct peer *p, const char *type, const char *body, size_t size)
{
    char head[160];
    int k = snprintf(head, sizeof head,
                     "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", type,
                     size);
    char *whole = realloc(p->out, p->out_size + (size_t)k + size);
    if (!whole)
        die("upstream: no memory");
    memcpy(whole + p->out_size, head, (size_t)k);
    memcpy(whole + p->out_size + k, body, size);
    p->out = whole;
    p->out_size += (size_t)k + size;
    flush(p);
}

static void answer_model(struct peer *p)
{
    char mark[24] = "", body[1024];
    if (p->mark != NO_MARK)
        snprintf(mark, sizeof mark, " (m%u)", p->mark);
    int k = snprintf(
        body, sizeof body,
        "{\"id\":\"bench\",\"object\":\"chat.completion\",\"created\":%lld,\"model\":\"bench\","
        "\"choices\":[{\"index\":0,\"finish_reason\":\"stop\",\"message\":{\"role\":\"assistant\","
        "\"content\":\"{\\\"reply_to_user\\\": \\\"Happy to help with that%s! Is there an elevator "
        "in the "
        "building?\\\", \\\"extracted_data\\\": {\\\"address\\\": \\\"unknown\\\", "
        "\\\"inventory\\\": "
        "\\\"as described\\\"}, \\\"action\\\": \\\"continue\\\"}\"}}],"
        "\"usage\":{\"prompt_tokens\":900,\"completion_tokens\":60,\"total_tokens\":960}}",
        (long long)time(NULL), mark);
    n.model_open--;
    answer(p, "application/json", body, (size_t)k);
}

static void note_send(uint64_t number, uint32_t mark, const char *own, size_t own_size)
{
    if (n.sends == sends_room) {
        sends_room = sends_room ? 2 * sends_room : 4096;
        sends = realloc(sends, sends_room * sizeof *sends);
        if (!sends)
            die("upstream: no memory");
    }
    struct sent *s = &sends[n.sends++];
    *s = (struct sent){ .mark = mark, .number = number, .ns = now_ns(), .own = "-" };
    if (own && own_size && own_size < sizeof s->own) {
        memcpy(s->own, own, own_size);
        s->own[own_size] = 0;
    }
    if (mark == NO_MARK) {
        n.unmarked++;
        return;
    }
    unsigned char bit = (unsigned char)(1u << (mark & 7));
    n.repeats += (answered[mark / 8] & bit) != 0;
    answered[mark / 8] |= bit;
    if (number < FIRST_NUMBER || number - FIRST_NUMBER >= MESSAGES_MAX)
        return;
    uint32_t *before = &newest[number - FIRST_NUMBER];
    n.out_of_order += mark + 1 < *before;
    *before = mark + 1;
}

static void take_send(struct peer *p, const char *body, size_t size)
{
    char text[256];
    size_t to_size = 0, own_size = 0;
    const char *to = find_text(body, size, "to", &to_size);
    const char *own = find_text(body, size, "biz_opaque_callback_data", &own_size);
    if (!to) { /* "read" and "typing" go to the same address */
        n.posts++;
        answer(p, "application/json", "{\"success\":true}", 16);
        return;
    }
    uint64_t number = strtoull(to + (*to == '+'), NULL, 10);
    note_send(number, find_mark(body, size), own, own_size);
    int k = snprintf(text, sizeof text,
                     "{\"messaging_product\":\"whatsapp\",\"contacts\":[{\"input\":\"%llu\",\"wa_"
                     "id\":\"%llu\"}],"
                     "\"messages\":[{\"id\":\"wamid.bench%llu\"}]}",
                     (unsigned long long)number, (unsigned long long)number,
                     (unsigned long long)n.sends);
    answer(p, "application/json", text, (size_t)k);
}

static void tell_sends(struct peer *p)
{
    size_t room = n.sends * 192 + 1, size = 0;
    char *text = malloc(room);
    if (!text)
        die("upstream: no memory");
    for (size_t i = 0; i < n.sends; i++) {
        const struct sent *s = &sends[i];
        size += (size_t)snprintf(text + size, room - size, "%lld %llu %llu wamid.bench%zu %s\n",
                                 s->mark == NO_MARK ? -1LL : (long long)s->mark,
                                 (unsigned long long)s->number, (unsigned long long)s->ns, i + 1,
                                 s->own);
    }
    answer(p, "text/plain", text, size);
    free(text);
}

static void tell_figures(struct peer *p)
{
    char text[512];
    int k = snprintf(text, sizeof text,
                     "{\"sends\":%llu,\"repeats\":%llu,\"out_of_order\":%llu,\"unmarked\":%llu,"
                     "\"model_calls\":%llu,"
                     "\"model_open\":%llu,\"model_open_max\":%llu,\"posts\":%llu}\n",
                     (unsigned long long)n.sends, (unsigned long long)n.repeats,
                     (unsigned long long)n.out_of_order, (unsigned long long)n.unmarked,
                     (unsigned long long)n.model_calls, (unsigned long long)n.model_open,
                     (unsigned long long)n.model_open_max, (unsigned long long)n.posts);
    answer(p, "application/json", text, (size_t)k);
}

static void reset(struct peer *p, const char *target)
{
    const char *delay = strstr(target, "delay=");
    uint64_t open = n.model_open, peers = n.peers;
    memset(&n, 0, sizeof n);
    n.model_open = n.model_open_max = open;
    n.peers = peers;
    memset(answered, 0, sizeof answered);
    memset(newest, 0, sizeof newest);
    delay_ns = delay ? strtoull(delay + 6, NULL, 10) * NS_PER_MS : delay_ns;
    answer(p, "text/plain", "ok", 2);
}

static void ask_model(struct peer *p, const char *body, size_t size)
{
    n.model_calls++;
    if (++n.model_open > n.model_open_max)
        n.model_open_max = n.model_open;
    p->mark = find_mark(body, size);
    if (!delay_ns) {
        answer_model(p);
        return;
    }
    p->waiting = true;
    p->due = now_ns() + delay_ns;
    p->after = NULL;
    *(last ? &last->after : &first) = p;
    last = p;
}

static void serve(struct peer *p, const char *method, const char *target, const char *body,
                  size_t size)
{
    size_t k = strlen(target);
    bool post = strcmp(method, "POST") == 0;
    if (post && k >= 17 && strcmp(target + k - 17, "/chat/completions") == 0) {
        ask_model(p, body, size);
    } else if (post && k >= 9 && strcmp(target + k - 9, "/messages") == 0) {
        take_send(p, body, size);
    } else if (post && strncmp(target, "/reset", 6) == 0) {
        reset(p, target);
    } else if (strcmp(target, "/figures") == 0) {
        tell_figures(p);
    } else if (strcmp(target, "/sends") == 0) {
        tell_sends(p);
    } else {
        n.posts += post;
        answer(p, "text/plain", "ok", 2);
    }
}

/* ---- requests ---- */

/* One whole request from the front of what came in: its size, 0 when more is to come, -1 for what
 * we cannot read. */
static ssize_t take_request(struct peer *p)
{
    char method[8], target[512];
    char *end = p->in_size ? memmem(p->in, p->in_size, "\r\n\r\n", 4) : NULL;
    if (!end)
        return p->in_size > 16384 ? -1 : 0;
    *end = 0;
    const char *length = strcasestr(p->in, "\r\ncontent-length:");
    bool chunked = strcasestr(p->in, "\r\ntransfer-encoding:") != NULL;
    size_t head = (size_t)(end - p->in) + 4, body = length ? strtoul(length + 17, NULL, 10) : 0;
    int parts = sscanf(p->in, "%7s %511s", method, target);
    *end = '\r';
    if (parts != 2 || chunked || head + body > IN_MAX)
        return -1;
    if (p->in_size < head + body)
        return 0;
    serve(p, method, target, p->in + head, body);
    return (ssize_t)(head + body);
}

/* Ten thousand calls wait at once: what is not needed meanwhile is given back. */
static void shrink(struct peer *p)
{
    if (p->in_size)
        return;
    free(p->in);
    p->in = NULL;
    p->in_room = 0;
}

/* false: this peer has to go. */
static bool take_requests(struct peer *p)
{
    while (!p->waiting) {
        ssize_t used = take_request(p);
        if (used < 0)
            return false;
        if (used == 0)
            break;
        p->in_size -= (size_t)used;
        memmove(p->in, p->in + used, p->in_size + 1);
    }
    shrink(p);
    return true;
}

static void on_readable(struct peer *p)
{
    if (p->in_room - p->in_size < 4096) {
        p->in_room = p->in_room ? 2 * p->in_room : 8192;
        p->in = realloc(p->in, p->in_room + 1);
        if (!p->in)
            die("upstream: no memory");
    }
    ssize_t k = recv(p->fd, p->in + p->in_size, p->in_room - p->in_size, 0);
    if (k < 0 && errno == EAGAIN)
        return;
    if (k > 0) {
        p->in_size += (size_t)k;
        p->in[p->in_size] = 0;
    }
    if (k <= 0 || !take_requests(p))
        forget_peer(p);
}

static void on_event(const struct epoll_event *event)
{
    struct peer *p = event->data.ptr;
    if (event->events & EPOLLOUT) {
        struct epoll_event ev = { .events = EPOLLIN, .data.ptr = p };
        epoll_ctl(ep, EPOLL_CTL_MOD, p->fd, &ev);
        flush(p);
    }
    if (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        on_readable(p);
}

static void accept_peers(int listener)
{
    for (int fd, k = 0;
         k < 64 && (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0; k++) {
        struct peer *p = calloc(1, sizeof *p);
        if (!p)
            die("upstream: no memory");
        p->fd = fd;
        no_delay(fd);
        n.peers++;
        struct epoll_event ev = { .events = EPOLLIN, .data.ptr = p };
        epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
    }
}

static void answer_due(void)
{
    for (uint64_t now = now_ns(); first && first->due <= now;) {
        struct peer *p = first;
        first = p->after;
        if (!first)
            last = NULL;
        p->waiting = false;
        if (p->gone)
            n.model_open--;
        else
            answer_model(p);
        if (p->gone || !take_requests(p))
            forget_peer(p);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2)
        die("usage: upstream PORT");
    struct sockaddr_in address = loopback(argv[1]);
    struct epoll_event events[256];
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 8192) != 0)
        die("upstream: port %s: %s", argv[1], strerror(errno));
    prctl(PR_SET_TIMERSLACK, 1000UL);
    alarm(LIFE_S);
    ep = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event ev = { .events = EPOLLIN, .data.ptr = NULL };
    epoll_ctl(ep, EPOLL_CTL_ADD, listener, &ev);
    for (;;) {
        uint64_t now = now_ns(),
                 rest = first ? (first->due > now ? first->due - now : 0) : NS_PER_S;
        struct timespec wait = { (time_t)(rest / NS_PER_S), (long)(rest % NS_PER_S) };
        int k = epoll_pwait2(ep, events, 256, &wait, NULL);
        for (int i = 0; i < k; i++)
            if (events[i].data.ptr)
                on_event(&events[i]);
        accept_peers(listener);
        answer_due();
    }
}
