/*
 * common: what the bench's programs share: a clock, dying, loopback addresses, and the mark that
 * tells which message an answer belongs to. Owns nothing. Everything here is static and may be
 * included once by each program.
 */
#pragma once

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The number of the first conversation; the others follow it. */
#define FIRST_NUMBER 14160000000ULL

/* Numbers of messages and conversations lie below this. */
#define MESSAGES_MAX (1u << 20)
#define NO_MARK      UINT32_MAX

#define NS_PER_S  1000000000ULL
#define NS_PER_MS 1000000ULL

__attribute__((format(printf, 1, 2), noreturn)) static inline void die(const char *form, ...)
{
    va_list args;
    va_start(args, form);
    vfprintf(stderr, form, args);
    va_end(args);
    fputc('\n', stderr);
    exit(2);
}

static inline uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* There is no way to name another machine: nothing here may ever load a stranger's server. */
static inline struct sockaddr_in loopback(const char *port)
{
    char *end = NULL;
    unsigned long n = strtoul(port, &end, 10);
    if (!*port || *end || n > 65535)
        die("'%s' is not a port", port);
    return (struct sockaddr_in){ .sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)n),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static inline void no_delay(int fd)
{
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

/* The last "(m123)" in a text, as 123. The last one, since a prompt quotes earlier messages. */
static inline uint32_t find_mark(const char *text, size_t size)
{
    for (size_t i = size; i-- > 0;) {
        uint64_t n = 0;
        size_t k = i + 2;
        if (text[i] != '(' || k >= size || text[i + 1] != 'm')
            continue;
        while (k < size && text[k] >= '0' && text[k] <= '9' && n < MESSAGES_MAX)
            n = n * 10 + (uint64_t)(text[k++] - '0');
        if (k > i + 2 && k < size && text[k] == ')' && n < MESSAGES_MAX)
            return (uint32_t)n;
    }
    return NO_MARK;
}

/* The string after "key":" in flat JSON, up to its closing quote. NULL when it is not there. */
static inline const char *find_text(const char *json, size_t size, const char *key, size_t *length)
{
    char want[64];
    int n = snprintf(want, sizeof want, "\"%s\":\"", key);
    const char *at = memmem(json, size, want, (size_t)n);
    if (!at)
        return NULL;
    at += n;
    const char *end = memchr(at, '"', size - (size_t)(at - json));
    if (!end)
        return NULL;
    *length = (size_t)(end - at);
    return at;
}
