/*
 * A disk that loses its power. What the program tells the kernel about the files of one folder
 * (SQLite, the ledger, the lock file, the copies) is recorded as it comes out of the libraries:
 * these functions take the place of the C library's. An image is what may lie on the disk after a
 * cut at some point of the recording:
 *
 *   what was synced is there; of what a file was given since its last sync each sector of 512 or
 * 4096 bytes is there or not, whatever became of the others (dropped, torn, out of order); lengths
 * change in order, up to some point; a sync of the folder makes names, renames and removals last,
 * the later ones are there up to some point.
 *
 * Not recorded: what is written through shared memory (SQLite's -shm is made anew, the page of jobs
 * is not part of an image).
 */
#ifndef SPEC_POWERCUT_DISK_H
#define SPEC_POWERCUT_DISK_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum disk_what { DISK_WRITE, DISK_LENGTH, DISK_SYNC, DISK_NAME, DISK_GONE, DISK_FOLDER, DISK_MARK };

struct disk_event {
    enum disk_what what;
    int file;   /* DISK_MARK: the caller's kind */
    int64_t at; /* DISK_LENGTH: how long; DISK_MARK: the caller's number */
    size_t len;
    unsigned char *bytes;
    char *name;
};

enum { DISK_FILES = 256, DISK_NAMES = 32 };

/* The recording. */
static struct disk_event *disk_events;
static size_t disk_count, disk_cap;
static char disk_folder[PATH_MAX]; /* empty: nothing is recorded */
static bool disk_idle;             /* syncs cost nothing: whoever looks at images needs none */
static int disk_files;
static struct disk_entry {
    char name[64]; /* empty: free */
    int file;
} disk_now[DISK_NAMES];
static pthread_mutex_t disk_mutex = PTHREAD_MUTEX_INITIALIZER;

static void disk_out(const char *what)
{
    printf("Bail out! %s\n", what);
    fflush(stdout);
    _exit(1);
}

static struct disk_event *disk_add(enum disk_what what, int file, int64_t at)
{
    if (disk_count == disk_cap) {
        disk_cap = disk_cap ? 2 * disk_cap : 4096;
        disk_events = realloc(disk_events, disk_cap * sizeof *disk_events);
        if (!disk_events)
            disk_out("out of memory");
    }
    disk_events[disk_count] = (struct disk_event){ .what = what, .file = file, .at = at };
    return &disk_events[disk_count++];
}

static struct disk_entry *disk_find(struct disk_entry *list, const char *name)
{
    for (int i = 0; i < DISK_NAMES; i++)
        if (strcmp(list[i].name, name) == 0)
            return &list[i];
    return NULL;
}

static void disk_enter(struct disk_entry *list, const char *name, int file)
{
    struct disk_entry *e = disk_find(list, name);
    if (!e && !(e = disk_find(list, "")))
        disk_out("too many names");
    snprintf(e->name, sizeof e->name, "%s", name);
    e->file = file;
}

static void disk_note_name(const char *name, int file)
{
    disk_enter(disk_now, name, file);
    disk_add(DISK_NAME, file, 0)->name = strdup(name);
}

/* The name within the folder, or NULL: not ours. */
static const char *disk_ours(const char *path)
{
    size_t n = strlen(disk_folder);
    if (!n || strncmp(path, disk_folder, n) != 0 || path[n] != '/' || strstr(path, "-shm") ||
        strstr(path, ".running") || strstr(path, " (deleted)"))
        return NULL;
    return path + n + 1;
}

/* The file that a descriptor leads to, or -1: not ours. */
static int disk_file(int fd)
{
    char link[40], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = disk_folder[0] ? readlink(link, path, sizeof path - 1) : -1;
    if (n < 0)
        return -1;
    path[n] = 0;
    const char *name = disk_ours(path);
    if (!name)
        return -1;
    struct disk_entry *e = disk_find(disk_now, name);
    if (!e) {
        if (disk_files == DISK_FILES)
            disk_out("too many files");
        disk_note_name(name, disk_files++);
        e = disk_find(disk_now, name);
    }
    return e->file;
}

/* Files that were made and not yet written to have their names all the same. */
static void disk_see_names(void)
{
    DIR *folder = opendir(disk_folder);
    char path[PATH_MAX + 300];
    for (struct dirent *d; folder && (d = readdir(folder));) {
        snprintf(path, sizeof path, "%s/%s", disk_folder, d->d_name);
        const char *name = d->d_name[0] == '.' ? NULL : disk_ours(path);
        if (name && !disk_find(disk_now, name))
            disk_note_name(name, disk_files++);
    }
    if (folder)
        closedir(folder);
}

