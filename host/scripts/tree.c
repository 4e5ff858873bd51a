#include "scripts/tree.h"

#include "base/buf.h"
#include "scripts/shipped.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_LIMIT = 1 << 20, FILES_LIMIT = 2000, DEPTH_LIMIT = 8 };

bool tree_wants(const char *name)
{
    size_t n = strlen(name);
    const char *dot = strrchr(name, '.');
    if (n == 0 || name[0] == '.' || name[n - 1] == '~' || strcmp(name, "4913") == 0 ||
        (!dot && strncmp(name, "sed", 3) == 0))
        return false;
    for (const char *p = name; *p; p++)
        if ((unsigned char)*p < 0x20)
            return false;
    if (!dot)
        return true; /* may be a folder */
    return strcmp(dot, ".lua") == 0 || strcasecmp(dot, ".yaml") == 0 ||
           strcasecmp(dot, ".yml") == 0 || strcmp(dot, ".html") == 0 || strcmp(dot, ".js") == 0 ||
           strcmp(dot, ".css") == 0;
}

/* Reads one regular file. 0; 1: not a file to read; -1: why. */
static int read_file(int dir, const char *name, const char *shown, struct tree_file *out, char *why,
                     size_t size)
{
    int fd = openat(dir, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    struct stat st;
    if (fd < 0 && errno == ENOENT)
        return 1; /* it was removed meanwhile, or it is a link to nothing */
    if (fd < 0 || fstat(fd, &st) != 0) {
        snprintf(why, size, "%s: cannot be read (%s). Check its owner and mode.", shown,
                 strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    int rc = 1;
    if (!S_ISREG(st.st_mode))
        goto done;
    rc = -1;
    if (st.st_size > FILE_LIMIT) {
        snprintf(
            why, size,
            "%s: is %lld bytes; a script or prompt file may have %d. Move it out of the folder.",
            shown, (long long)st.st_size, FILE_LIMIT);
        goto done;
    }
    out->bytes = malloc((size_t)st.st_size + 1);
    if (!out->bytes) {
        snprintf(why, size, "%s: not enough memory", shown);
        goto done;
    }
    out->len = 0;
    while (out->len < (size_t)st.st_size) {
        ssize_t n = read(fd, out->bytes + out->len, (size_t)st.st_size - out->len);
        if (n <= 0)
            break;
        out->len += (size_t)n;
    }
    out->bytes[out->len] = 0;
    rc = 0;
done:
    close(fd);
    return rc;
}

static int add_file(struct tree *t, struct tree_file *f, char *why, size_t size)
{
    if (t->count >= FILES_LIMIT) {
        snprintf(why, size, "%s: more than %d files. Is this the right folder?", f->path,
                 FILES_LIMIT);
        return -1;
    }
    struct tree_file *more = realloc(t->files, (t->count + 1) * sizeof *more);
    if (!more) {
        snprintf(why, size, "not enough memory");
        return -1;
    }
    t->files = more;
    f->shipped = shipped_find(f->path, f->bytes, f->len);
    if (f->shipped) { /* the same bytes are in the program */
        free(f->bytes);
        f->bytes = (char *)shipped_source(f->shipped);
    }
    t->files[t->count++] = *f;
    return 0;
}

/* true: the link stays inside its folder. Any other link is refused by name. */
static bool inside(int root, int dir, const char *name)
{
    char a[64], b[64], real_root[4096], real_file[4096];
    snprintf(a, sizeof a, "/proc/self/fd/%d", root);
    snprintf(b, sizeof b, "/proc/self/fd/%d", dir);
    ssize_t n = readlink(a, real_root, sizeof real_root - 1);
    ssize_t m = readlink(b, real_file, sizeof real_file - 300);
    if (n < 0 || m < 0)
        return false;
    real_root[n] = 0;
    snprintf(real_file + m, sizeof real_file - (size_t)m, "/%s", name);
    char *real = realpath(real_file, NULL);
    bool ok = !real || (strncmp(real, real_root, (size_t)n) == 0 && real[n] == '/');
    free(real);
    return ok;
}

static int read_folder(struct tree *t, int root, int at, const char *prefix, const char *shown,
                       int depth, char *why, size_t size)
{
    DIR *d = fdopendir(at);
    int rc = 0;
    if (!d) {
        close(at);
        snprintf(why, size, "%s: cannot be listed (%s)", shown, strerror(errno));
        return -1;
    }
    for (struct dirent *e; rc == 0 && (e = readdir(d));) {
        if (!tree_wants(e->d_name))
            continue;
        char path[1024], name[2048];
        snprintf(path, sizeof path, "%s/%s", prefix, e->d_name);
        snprintf(name, sizeof name, "%s/%s", shown, e->d_name);
        bool link = e->d_type == DT_LNK ||
                    e->d_type == DT_UNKNOWN; /* some file systems do not give the type */
        if (link && !inside(root, dirfd(d), e->d_name)) {
            snprintf(why, size,
                     "%s: is a link that leads out of the folder. Put the file itself here.", name);
            rc = -1;
            break;
        }
        int sub = strchr(e->d_name, '.')
                      ? -1
                      : openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (sub >= 0) {
            if (depth < DEPTH_LIMIT)
                rc = read_folder(t, root, sub, path, name, depth + 1, why, size);
            else
                close(sub);
            continue;
        }
        if (!strchr(e->d_name, '.'))
            continue;
        struct tree_file f = { .path = NULL };
        rc = read_file(dirfd(d), e->d_name, name, &f, why, size);
        if (rc == 0 &&
            (!(f.path = buf_copy(path, strlen(path))) || add_file(t, &f, why, size) != 0)) {
            free(f.bytes);
            free(f.path);
            rc = -1;
        }
        if (rc == 1)
            rc = 0;
    }
    closedir(d);
    return rc;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct tree_file *)a)->path, ((const struct tree_file *)b)->path);
}

