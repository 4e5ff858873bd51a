#include "base/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int listener_open(const char *host, uint16_t port, int backlog, char *why, size_t why_size)
{
    struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
    bool is_four = inet_pton(AF_INET, host, &four.sin_addr) == 1;
    int fd = -1, on = 1, off = 0;
    if (!is_four && inet_pton(AF_INET6, host, &six.sin6_addr) != 1) {
        snprintf(why, why_size, "%s is not a numeric address; use 0.0.0.0, 127.0.0.1 or ::", host);
        return -1;
    }
    fd = socket(is_four ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        goto fail;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (!is_four)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    const void *address = is_four ? (const void *)&four : (const void *)&six;
    if (bind(fd, address, is_four ? sizeof four : sizeof six) != 0 || listen(fd, backlog) != 0)
        goto fail;
    return fd;
fail:;
    int error = errno;
    snprintf(why, why_size, "cannot listen on %s port %u: %s%s", host, port, strerror(errno),
             errno == EADDRINUSE      ? "; stop the other program or choose another port"
             : errno == EACCES        ? "; ports below 1024 need permission, choose another"
             : errno == EADDRNOTAVAIL ? "; this machine has no such address, use 0.0.0.0"
                                      : "");
    if (fd >= 0)
        close(fd);
    errno = error;
    return -1;
}
