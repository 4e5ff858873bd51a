#include "client/download.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The kernel begins to write after so many bytes, so that little is left for the sync at the end.
 */
static const uint64_t FLUSH_BYTES = 1 << 20;

struct download {
    struct pool_file *file;
    EVP_MD_CTX *digest;
    int fd;
    uint64_t bytes, flushed;
};

static void put_hex(char *out, const unsigned char *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = '\0';
}

static void download_free(struct download *d)
{
    if (d->fd >= 0)
        close(d->fd);
    EVP_MD_CTX_free(d->digest);
    free(d);
}

struct download *pool_download_open(struct pool_file *f, int *error)
{
    unsigned char random[16];
    struct download *d = calloc(1, sizeof *d);
    *error = ENOMEM;
    if (!d)
        return NULL;
    *d = (struct download){ .file = f, .fd = -1, .digest = EVP_MD_CTX_new() };
    if (!d->digest || EVP_DigestInit_ex(d->digest, EVP_sha256(), NULL) != 1 ||
        RAND_bytes(random, sizeof random) != 1)
        goto fail;
    put_hex(f->name, random, sizeof random);
    f->head_len = 0;
    d->fd = openat(f->folder, f->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    *error = errno;
    if (d->fd >= 0)
        return d;
fail:
    download_free(d);
    return NULL;
}

int pool_download_write(struct download *d, const void *bytes, size_t len)
{
    struct pool_file *f = d->file;
    size_t head = sizeof f->head - f->head_len < len ? sizeof f->head - f->head_len : len;
    memcpy(f->head + f->head_len, bytes, head);
    f->head_len += head;
    if (EVP_DigestUpdate(d->digest, bytes, len) != 1)
        return ENOMEM;
    for (const char *at = bytes; len > 0;) {
        ssize_t n = write(d->fd, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? errno : ENOSPC;
        at += n;
        len -= (size_t)n;
        d->bytes += (uint64_t)n;
    }
    if (d->bytes - d->flushed >= FLUSH_BYTES) {
        sync_file_range(d->fd, (off_t)d->flushed, (off_t)(d->bytes - d->flushed),
                        SYNC_FILE_RANGE_WRITE);
        d->flushed = d->bytes;
    }
    return 0;
}

int pool_download_finish(struct download *d)
{
    struct pool_file *f = d->file;
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    int error = EVP_DigestFinal_ex(d->digest, sum, &len) == 1 ? 0 : ENOMEM;
    if (!error && fsync(d->fd) != 0)
        error = errno;
    int fd = d->fd;
    d->fd = -1;
    if (close(fd) != 0 && !error)
        error = errno;
    if (error) {
        pool_download_discard(d);
        return error;
    }
    put_hex(f->hash, sum, len);
    f->bytes = d->bytes;
    f->made = true;
    download_free(d);
    return 0;
}

void pool_download_discard(struct download *d)
{
    if (!d)
        return;
    unlinkat(d->file->folder, d->file->name, 0);
    download_free(d);
}