static void disk_wrote(int fd, const void *bytes, ssize_t n, off_t at)
{
    if (n <= 0)
        return;
    pthread_mutex_lock(&disk_mutex);
    int file = disk_file(fd);
    if (file >= 0) {
        struct disk_event *e = disk_add(DISK_WRITE, file, at);
        e->len = (size_t)n;
        if (!(e->bytes = malloc(e->len)))
            disk_out("out of memory");
        memcpy(e->bytes, bytes, e->len);
    }
    pthread_mutex_unlock(&disk_mutex);
}

static void disk_shortened(int fd, off_t length)
{
    pthread_mutex_lock(&disk_mutex);
    int file = disk_file(fd);
    if (file >= 0)
        disk_add(DISK_LENGTH, file, length);
    pthread_mutex_unlock(&disk_mutex);
}

/* Nothing waits for a real disk. */
static int disk_synced(int fd, long number)
{
    struct stat st;
    if (!disk_folder[0])
        return disk_idle ? 0 : (int)syscall(number, fd);
    pthread_mutex_lock(&disk_mutex);
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        disk_see_names();
        disk_add(DISK_FOLDER, 0, 0);
    } else {
        int file = disk_file(fd);
        if (file >= 0)
            disk_add(DISK_SYNC, file, 0);
    }
    pthread_mutex_unlock(&disk_mutex);
    return 0;
}

static void disk_gone(const char *path)
{
    const char *name = disk_ours(path);
    struct disk_entry *e = name ? disk_find(disk_now, name) : NULL;
    if (!e)
        return;
    e->name[0] = 0;
    disk_add(DISK_GONE, 0, 0)->name = strdup(name);
}

static void disk_renamed(const char *from, const char *to)
{
    pthread_mutex_lock(&disk_mutex);
    const char *old = disk_ours(from), *new = disk_ours(to);
    struct disk_entry *e = old ? disk_find(disk_now, old) : NULL;
    if (e && new) { /* the new name first, so that no image is without both */
        disk_note_name(new, e->file);
        disk_gone(from);
    }
    pthread_mutex_unlock(&disk_mutex);
}

/* A moment to remember: what it means is the caller's. */
static void disk_mark(int kind, int64_t number)
{
    pthread_mutex_lock(&disk_mutex);
    disk_add(DISK_MARK, kind, number);
    pthread_mutex_unlock(&disk_mutex);
}

/* ---- in the C library's place ---- */

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
    ssize_t n = syscall(SYS_pwrite64, fd, bytes, len, at);
    disk_wrote(fd, bytes, n, at);
    return n;
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    return pwrite64(fd, bytes, len, at);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    ssize_t n = syscall(SYS_write, fd, bytes, len);
    if (disk_folder[0] && n > 0)
        disk_wrote(fd, bytes, n, lseek(fd, 0, SEEK_CUR) - n);
    return n;
}

int ftruncate64(int fd, off64_t length)
{
    int rc = (int)syscall(SYS_ftruncate, fd, length);
    if (rc == 0)
        disk_shortened(fd, length);
    return rc;
}

int ftruncate(int fd, off_t length)
{
    return ftruncate64(fd, length);
}

int fsync(int fd)
{
    return disk_synced(fd, SYS_fsync);
}

int fdatasync(int fd)
{
    return disk_synced(fd, SYS_fdatasync);
}

