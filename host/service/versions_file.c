/*
 * versions_file: the files of `versions`: read with a bound, written whole, and the lines of their
 * heads; and which program this is. See versions.h.
 */
#include "base/buf.h"
#include "base/log.h"
#include "service/versions_parts.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- which program this is: the linker's build id, which is another one whenever the code is ----
 */

static int build_id(struct dl_phdr_info *info, size_t size, void *arg)
{
    char *hex = arg;
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        const char *at = (const char *)info->dlpi_addr + p->p_vaddr, *end = at + p->p_memsz;
        while (p->p_type == PT_NOTE && at + sizeof(ElfW(Nhdr)) < end) {
            ElfW(Nhdr) n;
            memcpy(&n, at, sizeof n);
            const char *name = at + sizeof n, *id = name + ((n.n_namesz + 3) & ~3u);
            if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == 4 && memcmp(name, "GNU", 4) == 0)
                for (unsigned j = 0; j < n.n_descsz && j < 32; j++)
                    snprintf(hex + 2 * j, 3, "%02x", (unsigned char)id[j]);
            at = id + ((n.n_descsz + 3) & ~3u);
        }
    }
    return 1; /* the first one is the program itself */
}

void versions_program(char hex[65])
{
    dl_iterate_phdr(build_id, hex);
}

/* ---- files ---- */

char *versions_path(const char *folder, const char *name)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

void versions_trouble_of(struct trouble *out, const char *folder, const char *path)
{
    int e = errno;
    bool rights = e == EACCES || e == EPERM;
    if (!rights || (!trouble_with_rights(out, path) && !trouble_with_rights(out, folder)))
        trouble_of(out, e, path);
    errno = e;
}

bool versions_trouble(struct versions_place *at, const char *path, const char *what)
{
    versions_trouble_of(&at->unwritten, at->folder, path);
    log_event(LOG_WARN, "versions.not_written", log_s("file", path), log_s("step", what),
              log_s("error", at->unwritten.cause), log_s("remedy", at->unwritten.remedy));
    return false;
}

static bool give(struct versions_place *at, int fd)
{
    struct stat st, now;
    if (geteuid() != 0 || stat(at->database, &st) != 0 || fstat(fd, &now) != 0 ||
        (now.st_uid == st.st_uid && now.st_gid == st.st_gid))
        return true;
    return fchown(fd, st.st_uid, st.st_gid) == 0;
}

static bool make_folder(struct versions_place *at)
{
    if (mkdir(at->folder, 0700) != 0)
        return errno == EEXIST;
    int fd = open(at->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && give(at, fd);
    if (fd >= 0)
        close(fd);
    return ok;
}

static bool sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

bool versions_write(struct versions_place *at, const char *name, const struct buf *b)
{
    char *path = versions_path(at->folder, name), *fresh = versions_path(at->folder, ".new");
    bool ok = false;
    int fd = -1;
    if (!path || !fresh || !make_folder(at)) {
        versions_trouble(at, at->folder, "make the folder");
        goto done;
    }
    unlink(fresh); /* left behind, and it may be another user's */
    fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || !give(at, fd)) {
        versions_trouble(at, path, fd < 0 ? "open" : "give to the database's owner");
        goto done;
    }
    for (size_t n = 0; n < b->len;) {
        ssize_t some = write(fd, b->data + n, b->len - n);
        if (some <= 0) {
            versions_trouble(at, path, "write");
            goto done;
        }
        n += (size_t)some;
    }
    ok = (fsync(fd) == 0 && rename(fresh, path) == 0 && sync_folder(at->folder)) ||
         versions_trouble(at, path, "sync and rename");
done:
    if (fd >= 0)
        close(fd);
    if (!ok && fresh)
        unlink(fresh);
    free(path);
    free(fresh);
    return ok;
}

bool versions_read(const char *folder, const char *name, size_t limit, struct buf *out)
{
    char *path = versions_path(folder, name);
    int fd = path ? open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
    struct stat st;
    bool ok = fd >= 0 && fstat(fd, &st) == 0;
    if (ok && !S_ISREG(st.st_mode)) {
        errno = EISDIR;
        ok = false;
    }
    size_t want = ok && (size_t)st.st_size < limit ? (size_t)st.st_size : ok ? limit : 0;
    ok = ok && buf_reserve(out, want + 1);
    for (ssize_t n;
         ok && out->len < want && (n = read(fd, out->data + out->len, want - out->len)) > 0;)
        out->len += (size_t)n;
    if (ok)
        out->data[out->len] = 0;
    int e = errno;
    if (fd >= 0)
        close(fd);
    free(path);
    errno = e;
    return ok && out->len == want;
}

void versions_name(unsigned number, char name[32])
{
    snprintf(name, 32, "%06u.version", number);
}

void versions_value(const char *head, const char *key, char *out, size_t size)
{
    size_t n = strlen(key);
    *out = 0;
    for (const char *line = head; *line && *line != '\n';) {
        size_t len = strcspn(line, "\n");
        if (len > n && strncmp(line, key, n) == 0 && line[n] == ' ') {
            snprintf(out, size, "%.*s", (int)(len - n - 1), line + n + 1);
            return;
        }
        line += len + (line[len] == '\n');
    }
}

int64_t versions_number(const char *head, const char *key)
{
    char text[32];
    versions_value(head, key, text, sizeof text);
    return strtoll(text, NULL, 10);
}
