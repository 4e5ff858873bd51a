/* http_ask: makes an op from a script's request. For http.c alone. The loop thread. */
#ifndef HOST_BIND_HTTP_ASK_H
#define HOST_BIND_HTTP_ASK_H

#include "bind/bind.h"

/* One outbound request, from the call until its task has read the answer. */
struct http_op {
    struct outbound_request request; /* the first member: callbacks get its address */
    struct task *task;               /* NULL: its task ended */
    struct task_held held_by;        /* released with its task */
    struct http_waiter *waiters;     /* tasks in http.cancel that wait for its end */
    struct pool_file file;           /* of to_file */
};

/* Frees an op that is in no list, or has left it. */
void http_op_free(struct http_op *op);
/* Makes an op from the options at index 1 (host.http.Request) and puts it in no list. Throws at the
 * caller's line for wrong options, before it owns anything. Encoded text stays on the stack above
 * index 1. */
struct http_op *http_ask(lua_State *L, const struct task *t);
/* Opens the files of form_data, and the folder of to_file. false: pool_easy_fail's words are in the
 * transfer. */
bool http_ask_files(struct http_op *op, struct media *m);
/* Once per state: the metatable of its buffers. */
void http_ask_open(lua_State *L);

#endif
