/*
 * httpd_recv: which connection MHD is reading.
 *
 * MHD says nothing of a request before its first line is whole, and when a head or a chunk is malformed it answers by itself: a
 * page of HTML, for a malformed Content-Length even two status lines. It names no connection to its log, where alone it tells of
 * that beforehand. But it reads with recv(), and the program's own definition is found before the C library's. So each read is
 * seen: what came, and whose trouble follows. Other threads and libraries get the plain call.
 */
#include "server/inside.h"

#include <string.h>
#include <sys/socket.h>

static _Thread_local struct httpd *running;

ssize_t recv(int fd, void *buf, size_t n, int flags);

__attribute__((visibility("default"))) ssize_t recv(int fd, void *buf, size_t n, int flags)
{
    ssize_t got = recvfrom(fd, buf, n, flags, NULL, NULL);
    struct httpd *h = running;
    if (!h)
        return got;
    h->current = (size_t)fd < h->fd_count ? h->by_fd[fd] : NULL;
    if (h->current)
        conn_received(h->current, got > 0 ? (size_t)got : 0);
    return got;
}

void recv_run(struct httpd *h)
{
    struct httpd *before = running;
    running = h;
    h->current = NULL;
    MHD_run(h->daemon);
    running = before;
}

void recv_trouble(struct httpd *h, const char *format, va_list args)
{
    if (!h->current || !strstr(format, "HTTP response code is %u"))
        return;
    unsigned status = va_arg(args, unsigned);
    const char *why = status == 413   ? "the body is too large"
                      : status == 414 ? "the URL is too long"
                      : status == 431 ? "the headers are too large"
                      : status == 505 ? "this version of HTTP is not supported"
                                      : "bad request";
    answer_refuse(h->current, status, why, false); /* MHD's own words find the socket closed */
}
