/*
 * transfer: a request and its answer, as pool.h takes and returns it and each part of the pool
 * knows it.
 */
#ifndef HOST_CLIENT_TRANSFER_H
#define HOST_CLIENT_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

enum pool_error {
    POOL_OK = 0, /* an HTTP answer of any status */
    POOL_CONNECT,
    POOL_DNS,
    POOL_TLS,
    POOL_TIMEOUT,
    POOL_TOO_LARGE,
    POOL_REFUSED, /* the request itself is not allowed: scheme, header, host */
    POOL_CANCELLED,
    POOL_BROKEN, /* the connection closed, or the answer is not HTTP */
    POOL_DISK    /* a file cannot be written or read: no space, no rights, a disk that fails */
};
struct pool_header {
    const char *name, *value;
};

/* One part of a multipart/form-data body. Its texts are clean (no control characters). */
struct pool_part {
    const char *name;
    const char *value; /* NULL: the bytes of fd */
    size_t value_len;
    bool is_file; /* value is a file's name, for the caller, who opens it and sets value to NULL */
    int fd;       /* open until the transfer is back; the caller's */
    uint64_t bytes;
    const char *filename, *type; /* NULL: none */
    /* the pool's */
    uint64_t at;
};

enum { POOL_FILE_HEAD = 512 };

/* Where the body of a 2xx answer goes. Other answers are kept in memory, up to
 * POOL_FILE_ERROR_BYTES of them. */
struct pool_file {
    int folder; /* a descriptor */
    /* answered */
    bool made;     /* the file is there, synced and closed, and its owner's; else there is none */
    char name[33]; /* in folder */
    char hash[65]; /* sha256, lower hex */
    uint64_t bytes;
    size_t head_len;
    unsigned char head[POOL_FILE_HEAD]; /* its first bytes */
};
enum { POOL_FILE_ERROR_BYTES = 65536 };

struct pool_transfer {
    /* asked */
    const char *method, *url;
    const struct pool_header *headers;
    size_t header_count;
    const char *body; /* NULL: none */
    size_t body_len;
    struct pool_part *parts; /* NULL: none; else sent as the body, and body is NULL */
    size_t part_count;
    struct pool_file *file; /* NULL: every answer is kept in memory */
    unsigned timeout_ms;
    size_t max_bytes; /* of the decoded answer */
    bool once;        /* never sent twice: a silent resend by the library is refused */
    /* answered */
    enum pool_error error;
    char message[160]; /* for people: no URL query, no secret */
    bool sent;         /* the peer may have seen the request */
    int status;
    struct pool_header *answer_headers; /* in their order, names in lower case; NULL on error */
    size_t answer_header_count;
    char *answer;
    size_t answer_len;
    uint64_t elapsed_ns;
    /* the owner's */
    void *owner;
    /* the pool's */
    STAILQ_ENTRY(pool_transfer) next;
    void *inside;
    int state;
    uint64_t due_ns;
};

struct pool_options {
    unsigned per_host; /* transfers at once to one host:port; the rest wait in its queue. 0: 4096 */
};

#endif
