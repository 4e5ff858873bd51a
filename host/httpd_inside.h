/*
 * httpd_inside: what the files of httpd share. Nobody else includes it.
 *
 * httpd.c          the daemon: start, run, drain, stop
 * httpd_request.c  the life of a request, from its first line to the answer that leaves
 * httpd_conn.c     a connection's clock: idle, reading, held, sending, lingering
 * httpd_answer.c   answers through MHD, and refusals past it
 */
#ifndef HOST_HTTPD_INSIDE_H
#define HOST_HTTPD_INSIDE_H

#include "framing.h"
#include "httpd.h"

#include <microhttpd.h>
#include <netinet/in.h>

enum {
    HEAD_MAX_BYTES = 32768,
    TARGET_MAX_BYTES = 16384,
    HEADERS_INLINE = 24,
    HEADERS_MAX = 256,
    METHOD_BYTES = 16,
    HELD_BYTES = 4096, /* what holding a request costs us and its holder at least */
    CACHED_ANSWERS = 8,
    CACHED_BYTES = 512,
    /* MHD's memory for one connection: a head of 32 KB, its list of headers and the answer's own
     * head fit. */
    POOL_BYTES = 40960,
};

/*
 * Where a connection stands, and which clock runs. IDLE: nothing of a request was read. READING:
 * from the first byte seen to the last. HELD: a whole request is with its holder; no clock but the
 * holder's. SENDING: the answer is on its way. LINGER: refused; what still comes is thrown away
 * until the peer has read why. DEAD: shut down.
 */
enum conn_stage { CONN_IDLE, CONN_READING, CONN_HELD, CONN_SENDING, CONN_LINGER, CONN_DEAD };

struct conn_list {
    struct conn *head, *tail; /* the nearest due first: each list has one constant delay */
};

struct conn {
    struct httpd *httpd;
    int fd;
    enum conn_stage stage;
    struct conn_list *list; /* NULL: no clock runs */
    struct conn *prev, *next;
    uint64_t since_ns, due_ns;
    uint64_t seen_bytes; /* received at the last look at an idle connection */
    bool fresh;          /* no request was answered yet */
    bool looked;         /* since it is idle */
    bool named;          /* the first line of a request was read */
    char remote[INET6_ADDRSTRLEN];
};

enum request_stage { REQUEST_HEAD, REQUEST_BODY, REQUEST_HELD, REQUEST_ANSWERED };

struct request {
    struct httpd_request pub; /* first: on_request's pointer is ours */
    struct httpd *httpd;      /* NULL: stopped */
    struct conn *conn;        /* NULL: gone */
    struct MHD_Connection *mhd;
    enum request_stage stage;
    bool held;     /* its holder has not let go */
    bool answered; /* and not released */
    bool suspended;
    unsigned status;
    struct answer *answer;
    struct request *next_answered, *prev_answered;
    struct request *next_held, *prev_held;
    struct framing framing;
    char *body;
    size_t body_cap;
    size_t head_len, charged;  /* what a held one counts for beside its body */
    struct httpd_header *many; /* more headers than fit inline */
    struct httpd_header headers[HEADERS_INLINE];
    char method[METHOD_BYTES];
    size_t target_len;
    char target[]; /* as sent, with a NUL */
};

/* A response and who needs it: the cache, and requests that were answered with it and not yet
 * released. */
struct answer {
    struct MHD_Response *response;
    unsigned users;
    size_t key_len; /* 0: not in the cache */
    char key[];
};

struct httpd {
    struct httpd_options o;
    struct loop *loop;
    struct MHD_Daemon *daemon;
    int epoll;
    uint64_t now_ns; /* of the last httpd_run or clock */
    uint64_t ids;
    unsigned connections, limit;
    unsigned taken; /* connections that came in this run of MHD */
    size_t waiting, open;
    struct conn_list idle, timed, lingering;
    uint64_t step_ns, deadline_ns;
    struct loop_timer clock, hungry;
    struct request *answered_head, *answered_tail, *held;
    struct answer *cache[CACHED_ANSWERS];
    unsigned cache_next;
    bool starved; /* accept found no descriptor and no connection to close */
    bool cramped; /* accept found no descriptor, with connections open */
    bool queued;  /* answers that the next MHD_run writes */
    bool quiesced, stopping;
};

/* httpd_request.c: called by MHD */
void *request_begin(void *arg, const char *uri, struct MHD_Connection *mhd);
enum MHD_Result request_access(void *arg, struct MHD_Connection *mhd, const char *url,
                               const char *method, const char *version, const char *upload,
                               size_t *upload_len, void **context);
void request_completed(void *arg, struct MHD_Connection *mhd, void **context,
                       enum MHD_RequestTerminationCode code);

/* httpd_conn.c */
struct conn *conn_new(struct httpd *h, struct MHD_Connection *mhd);
void conn_free(struct conn *c);
void conn_move(struct conn *c, enum conn_stage stage);
/* No place for another connection: closes one that waits for nothing, or one that reads for
 * long. */
void conn_make_room(struct httpd *h);
/* Is an answer still on its way? */
bool conn_sending(const struct httpd *h);
void conn_clock_stop(struct httpd *h);

/* httpd_answer.c */
/* A response with nosniff; the caller is one user of it. Equal short answers are made once.
 * NULL: no memory. */
struct answer *answer_make(struct httpd *h, const struct httpd_header *headers, size_t count,
                           const void *body, size_t len);
struct answer *answer_json(struct httpd *h, const char *body, const char *allow);
void answer_leave(struct answer *a);
void answer_forget_all(struct httpd *h);
/* Says it on the socket itself, where MHD cannot, and ends the connection. */
void answer_refuse(struct conn *c, unsigned status, const char *text, bool head_only);

#endif
