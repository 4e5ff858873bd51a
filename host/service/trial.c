#include "service/trial.h"

#include "scripts/lua_sandbox.h"
#include "scripts/cpu_guard.h"
#include "base/log.h"
#include "service/modes.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

enum {
    SECONDS = SANITIZED ? 10 : 2,
    PATIENCE = 10,     /* seconds, for a child that gets little CPU time */
    NOTE_LIMIT = 4096, /* the first page of the memfd: the file that the child is loading */
    TEXT_LIMIT = 64 * 1024,
    TREE_FD = 3,
    PIPE_FD = 4,
    FILES = 16,
    MORE_MEMORY = 64 << 20, /* in addition to the scripts' memory */
};

struct trial {
    struct loop *loop;
    struct loop_timer late;
    pid_t pid;
    int pipe;
    char *note;
    int status;
    bool reaped, killed; /* we killed it, because it took too long */
    uint64_t since_ns;
    struct buf text;
    trial_done done;
    void *arg;
};

static struct trial *running; /* at most one at a time */

/* ---- the parent ---- */

static void free_trial(struct trial *t)
{
    loop_timer_stop(t->loop, &t->late);
    if (t->pipe >= 0) {
        loop_remove(t->loop, t->pipe);
        close(t->pipe);
    }
    if (t->note)
        munmap(t->note, NOTE_LIMIT);
    if (running == t)
        running = NULL;
    buf_free(&t->text);
    free(t);
}

static void collect(struct trial *t)
{
    while (!t->reaped && waitpid(t->pid, &t->status, 0) < 0 && errno == EINTR)
        ;
    t->reaped = true;
}

void trial_end(struct trial *t)
{
    if (!t)
        return;
    if (!t->reaped)
        kill(t->pid, SIGKILL);
    collect(t);
    free_trial(t);
}

void trial_reap(void)
{
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        if (running && pid == running->pid) {
            running->status = status;
            running->reaped = true;
        }
}

static void say_how_it_died(struct trial *t, struct buf *out)
{
    t->note[NOTE_LIMIT - 1] = 0;
    const char *where = t->note, *colon = *where ? ": " : "";
    if (t->killed || (WIFSIGNALED(t->status) && WTERMSIG(t->status) == SIGXCPU))
        buf_printf(out,
                   "%s%sthe files did not load within %d seconds. Look there for a loop that does "
                   "not end, or for very much data.\n",
                   where, colon, SECONDS);
    else if (WIFSIGNALED(t->status))
        buf_printf(out,
                   "%s%sloading the files ended the process that tried them (%s). Take back what "
                   "was changed there.\n",
                   where, colon, strsignal(WTERMSIG(t->status)));
    else
        buf_printf(out, "%s%sthe process that tried the files ended with exit code %d.\n", where,
                   colon, WEXITSTATUS(t->status));
}

static void finish(struct trial *t)
{
    trial_done done = t->done;
    void *arg = t->arg;
    struct buf text = t->text;
    int code = GENERATION_SCRIPTS;
    t->text = (struct buf){ .data = NULL };
    collect(t);
    bool answered = WIFEXITED(t->status);
    if (answered)
        code = WEXITSTATUS(t->status);
    if (!answered ||
        (code != GENERATION_OK && code != GENERATION_SETTINGS && code != GENERATION_SCRIPTS)) {
        code = GENERATION_SCRIPTS;
        text.len = 0;
        say_how_it_died(t, &text);
    }
    log_event(LOG_DEBUG, "trial.ended", log_i("code", code),
              log_i("ms", (int64_t)((loop_now_ns() - t->since_ns) / 1000000)));
    free_trial(t);
    done(arg, code, &text);
}

static void on_text(void *arg, int fd, uint32_t events)
{
    struct trial *t = arg;
    char bytes[4096];
    (void)events;
    for (;;) {
        ssize_t n = read(fd, bytes, sizeof bytes);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0)
            break;
        if (t->text.len + (size_t)n <= TEXT_LIMIT)
            buf_add(&t->text, bytes, (size_t)n);
    }
    finish(t);
}

