/* A real PostgreSQL for C tests: spec/support/postgres.py as a child, and its commands. */
#ifndef SPEC_SUPPORT_POSTGRES_H
#define SPEC_SUPPORT_POSTGRES_H

#include <arpa/inet.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct postgres {
    FILE *child, *control;
    int port, proxy, standby;
};

/* options: as postgres.py takes them. It ends when this process ends. */
static inline void postgres_start(struct postgres *s, const char *options)
{
    char self[PATH_MAX] = "", command[PATH_MAX + 300];
    int control = 0, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
        self[0] = 0;
    snprintf(command, sizeof command,
             "exec python3 spec/support/postgres.py %s/postgres-template %s", dirname(self),
             options);
    s->child = popen(command, "re");
    if (!s->child || fscanf(s->child, "control=%d port=%d proxy=%d standby=%d", &control, &s->port,
                            &s->proxy, &s->standby) != 4) {
        printf("Bail out! PostgreSQL did not start\n");
        exit(1);
    }
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)control) };
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) != 0 || !(s->control = fdopen(fd, "r+"))) {
        printf("Bail out! PostgreSQL's control port does not answer\n");
        exit(1);
    }
}

/* The answer to a command, without its "ok". An error ends the test. */
static inline const char *postgres_tell(struct postgres *s, const char *command)
{
    static char line[4096];
    fprintf(s->control, "%s\n", command);
    fflush(s->control);
    if (!fgets(line, sizeof line, s->control) || strncmp(line, "ok ", 3) != 0) {
        printf("Bail out! %s: %s\n", command, line);
        exit(1);
    }
    line[strcspn(line, "\n")] = 0;
    return line + 3;
}

#endif
