/*
 * floor: what nobody built on these libraries can beat. The assistant's own shape, an external
 * epoll loop around libmicrohttpd that suspends every request and resumes it at the end of the
 * tick, with nothing in it: no signature is checked, nothing is parsed, stored or scripted.
 *
 *   floor PORT             200 to every POST, and to GET /health
 *   floor PORT UPSTREAM    after each 200 also the outgoing half of a turn: a model call, then a
 * send that carries its mark; libcurl alone, in this thread, over sixteen multi handles (one alone
 * slows down with every call in flight, since it walks all connections to a host)
 *
 * One thread owns everything. It keeps no promise at all: a yardstick, never a server. Ends by
 * itself after 15 minutes.
 */
#include "common.h"

#include <curl/curl.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <unistd.h>

#define SHARDS       16u
#define PROMPT_BYTES 4096
#define LIFE_S       900

struct request {
    struct MHD_Connection *connection;
    struct request *after; /* next of those held in this tick */
    char *body;
    size_t size;
    bool released;
};

struct turn {
    CURL *easy;
    struct turn *after; /* next of the spare ones */
    uint32_t mark, shard;
    uint64_t number;
    bool sending; /* the model has answered */
    char body[256];
};

static int ep;
static struct MHD_Daemon *server;
static struct MHD_Response *ok;
static struct request *held;

static bool turns;
static CURLM *multi[SHARDS];
static uint64_t wake[SHARDS]; /* when curl wants to be called, 0: not */
static char model_url[96], send_url[96], prompt[PROMPT_BYTES + 64];
static struct curl_slist *headers;
static struct turn *spare;

/* ---- the outgoing half ---- */

static size_t on_data(char *data, size_t size, size_t count, void *arg)
{
    (void)data, (void)arg;
    return size * count;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
    uint64_t shard = (uint64_t)(uintptr_t)arg;
    struct epoll_event ev = { .data.u64 = (shard + 1) << 32 | (uint32_t)fd };
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    ev.events = (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0u) |
                (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0u);
    epoll_ctl(ep, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev);
    curl_multi_assign(multi[shard], fd, &ep);
    return 0;
}

static int on_timer(CURLM *m, long ms, void *arg)
{
    (void)m;
    wake[(uintptr_t)arg] = ms < 0 ? 0 : now_ns() + (uint64_t)ms * NS_PER_MS;
    return 0;
}

static void post(struct turn *t, const char *url, const char *body)
{
    curl_easy_setopt(t->easy, CURLOPT_URL, url);
    curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
    curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, body);
    curl_multi_add_handle(multi[t->shard], t->easy);
}

static struct turn *new_turn(void)
{
    struct turn *t = spare;
    if (t) {
        spare = t->after;
        return t;
    }
    t = calloc(1, sizeof *t);
    if (!t || !(t->easy = curl_easy_init()))
        die("floor: no memory");
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
    curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(t->easy, CURLOPT_TIMEOUT, 60L);
    curl_easy_setopt(t->easy, CURLOPT_BUFFERSIZE, 4096L);
    curl_easy_setopt(t->easy, CURLOPT_PROXY, "");
    return t;
}

static void begin_turn(const struct request *r)
{
    static uint32_t count;
    size_t size = 0;
    const char *from = find_text(r->body, r->size, "from", &size);
    if (!from)
        return;
    struct turn *t = new_turn();
    t->mark = find_mark(r->body, r->size);
    t->number = strtoull(from, NULL, 10);
    t->shard = count++ % SHARDS;
    t->sending = false;
    post(t, model_url, prompt);
}

