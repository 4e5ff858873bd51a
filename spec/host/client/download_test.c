/* What the pool promises about answers that go to a file, and forms that come from one. */
#include "client/pool.h"
#include "spec/host/client/pool_case.h"
#include "spec/host/client/pool_server.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static struct server server;
static int folder;

/* In place of libc's: a sync that takes long, or fails. */
static atomic_int sync_ms, sync_error, syncs;

int fsync(int fd)
{
    atomic_fetch_add(&syncs, 1);
    for (int i = 0; i < atomic_load(&sync_ms); i++)
        usleep(1000);
    errno = atomic_load(&sync_error);
    return errno ? -1 : (int)syscall(SYS_fsync, fd);
}

struct call {
    struct pool_transfer t;
    struct pool_file file;
    char url[128];
};

static void call_make(struct call *c, const char *path, size_t max)
{
    *c = (struct call){ .t = { .method = "GET", .timeout_ms = 10000, .max_bytes = max } };
    snprintf(c->url, sizeof c->url, "http://127.0.0.1:%d%s", server.port, path);
    c->t.url = c->url;
    c->t.file = &c->file;
    c->file.folder = folder;
}

static bool take(struct pool *p)
{
    struct pollfd ready = { .fd = pool_fd(p), .events = POLLIN };
    while (!pool_take(p))
        if (poll(&ready, 1, 15000) != 1)
            return false;
    return true;
}

static int files(void)
{
    int count = 0, fd = openat(folder, ".", O_RDONLY | O_DIRECTORY);
    DIR *list = fdopendir(fd);
    for (const struct dirent *e; list && (e = readdir(list));)
        count += e->d_name[0] != '.';
    closedir(list);
    return count;
}

static void case_file(struct pool *p)
{
    struct call c;
    struct stat st;
    call_make(&c, "/big", 2 << 20);
    pool_submit(p, &c.t);
    CHECK(take(p) && c.t.error == POOL_OK);
    CHECK(c.t.status == 200 && c.t.answer_len == 0);
    CHECK(c.file.made && c.file.bytes == 2 << 20 && c.file.head_len == POOL_FILE_HEAD);
    CHECK(strspn(c.file.hash, "0123456789abcdef") == 64);
    CHECK(fstatat(folder, c.file.name, &st, 0) == 0 && st.st_size == 2 << 20);
    CHECK((st.st_mode & 07777) == 0600);
    pool_transfer_clear(&c.t);
    CHECK(files() == 0 && !c.file.made);
}

/* Each ends without a file: too large (announced, and decoded), cut short, another status. */
static void case_no_file(struct pool *p)
{
    static const struct {
        const char *path;
        enum pool_error error;
    } ends[] = { { "/big", POOL_TOO_LARGE },
                 { "/bomb", POOL_TOO_LARGE },
                 { "/short", POOL_BROKEN },
                 { "/redirect", POOL_OK } };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct call c;
        call_make(&c, ends[i].path, (2 << 20) - 1);
        pool_submit(p, &c.t);
        CHECK(take(p) && c.t.error == ends[i].error && !c.file.made);
        pool_transfer_clear(&c.t);
        CHECK(files() == 0);
    }
}

static void case_stopped_early(struct pool *p)
{
    struct call c;
    call_make(&c, "/drip", 1 << 20);
    pool_submit(p, &c.t);
    for (int i = 0; i < 5000 && files() == 0; i++)
        usleep(1000);
    CHECK(files() == 1);
    pool_cancel(p, &c.t);
    CHECK(take(p) && c.t.error == POOL_CANCELLED && files() == 0);
    call_make(&c, "/drip", 1 << 20);
    c.t.timeout_ms = 200;
    pool_submit(p, &c.t);
    CHECK(take(p) && c.t.error == POOL_TIMEOUT && files() == 0);
}

static void case_disk(struct pool *p)
{
    struct call c;
    struct rlimit before, small;
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 100000;
    setrlimit(RLIMIT_FSIZE, &small);
    call_make(&c, "/big", 2 << 20);
    pool_submit(p, &c.t);
    CHECK(take(p) && c.t.error == POOL_DISK);
    CHECK(c.t.sent && files() == 0);
    CHECK(strstr(c.t.message, "MEDIA_DIR") && strcmp(pool_error_name(c.t.error), "disk") == 0);
    setrlimit(RLIMIT_FSIZE, &before);
    call_make(&c, "/big", 2 << 20);
    c.file.folder = -1;
    pool_submit(p, &c.t);
    CHECK(take(p) && c.t.error == POOL_DISK);
}

static void wait_for_sync(int before)
{
    for (int i = 0; i < 10000 && atomic_load(&syncs) == before; i++)
        usleep(1000);
    CHECK(atomic_load(&syncs) > before);
}

/* One whose answer is whole, and whose sync has begun. */
static void call_syncing(struct pool *p, struct call *c, unsigned timeout_ms)
{
    int before = atomic_load(&syncs);
    call_make(c, "/big", 2 << 20);
    c->t.timeout_ms = timeout_ms;
    pool_submit(p, &c->t);
    wait_for_sync(before);
}

