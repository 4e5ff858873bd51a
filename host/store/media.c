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
    struct loop *loop;
    struct syncer *syncer; /* NULL: nothing was synced yet */
    TAILQ_HEAD(, media_change) keeping;
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

struct media *media_open(const char *folder, struct loop *l)
{
    struct media *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    *m = (struct media){ .temporary = !folder, .dir = -1, .tmp = -1, .loop = l };
    TAILQ_INIT(&m->keeping);
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
    syncer_stop(m->syncer);
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

static bool is_being_kept(const struct media *m, const char *hash)
{
    const struct media_change *c;
    TAILQ_FOREACH(c, &m->keeping, place)
        if (strcmp(c->hash, hash) == 0)
            return true;
    return false;
}

static void on_synced(struct syncer_item *i)
{
    struct media_change *c = (struct media_change *)((char *)i -
                                                     offsetof(struct media_change, sync));
    c->error = i->error;
    if (c->keeps && c->error) {
        struct media *m = c->media;
        TAILQ_REMOVE(&m->keeping, c, place);
        c->keeps = false;
        if (c->existed)
            c->error = 0; /* the old file is on disk */
        else if (!is_being_kept(m, c->hash))
            unlinkat(i->fd, c->hash, 0);
    }
    close(i->fd);
    c->ended(c);
}

/* Has the folder synced. 0, or -1 with errno, and nothing follows. */
static int sync_folder(struct media *m, struct media_change *c, const char *hash, int folder)
{
    if (!m->syncer)
        m->syncer = syncer_new(m->loop);
    if (!m->syncer)
        return -1;
    memcpy(c->hash, hash, MEDIA_HASH);
    c->hash[MEDIA_HASH] = 0;
    c->media = m;
    c->sync = (struct syncer_item){ .fd = folder, .done = on_synced };
    int failed = syncer_put(m->syncer, &c->sync);
    errno = failed;
    return failed ? -1 : 0;
}

/* The kept file of this hash is there, and whole. */
static bool is_kept(const struct media *m, int folder, const char *name, const char *hash)
{
    struct stat old, new;
    return fstatat(folder, hash, &old, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(old.st_mode) &&
           fstatat(m->tmp, name, &new, AT_SYMLINK_NOFOLLOW) == 0 && old.st_size == new.st_size;
}

int media_keep(struct media *m, struct media_change *c, const char *name, const char *hash)
{
    errno = EINVAL;
    int to = is_name(name) ? folder_of(m, hash, true) : -1;
    if (to < 0)
        return -1;
    bool there = is_kept(m, to, name, hash);
    if (there ? unlinkat(m->tmp, name, 0) != 0 : renameat(m->tmp, name, to, hash) != 0)
        goto fail;
    c->existed = there && !is_being_kept(m, hash);
    c->keeps = true;
    if (sync_folder(m, c, hash, to) == 0) {
        TAILQ_INSERT_TAIL(&m->keeping, c, place);
        return 0;
    }
    if (!there)
        renameat(to, hash, m->tmp, name);
fail:;
    int error = errno;
    close(to);
    errno = error;
    return -1;
}

void media_settled(struct media_change *c)
{
    if (c->keeps)
        TAILQ_REMOVE(&c->media->keeping, c, place);
    c->keeps = false;
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

int media_remove(struct media *m, struct media_change *c, const char *hash)
{
    if (is_being_kept(m, hash))
        return 0;
    int dir = folder_of(m, hash, false);
    if (dir < 0)
        return errno == ENOENT ? 0 : -1;
    c->keeps = false;
    int rc = unlinkat(dir, hash, 0) == 0 ? 1 : errno == ENOENT ? 0 : -1;
    if (rc == 1 && sync_folder(m, c, hash, dir) != 0)
        rc = -1;
    if (rc != 1) {
        int error = errno;
        close(dir);
        errno = error;
    }
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
