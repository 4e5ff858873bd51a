#include "service/admin.h"

#include "service/backup.h"
#include "bind/bind.h"
#include "service/reload.h"
#include "service/versions_tell.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { REQUEST_LIMIT = 64 * 1024, ARGS_LIMIT = 64, CLIENT_S = 10 };

struct client {
    struct admin *admin;
    uintptr_t id; /* never used twice; a command's task knows its client by this */
    int fd;
    struct buf in, out;
    size_t sent;
    enum { CLIENT_ASKS, CLIENT_WAITS, CLIENT_HELD, CLIENT_ANSWERED } state;
    uint64_t durable_at; /* CLIENT_HELD: until store_durable says this */
    struct loop_timer deadline;
    LIST_ENTRY(client) at;
};

struct admin {
    struct host *host;
    int fd, dir;
    uintptr_t last_id;
    LIST_HEAD(, client) clients;
};

static void client_close(struct client *c)
{
    struct admin *a = c->admin;
    loop_remove(a->host->services.loop, c->fd);
    loop_timer_stop(a->host->services.loop, &c->deadline);
    close(c->fd);
    LIST_REMOVE(c, at);
    buf_free(&c->in);
    buf_free(&c->out);
    free(c);
}

static void client_late(void *arg)
{
    client_close(arg);
}

static void client_write(struct client *c)
{
    while (c->sent < c->out.len) {
        ssize_t n = send(c->fd, c->out.data + c->sent, c->out.len - c->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            loop_change(c->admin->host->services.loop, c->fd, EPOLLOUT);
            return;
        }
        if (n <= 0)
            break;
        c->sent += (size_t)n;
    }
    client_close(c);
}

static void client_patience(struct client *c)
{
    loop_timer_set(c->admin->host->services.loop, &c->deadline,
                   loop_now_ns() + CLIENT_S * 1000000000ULL, client_late, c);
}

static void set_answer(struct client *c, int code, const char *text, size_t len)
{
    c->out.len = 0;
    buf_printf(&c->out, "%d\n", code);
    buf_add(&c->out, text, len);
    if (len && text[len - 1] != '\n')
        buf_text(&c->out, "\n");
}

static void send_answer(struct client *c)
{
    c->state = CLIENT_ANSWERED;
    client_patience(c);
    client_write(c);
}

static void answer(struct client *c, int code, const char *text, size_t len)
{
    struct store *s = c->admin->host->services.store;
    set_answer(c, code, text, len);
    c->durable_at = store_group(s) + store_dirty(s);
    if (store_durable(s) < c->durable_at) /* the text may name what is not durable yet (law 1) */
        c->state = CLIENT_HELD;
    else
        send_answer(c);
}

void admin_release(struct admin *a, bool lost)
{
    static const char sorry[] =
        "The database could not store the change. `assistant status` says why. Try again.";
    for (struct client *c = a ? LIST_FIRST(&a->clients) : NULL, *next; c; c = next) {
        next = LIST_NEXT(c, at);
        if (c->state != CLIENT_HELD)
            continue;
        const uint64_t group = store_group(a->host->services.store);
        if (lost && c->durable_at == group) /* it waited for the group that was lost */
            set_answer(c, 1, sorry, sizeof sorry - 1);
        if (store_durable(a->host->services.store) >= c->durable_at)
            send_answer(c);
    }
}

bool admin_holds(const struct admin *a)
{
    const struct client *c;
    if (a)
        LIST_FOREACH(c, &a->clients, at)
            if (c->state == CLIENT_HELD)
                return true;
    return false;
}

/* Answers the client with this id. It may have disconnected meanwhile. */
static void answer_late(struct admin *a, uintptr_t id, int code, const char *text, size_t len)
{
    for (struct client *c = a ? LIST_FIRST(&a->clients) : NULL; c; c = LIST_NEXT(c, at))
        if (c->id == id) {
            answer(c, code, text, len);
            return;
        }
}

/* The client that gets the result of a long command. When the service stops, the admin may be gone
 * first. */
struct asked {
    struct host *host;
    uintptr_t id;
};