static void case_sync(struct pool *p)
{
    struct call slow, quick;
    atomic_store(&sync_ms, 60000);
    call_syncing(p, &slow, 60000);
    for (int i = 0; i < 20; i++) {
        call_make(&quick, "/big", 4 << 20);
        quick.t.file = NULL;
        pool_submit(p, &quick.t);
        CHECK(take(p) && quick.t.state == 0 && quick.t.answer_len == 2 << 20);
        pool_transfer_clear(&quick.t);
    }
    CHECK(files() == 1 && !slow.file.made);
    atomic_store(&sync_ms, 0);
    CHECK(take(p) && slow.t.error == POOL_OK);
    CHECK(slow.file.made && slow.file.bytes == 2 << 20);
    pool_transfer_clear(&slow.t);
    CHECK(files() == 0);
}

static void case_sync_ends(struct pool *p)
{
    struct call c;
    atomic_store(&sync_error, EIO);
    call_make(&c, "/big", 2 << 20);
    pool_submit(p, &c.t);
    CHECK(take(p) && c.t.error == POOL_DISK);
    CHECK(!c.file.made && files() == 0);
    CHECK(c.t.status == 0 && strstr(c.t.message, "MEDIA_DIR"));
    CHECK(!c.t.answer && !c.t.answer_headers);
    atomic_store(&sync_error, 0);
    atomic_store(&sync_ms, 60000);
    call_syncing(p, &c, 60000);
    pool_cancel(p, &c.t);
    CHECK(take(p) && c.t.error == POOL_CANCELLED);
    CHECK(c.t.sent && !c.t.answer && files() == 0);
    call_make(&c, "/big", 2 << 20); /* waits behind the first */
    c.t.timeout_ms = 1000;
    pool_submit(p, &c.t);
    CHECK(take(p) && c.t.error == POOL_TIMEOUT);
    CHECK(!c.t.answer && files() == 0);
    atomic_store(&sync_ms, 0);
    call_make(&c, "/big", 2 << 20);
    pool_submit(p, &c.t);
    CHECK(take(p) && c.t.error == POOL_OK && files() == 1);
    pool_transfer_clear(&c.t);
}

static void case_form(struct pool *p)
{
    struct call c;
    FILE *f = tmpfile();
    fprintf(f, "%70000s", "end of the file");
    fflush(f);
    struct pool_part parts[] = {
        { .name = "model", .value = "m", .value_len = 1, .fd = -1 },
        { .name = "file",
          .fd = fileno(f),
          .bytes = 70000,
          .filename = "a.ogg",
          .type = "audio/ogg" },
    };
    call_make(&c, "/echo", 1 << 20);
    c.t.file = NULL;
    c.t.method = "POST";
    c.t.parts = parts;
    c.t.part_count = 2;
    for (int i = 0; i < 2; i++) { /* the file is read from its start each time */
        pool_submit(p, &c.t);
        CHECK(take(p) && c.t.error == POOL_OK && c.t.answer_len > 70000);
        CHECK(c.t.answer && memmem(c.t.answer, c.t.answer_len, "end of the file\r\n--", 19));
        CHECK(c.t.answer && strstr(c.t.answer, "name=\"file\"; filename=\"a.ogg\""));
        pool_transfer_clear(&c.t);
    }
    parts[1].bytes = 80000; /* it became shorter */
    pool_submit(p, &c.t);
    CHECK(take(p) && c.t.error == POOL_DISK);
    pool_transfer_clear(&c.t);
    fclose(f);
}

static void case_stop(void)
{
    char why[128];
    struct call c;
    struct pool *p = pool_start(NULL, why, sizeof why);
    call_make(&c, "/drip", 1 << 20);
    pool_submit(p, &c.t);
    for (int i = 0; i < 5000 && files() == 0; i++)
        usleep(1000);
    pool_stop(p, NULL, NULL);
    CHECK(c.t.error == POOL_CANCELLED && files() == 0);
    p = pool_start(NULL, why, sizeof why);
    atomic_store(&sync_ms, 200);
    call_syncing(p, &c, 60000);
    pool_stop(p, NULL, NULL);
    CHECK(c.t.error == POOL_CANCELLED && files() == 0);
    atomic_store(&sync_ms, 0);
}

int main(void)
{
    char home[] = "/tmp/download_test.XXXXXX", why[128];
    signal(SIGXFSZ, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!mkdtemp(home) || (folder = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return 1;
    server_start(&server);
    struct pool *p = pool_start(NULL, why, sizeof why);
    case_file(p);
    case_over("B29: an answer goes to a file of its own, with its size, hash and first bytes");
    case_no_file(p);
    case_over("B29: one that is too large, cut short or of another status leaves no file");
    case_stopped_early(p);
    case_over("B29: one that is cancelled or late leaves no file");
    case_disk(p);
    case_over("B29: a disk that takes no more is 'disk', and leaves no file");
    case_sync(p);
    case_over("B29: a file's sync takes long: other requests go on, and the file comes when it is "
              "synced");
    case_sync_ends(p);
    case_over(
        "B29: one whose sync fails is 'disk'; one cancelled or late meanwhile leaves no file");
    case_form(p);
    case_over("a form is read from its file while it is sent");
    pool_stop(p, NULL, NULL);
    case_stop();
    case_over("B29: stopping leaves no file");
    server_stop(&server);
    close(folder);
    rmdir(home);
    printf("%d passed, %d failed\n", passed, failed);
    return failed ? 1 : 0;
}
