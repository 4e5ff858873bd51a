/*
 * sockets: the reads, writes and accepts of MHD are seen.
 *
 * MHD reports a request only when its first line is complete, and it answers a malformed head or
 * chunk itself: with an HTML page, and for a malformed Content-Length with two status lines. It
 * does not report that accept failed. But it calls recv(), send(), sendmsg() and accept4(), and the
 * linker prefers the program's definitions to the C library's. So each read is counted, an answer
 * that is not ours is replaced by ours, and the error of a failed accept is kept. Outside of
 * sockets_run all callers get the plain calls.
 */
#include "server/inside.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Thread_local struct httpd *running;

int accept4(int fd, struct sockaddr *peer, socklen_t *size, int flags);
ssize_t recv(int fd, void *buf, size_t n, int flags);
ssize_t send(int fd, const void *buf, size_t n, int flags);
ssize_t sendmsg(int fd, const struct msghdr *message, int flags);

static struct conn *conn_of(int fd)
{
    return running && fd >= 0 && (size_t)fd < running->fd_count ? running->by_fd[fd] : NULL;
}

__attribute__((visibility("default"))) ssize_t recv(int fd, void *buf, size_t n, int flags)
{
    ssize_t got = recvfrom(fd, buf, n, flags, NULL, NULL);
    struct conn *c = conn_of(fd);
    if (c)
        conn_received(c, got > 0 ? (size_t)got : 0);
    return got;
}

/* With ours the connection is SENDING. (An interim 100 has no response queued.) */
static bool replaced(int fd)
{
    struct conn *c = conn_of(fd);
    const union MHD_ConnectionInfo *queued = NULL;
    if (c && (c->stage == CONN_IDLE || c->stage == CONN_READING))
        queued = MHD_get_connection_info(c->mhd, MHD_CONNECTION_INFO_HTTP_STATUS);
    if (!queued)
        return false;
    unsigned status = queued->http_status;
    answer_refuse(c, status,
                  status == 413   ? "the body is too large"
                  : status == 414 ? "the URL is too long"
                  : status == 431 ? "the headers are too large"
                  : status == 505 ? "this version of HTTP is not supported"
                                  : "bad request",
                  false);
    errno = EPIPE;
    return true;
}

__attribute__((visibility("default"))) ssize_t send(int fd, const void *buf, size_t n, int flags)
{
    return replaced(fd) ? -1 : sendto(fd, buf, n, flags, NULL, 0);
}

__attribute__((visibility("default"))) ssize_t sendmsg(int fd, const struct msghdr *message,
                                                       int flags)
{
    return replaced(fd) ? -1 : syscall(SYS_sendmsg, fd, message, flags);
}

/* These errors say that the process or the system lacks something; others concern one peer. */
__attribute__((visibility("default"))) int accept4(int fd, struct sockaddr *peer, socklen_t *size,
                                                   int flags)
{
    int got = (int)syscall(SYS_accept4, fd, peer, size, flags);
    if (running && got >= 0)
        running->accept_error = 0;
    else if (running && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS))
        running->accept_error = errno;
    return got;
}

void sockets_run(struct httpd *h)
{
    struct httpd *before = running;
    running = h;
    MHD_run(h->daemon);
    running = before;
}
