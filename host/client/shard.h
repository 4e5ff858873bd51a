/*
 * shard: a multi handle in the pool's loop.
 *
 * Owns one CURLM, its connections, its descriptors and its timer in the loop. libcurl scans the
 * connections to a host for every new transfer, so the pool has several shards. Pool thread only.
 * Never decides what runs: the pool adds and removes handles and is told of finished ones. Part of
 * pool; nobody else includes this.
 */
#ifndef HOST_CLIENT_SHARD_H
#define HOST_CLIENT_SHARD_H

#include "base/loop.h"

#include <curl/curl.h>

/* Of one HTTP/2 connection. libcurl runs all of them for each event of their connection: with 600
 * calls under way, 100 took a sixth more CPU than 16. */
enum { POOL_STREAMS = 16 };

/* One per descriptor number: the events set in epoll, and those libcurl wants now. */
struct pool_socket {
    uint32_t watched, wanted;
    bool ours; /* opened by us, so we close it */
};

/* What the shards share: the loop, the descriptors, the work left before the loop may sleep. */
struct pool_shards {
    struct loop *loop;
    struct pool_socket *sockets;
    size_t socket_count;
    long max_connections; /* kept by one shard */
    bool kicked;          /* some shard has timers that are due at once */
};

struct pool_shard {
    struct pool_shards *shared;
    CURLM *multi;
    struct loop_timer timer, retire;
    uint64_t idle_since_ns;
    unsigned in_flight;
    bool kick;    /* libcurl asked to be called at once */
    bool touched; /* there may be finished transfers */
};

typedef void (*pool_shard_done)(void *arg, CURL *easy, CURLcode code);

/* false: out of memory. */
bool pool_shard_open(struct pool_shard *s, struct pool_shards *shared);
void pool_shard_close(struct pool_shard *s);
/* The handle is set up; its sockets are opened and closed through here. false: libcurl refused. */
bool pool_shard_add(struct pool_shard *s, CURL *easy);
void pool_shard_remove(struct pool_shard *s, CURL *easy);
/* Does what is due at once, then calls `done` for each finished handle, which has left the multi by
 * then. */
void pool_shard_run(struct pool_shard *s, pool_shard_done done, void *arg);

#endif
