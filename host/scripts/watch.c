#include "scripts/watch.h"

#include "base/buf.h"
#include "base/log.h"
#include "scripts/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDERS = 8, DEPTH_LIMIT = 8, SURVEY_MOST = 512, PIECE_NS = 500000, SECOND_NS = 1000000000 };

struct watch {
    struct loop *loop;
    struct loop_timer quiet, stat;
    int fd;
    char *folders[FOLDERS];
    size_t count;
    uint64_t seen; /* of all names, sizes, times and inodes */
    /* The survey that goes on, in pieces, because the whole takes 1 ms. */
    struct {
        char *path;
        int depth;
    } found[SURVEY_MOST];
    size_t found_count, at;
    uint64_t sum, began_ns;
    void (*changed)(void *arg);
    void *arg;
};

/* IN_MODIFY: a file that was truncated is complete only after the following write. */
static const uint32_t MASK = IN_CLOSE_WRITE | IN_MODIFY | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE |
                             IN_DELETE | IN_ONLYDIR;

static uint64_t mix(uint64_t h, const void *bytes, size_t n)
{
    for (const unsigned char *p = bytes; n--; p++)
        h = (h ^ *p) * 1099511628211ULL;
    return h;
}

static void found_add(struct watch *w, char *path, int depth)
{
    if (path && w->found_count < SURVEY_MOST) {
        w->found[w->found_count].path = path;
        w->found[w->found_count++].depth = depth;
    } else {
        free(path);
    }
}

/* Begins a survey with the folders that are watched. */
static void survey_begin(struct watch *w)
{
    while (w->found_count)
        free(w->found[--w->found_count].path);
    w->at = 0;
    w->sum = 0;
    w->began_ns = loop_now_ns();
    for (size_t i = 0; i < w->count; i++)
        found_add(w, buf_copy(w->folders[i], strlen(w->folders[i])), 0);
}

/* Watches the next folder, adds up what stat returns, and remembers its folders. The order of
 * readdir does not matter in a sum. false: all were seen. */
static bool survey_step(struct watch *w)
{
    if (w->at == w->found_count)
        return false;
    const char *path = w->found[w->at].path;
    int depth = w->found[w->at++].depth;
    inotify_add_watch(w->fd, path, MASK);
    DIR *d = opendir(path);
    if (!d) {
        w->sum++;
        return true;
    }
    for (struct dirent *e; (e = readdir(d));) {
        struct stat st;
        char name[4096];
        if (!tree_wants(e->d_name) || fstatat(dirfd(d), e->d_name, &st, 0) != 0)
            continue;
        snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        if (S_ISDIR(st.st_mode)) {
            if (depth < DEPTH_LIMIT)
                found_add(w, buf_copy(name, strlen(name)), depth + 1);
        } else if (S_ISREG(st.st_mode)) {
            uint64_t h = mix(1469598103934665603ULL, name, strlen(name));
            h = mix(h, &st.st_mtim, sizeof st.st_mtim);
            h = mix(h, &st.st_size, sizeof st.st_size);
            w->sum += mix(h, &st.st_ino, sizeof st.st_ino);
        }
    }
    closedir(d);
    return true;
}

static void survey_all(struct watch *w)
{
    survey_begin(w);
    while (survey_step(w))
        ;
    w->seen = w->sum;
}

/* Reads inotify's events. true: one is about a file that the tree reads. */
static bool take_events(struct watch *w)
{
    char bytes[8192] __attribute__((aligned(__alignof__(struct inotify_event))));
    bool any = false;
    for (ssize_t n; (n = read(w->fd, bytes, sizeof bytes)) > 0;)
        for (char *p = bytes; p < bytes + n;) {
            const struct inotify_event *e = (const struct inotify_event *)(void *)p;
            any |= e->len == 0 || tree_wants(e->name);
            p += sizeof *e + e->len;
        }
    return any;
}

static void touched(struct watch *w);

static void on_quiet(void *arg)
{
    struct watch *w = arg;
    if (take_events(w)) { /* a file is being written now */
        touched(w);
        return;
    }
    survey_all(w);
    w->changed(w->arg);
}

static void touched(struct watch *w)
{
    loop_timer_set(w->loop, &w->quiet, loop_now_ns() + WATCH_QUIET_MS * 1000000ULL, on_quiet, w);
}

static void on_stat(void *arg);

static bool stat_later(struct watch *w)
{
    uint64_t next = loop_now_ns() + SECOND_NS, due = w->began_ns + WATCH_STAT_MS * 1000000ULL;
    return loop_timer_set(w->loop, &w->stat, loop_whole_second(due > next ? due : next), on_stat,
                          w);
}

/* The pieces come with the other timers of a second, because an idle loop does not wake for them
 * alone. Where the disk is slow, what is left after that comes at once, in one turn of the loop
 * after another. */
static void on_stat(void *arg)
{
    struct watch *w = arg;
    if (w->at == w->found_count)
        survey_begin(w);
    uint64_t now = loop_now_ns();
    do
        survey_step(w);
    while (w->at < w->found_count && loop_now_ns() - now < PIECE_NS);
    if (w->at < w->found_count) {
        bool late = now - w->began_ns >= WATCH_STAT_MS * 1000000ULL;
        loop_timer_set(w->loop, &w->stat, late ? now : loop_whole_second(now + SECOND_NS), on_stat,
                       w);
        return;
    }
    if (w->sum != w->seen) {
        w->seen = w->sum;
        touched(w);
    }
    stat_later(w);
}

static void on_event(void *arg, int fd, uint32_t events)
{
    struct watch *w = arg;
    (void)fd, (void)events;
    if (take_events(w))
        touched(w);
}

struct watch *watch_start(struct loop *l, const char *const *folders, void (*changed)(void *arg),
                          void *arg)
{
    struct watch *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    *w = (struct watch){ .loop = l, .changed = changed, .arg = arg };
    w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    for (; *folders && w->count < FOLDERS; folders++)
        if (!(w->folders[w->count++] = buf_copy(*folders, strlen(*folders))))
            goto fail;
    /* When inotify has reached its limit per user, the check every 2 s still works. */
    if (w->fd < 0 || loop_add(l, w->fd, EPOLLIN, on_event, w) != 0)
        log_event(LOG_WARN, "watch.slow", log_s("error", strerror(errno)));
    survey_all(w);
    if (!stat_later(w))
        goto fail;
    return w;
fail:
    watch_stop(w);
    return NULL;
}

void watch_stop(struct watch *w)
{
    if (!w)
        return;
    loop_timer_stop(w->loop, &w->quiet);
    loop_timer_stop(w->loop, &w->stat);
    if (w->fd >= 0) {
        loop_remove(w->loop, w->fd);
        close(w->fd);
    }
    for (size_t i = 0; i < w->count; i++)
        free(w->folders[i]);
    while (w->found_count)
        free(w->found[--w->found_count].path);
    free(w);
}
