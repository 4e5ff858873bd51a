#include "cli/chat_replay.h"

#include "bind/bind.h"
#include "scripts/cpu_guard.h"
#include "base/log.h"
#include "service/reload.h"
#include "service/tick.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_LIMIT = 256 * 1024, STORY_LIMIT = 8 << 20 };

/* ---- the instance, and its commands ---- */

int rehearsal_begin(struct rehearsal *r, const struct serve_mode *m, const char *scripts,
                    const char *prompts, bool check, struct buf *problems, struct buf *warnings)
{
    struct host *h = &r->service.host;
    struct generation_options o = mode_options(m);
    struct settings *own = settings_new();
    char why[2048] = "not enough memory";
    int code = 1;
    log_open(LOG_OFF);
    h->scripts.memory_cap = 256u << 20;
    h->services.outbound.alone = check;
    o.ignore_settings = o.make_up_settings = check;
    reload_options(&o, NULL);
    unsigned slice = own ? (unsigned)settings_integer(own, "LUA_SLICE_MS") : 0;
    if (!own || instance_begin(&r->service) != 0 ||
        cpu_guard_start(slice ? slice : 200, 2000) != 0) {
        buf_printf(problems, "assistant: %s\n", strerror(errno));
        goto done;
    }
    code = instance_load(&h->scripts, &o, scripts, prompts, &h->scripts.next, problems, warnings);
    if (code == 0)
        code = instance_open(h, ":memory:", why, sizeof why);
    if (code && h->scripts.next)
        buf_printf(problems, "assistant: %s\n", why);
    if (code == 0)
        tick(h); /* the generation becomes current */
done:
    settings_free(own);
    return code;
}

static int begin(struct rehearsal *r, const struct serve_mode *m)
{
    struct buf problems = { .data = NULL }, warnings = { .data = NULL };
    int code = rehearsal_begin(r, m, NULL, NULL, false, &problems, &warnings);
    fprintf(stderr, "%s%s", warnings.data ? warnings.data : "", problems.data ? problems.data : "");
    buf_free(&problems);
    buf_free(&warnings);
    return code;
}

int rehearsal_end(struct rehearsal *r, int code)
{
    r->service.host.stopping = true;
    instance_close(&r->service);
    buf_free(&r->in);
    return code;
}

static void ended(struct task *t, bool ok, const char *text, size_t len)
{
    struct rehearsal *r = t->arg;
    const char *line = len ? memchr(text, '\n', len) : NULL;
    r->busy = false;
    if (!ok || !line) {
        fprintf(stderr, "The scripts failed: %.*s\n", (int)len, text);
        r->code = GENERATION_SCRIPTS;
        return;
    }
    r->code = atoi(text);
    fwrite(line + 1, 1, len - (size_t)(line + 1 - text),
           r->code == GENERATION_SETTINGS || r->code == GENERATION_SCRIPTS ? stderr : stdout);
    fflush(stdout);
}

/* Runs a command of the scripts until its end or a signal. Returns its code; prints errors. */
static int run(struct rehearsal *r, const char *name, char *const *args, size_t count)
{
    struct host *h = &r->service.host;
    r->code = GENERATION_SCRIPTS;
    if (!bind_command(h->scripts.current, name, args, count, ended, r)) {
        fprintf(stderr, "assistant: the scripts have no command \"%s\".\n", name);
        return r->code;
    }
    r->busy = true;
    while (r->busy && !h->stopping)
        tick(h);
    return r->code;
}

/* ---- chat ---- */

static void on_input(void *arg, int fd, uint32_t events)
{
    struct rehearsal *r = arg;
    char bytes[4096];
    (void)events;
    ssize_t n = read(fd, bytes, sizeof bytes);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0 || r->in.len > LINE_LIMIT || !buf_add(&r->in, bytes, (size_t)n))
        r->ended = true;
}

/* Waits for a whole line, or the rest before the end of input. false: there is no more. */
static bool wait_line(struct rehearsal *r)
{
    struct host *h = &r->service.host;
    while (!h->stopping && !r->ended && !(r->in.len && memchr(r->in.data, '\n', r->in.len))) {
        if (!r->polled && !r->file) {
            r->polled = loop_add(h->services.loop, STDIN_FILENO, EPOLLIN, on_input, r) == 0;
            r->file = !r->polled;
        }
        if (r->file)
            on_input(r, STDIN_FILENO, 0);
        else
            tick(h);
    }
    if (r->polled) /* input is not read while an answer is being made */
        loop_remove(h->services.loop, STDIN_FILENO);
    r->polled = false;
    return !h->stopping && r->in.len > 0;
}

