/*
 * load: customers. Plays signed webhooks at a server on loopback and tells how it answered.
 *
 * Every request is made and signed before the clock starts, so that what is measured is the server
 * and not the signing. Without -r it is a closed loop: each connection sends its next request when
 * the last one is answered, which finds the most a server can do. With -r RATE it is an open loop:
 * request i is due i/RATE seconds after the start whatever the server does, and its latency counts
 * from then, so that a server that stalls pays for the queue behind its stall. A request that got
 * no answer is never sent again.
 *
 * Prints one line of JSON. -o writes one line for each request sent: its number, when it was due,
 * when it was answered (ns of the monotonic clock, 0 for never), the HTTP status. It stops by
 * itself: after -t seconds (at most 60), and at most -g seconds more for the last answers.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_MAX 2048
#define ANSWER_MAX  4096
#define LINES_MAX   4096u

struct request {
    char *bytes;
    uint32_t length;
    int status;
    uint64_t due;  /* closed loop: when it was sent */
    uint64_t done; /* 0: no answer */
};

struct line {
    int fd; /* -1: gone for good */
    bool busy;
    uint32_t request, sent, got;
    char answer[ANSWER_MAX + 1];
};

static const char *port = "", *secret = "bench", *acks_file, *statuses_file;
static uint32_t lines_count = 64, requests_count = 1000, conversations = 2000, step = 1;
static double seconds = 2, warmup, rate, grace = 5;

static struct request *requests;
static struct line *lines;
static uint32_t *idle, idle_count, next, open_lines, in_flight;
static uint64_t seed, reconnects;
static struct sockaddr_in server;
static int ep;

/* ---- what is sent ---- */

/* splitmix64: distinct inputs give distinct outputs, in no order that an index could profit from.
 */
static uint64_t scatter(uint64_t n)
{
    uint64_t z = seed + n * 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

static void add_request(uint32_t i, const char *body, size_t size)
{
    unsigned char mac[32];
    unsigned mac_size = sizeof mac;
    char hex[65], whole[REQUEST_MAX];
    HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)body, size, mac,
         &mac_size);
    for (int k = 0; k < 32; k++)
        snprintf(hex + 2 * k, 3, "%02x", mac[k]);
    int n = snprintf(whole, sizeof whole,
                     "POST /whatsapp/webhook HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nAccept: */*\r\n"
                     "User-Agent: bench\r\nContent-Type: application/json\r\n"
                     "X-Hub-Signature-256: sha256=%s\r\nContent-Length: %zu\r\n\r\n%.*s",
                     port, hex, size, (int)size, body);
    requests[i].bytes = n > 0 && n < REQUEST_MAX ? strdup(whole) : NULL;
    if (!requests[i].bytes)
        die("load: a request did not fit");
    requests[i].length = (uint32_t)n;
}

static void make_message(uint32_t i)
{
    static const char *const wants[] = { "an old sofa and two chairs", "about ten boxes of books",
                                         "a fridge that still runs",
                                         "some wood from the garden shed" };
    unsigned long long chat = (unsigned long long)i * step % conversations;
    unsigned long long number = FIRST_NUMBER + chat;
    unsigned char raw[32];
    char id[64], body[1400];
    for (uint64_t k = 0; k < 4; k++) {
        uint64_t word = scatter((uint64_t)i * 4 + k);
        memcpy(raw + 8 * k, &word, 8);
    }
    EVP_EncodeBlock((unsigned char *)id, raw, 30); /* 30 bytes: 40 characters, no padding */
    int n = snprintf(
        body, sizeof body,
        "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"5550001\",\"changes\":[{"
        "\"field\":\"messages\",\"value\":{\"messaging_product\":\"whatsapp\",\"metadata\":{"
        "\"display_phone_number\":\"14165550100\",\"phone_number_id\":\"106540352242922\"},"
        "\"contacts\":[{\"profile\":{\"name\":\"Customer %llu\"},\"wa_id\":\"%llu\"}],"
        "\"messages\":[{\"from\":\"%llu\",\"id\":\"wamid.%s\",\"timestamp\":\"%lld\","
        "\"type\":\"text\",\"text\":{\"body\":\"Hello, I would like %s taken away this week, "
        "it is all on the ground floor beside the garage (m%u)\"}}]}}]}]}",
        chat, number, number, id, (long long)time(NULL), wants[i % 4], i);
    add_request(i, body, (size_t)n);
}

