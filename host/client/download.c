#include "client/download.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct download {
    struct syncer_item sync; /* the first member: `synced` gets its address */
    struct pool_file *file;  /* NULL: discarded while it is being synced */
    EVP_MD_CTX *digest;
    uint64_t bytes;
    bool syncing;
    void (*ended)(void *arg, int error);
    void *arg;
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
    if (d->sync.fd >= 0)
        close(d->sync.fd);
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
    *d = (struct download){ .file = f, .sync.fd = -1, .digest = EVP_MD_CTX_new() };
    if (!d->digest || EVP_DigestInit_ex(d->digest, EVP_sha256(), NULL) != 1 ||
        RAND_bytes(random, sizeof random) != 1)
        goto fail;
    put_hex(f->name, random, sizeof random);
    f->head_len = 0;
    d->sync.fd = openat(f->folder, f->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                        0600);
    *error = errno;
    if (d->sync.fd >= 0)
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
        ssize_t n = write(d->sync.fd, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? errno : ENOSPC;
        at += n;
        len -= (size_t)n;
        d->bytes += (uint64_t)n;
    }
    return 0;
}

/* What is left after the sync, or in place of it. */
static void end(struct download *d, int error)
{
    struct pool_file *f = d->file;
    void (*ended)(void *arg, int error) = d->ended;
    void *arg = d->arg;
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    d->syncing = false;
    if (!f) {
        download_free(d);
        return;
    }
    if (!error && EVP_DigestFinal_ex(d->digest, sum, &len) != 1)
        error = ENOMEM;
    int fd = d->sync.fd;
    d->sync.fd = -1;
    if (close(fd) != 0 && !error)
        error = errno;
    if (error) {
        pool_download_discard(d);
    } else {
        put_hex(f->hash, sum, len);
        f->bytes = d->bytes;
        f->made = true;
        download_free(d);
    }
    ended(arg, error);
}

static void synced(struct syncer_item *i)
{
    end((struct download *)i, i->error);
}

void pool_download_finish(struct download *d, struct syncer *s, void (*ended)(void *arg, int error),
                          void *arg)
{
    d->ended = ended;
    d->arg = arg;
    d->sync.done = synced;
    int error = s ? syncer_put(s, &d->sync) : ENOMEM;
    d->syncing = !error;
    if (error)
        end(d, error);
}

void pool_download_discard(struct download *d)
{
    if (!d)
        return;
    unlinkat(d->file->folder, d->file->name, 0);
    d->file = NULL;
    if (!d->syncing)
        download_free(d);
}
