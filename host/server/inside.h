/*
 * inside: what the files of httpd share. No other file includes it.
 *
 * httpd.c     the daemon: start, run, drain, stop
 * request.c   the life of a request, from its first line to the answer that leaves
 * conn.c      a connection's clock and memory: idle, reading, held, sending, lingering
 * sockets.c   what MHD reads, what it would answer itself, and why it could not accept
 * answer.c    answers through MHD, and refusals past it
 */
#ifndef HOST_SERVER_INSIDE_H
#define HOST_SERVER_INSIDE_H

#include "server/framing.h"
#include "server/httpd.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/queue.h>

enum {
    HEAD_MAX_BYTES = 32768,
    TARGET_MAX_BYTES = 16384,
    HEADERS_INLINE = 24,
    HEADERS_MAX = 256,
    METHOD_BYTES = 16,
    HELD_BYTES = 4096, /* the least memory of a held request, with its holder's */
    CACHED_ANSWERS = 8,
    CACHED_BYTES = 512,
    /* MHD's memory for one connection: a head of 32 KB, its list of headers and the answer's own
     * head fit. */
    POOL_BYTES = 40960,
    CONN_BYTES = 4096, /* what a silent connection costs */
    /* All connections together: a thousand with a full pool, or ten thousand silent ones. (4,000
     * heads of 30 KB without an end took 134 MB, 4,000 idle connections that had been answered once
     * 160 MB.) */
    CONNS_BYTES = 1000 * POOL_BYTES,
};

/* The stage of a connection, and which clock runs. IDLE: nothing of a request was read. READING:
 * from the first byte to the last. HELD: a complete request is with its holder; only the holder's
 * clock runs. SENDING: the answer is being sent. LINGER: refused; further bytes are dropped until
 * the peer has read the answer. DEAD: shut down. */
enum conn_stage { CONN_IDLE, CONN_READING, CONN_HELD, CONN_SENDING, CONN_LINGER, CONN_DEAD };

TAILQ_HEAD(conn_list, conn); /* the first is due first, because each list has one constant delay */

struct conn {
    struct httpd *httpd;
    struct MHD_Connection *mhd;
    int fd;
    enum conn_stage stage;
    struct conn_list *list; /* NULL: no clock runs */
    TAILQ_ENTRY(conn) at;
    uint64_t since_ns, due_ns;
    struct request *request; /* from its first line to its answer */
    size_t received;         /* bytes since it was idle */
    size_t charged;          /* of CONNS_BYTES */
    char remote[INET6_ADDRSTRLEN];
};

enum request_stage { REQUEST_HEAD, REQUEST_BODY, REQUEST_HELD, REQUEST_ANSWERED };

struct request {
    struct httpd_request pub; /* first: on_request's pointer is ours */
    struct httpd *httpd;      /* NULL: stopped */
    struct conn *conn;        /* NULL: gone */
    struct MHD_Connection *mhd;
    enum request_stage stage;
    bool held;     /* its holder has not released it */
    bool answered; /* and not released */
    bool suspended;
    unsigned status;
    struct answer *answer;
    uint64_t given; /* the number of its answer */
    TAILQ_ENTRY(request) at_answered;
    LIST_ENTRY(request) at_held;
    struct framing framing;
    char *body;
    size_t body_cap;
    size_t head_len, charged;  /* the cost of a held request beside its body */
    struct httpd_header *many; /* more headers than fit inline */
    struct httpd_header headers[HEADERS_INLINE];
    char method[METHOD_BYTES];
    size_t target_len;
    char target[]; /* as sent, with a NUL */
};

/* A response and its users: the cache, and the requests it answered that are not yet released. */
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
    unsigned taken; /* connections accepted in this run of MHD */
    size_t waiting, open;
    size_t conns_bytes;
    struct conn **by_fd; /* fd_count of them */
    size_t fd_count;
    struct conn_list idle, reading, sending, lingering;
    uint64_t deadline_ns;
    struct loop_timer clock, retry_accept, again; /* again: MHD has more to do */
    TAILQ_HEAD(, request) answered;               /* in the order of their numbers */
    uint64_t given;
    LIST_HEAD(, request) held;
    struct answer *cache[CACHED_ANSWERS];
    unsigned cache_next;
    int accept_error; /* why the last accept failed, until one succeeds or a connection closes */
    bool queued;      /* answers that the next MHD_run writes */
    bool quiesced, stopping;
};

/* request.c: called by MHD */
void *request_begin(void *arg, const char *uri, struct MHD_Connection *mhd);
enum MHD_Result request_access(void *arg, struct MHD_Connection *mhd, const char *url,
                               const char *method, const char *version, const char *upload,
                               size_t *upload_len, void **context);
void request_completed(void *arg, struct MHD_Connection *mhd, void **context,
                       enum MHD_RequestTerminationCode code);

/* conn.c */
struct conn *conn_new(struct httpd *h, struct MHD_Connection *mhd);
void conn_free(struct conn *c);
void conn_move(struct conn *c, enum conn_stage stage);
/* MHD has read bytes of it (0: none, or its end). */
void conn_received(struct conn *c, size_t bytes);
/* Makes place for one connection: closes the one that is idle for longest, or reads for longest. */
void conn_make_room(struct httpd *h);
/* Refuses the request whose body is unfinished for longest, but not r, to make room. all false:
 * only one older than a second that is not nearly complete. false: there is none. */
bool conn_drop_body(struct httpd *h, const struct request *r, bool all);
void conn_clock_stop(struct httpd *h);

/* sockets.c */
/* MHD_run, seeing what MHD reads, writes and accepts. */
void sockets_run(struct httpd *h);

/* request.c */
/* true: little of its body is missing. false for a body without a declared length. */
bool request_nearly(const struct request *r, size_t more);
/* Refuses it with 503 and frees its body. */
void request_drop(struct request *r);

/* answer.c */
/* With nosniff; the caller is one user of it. Equal short answers are shared. NULL: no memory. */
struct answer *answer_make(struct httpd *h, const struct httpd_header *headers, size_t count,
                           const void *body, size_t len);
/* The same from a descriptor, which it closes, also at a failure. Never shared. */
struct answer *answer_file(struct httpd *h, const struct httpd_header *headers, size_t count,
                           int fd, uint64_t bytes);
struct answer *answer_json(struct httpd *h, const char *body, const char *allow);
void answer_leave(struct answer *a);
void answer_forget_all(struct httpd *h);
/* Writes the answer to the socket, where MHD cannot, and ends the connection. */
void answer_refuse(struct conn *c, unsigned status, const char *text, bool head_only);

#endif
