/* The admin socket of a whole instance: any bytes. It answers or closes. What writes files
 * elsewhere is left out. */
#include "fuzz.h"

#include "../host/service/admin.h"
#include "../host/service/tick.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { TURNS = 300 };

static char folder[] = "/tmp/fuzz-admin-XXXXXX";

static void remove_folder(void)
{
    char path[64];
    snprintf(path, sizeof path, "%s/admin.sock", folder);
    unlink(path);
    rmdir(folder);
}

static struct host *instance(void)
{
    char path[64], why[512];
    struct host *h = fuzz_instance();
    if (h->admin)
        return h;
    if (!mkdtemp(folder))
        fuzz_fail("no folder: %s", strerror(errno));
    atexit(remove_folder);
    snprintf(path, sizeof path, "%s/db.sqlite", folder);
    h->admin = admin_start(h, path, why, sizeof why);
    if (!h->admin)
        fuzz_fail("%s", why);
    return h;
}

static int dial(void)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    snprintf(a.sun_path, sizeof a.sun_path, "%s/admin.sock", folder);
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) != 0)
        fuzz_fail("cannot connect: %s", strerror(errno));
    return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char answer[65536];
    if (size >= 6 && (memcmp(data, "backup", 6) == 0 || memcmp(data, "reload", 6) == 0 ||
                      memcmp(data, "rollba", 6) == 0))
        return 0; /* one writes where it is told, the other builds for a while */
    struct host *h = instance();
    int fd = dial();
    bool over = false;
    ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
    if (sent >= 0)
        shutdown(fd, SHUT_WR);
    for (int i = 0; i < TURNS && !over; i++) {
        loop_wake(h->services.loop);
        tick(h);
        ssize_t n = recv(fd, answer, sizeof answer, 0);
        over = n == 0 || (n < 0 && errno != EAGAIN);
    }
    close(fd);
    loop_wake(h->services.loop);
    tick(h);
    if (!over)
        fuzz_fail("no answer, and not closed");
    return 0;
}
