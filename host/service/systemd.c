#include "service/systemd.h"

#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct {
    int fd; /* 0: no socket was given */
    struct sockaddr_un to;
    socklen_t size;
    uint64_t every_ns; /* half of the watchdog's period; 0: no watchdog */
    struct loop *loop;
    struct loop_timer alive;
} n;

static void say(const char *text)
{
    if (n.fd > 0)
        sendto(n.fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&n.to,
               n.size);
}

/* A path, or '@' and an abstract name. */
static bool address(const char *name)
{
    size_t len = strlen(name);
    if ((name[0] != '/' && name[0] != '@') || len < 2 || len >= sizeof n.to.sun_path) {
        errno = EINVAL;
        return false;
    }
    n.to = (struct sockaddr_un){ .sun_family = AF_UNIX };
    memcpy(n.to.sun_path, name, len);
    if (name[0] == '@')
        n.to.sun_path[0] = 0;
    n.size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    return true;
}

/* Half of WATCHDOG_USEC, if WATCHDOG_PID names this process or is unset. Else 0. */
static uint64_t half_of_patience(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    if (!usec || (pid && strtol(pid, NULL, 10) != (long)getpid()))
        return 0;
    return strtoull(usec, NULL, 10) * 1000u / 2;
}

void systemd_open(void)
{
    const char *name = getenv("NOTIFY_SOCKET");
    if (name && *name) {
        n.fd = address(name) ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
        if (n.fd < 0)
            log_event(LOG_WARN, "notify.unusable", log_s("error", strerror(errno)));
        n.every_ns = half_of_patience();
    }
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

static void still_alive(void *arg)
{
    (void)arg;
    say("WATCHDOG=1");
    loop_timer_set(n.loop, &n.alive, loop_now_ns() + n.every_ns, still_alive, NULL);
}

void systemd_ready(struct loop *l)
{
    say("READY=1\nSTATUS=Serving.");
    n.loop = l;
    if (n.fd > 0 && n.every_ns)
        still_alive(NULL);
}

void systemd_reloading(void)
{
    char text[96];
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, loop_now_ns() / 1000u);
    say(text);
}

void systemd_reloaded(bool ok)
{
    say(ok ? "READY=1\nSTATUS=Serving."
           : "READY=1\nSTATUS=Reload failed. The previous version is still running. `assistant "
             "status` says why.");
}

void systemd_stopping(void)
{
    say("STOPPING=1\nSTATUS=Stopping: waiting for running tasks.");
}

void systemd_close(void)
{
    if (n.loop)
        loop_timer_stop(n.loop, &n.alive);
    if (n.fd > 0)
        close(n.fd);
    n.fd = 0;
    n.loop = NULL;
}
