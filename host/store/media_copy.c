#include "store/media_copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 1 << 20, FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW };

struct media_copy {
    int from; /* the folder of kept files */
    char *to, *part;
    void (*wake)(void *arg);
    void *arg;
    pthread_t thread;
    bool started;
    atomic_bool over, cancelled;
    /* the thread's, until it is over */
    int into; /* <to>.part; -1: not made */
    uint64_t files;
    int error;
};

static void remove_tree(const char *path)
{
    char name[3];
    int top = open(path, FOLDER_FLAGS);
    for (unsigned i = 0; top >= 0 && i < 256; i++) {
        snprintf(name, sizeof name, "%02x", i);
        int fd = openat(top, name, FOLDER_FLAGS);
        DIR *list = fd < 0 ? NULL : fdopendir(fd);
        if (!list)
            continue;
        for (const struct dirent *e; (e = readdir(list));)
            if (e->d_name[0] != '.')
                unlinkat(dirfd(list), e->d_name, 0);
        closedir(list);
        unlinkat(top, name, AT_REMOVEDIR);
    }
    if (top >= 0)
        close(top);
    rmdir(path);
}

/* 0, or an errno. */
static int copy_bytes(const struct media_copy *c, int from, int to, const char *name)
{
    int in = openat(from, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int out = in < 0 ? -1
                     : openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    int error = out < 0 ? errno : 0;
    char *piece = out < 0 ? NULL : malloc(PIECE);
    if (out >= 0 && !piece)
        error = ENOMEM;
    ssize_t n = 1;
    while (!error && n > 0 && !atomic_load(&c->cancelled)) {
        n = read(in, piece, PIECE);
        for (ssize_t at = 0, put; n > 0 && at < n && !error; at += put)
            if ((put = write(out, piece + at, (size_t)(n - at))) <= 0)
                error = errno;
        if (n < 0)
            error = errno;
    }
    if (!error && fsync(out) != 0)
        error = errno;
    free(piece);
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return error;
}

static int copy_one(struct media_copy *c, int from, int to, const char *name)
{
    if (linkat(from, name, to, name, 0) == 0) {
        c->files++;
        return 0;
    }
    int error = errno;
    if (error == EXDEV || error == EPERM || error == EMLINK || error == ENOTSUP)
        error = copy_bytes(c, from, to, name);
    c->files += error == 0;
    return error == ENOENT ? 0 : error; /* removed meanwhile */
}

/* 0, or an errno. */
static int make_part(struct media_copy *c)
{
    if (c->into >= 0)
        return 0;
    if (mkdir(c->part, 0700) != 0)
        return errno;
    c->into = open(c->part, FOLDER_FLAGS);
    return c->into < 0 ? errno : 0;
}

static int copy_folder(struct media_copy *c, const char *name)
{
    int from = openat(c->from, name, FOLDER_FLAGS), to = -1, error = 0;
    DIR *list = from < 0 ? NULL : fdopendir(from);
    if (!list) {
        error = errno == ENOENT ? 0 : errno;
        if (from >= 0)
            close(from);
        return error;
    }
    for (const struct dirent *e; !error && !atomic_load(&c->cancelled) && (e = readdir(list));) {
        if (!media_is_hash(e->d_name, strlen(e->d_name)))
            continue;
        if (to < 0 && (error = make_part(c)) == 0) {
            if (mkdirat(c->into, name, 0700) != 0 || (to = openat(c->into, name, FOLDER_FLAGS)) < 0)
                error = errno;
        }
        if (!error)
            error = copy_one(c, dirfd(list), to, e->d_name);
    }
    if (to >= 0) {
        if (!error && fsync(to) != 0)
            error = errno;
        close(to);
    }
    closedir(list);
    return error;
}

static int sync_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = strndup(path, slash ? (size_t)(slash - path) + 1 : 0);
    int fd = folder ? open(*folder ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int error = fd < 0 || fsync(fd) != 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    free(folder);
    return error;
}

static void *run(void *arg)
{
    struct media_copy *c = arg;
    char name[3];
    remove_tree(c->part); /* of a copy that a killed process was making */
    for (unsigned i = 0; !c->error && i < 256; i++) {
        snprintf(name, sizeof name, "%02x", i);
        c->error = copy_folder(c, name);
    }
    if (!c->error && atomic_load(&c->cancelled))
        c->error = ECANCELED;
    if (!c->error && c->into >= 0 &&
        (fsync(c->into) != 0 ||
         renameat2(AT_FDCWD, c->part, AT_FDCWD, c->to, RENAME_NOREPLACE) != 0))
        c->error = errno;
    if (!c->error && c->into >= 0)
        c->error = sync_parent(c->to);
    if (c->error)
        remove_tree(c->part);
    if (c->into >= 0)
        close(c->into);
    atomic_store(&c->over, true);
    c->wake(c->arg);
    return NULL;
}

struct media_copy *media_copy_begin(struct media *m, const char *to, void (*wake)(void *arg),
                                    void *arg, char *why, size_t why_size)
{
    sigset_t all, before;
    struct media_copy *c = calloc(1, sizeof *c);
    why[0] = 0;
    if (!c)
        goto fail;
    *c = (struct media_copy){ .to = strdup(to), .wake = wake, .arg = arg, .into = -1 };
    if (asprintf(&c->part, "%s.part", to) < 0)
        c->part = NULL;
    c->from = media_folder(m);
    if (c->from < 0)
        snprintf(why, why_size, "MEDIA_DIR cannot be read: %s", strerror(errno));
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    c->started = c->to && c->part && c->from >= 0 && pthread_create(&c->thread, NULL, run, c) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (c->started)
        return c;
fail:
    if (!why[0])
        snprintf(why, why_size, "not enough memory");
    media_copy_end(c);
    return NULL;
}

enum media_copy_state media_copy_look(const struct media_copy *c, uint64_t *files, char *why,
                                      size_t why_size)
{
    if (!atomic_load(&c->over))
        return MEDIA_COPYING;
    *files = c->files;
    if (c->error)
        snprintf(why, why_size, "%s cannot be made: %s", c->to, strerrordesc_np(c->error));
    return c->error ? MEDIA_NOT_COPIED : MEDIA_COPIED;
}

void media_copy_end(struct media_copy *c)
{
    if (!c)
        return;
    atomic_store(&c->cancelled, true);
    if (c->started)
        pthread_join(c->thread, NULL);
    free(c->to);
    free(c->part);
    free(c);
}