static struct asked *asked_by(const struct client *c)
{
    struct asked *q = malloc(sizeof *q);
    if (q)
        *q = (struct asked){ c->admin->host, c->id };
    return q;
}

static void command_ended(struct task *t, bool ok, const char *text, size_t len)
{
    struct asked *q = t->arg;
    answer_late(q->host->admin, q->id, ok ? 0 : 1, text, len);
    free(q);
}

static void backup_ended(void *arg, int code, const char *words)
{
    struct asked *q = arg;
    answer_late(q->host->admin, q->id, code, words, strlen(words));
    free(q);
}

static bool client_backup(struct client *c, char *const *args, size_t count)
{
    struct asked *q = count == 2 ? asked_by(c) : NULL;
    if (!q)
        return false;
    backup_begin(c->admin->host, args[1], backup_ended, q);
    return true;
}

static void reload_ended(void *arg, int code, const char *words)
{
    struct asked *q = arg;
    const char *text = words ? words : "Nothing to do.";
    answer_late(q->host->admin, q->id, code, text, strlen(text));
    free(q);
}

/* reload and rollback: answered when a child has tried the files. */
static bool client_reload(struct client *c, char *const *args, size_t count)
{
    struct host *h = c->admin->host;
    bool back = strcmp(args[0], "rollback") == 0;
    struct buf out = { .data = NULL };
    unsigned number = back ? versions_wanted(h->versions, args, count, &out) : 0;
    struct asked *q = back && !number ? NULL : asked_by(c);
    if (back && !number) {
        answer(c, 1, out.data ? out.data : "", out.len);
        buf_free(&out);
        return true;
    }
    if (!q)
        return false;
    if (back)
        reload_version(h, number, reload_ended, q);
    else
        reload_now(h, true, reload_ended, q);
    return true;
}

/* Runs a command of main.lua. false: there is none of this name. */
static bool client_script(struct client *c, char *const *args, size_t count)
{
    struct generation *g = c->admin->host->scripts.current;
    struct asked *q = g ? asked_by(c) : NULL;
    if (q && bind_command(g, args[0], args + 1, count - 1, command_ended, q))
        return true;
    free(q);
    return false;
}

static void client_command(struct client *c)
{
    char *args[ARGS_LIMIT];
    size_t count = 0;
    struct host *h = c->admin->host;
    c->state = CLIENT_WAITS;
    reload_keep(h);
    loop_timer_stop(h->services.loop, &c->deadline); /* a command has no time limit */
    for (char *p = c->in.data; p < c->in.data + c->in.len - 1 && count < ARGS_LIMIT;
         p += strlen(p) + 1)
        args[count++] = p;
    if (count && strcmp(args[0], "backup") == 0 && client_backup(c, args, count))
        return;
    if (count && (strcmp(args[0], "reload") == 0 || strcmp(args[0], "rollback") == 0) &&
        client_reload(c, args, count))
        return;
    struct buf out = { .data = NULL };
    int code = count ? admin_host_command(h, args, count, &out) : 1;
    if (code >= 0)
        answer(c, code, out.data ? out.data : "", out.len);
    else if (!client_script(c, args, count)) {
        buf_printf(&out, "There is no command \"%s\". `assistant help` lists them.", args[0]);
        answer(c, 1, out.data, out.len);
    }
    buf_free(&out);
}

static void on_client(void *arg, int fd, uint32_t events)
{
    struct client *c = arg;
    char bytes[4096];
    if (c->state == CLIENT_ANSWERED) {
        client_write(c);
        return;
    }
    ssize_t n = recv(fd, bytes, sizeof bytes, 0);
    if (n < 0 && errno == EAGAIN && !(events & EPOLLHUP))
        return;
    if (n <= 0 || c->state != CLIENT_ASKS || c->in.len + (size_t)n > REQUEST_LIMIT ||
        !buf_add(&c->in, bytes, (size_t)n)) { /* it disconnected, or sent more than its question */
        client_close(c);
        return;
    }
    size_t len = c->in.len;
    if ((len >= 2 && c->in.data[len - 1] == 0 && c->in.data[len - 2] == 0) ||
        (len == 1 && c->in.data[0] == 0))
        client_command(c);
}

