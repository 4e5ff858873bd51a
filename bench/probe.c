/*
 * probe: the runner's hands, for what a shell cannot do to the millisecond.
 *
 *   probe port                       a free loopback port
 *   probe sync FOLDER                the median of 200 appends of 4 KB, each made durable, in µs
 *   probe cpu PID                    CPU time a process has used, in µs
 *   probe get PORT METHOD PATH       the body of the answer
 *   probe change FILE LOG WORD       adds a comment to FILE; ms until a line with WORD is added to
 * LOG (10 s at most) probe run READY LOG PORT CMD…    starts CMD (its output goes to LOG) and, once
 * GET /health is 200, writes "pid ms" to READY; "0 0" when it ended before that or took 30 s. Then
 * waits for its end. SIGTERM is passed on, and SIGKILL follows after 8 s. CMD is killed when probe
 * ends, however that comes, so nothing is left behind.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void nap(uint64_t ns)
{
    struct timespec t = { (time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S) };
    nanosleep(&t, NULL);
}

/* Prints the body when `show`. The status, or -1 when there was no answer. */
static int ask(const char *port, const char *method, const char *path, bool show)
{
    struct sockaddr_in address = loopback(port);
    char text[8192];
    int status = -1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t size = 0;
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        goto done;
    int n = snprintf(text, sizeof text,
                     "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nContent-Length: 0\r\n\r\n", method,
                     path, port);
    if (n >= (int)sizeof text || send(fd, text, (size_t)n, MSG_NOSIGNAL) != n)
        goto done;
    long left = -1; /* of the body; unknown until the head is whole */
    for (ssize_t k; left != 0 && (k = recv(fd, text + size, sizeof text - 1 - size, 0)) > 0;) {
        char *body = text;
        size += (size_t)k;
        text[size] = 0;
        if (left < 0) {
            body = strstr(text, "\r\n\r\n");
            if (!body)
                continue;
            status = atoi(text + 9);
            const char *length = strcasestr(text, "\r\ncontent-length:");
            left = length ? atol(length + 17) : 0;
            body += 4;
        }
        size_t part = size - (size_t)(body - text);
        left -= (long)part;
        if (show)
            fwrite(body, 1, part, stdout);
        size = 0;
    }
    status = left == 0 ? status : -1;
done:
    if (fd >= 0)
        close(fd);
    return status;
}

static int free_port(void)
{
    struct sockaddr_in address = loopback("0");
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)&address, size) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        die("probe: no port: %s", strerror(errno));
    printf("%u\n", ntohs(address.sin_port));
    return 0;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static int time_sync(const char *folder)
{
    static char page[4096];
    uint64_t taken[200];
    char name[4096];
    snprintf(name, sizeof name, "%s/sync.XXXXXX", folder);
    int fd = mkstemp(name);
    if (fd < 0)
        die("probe: %s: %s", name, strerror(errno));
    unlink(name);
    for (size_t i = 0; i < 200; i++) {
        uint64_t start = now_ns();
        if (write(fd, page, sizeof page) != (ssize_t)sizeof page || fdatasync(fd) != 0)
            die("probe: %s: %s", folder, strerror(errno));
        taken[i] = now_ns() - start;
    }
    qsort(taken, 200, sizeof *taken, by_size);
    printf("%llu\n", (unsigned long long)(taken[100] / 1000));
    return 0;
}

static int cpu(const char *pid)
{
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid((pid_t)atoi(pid), &clock) != 0 || clock_gettime(clock, &t) != 0)
        die("probe: no process %s", pid);
    printf("%lld\n", (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000);
    return 0;
}

static bool says(int fd, const char *word)
{
    static char text[65536];
    ssize_t n = read(fd, text,
                     sizeof text); /* a log line is written whole, and this is read often */
    return n > 0 && memmem(text, (size_t)n, word, strlen(word)) != NULL;
}

static int change(const char *file, const char *log, const char *word)
{
    int seen = open(log, O_RDONLY | O_CLOEXEC), fd = open(file, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (seen < 0 || fd < 0)
        die("probe: %s: %s", seen < 0 ? log : file, strerror(errno));
    lseek(seen, 0, SEEK_END);
    uint64_t start = now_ns();
    if (write(fd, "# changed\n", 10) != 10 || close(fd) != 0)
        die("probe: %s: %s", file, strerror(errno));
    while (now_ns() < start + 10 * NS_PER_S) {
        if (says(seen, word)) {
            printf("%.1f\n", (double)(now_ns() - start) / 1e6);
            return 0;
        }
        nap(NS_PER_MS / 2);
    }
    return 1;
}

static void tell(const char *ready, pid_t pid, double ms)
{
    FILE *f = fopen(ready, "w");
    if (!f || fprintf(f, "%d %.2f\n", (int)pid, ms) < 0 || fclose(f) != 0)
        die("probe: %s: %s", ready, strerror(errno));
}

static volatile pid_t child;

/* The first asks the child to end, the alarm that it sets makes it. */
static void on_signal(int number)
{
    kill(child, number == SIGALRM ? SIGKILL : SIGTERM);
    alarm(8);
}

static int run(char **args)
{
    const char *ready = args[0], *log = args[1], *port = args[2];
    uint64_t start = now_ns();
    pid_t probe = getpid(), pid = fork();
    if (pid == 0) {
        int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0 || getppid() != probe)
            _exit(127);
        execvp(args[3], args + 3);
        _exit(127);
    }
    bool ended = false;
    while (!ended && now_ns() < start + 30 * NS_PER_S &&
           ask(port, "GET", "/health", false) != 200) {
        nap(NS_PER_MS / 5);
        ended = waitpid(pid, NULL, WNOHANG) != 0;
    }
    bool fine = !ended && now_ns() < start + 30 * NS_PER_S;
    double ms = (double)(now_ns() - start) / 1e6;
    struct sigaction action = { .sa_handler = on_signal };
    child = pid;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    if (!fine && !ended)
        kill(pid, SIGKILL);
    tell(ready, fine ? pid : 0, fine ? ms : 0);
    while (!ended)
        ended = waitpid(pid, NULL, 0) == pid || errno != EINTR;
    return fine ? 0 : 1;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    prctl(PR_SET_TIMERSLACK, 1000UL);
    if (strcmp(what, "port") == 0 && argc == 2)
        return free_port();
    if (strcmp(what, "sync") == 0 && argc == 3)
        return time_sync(argv[2]);
    if (strcmp(what, "cpu") == 0 && argc == 3)
        return cpu(argv[2]);
    if (strcmp(what, "get") == 0 && argc == 5)
        return ask(argv[2], argv[3], argv[4], true) == 200 ? 0 : 1;
    if (strcmp(what, "change") == 0 && argc == 5)
        return change(argv[2], argv[3], argv[4]);
    if (strcmp(what, "run") == 0 && argc >= 6)
        return run(argv + 2);
    die("usage: probe port | sync FOLDER | cpu PID | get PORT METHOD PATH | change FILE LOG WORD | "
        "run READY LOG PORT CMD…");
}
