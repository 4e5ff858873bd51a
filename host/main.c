/*
 * main: argv → what to do. Knows the modes and the commands, and nothing else.
 */
#include "admin.h"
#include "buf.h"
#include "serve.h"

#include <arpa/inet.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef ASSISTANT_VERSION
#define ASSISTANT_VERSION "0.1.0"
#endif

static const char help[] =
    "assistant serve                 the service, configured by the environment\n"
    "assistant sandbox               the service with its stand-ins; needs no configuration\n"
    "assistant check [DIR]           are settings, scripts and prompts fine? with DIR: its "
    "scripts/ and prompts/ alone\n"
    "assistant run FILE [ARGS]       a Lua file as a task on the host\n"
    "assistant status [--json]       how the service is doing, and what to do about it\n"
    "assistant reload                load scripts, prompts and secrets again; says what came of "
    "it\n"
    "assistant jobs [--dead]         work that waits, or that died\n"
    "assistant requeue ID            tries a dead job again\n"
    "assistant backup FILE           a consistent copy of the database while it runs\n"
    "assistant health                asks /health on LISTEN; exit 0 or 1\n"
    "assistant version, help\n"
    "\n"
    "Exit codes: 0 fine, 1 failed, 2 settings, 3 storage, 4 database in use, 5 scripts or "
    "prompts.\n";

/* GET /health on LISTEN, within 3 s. */
static int health(void)
{
    const char *listen = getenv("LISTEN");
    char host[64], answer[512];
    uint16_t port;
    if (!settings_address(listen && *listen ? listen : "127.0.0.1:8080", host, sizeof host,
                          &port)) {
        fprintf(stderr, "assistant: LISTEN must be address:port\n");
        return 1;
    }
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct sockaddr_in6 b = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    bool six = strchr(host, ':') != NULL;
    inet_pton(six ? AF_INET6 : AF_INET, host, six ? (void *)&b.sin6_addr : (void *)&a.sin_addr);
    if (!six && a.sin_addr.s_addr == 0)
        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    static const char ask[] =
        "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    ssize_t n = 0, got = 0;
    const struct timeval patience = { .tv_sec = 3 };
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, six ? (struct sockaddr *)&b : (struct sockaddr *)&a,
                six ? sizeof b : sizeof a) == 0 &&
        send(fd, ask, sizeof ask - 1, MSG_NOSIGNAL) == (ssize_t)sizeof ask - 1)
        while (got < (ssize_t)sizeof answer - 1 &&
               (n = recv(fd, answer + got, sizeof answer - 1 - (size_t)got, 0)) > 0)
            got += n;
    close(fd);
    answer[got > 0 ? got : 0] = 0;
    bool fine = strncmp(answer, "HTTP/1.1 200", 12) == 0;
    printf(fine ? "healthy\n" : got ? "unhealthy\n" : "no answer\n");
    return fine ? 0 : 1;
}

/* A command for the running service, or, with none, for its database. */
static int command(char **args, size_t count)
{
    char why[256];
    struct settings *s = settings_new();
    for (size_t i = 0; s && i < settings_host_count; i++)
        settings_declare(s, &settings_host[i]);
    char *path = s ? serve_database(s, why, sizeof why) : NULL;
    if (!path) {
        fprintf(stderr, "assistant: %s\n", why);
        settings_free(s);
        return 2;
    }
    int code = admin_call(path, args, count);
    bool there = access(path, F_OK) == 0;
    settings_free(s);
    if (code < 0 && !there) {
        fprintf(stderr,
                "assistant: no service is running, and there is no database at %s. Set "
                "DATABASE_URL as the service has it.\n",
                path);
        code = 1;
    }
    free(path);
    return code >= 0 ? code : serve_offline(args, count);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "help";
    setlocale(LC_ALL, "C.UTF-8");
    if (strcmp(name, "serve") == 0 && argc == 2)
        return serve_run(&serve_modes[0]);
    if (strcmp(name, "sandbox") == 0 && argc == 2)
        return serve_run(&serve_modes[1]);
    if (strcmp(name, "sandbox") == 0 && argc == 3 && strcmp(argv[2], "--stand-ins") == 0)
        return serve_run(&serve_modes[2]);
    if (strcmp(name, "check") == 0 && argc <= 3)
        return serve_check(argc == 3 ? argv[2] : NULL);
    if (strcmp(name, "run") == 0 && argc >= 3)
        return serve_file(argv + 2, (size_t)(argc - 2));
    if (strcmp(name, "health") == 0 && argc == 2)
        return health();
    if (strcmp(name, "version") == 0 || strcmp(name, "--version") == 0) {
        printf("assistant %s\n", ASSISTANT_VERSION);
        return 0;
    }
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        printf("%s", help);
        return 0;
    }
    if (strcmp(name, "serve") == 0 || strcmp(name, "sandbox") == 0 || strcmp(name, "check") == 0 ||
        strcmp(name, "run") == 0 || strcmp(name, "health") == 0 || name[0] == '-') {
        fprintf(stderr, "%s", help);
        return 1;
    }
    return command(argv + 1, (size_t)(argc - 1));
}