int rename(const char *from, const char *to)
{
    int rc = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (rc == 0)
        disk_renamed(from, to);
    return rc;
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    int rc = (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
    if (rc == 0)
        disk_renamed(from, to);
    return rc;
}

int unlink(const char *path)
{
    int rc = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (rc == 0) {
        pthread_mutex_lock(&disk_mutex);
        disk_gone(path);
        pthread_mutex_unlock(&disk_mutex);
    }
    return rc;
}

/* ---- images ---- */

/* A file as it lies on the disk for sure, and the events since. */
struct disk_state {
    unsigned char *bytes;
    size_t len, *since, count, cap;
};

static struct disk_state disk_sure[DISK_FILES];
static struct disk_entry disk_named[DISK_NAMES]; /* the names that last */
static size_t *disk_names_since, disk_names_count, disk_names_cap;
static uint64_t disk_random = 1;

static unsigned disk_below(unsigned n)
{
    disk_random ^= disk_random << 13;
    disk_random ^= disk_random >> 7;
    disk_random ^= disk_random << 17;
    return (unsigned)(disk_random >> 33) % n;
}

static void disk_push(size_t **list, size_t *count, size_t *cap, size_t index)
{
    if (*count == *cap) {
        *cap = *cap ? 2 * *cap : 64;
        if (!(*list = realloc(*list, *cap * sizeof **list)))
            disk_out("out of memory");
    }
    (*list)[(*count)++] = index;
}

static void disk_resize(struct disk_state *f, size_t len)
{
    if (len > f->len) {
        if (!(f->bytes = realloc(f->bytes, len)))
            disk_out("out of memory");
        memset(f->bytes + f->len, 0, len - f->len);
    }
    f->len = len;
}

/* percent: of the sectors that are there. longer: may the file grow? */
static void disk_apply(struct disk_state *f, const struct disk_event *e, size_t sector,
                       unsigned percent, bool longer)
{
    if (e->what == DISK_LENGTH) {
        if (longer)
            disk_resize(f, (size_t)e->at);
        return;
    }
    size_t at = (size_t)e->at, end = at + e->len;
    if (end > f->len && longer)
        disk_resize(f, end);
    for (size_t next; at < end && at < f->len; at = next) {
        next = (at / sector + 1) * sector;
        size_t stop = next < end ? next : end;
        stop = stop < f->len ? stop : f->len;
        if (percent == 100 || disk_below(100) < percent)
            memcpy(f->bytes + at, e->bytes + (at - (size_t)e->at), stop - at);
    }
}

static void disk_settle(struct disk_state *f)
{
    for (size_t i = 0; i < f->count; i++)
        disk_apply(f, &disk_events[f->since[i]], 4096, 100, true);
    f->count = 0;
}

static void disk_name_event(struct disk_entry *list, const struct disk_event *e)
{
    struct disk_entry *gone;
    if (e->what == DISK_NAME)
        disk_enter(list, e->name, e->file);
    else if ((gone = disk_find(list, e->name)))
        gone->name[0] = 0;
}

/* Goes one event on. no_syncs: a disk that only says that it has synced. */
static void disk_step(size_t index, bool no_syncs)
{
    const struct disk_event *e = &disk_events[index];
    switch (e->what) {
    case DISK_WRITE:
    case DISK_LENGTH: {
        struct disk_state *f = &disk_sure[e->file];
        disk_push(&f->since, &f->count, &f->cap, index);
        break;
    }
    case DISK_SYNC:
        if (!no_syncs)
            disk_settle(&disk_sure[e->file]);
        break;
    case DISK_NAME:
    case DISK_GONE: disk_push(&disk_names_since, &disk_names_count, &disk_names_cap, index); break;
    case DISK_FOLDER:
        for (size_t i = 0; i < disk_names_count; i++)
            disk_name_event(disk_named, &disk_events[disk_names_since[i]]);
        disk_names_count = 0;
        break;
    case DISK_MARK: break;
    }
}

static void disk_begin(void)
{
    for (int i = 0; i < DISK_FILES; i++) {
        free(disk_sure[i].bytes);
        free(disk_sure[i].since);
    }
    memset(disk_sure, 0, sizeof disk_sure);
    memset(disk_named, 0, sizeof disk_named);
    disk_names_count = 0;
}

static void disk_write_file(const struct disk_state *sure, const char *path, unsigned how)
{
    struct disk_state f = { .bytes = malloc(sure->len + 1), .len = sure->len };
    size_t sector = disk_below(2) ? 512 : 4096;
    unsigned percent = how == 0 ? 0 : how == 1 ? 100 : (unsigned[]){ 10, 50, 90 }[disk_below(3)];
    size_t longer = how == 0   ? 0
                    : how == 1 ? sure->count
                               : disk_below((unsigned)sure->count + 1); /* lengths up to here */
    if (!f.bytes)
        disk_out("out of memory");
    if (sure->len)
        memcpy(f.bytes, sure->bytes, sure->len);
    for (size_t i = 0; i < sure->count; i++)
        disk_apply(&f, &disk_events[sure->since[i]], sector, percent, i < longer);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    for (size_t at = 0; fd >= 0 && at < f.len;) {
        ssize_t n = syscall(SYS_write, fd, f.bytes + at, f.len - at);
        if (n <= 0)
            disk_out("no room for an image");
        at += (size_t)n;
    }
    if (fd < 0 || close(fd) != 0)
        disk_out("an image cannot be written");
    free(f.bytes);
}

/* Writes what may lie on the disk now into an empty folder. A quarter: nothing unsynced is there; a
 * quarter: all of it. */
static void disk_image(const char *folder)
{
    struct disk_entry names[DISK_NAMES];
    char path[PATH_MAX];
    unsigned how = disk_below(4);
    size_t upto = how == 0   ? 0
                  : how == 1 ? disk_names_count
                             : disk_below((unsigned)disk_names_count + 1);
    memcpy(names, disk_named, sizeof names);
    for (size_t i = 0; i < upto; i++)
        disk_name_event(names, &disk_events[disk_names_since[i]]);
    for (int i = 0; i < DISK_NAMES; i++) {
        if (!names[i].name[0])
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, names[i].name);
        disk_write_file(&disk_sure[names[i].file], path, how);
    }
}

#endif