static double cpu_seconds(pid_t pid)
{
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
        return SECONDS;
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

/* Sends first the signal whose handler notes the line, then SIGKILL. */
static void on_late(void *arg)
{
    struct trial *t = arg;
    uint64_t now = loop_now_ns();
    if (!t->killed && now - t->since_ns < PATIENCE * 1000000000ULL &&
        cpu_seconds(t->pid) < SECONDS * 0.75) {
        loop_timer_set(t->loop, &t->late, now + 500000000ULL, on_late, t);
        return;
    }
    if (!t->reaped)
        kill(t->pid, t->killed ? SIGKILL : SIGXCPU);
    t->killed = true;
    loop_timer_set(t->loop, &t->late, now + 100000000ULL, on_late, t);
}

/* A memfd with a page for the note, then the tree. Its descriptor, or -1. */
static int tree_memory(struct trial *t, const struct tree *tree)
{
    static const char page[NOTE_LIMIT];
    struct buf b = { .data = NULL };
    int fd = memfd_create("tree", MFD_CLOEXEC);
    bool ok = fd >= 0 && buf_add(&b, page, sizeof page) && tree_pack(tree, &b);
    for (size_t at = 0; ok && at < b.len;) {
        ssize_t n = write(fd, b.data + at, b.len - at);
        ok = n > 0;
        at += ok ? (size_t)n : 0;
    }
    buf_free(&b);
    if (ok) {
        char *note = mmap(NULL, NOTE_LIMIT, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        ok = note != MAP_FAILED;
        t->note = ok ? note : NULL;
    }
    if (!ok && fd >= 0)
        close(fd);
    return ok ? fd : -1;
}

/* 0, or an errno. */
static int spawn(struct trial *t, int memory, int out, const char *mode)
{
    extern char **environ;
    char *const args[] = { "assistant", TRIAL_ARGUMENT, (char *)mode, NULL };
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int rc = posix_spawn_file_actions_init(&files);
    if (rc)
        return rc;
    if ((rc = posix_spawnattr_init(&how)) != 0) {
        posix_spawn_file_actions_destroy(&files);
        return rc;
    }
    for (int fd = 0; fd < 3 && !rc; fd++)
        rc = posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
    if (!rc)
        rc = posix_spawn_file_actions_adddup2(&files, memory, TREE_FD);
    if (!rc)
        rc = posix_spawn_file_actions_adddup2(&files, out, PIPE_FD);
    if (!rc) /* the child gets no other descriptor */
        rc = posix_spawn_file_actions_addclosefrom_np(&files, PIPE_FD + 1);
    posix_spawnattr_setsigmask(&how, &none);
    posix_spawnattr_setsigdefault(&how, &all);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (!rc)
        rc = posix_spawn(&t->pid, "/proc/self/exe", &files, &how, args, environ);
    posix_spawnattr_destroy(&how);
    posix_spawn_file_actions_destroy(&files);
    return rc;
}

/* Moves a descriptor above those that dup2 makes in the child, because dup2 would close it. */
static int lift(int fd)
{
    int up = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 16);
    if (fd >= 0)
        close(fd);
    return up;
}

struct trial *trial_begin(struct loop *l, const struct tree *tree, const char *mode,
                          trial_done done, void *arg)
{
    int ends[2] = { -1, -1 }, rc = 0;
    struct trial *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    *t = (struct trial){ .loop = l, .pipe = -1, .done = done, .arg = arg };
    t->since_ns = loop_now_ns();
    int memory = lift(tree_memory(t, tree));
    if (memory < 0 || pipe2(ends, O_CLOEXEC) != 0) {
        rc = errno ? errno : ENOMEM;
    } else {
        t->pipe = ends[0];
        ends[1] = lift(ends[1]);
        fcntl(t->pipe, F_SETFL, O_NONBLOCK);
        rc = ends[1] < 0 ? errno : loop_add(l, t->pipe, EPOLLIN, on_text, t) != 0 ? errno : 0;
        if (!rc)
            rc = spawn(t, memory, ends[1], mode);
    }
    if (memory >= 0)
        close(memory);
    if (ends[1] >= 0)
        close(ends[1]);
    if (rc) {
        free_trial(t);
        errno = rc;
        return NULL;
    }
    loop_timer_set(l, &t->late, t->since_ns + SECONDS * 1000000000ULL, on_late, t);
    running = t;
    return t;
}

/* ---- the child ---- */

/* The process ends next. A second fault ends it too (SA_RESETHAND). */
static void dying(int sig)
{
    cpu_guard_where(lua_sandbox_note, 256);
    raise(sig);
}

static void note_death(void)
{
    static const int signals[] = { SIGXCPU, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL };
    static char space[64 * 1024]; /* when the stack is full, the handler needs another one */
    const stack_t stack = { .ss_sp = space, .ss_size = sizeof space };
    struct sigaction act = { .sa_handler = dying, .sa_flags = SA_RESETHAND | SA_ONSTACK };
    sigaltstack(&stack, NULL);
    sigemptyset(&act.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &act, NULL);
}

static void limit(int what, rlim_t soft, rlim_t hard)
{
    const struct rlimit r = { soft, hard };
    setrlimit(what, &r);
}

static void limits(size_t memory)
{
    limit(RLIMIT_CPU, SECONDS, SECONDS + 1);
    if (!SANITIZED) /* a sanitizer reserves terabytes */
        limit(RLIMIT_DATA, memory + MORE_MEMORY, memory + MORE_MEMORY);
    limit(RLIMIT_NOFILE, FILES, FILES);
    limit(RLIMIT_FSIZE, 0, 0);
    limit(RLIMIT_CORE, 0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static const struct serve_mode *mode_of(const char *name)
{
    for (int i = 0; i < 4; i++)
        if (strcmp(serve_modes[i].name, name) == 0)
            return &serve_modes[i];
    return NULL;
}

static struct tree *given_tree(void)
{
    struct stat st;
    if (fstat(TREE_FD, &st) != 0 || st.st_size < NOTE_LIMIT)
        return NULL;
    char *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, TREE_FD, 0);
    if (bytes == MAP_FAILED)
        return NULL;
    lua_sandbox_note = bytes;
    return tree_unpack(bytes + NOTE_LIMIT, (size_t)st.st_size - NOTE_LIMIT);
}

int trial_child(const char *mode)
{
    const struct serve_mode *m = mode_of(mode);
    struct scripts all = { .memory_cap = 0 };
    struct buf problems = { .data = NULL }, warnings = { .data = NULL };
    struct generation *g = NULL;
    struct tree *t = m ? given_tree() : NULL;
    if (!t)
        return 1;
    settings_defaults(m->defaults);
    log_open(LOG_OFF);
    struct settings *own = settings_new();
    if (!own)
        return 1;
    int64_t slice = settings_integer(own, "LUA_SLICE_MS");
    all.memory_cap = (size_t)settings_integer(own, "LUA_MEMORY_MB") << 20;
    limits(all.memory_cap);
    note_death();
    if (cpu_guard_start(slice > 0 ? (unsigned)slice : 200, 0) != 0)
        return 1;
    const struct generation_options o = mode_options(m);
    int code = (int)generation_build(&g, &all, t, &o, &problems, &warnings);
    log_mask(problems.data);
    for (size_t at = 0; at < problems.len;) {
        ssize_t n = write(PIPE_FD, problems.data + at, problems.len - at);
        if (n < 0 && errno != EAGAIN)
            break;
        at += n > 0 ? (size_t)n : 0;
    }
    _exit(code); /* without cleaning up, because nothing here is kept */
}
