/*
 * outbound: requests to others, from the moment they are asked for until they end.
 *
 * A request is held until what was written before it is durable (law 1), then given to the pool; it
 * can be cancelled before and after, and is told its end once. Apart from the binding, because tick
 * releases what is held and needs no Lua for it. The loop thread only.
 */
#ifndef HOST_CLIENT_OUTBOUND_H
#define HOST_CLIENT_OUTBOUND_H

#include "client/pool.h"

struct outbound_request {
    struct pool_transfer transfer;
    const char *lane; /* what cancels it by name; NULL: nothing */
    void (*ended)(struct outbound_request *r);
    struct outbound *out;
    bool held;          /* not given to the pool yet */
    uint64_t number;    /* in the order they were asked for */
    const void *keeper; /* outbound_release passes it by, until outbound_let_go */
    bool done;
    struct outbound_request *next, *prev; /* of all */
    struct outbound_request *next_held;
};

struct outbound {
    struct pool *pool;             /* NULL: none was started */
    struct outbound_request *all;  /* under way, held ones included */
    struct outbound_request *held; /* newest first */
    uint64_t asked;                /* how many so far */
    const void *keeper;            /* of the requests that are asked for now; NULL: none */
    bool alone;                    /* `assistant check`: every one fails at once … */
    bool answered;                 /* … or is answered at once, with 200 and {} */
};

/* From here on it belongs to out, until outbound_forget. Its memory, and what transfer points to,
 * are the caller's. */
void outbound_ask(struct outbound *out, struct outbound_request *r);
/* What they must wait for is durable: held requests up to this number go to the pool, in the order
 * they were asked for. */
void outbound_release(struct outbound *out, uint64_t upto);
/* What this keeper's requests must wait for is durable. */
void outbound_let_go(struct outbound *out, const void *keeper);
/* Ends those that came back. */
void outbound_take(struct outbound *out);
/* It ends soon: before this returns when it was held. Nothing when it is done. */
void outbound_cancel(struct outbound_request *r);
/* One that is done: frees the answer. */
void outbound_forget(struct outbound_request *r);
/* Ends all, and the pool. */
void outbound_stop(struct outbound *out);

#endif