static void finish(CURLM *m)
{
    int left;
    for (CURLMsg *done; (done = curl_multi_info_read(m, &left));) {
        struct turn *t = NULL;
        bool fine = done->data.result == CURLE_OK;
        curl_easy_getinfo(done->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        curl_multi_remove_handle(m, t->easy);
        if (t->sending || !fine) {
            t->after = spare;
            spare = t;
            continue;
        }
        t->sending = true;
        snprintf(t->body, sizeof t->body,
                 "{\"messaging_product\":\"whatsapp\",\"to\":\"%llu\",\"type\":\"text\",\"text\":{"
                 "\"body\":"
                 "\"Happy to help with that (m%u)! Is there an elevator in the building?\"}}",
                 (unsigned long long)t->number, t->mark);
        post(t, send_url, t->body);
    }
}

static void run_timers(void)
{
    int running;
    uint64_t now = now_ns();
    for (unsigned k = 0; k < SHARDS; k++) {
        if (wake[k] && wake[k] <= now) {
            wake[k] = 0;
            curl_multi_socket_action(multi[k], CURL_SOCKET_TIMEOUT, 0, &running);
        }
        finish(multi[k]);
    }
}

static void prepare_turns(const char *port)
{
    loopback(port); /* dies when it is none */
    turns = true;
    snprintf(model_url, sizeof model_url, "http://127.0.0.1:%s/chat/completions", port);
    snprintf(send_url, sizeof send_url, "http://127.0.0.1:%s/v1/1/messages", port);
    snprintf(prompt, sizeof prompt, "{\"model\":\"bench\",\"messages\":\"%*s\"}", PROMPT_BYTES, "");
    curl_global_init(CURL_GLOBAL_ALL);
    headers = curl_slist_append(NULL, "Content-Type: application/json");
    headers = curl_slist_append(headers, "Authorization: Bearer bench");
    headers = curl_slist_append(headers, "Expect:");
    for (uintptr_t k = 0; k < SHARDS; k++) {
        multi[k] = curl_multi_init();
        curl_multi_setopt(multi[k], CURLMOPT_SOCKETFUNCTION, on_socket);
        curl_multi_setopt(multi[k], CURLMOPT_SOCKETDATA, (void *)k);
        curl_multi_setopt(multi[k], CURLMOPT_TIMERFUNCTION, on_timer);
        curl_multi_setopt(multi[k], CURLMOPT_TIMERDATA, (void *)k);
        curl_multi_setopt(multi[k], CURLMOPT_MAXCONNECTS, 2048L);
    }
}

/* ---- the incoming half ---- */

static enum MHD_Result take_body(struct request *r, const char *data, size_t *size)
{
    char *body = realloc(r->body, r->size + *size);
    if (!body)
        return MHD_NO;
    memcpy(body + r->size, data, *size);
    r->body = body;
    r->size += *size;
    *size = 0;
    return MHD_YES;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **context)
{
    struct request *r = *context;
    (void)arg, (void)url, (void)version;
    if (!r) {
        if (strcmp(method, "GET") == 0)
            return MHD_queue_response(connection, 200, ok);
        *context = r = calloc(1, sizeof *r);
        if (!r)
            return MHD_NO;
        r->connection = connection;
        return MHD_YES;
    }
    if (*size)
        return take_body(r, data, size);
    if (r->released)
        return MHD_queue_response(connection, 200, ok);
    r->after = held;
    held = r;
    MHD_suspend_connection(connection);
    return MHD_YES;
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode why)
{
    struct request *r = *context;
    (void)arg, (void)connection, (void)why;
    if (r)
        free(r->body);
    free(r);
    *context = NULL;
}

/* The end of a tick: where the assistant commits, and then lets go of what it held. */
static void release(void)
{
    if (!held)
        return;
    for (struct request *r = held, *after; r; r = after) {
        after = r->after;
        if (turns)
            begin_turn(r);
        r->released = true;
        MHD_resume_connection(r->connection);
    }
    held = NULL;
    MHD_run(server);
}

static struct timespec rest(void)
{
    MHD_UNSIGNED_LONG_LONG ms = 1000;
    uint64_t now = now_ns(), ns = NS_PER_S;
    if (MHD_get_timeout(server, &ms) == MHD_YES && ms < 1000)
        ns = ms * NS_PER_MS;
    for (unsigned k = 0; turns && k < SHARDS; k++)
        if (wake[k] && wake[k] < now + ns)
            ns = wake[k] > now ? wake[k] - now : 0;
    return (struct timespec){ (time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S) };
}

static void tick(void)
{
    struct epoll_event events[256];
    struct timespec wait = rest();
    int running, n = epoll_pwait2(ep, events, 256, &wait, NULL);
    for (int k = 0; k < n; k++) {
        uint64_t shard = events[k].data.u64 >> 32;
        int what = (events[k].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                   (events[k].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                   (events[k].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
        if (shard)
            curl_multi_socket_action(multi[shard - 1], (curl_socket_t)(uint32_t)events[k].data.u64,
                                     what, &running);
    }
    if (turns)
        run_timers();
    MHD_run(server);
    release();
}

int main(int argc, char **argv)
{
    static char healthy[] = "{\"status\":\"healthy\"}";
    if (argc != 2 && argc != 3)
        die("usage: floor PORT [UPSTREAM'S PORT]");
    struct sockaddr_in address = loopback(argv[1]);
    signal(SIGPIPE, SIG_IGN);
    alarm(LIFE_S);
    ep = epoll_create1(EPOLL_CLOEXEC);
    if (argc == 3)
        prepare_turns(argv[2]);
    ok = MHD_create_response_from_buffer(sizeof healthy - 1, healthy, MHD_RESPMEM_PERSISTENT);
    server = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request,
                              NULL, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_NOTIFY_COMPLETED,
                              on_completed, NULL, MHD_OPTION_LISTEN_BACKLOG_SIZE, 4096u,
                              MHD_OPTION_CONNECTION_LIMIT, 8192u,
                              MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)16384, MHD_OPTION_END);
    if (!server)
        die("floor: cannot listen on port %s", argv[1]);
    struct epoll_event ev = { .events = EPOLLIN, .data.u64 = 0 };
    epoll_ctl(ep, EPOLL_CTL_ADD, MHD_get_daemon_info(server, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
              &ev);
    for (;;)
        tick();
}
