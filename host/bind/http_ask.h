/*
 * http_ask: what a script asks of http.request, checked and copied.
 */
#ifndef HOST_BIND_HTTP_ASK_H
#define HOST_BIND_HTTP_ASK_H

#include "bind/bind.h"

/* One outbound request, from the call to the moment its task has read what came. */
struct http_op {
    struct outbound_request request; /* the first member: it is told as this one's end */
    struct task *task;               /* NULL: its task is gone */
    struct task_held held_by;        /* released with its task */
    struct http_waiter *waiters;     /* tasks in http.cancel that wait for this one */
};

/*
 * The op for the options at index 1 (host.http.Request), in no list yet. Throws at the caller's line for misuse, before
 * anything is owned; the stack above index 1 holds what was encoded.
 */
struct http_op *http_ask(lua_State *L, const struct task *t);
/* Once a state: the metatable of its buffers. */
void http_ask_open(lua_State *L);

#endif
