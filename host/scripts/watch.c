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

enum { FOLDERS = 8, DEPTH_LIMIT = 8 };

struct watch {
    struct loop *loop;
    struct loop_timer quiet, stat;
    int fd;
    char *folders[FOLDERS];
    size_t count;
    uint64_t seen; /* of all names, sizes, times and inodes */
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

/* Watches every folder below, and adds up what stat returns. The order of readdir does not matter
 * in a sum. */
static uint64_t survey(struct watch *w, const char *path, int depth)
{
    uint64_t sum = 0;
    inotify_add_watch(w->fd, path, MASK);
    DIR *d = opendir(path);
    if (!d)
        return 1;
    for (struct dirent *e; (e = readdir(d));) {
        struct stat st;
        char name[4096];
        if (!tree_wants(e->d_name) || fstatat(dirfd(d), e->d_name, &st, 0) != 0)
            continue;
        snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        if (S_ISDIR(st.st_mode)) {
            if (depth < DEPTH_LIMIT)
                sum += survey(w, name, depth + 1);
        } else if (S_ISREG(st.st_mode)) {
            uint64_t h = mix(1469598103934665603ULL, name, strlen(name));
            h = mix(h, &st.st_mtim, sizeof st.st_mtim);
            h = mix(h, &st.st_size, sizeof st.st_size);
            sum += mix(h, &st.st_ino, sizeof st.st_ino);
        }
    }
    closedir(d);
    return sum;
}

static uint64_t survey_all(struct watch *w)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < w->count; i++)
        sum = sum * 31 + survey(w, w->folders[i], 0);
    return sum;
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
    w->seen = survey_all(w);
    w->changed(w->arg);
}

static void touched(struct watch *w)
{
    loop_timer_set(w->loop, &w->quiet, loop_now_ns() + WATCH_QUIET_MS * 1000000ULL, on_quiet, w);
}

static void on_stat(void *arg);

static bool stat_later(struct watch *w)
{
    uint64_t due = loop_whole_second(loop_now_ns() + WATCH_STAT_MS * 1000000ULL);
    return loop_timer_set(w->loop, &w->stat, due, on_stat, w);
}

static void on_stat(void *arg)
{
    struct watch *w = arg;
    uint64_t now = survey_all(w);
    if (now != w->seen) {
        w->seen = now;
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
    w->seen = survey_all(w);
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
    free(w);
}