/* The first line of what was read, without its end and its NULs; free it. */
static char *take_line(struct rehearsal *r)
{
    char *stop = memchr(r->in.data, '\n', r->in.len), *line;
    size_t n = stop ? (size_t)(stop - r->in.data) : r->in.len, len = 0;
    line = malloc(n + 1);
    for (size_t i = 0; line && i < n; i++)
        if (r->in.data[i])
            line[len++] = r->in.data[i];
    if (line)
        line[len] = 0;
    n += stop != NULL;
    memmove(r->in.data, r->in.data + n, r->in.len - n);
    r->in.len -= n;
    return line;
}

static void tell_reload(void *arg, int code, const char *words)
{
    (void)arg, (void)code;
    fflush(stdout);
    if (words)
        fprintf(stderr, "  %s\n", words);
}

/* Uses files changed on disk from the next line on. If they do not load, it only prints why. */
static void look_for_changes(struct rehearsal *r)
{
    struct host *h = &r->service.host;
    reload_now(h, false, tell_reload, NULL);
    for (int i = 0; h->scripts.next && i < 10; i++)
        tick(h);
}

/* Prints a pipe's lines, as a terminal shows typed lines, so that the output can be read. */
static void prompt(const struct rehearsal *r, const char *line)
{
    bool terminal = isatty(STDIN_FILENO) == 1;
    if (terminal && !line)
        printf(strcmp(r->style, "color") == 0 ? "\033[1myou>\033[0m " : "you> ");
    else if (!terminal && line && *line)
        printf("you> %s\n", line);
    fflush(stdout);
}

static const char *style_of_stdout(void)
{
    const char *term = getenv("TERM"), *none = getenv("NO_COLOR");
    bool plain = isatty(STDOUT_FILENO) != 1 || (none && *none) || !term ||
                 strcmp(term, "dumb") == 0;
    return plain ? "plain" : "color";
}

int serve_chat(void)
{
    static struct rehearsal r;
    int code = begin(&r, &serve_modes[3]);
    if (code)
        return rehearsal_end(&r, code);
    r.style = style_of_stdout();
    char *hello[] = { (char *)r.style };
    code = run(&r, "hello", hello, 1);
    if (code)
        return rehearsal_end(&r, code);
    prompt(&r, NULL);
    while (wait_line(&r)) {
        char *line = take_line(&r), *words[] = { line, (char *)r.style };
        prompt(&r, line ? line : "");
        look_for_changes(&r);
        bool over = !line || run(&r, "line", words, 2) ==
                                 1; /* /quit. A failed line is reported and does not end the chat */
        free(line);
        if (over)
            return rehearsal_end(&r, 0);
        prompt(&r, NULL);
    }
    if (isatty(STDIN_FILENO) == 1)
        printf("\n");
    return rehearsal_end(&r, 0);
}

/* ---- replay ---- */

/* The bytes of a file; NULL with why. */
static char *read_story(const char *path, char *why, size_t size)
{
    struct stat st;
    struct buf b = { .data = NULL };
    char bytes[65536];
    ssize_t n = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
        errno = EISDIR;
    else if (fd >= 0)
        while ((n = read(fd, bytes, sizeof bytes)) > 0 && b.len <= STORY_LIMIT)
            buf_add(&b, bytes, (size_t)n);
    if (n < 0)
        snprintf(why, size, "%s: cannot be read (%s).", path, strerror(errno));
    else if (b.len > STORY_LIMIT)
        snprintf(why, size, "%s: is larger than 8 MB. Split it.", path);
    else if (b.len == 0 || memchr(b.data, 0, b.len))
        snprintf(why, size,
                 "%s: %s. Name a story in YAML or JSON, or what `assistant export` prints.", path,
                 b.len ? "holds a NUL byte" : "is empty");
    else
        n = 1;
    if (fd >= 0)
        close(fd);
    if (n != 1)
        buf_free(&b);
    return n == 1 ? b.data : NULL;
}

static int replay_file(struct rehearsal *r, const char *flags, char *path)
{
    char why[4500];
    char *text = read_story(path, why, sizeof why);
    if (!text)
        return instance_fail(GENERATION_SETTINGS, why);
    char *words[] = { (char *)flags, path, text };
    int code = run(r, "replay", words, 3);
    free(text);
    return code;
}

int serve_replay(const char *flags, char *const *files, size_t count)
{
    static struct rehearsal r;
    int code = begin(&r, &serve_modes[3]), worst = 0;
    for (size_t i = 0; code == 0 && i < count && !r.service.host.stopping; i++) {
        int one = replay_file(&r, flags, files[i]);
        worst = one > worst ? one : worst;
    }
    if (code == 0 && r.service.host.stopping)
        worst = worst ? worst : 1;
    else if (code == 0)
        run(&r, "summary", NULL, 0);
    return rehearsal_end(&r, code ? code : worst);
}

/* ---- check --online ---- */

int serve_online(void)
{
    static struct rehearsal r;
    int code = begin(&r, &serve_modes[4]);
    return rehearsal_end(&r, code ? code : run(&r, "online", NULL, 0));
}