static void hash_tree(struct tree *t)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    if (c && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1) {
        for (size_t i = 0; i < t->count; i++) {
            uint64_t len = t->files[i].len;
            EVP_DigestUpdate(c, t->files[i].path, strlen(t->files[i].path) + 1);
            EVP_DigestUpdate(c, &len, sizeof len);
            EVP_DigestUpdate(c, t->files[i].bytes, t->files[i].len);
        }
        EVP_DigestFinal_ex(c, digest, &n);
    }
    EVP_MD_CTX_free(c);
    for (unsigned i = 0; i < n && i < 32; i++)
        snprintf(t->hash + 2 * i, 3, "%02x", digest[i]);
}

/* All files are there. */
static void settle(struct tree *t)
{
    qsort(t->files, t->count, sizeof *t->files, by_path);
    hash_tree(t);
}

struct tree *tree_read(const char *scripts_dir, const char *prompts_dir, char *why, size_t why_size)
{
    static const char *const prefixes[] = { "scripts", "prompts" };
    const char *const dirs[] = { scripts_dir, prompts_dir };
    struct tree *t = calloc(1, sizeof *t);
    if (!t) {
        snprintf(why, why_size, "not enough memory");
        return NULL;
    }
    t->refs = 1;
    for (int i = 0; i < 2; i++) {
        int fd = open(dirs[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0) {
            snprintf(why, why_size, "%s: %s. Set %s to the folder that holds the %s.", dirs[i],
                     strerror(errno), i ? "PROMPTS_DIR" : "SCRIPTS_DIR", prefixes[i]);
            goto fail;
        }
        int root = dup(fd);
        int rc = read_folder(t, root, fd, prefixes[i], dirs[i], 0, why, why_size);
        close(root);
        if (rc != 0)
            goto fail;
    }
    settle(t);
    return t;
fail:
    tree_drop(t);
    return NULL;
}

/* ---- packed: each file is its path with a NUL, its length in 8 bytes, and its contents ---- */

bool tree_pack(const struct tree *t, struct buf *out)
{
    bool ok = true;
    for (size_t i = 0; i < t->count; i++) {
        const struct tree_file *f = &t->files[i];
        uint64_t len = f->len;
        ok = ok && buf_add(out, f->path, strlen(f->path) + 1) && buf_add(out, &len, sizeof len) &&
             buf_add(out, f->bytes, f->len);
    }
    return ok;
}

/* Unpacks the first file. Returns how many bytes it took. 0: damaged. */
static size_t unpack_file(const char *bytes, size_t left, struct tree_file *f)
{
    uint64_t len;
    const char *end = memchr(bytes, 0, left);
    if (!end || end == bytes || left - (size_t)(end + 1 - bytes) < sizeof len)
        return 0;
    memcpy(&len, end + 1, sizeof len);
    const char *content = end + 1 + sizeof len;
    if (len > left - (size_t)(content - bytes))
        return 0;
    f->path = buf_copy(bytes, (size_t)(end - bytes));
    f->bytes = buf_copy(content, (size_t)len);
    f->len = (size_t)len;
    return f->path && f->bytes ? (size_t)(content - bytes) + (size_t)len : 0;
}

struct tree *tree_unpack(const char *bytes, size_t len)
{
    char why[256];
    struct tree *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->refs = 1;
    for (size_t at = 0, n; at < len; at += n) {
        struct tree_file f = { .path = NULL };
        n = unpack_file(bytes + at, len - at, &f);
        if (!n || add_file(t, &f, why, sizeof why) != 0) {
            free(f.path);
            free(f.bytes);
            tree_drop(t);
            return NULL;
        }
    }
    settle(t);
    return t;
}

struct tree *tree_keep(struct tree *t)
{
    t->refs++;
    return t;
}

void tree_drop(struct tree *t)
{
    if (!t || (t->refs && --t->refs))
        return;
    for (size_t i = 0; i < t->count; i++) {
        free(t->files[i].path);
        if (!t->files[i].shipped)
            free(t->files[i].bytes);
    }
    free(t->files);
    free(t);
}

const struct tree_file *tree_module(const struct tree *t, const char *name, size_t len,
                                    char path[TREE_PATH])
{
    const struct tree_file *f = NULL;
    int n = snprintf(path, TREE_PATH, "scripts/%.*s", len < TREE_PATH - 32 ? (int)len : 0, name);
    for (char *p = path + 8; *p; p++)
        if (*p == '.')
            *p = '/';
    for (int folder = 1; folder >= 0; folder--) {
        snprintf(path + n, (size_t)(TREE_PATH - n), folder ? "/init.lua" : ".lua");
        const struct tree_file *one = tree_find(t, path);
        f = one ? one : f;
    }
    return f;
}

bool tree_checked(const struct tree *t)
{
    size_t shipped = 0;
    for (size_t i = 0; i < t->count; i++) {
        size_t n = strlen(t->files[i].path);
        if (t->files[i].shipped)
            shipped++;
        else if (n > 4 && strcmp(t->files[i].path + n - 4, ".lua") == 0)
            return false;
    }
    return shipped > 0 && shipped == shipped_count();
}

const struct tree_file *tree_find(const struct tree *t, const char *path)
{
    struct tree_file key = { .path = (char *)path };
    return t->count ? bsearch(&key, t->files, t->count, sizeof *t->files, by_path) : NULL;
}
