#include "client/outbound.h"

#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

static void finish(struct outbound_request *r)
{
    r->done = true;
    r->ended(r);
}

static void finish_unsent(struct outbound_request *r, enum pool_error error, const char *message)
{
    r->transfer.error = error;
    r->transfer.sent = false;
    snprintf(r->transfer.message, sizeof r->transfer.message, "%s", message);
    finish(r);
}

void outbound_ask(struct outbound *out, struct outbound_request *r)
{
    r->out = out;
    r->transfer.owner = r;
    r->next = out->all;
    if (out->all)
        out->all->prev = r;
    out->all = r;
    r->held = true;
    r->number = ++out->asked;
    r->keeper = out->keeper;
    r->next_held = out->held;
    out->held = r;
}

void outbound_forget(struct outbound_request *r)
{
    if (r->prev)
        r->prev->next = r->next;
    else
        r->out->all = r->next;
    if (r->next)
        r->next->prev = r->prev;
    pool_transfer_clear(&r->transfer);
}

/* A rehearsal: nothing leaves. */
static void end_alone(struct outbound_request *r)
{
    struct pool_transfer *t = &r->transfer;
    if (!r->out->answered) {
        finish_unsent(r, POOL_CONNECT, "no request is sent in a rehearsal");
        return;
    }
    t->sent = true;
    t->status = 200;
    t->answer = buf_copy("{}", 2);
    t->answer_len = t->answer ? 2 : 0;
    t->answer_headers = malloc(sizeof *t->answer_headers);
    if (t->answer_headers) {
        *t->answer_headers = (struct pool_header){ "content-type", "application/json" };
        t->answer_header_count = 1;
    }
    finish(r);
}

void outbound_release(struct outbound *out, uint64_t upto)
{
    struct outbound_request *ordered = NULL, *next, **at = &out->held;
    for (struct outbound_request *r = *at; r; r = next) { /* the list grew at its head */
        next = r->next_held;
        if (r->number > upto || r->keeper) {
            at = &r->next_held;
            continue;
        }
        *at = next;
        r->next_held = ordered;
        ordered = r;
    }
    for (struct outbound_request *r = ordered; r; r = next) {
        next = r->next_held;
        r->held = false;
        if (out->alone)
            end_alone(r);
        else
            pool_submit(out->pool, &r->transfer);
    }
}

void outbound_let_go(struct outbound *out, const void *keeper)
{
    for (struct outbound_request *r = out->held; r; r = r->next_held)
        if (r->keeper == keeper)
            r->keeper = NULL;
    outbound_release(out, UINT64_MAX);
}

void outbound_take(struct outbound *out)
{
    for (struct pool_transfer *t; out->pool && (t = pool_take(out->pool));)
        finish(t->owner);
}

void outbound_cancel(struct outbound_request *r)
{
    if (r->done)
        return;
    if (!r->held) {
        pool_cancel(r->out->pool, &r->transfer);
        return;
    }
    struct outbound_request **p = &r->out->held;
    while (*p != r)
        p = &(*p)->next_held;
    *p = r->next_held;
    r->held = false;
    finish_unsent(r, POOL_CANCELLED, "cancelled before it was sent");
}

static void gone(void *arg, struct pool_transfer *t)
{
    (void)arg;
    finish(t->owner);
}

void outbound_stop(struct outbound *out)
{
    if (out->pool)
        pool_stop(out->pool, gone, NULL);
    out->pool = NULL;
}