/* A line of upstream's /sends: mark, number, ns, the platform's id, the sender's own mark. */
static void make_status(uint32_t i, const char *text)
{
    char id[64], own[96], body[1400];
    unsigned long long number;
    if (sscanf(text, "%*s %llu %*s %63s %95s", &number, id, own) != 3)
        die("load: not a line of sends: %s", text);
    int n = snprintf(
        body, sizeof body,
        "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"5550001\",\"changes\":[{"
        "\"field\":\"messages\",\"value\":{\"messaging_product\":\"whatsapp\",\"metadata\":{"
        "\"display_phone_number\":\"14165550100\",\"phone_number_id\":\"106540352242922\"},"
        "\"statuses\":[{\"id\":\"%s\",\"status\":\"sent\",\"timestamp\":\"%lld\","
        "\"recipient_id\":\"%llu\",\"biz_opaque_callback_data\":\"%s\"}]}}]}]}",
        id, (long long)time(NULL), number, own);
    add_request(i, body, (size_t)n);
}

static void make_statuses(void)
{
    char text[512];
    FILE *f = fopen(statuses_file, "r");
    if (!f)
        die("load: %s: %s", statuses_file, strerror(errno));
    requests_count = 0;
    while (requests_count < MESSAGES_MAX && fgets(text, sizeof text, f))
        make_status(requests_count++, text);
    fclose(f);
}

/* ---- connections ---- */

