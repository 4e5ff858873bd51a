/*
 * work: what the pool's thread does between its two queues.
 *
 * Owns the shards, the hosts with their limits and queues, and the deadlines.
 * A transfer arrives, waits for a place at its host, runs, and ends in `leaving`; one with a file
 * leaves its host first and is synced. A deadline or a cancel ends it at any time. Pool thread only
 * (open and close: while that thread does not run). Knows no lock. Part of pool; nobody else
 * includes this.
 */
#ifndef HOST_CLIENT_WORK_H
#define HOST_CLIENT_WORK_H

#include "client/easy.h"
#include "client/shard.h"

enum { POOL_SHARDS = 16 };

TAILQ_HEAD(pool_exchanges, pool_exchange);

struct pool_work {
    struct pool_shards shared;
    struct pool_shard shards[POOL_SHARDS];
    unsigned used; /* of the shards */
    struct pool_host *hosts;
    unsigned host_count, per_host;
    struct pool_exchanges resting; /* files that had their share of this round */
    struct syncer *syncer;         /* of files */
    struct pool_exchanges syncing; /* their answers are whole, their files are being synced */
    struct pool_exchanges leaving; /* finished; the caller of a round empties it */
    CURLSH *share;                 /* addresses and TLS sessions */
    CURL *pattern[2];              /* without and with TLS: copied for each transfer */
};

/* After false, with the reason in `why`, pool_work_close must still be called. */
bool pool_work_open(struct pool_work *p, const struct pool_options *o, char *why, size_t why_size);
void pool_work_close(struct pool_work *p);

void pool_work_arrive(struct pool_work *p, struct pool_exchange *x);
/* Has no effect when x has finished. */
void pool_work_cancel(struct pool_work *p, struct pool_exchange *x);
/* Does what is due. true: more is due at once, the loop must not sleep. */
bool pool_work_run(struct pool_work *p);
/* Cancels everything. */
void pool_work_empty(struct pool_work *p);

#endif
