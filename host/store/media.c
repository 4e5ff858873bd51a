#include "store/media.h"

#include "base/trouble.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct media {
    char *folder; /* NULL: a temporary one that is not made yet */
    bool temporary;
    int dir, tmp; /* -1: not made yet */
};

enum { FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW };

bool media_is_hash(const char *text, size_t len)
{
    if (len != MEDIA_HASH)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
            return false;
    return true;
}

/* A folder below dir, made where it is missing. -1 with errno. */
static int folder_below(int dir, const char *name)
{
    int fd = openat(dir, name, FOLDER_FLAGS);
    if (fd >= 0 || errno != ENOENT)
        return fd;
    if (mkdirat(dir, name, 0700) != 0 && errno != EEXIST)
        return -1;
    fd = openat(dir, name, FOLDER_FLAGS);
    if (fd >= 0 && fsync(dir) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* 0, or -1 with errno. */
static int make(struct media *m)
{
    if (m->tmp >= 0)
        return 0;
    if (!m->folder) {
        const char *at = getenv("TMPDIR");
        if (asprintf(&m->folder, "%s/assistant-media-XXXXXX", at && *at ? at : "/tmp") < 0)
            m->folder = NULL;
        if (!m->folder || !mkdtemp(m->folder)) {
            free(m->folder);
            m->folder = NULL;
            return -1;
        }
    } else if (m->dir < 0 && mkdir(m->folder, 0700) != 0 && errno != EEXIST) {
        return -1;
    }
    if (m->dir < 0) /* the folder itself may be a link: it is the owner's choice */
        m->dir = open(m->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (m->dir >= 0)
        m->tmp = folder_below(m->dir, "tmp");
    return m->tmp >= 0 ? 0 : -1;
}

static void empty(int dir)
{
    int fd = openat(dir, ".", FOLDER_FLAGS);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    if (!list)
        return;
    for (const struct dirent *e; (e = readdir(list));)
        if (e->d_name[0] != '.')
            unlinkat(dir, e->d_name, 0);
    closedir(list);
}

struct media *media_open(const char *folder)
{
    struct media *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    *m = (struct media){ .temporary = !folder, .dir = -1, .tmp = -1 };
    if (folder && !(m->folder = strdup(folder))) {
        free(m);
        return NULL;
    }
    return m;
}

int media_alone(struct media *m, char *why, size_t why_size)
{
    struct trouble t;
    if (m->temporary)
        return 0;
    if (make(m) != 0) {
        trouble_of(&t, errno, m->folder);
        snprintf(why, why_size, "MEDIA_DIR: %s: %s", t.cause, t.remedy);
        return -1;
    }
    if (flock(m->dir, LOCK_EX | LOCK_NB) != 0) {
        snprintf(why, why_size,
                 "MEDIA_DIR: another service uses %s. Give each service its own folder.",
                 m->folder);
        return -1;
    }
    empty(m->tmp);
    return 0;
}

static void remove_temporary(struct media *m)
{
    char name[3];
    empty(m->tmp);
    unlinkat(m->dir, "tmp", AT_REMOVEDIR);
    for (unsigned i = 0; i < 256; i++) {
        snprintf(name, sizeof name, "%02x", i);
        int fd = openat(m->dir, name, FOLDER_FLAGS);
        if (fd < 0)
            continue;
        empty(fd);
        close(fd);
        unlinkat(m->dir, name, AT_REMOVEDIR);
    }
    rmdir(m->folder);
}

void media_close(struct media *m)
{
    if (!m)
        return;
    if (m->temporary && m->tmp >= 0)
        remove_temporary(m);
    if (m->tmp >= 0)
        close(m->tmp);
    if (m->dir >= 0)
        close(m->dir);
    free(m->folder);
    free(m);
}

int media_folder(struct media *m)
{
    return make(m) == 0 ? m->dir : -1;
}

int media_tmp(struct media *m)
{
    return make(m) == 0 ? m->tmp : -1;
}

/* The folder of a hash. -1 with errno. */
static int folder_of(struct media *m, const char *hash, bool may_make)
{
    const char name[] = { hash[0], hash[1], 0 };
    if (!media_is_hash(hash, strlen(hash))) {
        errno = EINVAL;
        return -1;
    }
    if (make(m) != 0)
        return -1;
    return may_make ? folder_below(m->dir, name) : openat(m->dir, name, FOLDER_FLAGS);
}

/* A plain name of tmp. */
static bool is_name(const char *name)
{
    return name[0] && name[0] != '.' && !strchr(name, '/');
}

int media_keep(struct media *m, const char *name, const char *hash)
{
    errno = EINVAL;
    int to = is_name(name) ? folder_of(m, hash, true) : -1;
    int rc = to < 0 ? -1 : renameat(m->tmp, name, to, hash);
    if (rc == 0 && (rc = fsync(to)) != 0) {
        int error = errno;
        renameat(to, hash, m->tmp, name);
        errno = error;
    }
    if (to >= 0) {
        int error = errno;
        close(to);
        errno = error;
    }
    return rc;
}

void media_drop(struct media *m, const char *name)
{
    if (is_name(name) && m->tmp >= 0)
        unlinkat(m->tmp, name, 0);
}

int media_read(struct media *m, const char *hash, uint64_t *bytes)
{
    struct stat st;
    int dir = folder_of(m, hash, false);
    if (dir < 0)
        return -1;
    int fd = openat(dir, hash, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    int error = errno;
    close(dir);
    errno = error;
    if (fd < 0)
        return -1;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        errno = ENOENT;
        return -1;
    }
    *bytes = (uint64_t)st.st_size;
    return fd;
}

int media_remove(struct media *m, const char *hash)
{
    int dir = folder_of(m, hash, false);
    if (dir < 0)
        return errno == ENOENT ? 0 : -1;
    int rc = unlinkat(dir, hash, 0);
    if (rc == 0)
        rc = fsync(dir) == 0 ? 1 : -1;
    else if (errno == ENOENT)
        rc = 0;
    int error = errno;
    close(dir);
    errno = error;
    return rc;
}

static int by_name(const void *a, const void *b)
{
    return memcmp(a, b, MEDIA_HASH);
}

struct page {
    char (*hashes)[MEDIA_HASH + 1];
    size_t count, cap;
};

/* Adds the hashes of one folder after `after`. false: no memory. */
static bool read_folder(int dir, const char *after, struct page *p)
{
    DIR *list = fdopendir(dir);
    bool fine = list != NULL;
    if (!list)
        close(dir);
    for (const struct dirent *e; fine && (e = readdir(list));) {
        if (!media_is_hash(e->d_name, strlen(e->d_name)) || strcmp(e->d_name, after) <= 0)
            continue;
        if (p->count == p->cap) {
            size_t cap = p->cap ? 2 * p->cap : 64;
            char(*more)[MEDIA_HASH + 1] = realloc(p->hashes, cap * sizeof *more);
            if (!more) {
                fine = false;
                break;
            }
            p->hashes = more;
            p->cap = cap;
        }
        memcpy(p->hashes[p->count++], e->d_name, MEDIA_HASH + 1);
    }
    if (list)
        closedir(list);
    return fine;
}

bool media_list(struct media *m, const char *after, void (*each)(void *arg, const char *hash),
                void *arg)
{
    unsigned first = 0;
    size_t given = 0;
    if (make(m) != 0)
        return false;
    if (media_is_hash(after, strlen(after))) {
        char start[3] = { after[0], after[1], 0 };
        first = (unsigned)strtoul(start, NULL, 16);
    }
    for (unsigned i = first; i < 256; i++) {
        struct page p = { .count = 0 };
        char name[3];
        snprintf(name, sizeof name, "%02x", i);
        int dir = openat(m->dir, name, FOLDER_FLAGS);
        if (dir >= 0 && read_folder(dir, after, &p) && p.count) {
            qsort(p.hashes, p.count, sizeof *p.hashes, by_name);
            for (size_t k = 0; k < p.count && given < MEDIA_PAGE; k++, given++)
                each(arg, p.hashes[k]);
        }
        free(p.hashes);
        if (given == MEDIA_PAGE)
            return true;
    }
    return false;
}
