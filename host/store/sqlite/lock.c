/*
 * Who holds the database's write lock, when it is another program. See store.h.
 *
 * SQLite's lock on the write-ahead log is a POSIX lock on one byte of the -shm file, so F_GETLK
 * names the process that has it. (/proc/locks says the same, but not inside a unit that hides other
 * processes.) Closing any descriptor of that file drops SQLite's locks, so this one is opened after
 * SQLite's and closed after the database.
 */
#include "store/sqlite/parts.h"

#include "base/log.h"
#include "base/loop.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TELL_EVERY_S = 10 };

/* UNIX_SHM_BASE + WAL_WRITE_LOCK, and + WAL_RECOVER_LOCK, of SQLite: a part of its file format. */
static const off_t lock_bytes[] = { 120, 122 };

void store_lock_watch(struct store *s)
{
    if (s->shm_fd < 0)
        s->shm_fd = open(s->shm_path, O_RDWR | O_CLOEXEC);
}

void store_lock_unwatch(struct store *s)
{
    if (s->shm_fd >= 0)
        close(s->shm_fd);
    s->shm_fd = -1;
}

static void program_of(pid_t pid, char *name, size_t size)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, name, size - 1);
    if (fd >= 0)
        close(fd);
    name[n > 0 ? n : 0] = 0;
    name[strcspn(name, "\n")] = 0;
}

bool store_lock_look(struct store *s, struct store_holder *out)
{
    for (size_t i = 0; s->shm_fd >= 0 && i < sizeof lock_bytes / sizeof *lock_bytes; i++) {
        struct flock l = {
            .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = lock_bytes[i], .l_len = 1
        };
        if (fcntl(s->shm_fd, F_GETLK, &l) != 0 || l.l_type == F_UNLCK)
            continue;
        *out = (struct store_holder){ .pid = l.l_pid > 0 ? l.l_pid : 0 };
        if (out->pid)
            program_of(out->pid, out->program, sizeof out->program);
        return true;
    }
    return false;
}

bool sqlite_locked(struct store *s, struct store_holder *out)
{
    uint64_t now = loop_now_ns();
    if (!s->busy_since_ns || now - s->busy_since_ns < STORE_PATIENCE_MS * 1000000ull)
        return false;
    store_lock_look(s, &s->holder); /* no holder now: use the one seen last */
    *out = s->holder;
    out->held_ms = (int64_t)((now - s->busy_since_ns) / 1000000u);
    return true;
}

static const char *holder_words(const struct store_holder *w, char *text, size_t size)
{
    if (!w->pid) /* in another pid namespace, or it has ended */
        snprintf(text, size, "another program");
    else
        snprintf(text, size, "process %d%s%s%s", (int)w->pid, w->program[0] ? " (" : "", w->program,
                 w->program[0] ? ")" : "");
    return text;
}

void store_lock_trouble(const struct store *s, const struct store_holder *w, struct trouble *out)
{
    char words[80];
    int n = snprintf(out->cause, sizeof out->cause, "%s holds the database's write lock",
                     holder_words(w, words, sizeof words));
    if (w->held_ms)
        snprintf(out->cause + n, sizeof out->cause - (size_t)n, " (for %lld s now)",
                 (long long)(w->held_ms / 1000));
    if (w->pid)
        snprintf(out->remedy, sizeof out->remedy, "close it (`kill %d`)", (int)w->pid);
    else
        snprintf(out->remedy, sizeof out->remedy,
                 "find it on the machine (`fuser -v %s`) and close it", s->path);
}

bool sqlite_busy(struct store *s, struct trouble *out)
{
    struct store_holder w = { .pid = 0 };
    if (!s->busy_since_ns)
        return false;
    store_lock_look(s, &w);
    store_lock_trouble(s, &w, out);
    return true;
}

/* Counts and logs what lasts longer than STORE_PATIENCE_MS; logs at most once in ten seconds. */
void store_busy_note(struct store *s)
{
    uint64_t now = loop_now_ns();
    struct store_holder w;
    struct trouble trouble;
    if (!s->busy_since_ns)
        s->busy_since_ns = now;
    if (!sqlite_locked(s, &w))
        return;
    s->healthy = false;
    s->figures.locks += !s->busy_counted;
    s->busy_counted = true;
    if (s->busy_told || now < s->busy_tell_after_ns)
        return;
    s->busy_told = true;
    s->busy_tell_after_ns = now + TELL_EVERY_S * 1000000000ull;
    store_lock_trouble(s, &w, &trouble);
    log_event(LOG_ERROR, "store.locked", log_i("pid", w.pid), log_s("program", w.program),
              log_i("ms", w.held_ms), log_s("error", trouble.cause),
              log_s("remedy", trouble.remedy));
}

void store_busy_over(struct store *s)
{
    if (s->busy_told)
        log_event(LOG_INFO, "store.unlocked", log_i("pid", s->holder.pid),
                  log_s("program", s->holder.program),
                  log_i("ms", (int64_t)((loop_now_ns() - s->busy_since_ns) / 1000000u)));
    s->busy_until_ns = s->busy_since_ns = 0;
    s->busy_counted = s->busy_told = false;
    s->holder = (struct store_holder){ .pid = 0 };
}
