#include "store/ledger.h"

#include "base/buf.h"
#include "base/trouble.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_BYTES = 32, KEY_TEXT = 2 * KEY_BYTES };

struct ledger {
    char *path, *key_path; /* NULL: in memory */
    int fd;                /* -1: not made yet */
    size_t size;
    struct buf memory;
    unsigned char key[KEY_BYTES];
    EVP_MAC_CTX *mac;
};

__attribute__((format(printf, 3, 4))) static int refuse(char *why, size_t size, const char *format,
                                                        ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(why, size, format, args);
    va_end(args);
    return -1;
}

/* "PATH cannot be used: CAUSE: REMEDY". */
static int refuse_for(char *why, size_t size, int error, const char *path)
{
    struct trouble trouble;
    trouble_of(&trouble, error, path);
    return refuse(why, size, "%s cannot be used: %s: %s, and start again", path, trouble.cause,
                  trouble.remedy);
}

static int sync_folder_of(const char *path)
{
    char *copy = strdup(path);
    int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int rc = fd < 0 ? -1 : fsync(fd);
    if (fd >= 0)
        close(fd);
    free(copy);
    return rc;
}

static int write_all(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

/* ---- the key ---- */

static void key_text(const unsigned char *key, char out[KEY_TEXT + 1])
{
    for (size_t i = 0; i < KEY_BYTES; i++)
        snprintf(out + 2 * i, 3, "%02x", key[i]);
}

/* Written under another name first, so that a crash leaves no half key. */
static int key_make(struct ledger *l, char *why, size_t size)
{
    char text[KEY_TEXT + 2], *part = NULL;
    int rc = -1, fd = -1;
    if (getrandom(l->key, KEY_BYTES, 0) != KEY_BYTES || asprintf(&part, "%s.new", l->key_path) < 0)
        return refuse(why, size, "the key for %s cannot be created (%s)", l->path, strerror(errno));
    key_text(l->key, text);
    memcpy(text + KEY_TEXT, "\n", 2);
    unlink(part);
    fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || write_all(fd, text, KEY_TEXT + 1) != 0 || fsync(fd) != 0 ||
        rename(part, l->key_path) != 0 || sync_folder_of(l->key_path) != 0)
        refuse_for(why, size, errno, l->key_path);
    else
        rc = 0;
    if (fd >= 0)
        close(fd);
    if (rc != 0)
        unlink(part);
    free(part);
    return rc;
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 0, 1: there is no key file, -1 with why. */
static int key_load(struct ledger *l, char *why, size_t size)
{
    char text[KEY_TEXT + 8];
    int fd = open(l->key_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return 1;
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
    int error = errno;
    if (fd >= 0)
        close(fd);
    if (n < 0)
        return refuse_for(why, size, error, l->key_path);
    bool good = n == KEY_TEXT || (n == KEY_TEXT + 1 && text[KEY_TEXT] == '\n');
    for (size_t i = 0; good && i < KEY_BYTES; i++) {
        int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
        good = high >= 0 && low >= 0;
        l->key[i] = (unsigned char)(good ? high << 4 | low : 0);
    }
    if (!good)
        return refuse(why, size,
                      "the key file %s does not hold 64 hex digits: put the right one back (it is "
                      "beside the database it was made for)",
                      l->key_path);
    return 0;
}

/* ---- the lines ---- */

/* Drops a last line that a crash cut short. */
static int settle_end(struct ledger *l, char *why, size_t size)
{
    char tail[4096];
    off_t end = lseek(l->fd, 0, SEEK_END), keep = end;
    while (keep > 0) {
        size_t n = keep < (off_t)sizeof tail ? (size_t)keep : sizeof tail;
        if (pread(l->fd, tail, n, keep - (off_t)n) != (ssize_t)n)
            return refuse_for(why, size, errno, l->path);
        const char *newline = memrchr(tail, '\n', n);
        keep = keep - (off_t)n + (newline ? newline - tail + 1 : 0);
        if (newline)
            break;
    }
    if (end < 0 || (keep < end && (ftruncate(l->fd, keep) != 0 || fsync(l->fd) != 0)))
        return refuse_for(why, size, errno, l->path);
    l->size = (size_t)keep;
    return 0;
}

static int open_files(struct ledger *l, char *why, size_t size)
{
    struct stat st;
    l->fd = open(l->path, O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK);
    if (l->fd < 0 && errno != ENOENT)
        return refuse_for(why, size, errno, l->path);
    if (l->fd >= 0 && (fstat(l->fd, &st) != 0 || !S_ISREG(st.st_mode)))
        return refuse(why, size, "%s is not a file: move it away", l->path);
    if (l->fd >= 0 && settle_end(l, why, size) != 0)
        return -1;
    int rc = key_load(l, why, size);
    if (rc == 1 && l->size > 0)
        return refuse(why, size,
                      "%s is there but its key %s is missing: put the key back from where the "
                      "database came from (without it nobody knows who was erased)",
                      l->path, l->key_path);
    return rc == 1 ? key_make(l, why, size) : rc;
}

static int start_mac(struct ledger *l, char *why, size_t size)
{
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    l->mac = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
    EVP_MAC_free(hmac);
    return l->mac ? 0 : refuse(why, size, "OpenSSL cannot do HMAC");
}

struct ledger *ledger_open(const char *database, char *why, size_t why_size)
{
    struct ledger *l = calloc(1, sizeof *l);
    int rc = -1;
    if (!l) {
        refuse(why, why_size, "not enough memory");
        return NULL;
    }
    l->fd = -1;
    if (!database) {
        rc = getrandom(l->key, KEY_BYTES, 0) == KEY_BYTES
                 ? 0
                 : refuse(why, why_size, "the key cannot be created (%s)", strerror(errno));
    } else if (asprintf(&l->path, "%s.erased", database) < 0 ||
               asprintf(&l->key_path, "%s.key", database) < 0) {
        refuse(why, why_size, "not enough memory");
    } else {
        rc = open_files(l, why, why_size);
    }
    if (rc == 0 && start_mac(l, why, why_size) == 0)
        return l;
    ledger_close(l);
    return NULL;
}

void ledger_close(struct ledger *l)
{
    if (!l)
        return;
    if (l->fd >= 0)
        close(l->fd);
    EVP_MAC_CTX_free(l->mac);
    explicit_bzero(l->key, sizeof l->key);
    buf_free(&l->memory);
    free(l->path);
    free(l->key_path);
    free(l);
}

int ledger_mark(struct ledger *l, const char *text, size_t len, char out[LEDGER_MARK_BYTES])
{
    unsigned char digest[KEY_BYTES];
    size_t n = 0;
    char name[] = "SHA256";
    const OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string("digest", name, 0),
                                  OSSL_PARAM_construct_end() };
    if (!EVP_MAC_init(l->mac, l->key, KEY_BYTES, params) ||
        !EVP_MAC_update(l->mac, (const unsigned char *)text, len) ||
        !EVP_MAC_final(l->mac, digest, &n, sizeof digest) || n != sizeof digest)
        return -1;
    key_text(digest, out);
    return 0;
}

static int make_file(struct ledger *l)
{
    l->fd = open(l->path, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (l->fd < 0)
        return -1;
    if (sync_folder_of(l->path) == 0)
        return 0;
    int error = errno; /* made again by the next one, or its name might not outlive the machine */
    close(l->fd);
    unlink(l->path);
    l->fd = -1;
    errno = error;
    return -1;
}

int ledger_add(struct ledger *l, const char *text, size_t len)
{
    if (!len || text[len - 1] != '\n') {
        errno = EINVAL;
        return -1;
    }
    if (!l->path) {
        if (!buf_add(&l->memory, text, len))
            return -1;
        l->size += len;
        return 0;
    }
    if (l->fd < 0 && make_file(l) != 0)
        return -1;
    if (write_all(l->fd, text, len) != 0 || fdatasync(l->fd) != 0) {
        int error = errno;
        if (ftruncate(l->fd, (off_t)l->size) == 0)
            fdatasync(l->fd);
        errno = error;
        return -1;
    }
    l->size += len;
    return 0;
}

size_t ledger_size(const struct ledger *l)
{
    return l->size;
}

long ledger_read(struct ledger *l, size_t from, char *out, size_t size)
{
    size_t left = from < l->size ? l->size - from : 0, n = left < size ? left : size;
    if (!n)
        return 0;
    if (l->path)
        return (long)pread(l->fd, out, n, (off_t)from);
    memcpy(out, l->memory.data + from, n);
    return (long)n;
}
