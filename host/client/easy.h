/*
 * easy: one transfer as libcurl sees it.
 *
 * Owns the state of a transfer in the pool: header lines, answer, result. Checks the request, sets
 * up an easy handle, and turns libcurl's result into the transfer's answer or error. Pool thread
 * only. Never touches a multi handle, a queue or the loop. Part of pool; nobody else includes this.
 */
#ifndef HOST_CLIENT_EASY_H
#define HOST_CLIENT_EASY_H

#include "base/buf.h"
#include "base/loop.h"
#include "base/url.h"
#include "client/download.h"
#include "client/transfer.h"

#include <curl/curl.h>
#include <sys/queue.h>

enum {
    POOL_HEADERS_MAX = 65536, /* bytes */
    POOL_HEADERS_COUNT = 512, /* lines */
    POOL_CONNECT_MS = 10000
};

struct pool_host;
struct pool_shard;
struct pool_work;

/* A URL that was asked for, kept by its host: checked and read once, which is a seventh of a call.
 */
struct pool_route {
    TAILQ_ENTRY(pool_route) place;
    struct pool_host *host;
    CURLU *parsed;
    unsigned users; /* exchanges that are not finished */
    char text[];
};

/* pool_transfer.inside points to it from pool_submit until the transfer is finished. */
struct pool_exchange {
    struct pool_transfer *transfer;
    CURL *easy; /* NULL: not in flight */
    uint64_t submitted_ns;
    /* the request */
    struct pool_route *route;
    bool secure;
    unsigned asked;           /* how often libcurl was about to send it */
    bool again;               /* it runs a second time; the peer may have seen the first */
    struct curl_slist *lines; /* one block */
    curl_mime *form;
    /* the answer */
    enum pool_error verdict; /* why a callback stopped the transfer */
    size_t header_lines, header_bytes;
    struct buf answer;
    size_t answer_bytes;       /* decoded, also those that are not kept */
    struct download *download; /* NULL: the body goes to memory */
    size_t round_bytes;        /* of the file, since it last rested */
    int disk_error;            /* an errno */
    char *detail;              /* libcurl's words, for TLS */
    /* where it is: queued or running at its host, syncing, or leaving */
    struct pool_work *work;
    struct pool_host *host;
    struct pool_shard *shard;
    struct loop_timer deadline;
    TAILQ_ENTRY(pool_exchange) place, cancel, rest;
    bool rests;                      /* receives nothing until the next round */
    bool cancel_asked, cancel_taken; /* under the pool's lock */
    bool syncing;                    /* its answer is whole, and its file is being synced */
    bool finished;
};

/* Checks method and headers. false: error and message are in the transfer. */
bool pool_easy_check(struct pool_transfer *t);
/* The same for its URL. */
bool pool_easy_read_url(struct pool_transfer *t, struct url *url);
/* A handle with what is the same for all transfers, to be copied. NULL: not enough memory. */
CURL *pool_easy_pattern(bool secure);
/* Sets up x->easy, a copy of the pattern. false: not enough memory. */
bool pool_easy_dress(struct pool_exchange *x);
/* After the handle left its multi: fills the transfer from libcurl's code. The handle is the
 * caller's. true: the answer is good and its file must be synced: x->download. */
bool pool_easy_close(struct pool_exchange *x, CURLcode code);
/* Its file was not synced: an errno, in place of the answer. */
void pool_easy_unsynced(struct pool_exchange *x, int error);
/* Frees the answer. */
void pool_easy_forget(struct pool_transfer *t);
/* true: the peer may have seen the request. */
bool pool_easy_sent(const struct pool_exchange *x);
/* Gives the transfer an error and a message for people. */
void pool_easy_fail(struct pool_transfer *t, enum pool_error e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The exchange receives nothing more in this round; work lets it go on. */
void pool_easy_rests(struct pool_exchange *x);
/* "host:port" of the exchange, for messages. */
const char *pool_easy_where(const struct pool_exchange *x);
/* Removes an unfinished file, and frees what the handle pointed to. After it is gone. */
void pool_easy_undress(struct pool_exchange *x);
void pool_easy_free(struct pool_exchange *x);

#endif