static void on_connect(void *arg, int fd, uint32_t events)
{
    struct admin *a = arg;
    (void)events;
    for (int s; (s = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        struct client *c = calloc(1, sizeof *c);
        if (!c) {
            close(s);
            return;
        }
        c->admin = a;
        c->id = ++a->last_id;
        c->fd = s;
        LIST_INSERT_HEAD(&a->clients, c, at);
        client_patience(c);
        if (loop_add(a->host->services.loop, s, EPOLLIN, on_client, c) != 0)
            client_close(c);
    }
}

/* sun_path holds 108 bytes, so the folder is opened and named by its descriptor. */
static int address_of(const char *database, struct sockaddr_un *a)
{
    char folder[4096];
    const char *slash = strrchr(database, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - database + 1) : 1,
             slash ? database : ".");
    int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    *a = (struct sockaddr_un){ .sun_family = AF_UNIX };
    snprintf(a->sun_path, sizeof a->sun_path, "/proc/self/fd/%d/admin.sock", dir);
    return dir;
}

struct admin *admin_start(struct host *h, const char *database, char *why, size_t size)
{
    struct sockaddr_un address;
    struct admin *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->host = h;
    a->dir = address_of(database, &address);
    a->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (a->dir >= 0 && a->fd >= 0 &&
        (connect(a->fd, (struct sockaddr *)&address, sizeof address) == 0 || errno == EAGAIN)) {
        snprintf(why, size,
                 "another service already uses admin.sock beside %s. Give each service its own "
                 "folder in DATABASE_URL.",
                 database);
        close(a->fd);
        close(a->dir); /* and the socket file stays */
        free(a);
        return NULL;
    }
    unlink(address.sun_path); /* of a dead process, because we hold the database's lock */
    mode_t old = umask(0177);
    int rc = a->dir < 0 || a->fd < 0 ? -1
                                     : bind(a->fd, (struct sockaddr *)&address, sizeof address);
    umask(old);
    if (rc != 0 || listen(a->fd, 16) != 0 ||
        loop_add(h->services.loop, a->fd, EPOLLIN, on_connect, a) != 0) {
        struct trouble trouble;
        trouble_of(&trouble, errno, database);
        snprintf(why, size, "the admin socket beside %s cannot be created: %s: %s, and start again",
                 database, trouble.cause, trouble.remedy);
        admin_stop(a);
        return NULL;
    }
    return a;
}

void admin_stop(struct admin *a)
{
    if (!a)
        return;
    while (!LIST_EMPTY(&a->clients))
        client_close(LIST_FIRST(&a->clients));
    if (a->fd >= 0) {
        loop_remove(a->host->services.loop, a->fd);
        close(a->fd);
    }
    if (a->dir >= 0) {
        unlinkat(a->dir, "admin.sock", 0);
        close(a->dir);
    }
    free(a);
}

/* ---- the client ---- */

int admin_call(const char *database, char *const *args, size_t count)
{
    struct sockaddr_un address;
    struct buf in = { .data = NULL }, out = { .data = NULL };
    int dir = address_of(database, &address), code = 1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (dir < 0 || fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        code = -1;
        goto done;
    }
    for (size_t i = 0; i < count; i++)
        buf_add(&out, args[i], strlen(args[i]) + 1);
    buf_add(&out, "", 1);
    if (send(fd, out.data, out.len, MSG_NOSIGNAL) != (ssize_t)out.len)
        goto done;
    char bytes[4096];
    for (ssize_t n; (n = recv(fd, bytes, sizeof bytes, 0)) > 0;)
        buf_add(&in, bytes, (size_t)n);
    char *line = in.data ? strchr(in.data, '\n') : NULL;
    if (!line) {
        fprintf(stderr, "The service closed the connection without an answer.\n");
        goto done;
    }
    code = atoi(in.data);
    bool status = strcmp(args[0], "status") == 0; /* the answer contains its exit code */
    fwrite(line + 1, 1, in.len - (size_t)(line + 1 - in.data), code && !status ? stderr : stdout);
done:
    if (fd >= 0)
        close(fd);
    if (dir >= 0)
        close(dir);
    buf_free(&in);
    buf_free(&out);
    return code;
}