static void open_line(struct line *l)
{
    l->busy = false;
    l->sent = l->got = 0;
    l->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (l->fd < 0)
        die("load: socket: %s", strerror(errno));
    if (connect(l->fd, (struct sockaddr *)&server, sizeof server) != 0) {
        close(l->fd);
        l->fd = -1;
        return;
    }
    no_delay(l->fd);
    fcntl(l->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event ev = { .events = EPOLLIN, .data.ptr = l };
    epoll_ctl(ep, EPOLL_CTL_ADD, l->fd, &ev);
    idle[idle_count++] = (uint32_t)(l - lines);
    open_lines++;
}

static void lose_line(struct line *l)
{
    if (l->busy)
        in_flight--;
    else
        for (uint32_t k = 0; k < idle_count; k++)
            if (idle[k] == (uint32_t)(l - lines)) {
                idle[k] = idle[--idle_count];
                break;
            }
    close(l->fd);
    open_lines--;
    reconnects++;
    open_line(l);
}

static void watch_line(struct line *l, uint32_t for_what)
{
    struct epoll_event ev = { .events = for_what, .data.ptr = l };
    epoll_ctl(ep, EPOLL_CTL_MOD, l->fd, &ev);
}

static void push(struct line *l)
{
    const struct request *r = &requests[l->request];
    while (l->sent < r->length) {
        ssize_t n = send(l->fd, r->bytes + l->sent, r->length - l->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            watch_line(l, EPOLLIN | EPOLLOUT);
        else if (n < 0)
            lose_line(l);
        if (n < 0)
            return;
        l->sent += (uint32_t)n;
    }
}

static void begin(uint32_t i, uint64_t due)
{
    struct line *l = &lines[idle[--idle_count]];
    l->busy = true;
    l->request = i;
    l->sent = l->got = 0;
    requests[i].due = due;
    in_flight++;
    push(l);
}

/* The status of a whole answer, 0 while more is to come, -1 for what we cannot read. */
static int read_answer(struct line *l)
{
    l->answer[l->got] = 0;
    char *end = strstr(l->answer, "\r\n\r\n");
    if (!end)
        return l->got >= ANSWER_MAX ? -1 : 0;
    *end = 0;
    const char *length = strcasestr(l->answer, "\r\ncontent-length:");
    size_t head = (size_t)(end - l->answer) + 4, body = length ? strtoul(length + 17, NULL, 10) : 0;
    int status = strncmp(l->answer, "HTTP/1.1 ", 9) == 0 ? atoi(l->answer + 9) : -1;
    *end = '\r';
    if (status < 100 || head + body > ANSWER_MAX)
        return -1;
    return l->got < head + body ? 0 : status;
}

static void on_readable(struct line *l)
{
    ssize_t n = recv(l->fd, l->answer + l->got, ANSWER_MAX - l->got, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0 || !l->busy) {
        lose_line(l);
        return;
    }
    l->got += (uint32_t)n;
    int status = read_answer(l);
    if (status < 0)
        lose_line(l);
    if (status <= 0)
        return;
    requests[l->request].done = now_ns();
    requests[l->request].status = status;
    l->busy = false;
    in_flight--;
    idle[idle_count++] = (uint32_t)(l - lines);
}

/* ---- the run ---- */

/* Sends what is due. Returns how long there is nothing to do, in ns. */
static uint64_t send_due(uint64_t start, uint64_t stop)
{
    uint64_t now = now_ns();
    while (idle_count && next < requests_count && (rate > 0 || now < stop)) {
        uint64_t due = rate > 0 ? start + (uint64_t)(next * (1e9 / rate)) : now;
        if (due > now)
            return due - now;
        begin(next++, due);
        now = now_ns();
    }
    return 50 * NS_PER_MS;
}

static void play(uint64_t start)
{
    struct epoll_event events[256];
    uint64_t stop = start + (uint64_t)(seconds * 1e9), end = stop + (uint64_t)(grace * 1e9);
    while (open_lines && now_ns() < end) {
        uint64_t rest = send_due(start, stop);
        bool more = next < requests_count && (rate > 0 || now_ns() < stop);
        if (!more && !in_flight)
            break;
        struct timespec wait = { 0, (long)(rest < 50 * NS_PER_MS ? rest : 50 * NS_PER_MS) };
        int n = epoll_pwait2(ep, events, 256, &wait, NULL);
        for (int k = 0; k < n; k++) {
            struct line *l = events[k].data.ptr;
            if (l->fd >= 0 && l->busy && (events[k].events & EPOLLOUT)) {
                watch_line(l, EPOLLIN);
                push(l);
            }
            if (l->fd >= 0 && (events[k].events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
                on_readable(l);
        }
    }
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void report(uint64_t start)
{
    uint64_t counted_from = start + (uint64_t)(warmup * 1e9), last = 0;
    uint64_t *taken = calloc(next + 1u, sizeof *taken);
    uint32_t n = 0, answered = 0, ok = 0;
    FILE *acks = acks_file ? fopen(acks_file, "w") : NULL;
    if (!taken || (acks_file && !acks))
        die("load: %s: %s", acks_file ? acks_file : "memory", strerror(errno));
    for (uint32_t i = 0; i < next; i++) {
        const struct request *r = &requests[i];
        if (acks)
            fprintf(acks, "%u %llu %llu %d\n", i, (unsigned long long)r->due,
                    (unsigned long long)r->done, r->status);
        answered += r->done != 0;
        ok += r->status == 200;
        if (r->status != 200 || r->done < counted_from)
            continue;
        taken[n++] = r->done - r->due;
        last = r->done > last ? r->done : last;
    }
    if (acks && fclose(acks) != 0)
        die("load: %s: %s", acks_file, strerror(errno));
    qsort(taken, n, sizeof *taken, by_size);
    double span = last > counted_from ? (double)(last - counted_from) / 1e9 : 0;
#define AT(part) (n ? (double)taken[(uint32_t)((n - 1) * (part))] / 1e6 : 0)
    printf("{\"sent\":%u,\"answered\":%u,\"ok\":%u,\"unanswered\":%u,\"reconnects\":%llu,\"per_s\":"
           "%.1f,"
           "\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f}\n",
           next, answered, ok, next - answered, (unsigned long long)reconnects,
           span > 0 ? n / span : 0, AT(0.5), AT(0.99), AT(1.0));
    free(taken);
}

static void read_options(int argc, char **argv)
{
    int option;
    while ((option = getopt(argc, argv, "p:k:c:n:C:x:t:w:r:g:o:S:")) != -1) {
        switch (option) {
        case 'p': port = optarg; break;
        case 'k': secret = optarg; break;
        case 'c': lines_count = (uint32_t)atoi(optarg); break;
        case 'n': requests_count = (uint32_t)atoi(optarg); break;
        case 'C': conversations = (uint32_t)atoi(optarg); break;
        case 'x': step = (uint32_t)atoi(optarg); break;
        case 't': seconds = atof(optarg); break;
        case 'w': warmup = atof(optarg); break;
        case 'r': rate = atof(optarg); break;
        case 'g': grace = atof(optarg); break;
        case 'o': acks_file = optarg; break;
        case 'S': statuses_file = optarg; break;
        default:
            die("usage: load -p PORT [-k SECRET] [-c CONNECTIONS] [-n REQUESTS] [-C CONVERSATIONS] "
                "[-x STEP FROM CHAT TO CHAT]\n            [-t SECONDS] "
                "[-w SECONDS NOT COUNTED] [-r A SECOND] [-g SECONDS FOR THE LAST] [-o "
                "FILE] [-S SENDS]");
        }
    }
    if (seconds > 60 || grace > 60)
        die("load: at most 60 seconds");
    if (!lines_count || lines_count > LINES_MAX || !conversations || !requests_count ||
        requests_count > MESSAGES_MAX)
        die("load: too many or none");
    server = loopback(port);
}

int main(int argc, char **argv)
{
    read_options(argc, argv);
    if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
        die("load: no random numbers");
    prctl(PR_SET_TIMERSLACK, 1000UL);
    requests = calloc(statuses_file ? MESSAGES_MAX : requests_count, sizeof *requests);
    lines = calloc(lines_count, sizeof *lines);
    idle = calloc(lines_count + 1, sizeof *idle);
    if (!requests || !lines || !idle)
        die("load: no memory");
    if (statuses_file)
        make_statuses();
    else
        for (uint32_t i = 0; i < requests_count; i++)
            make_message(i);
    ep = epoll_create1(EPOLL_CLOEXEC);
    for (uint32_t k = 0; k < lines_count; k++)
        open_line(&lines[k]);
    uint64_t start = now_ns();
    play(start);
    report(start);
    return 0;
}
