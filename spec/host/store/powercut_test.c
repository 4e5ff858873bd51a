/*
 * Power cuts. A run of the store, its jobs and inbox, the ledger, copies, cleaning and restarts is
 * recorded below SQLite's VFS (powercut_disk.h); the images that a cut at a random point may leave
 * are opened as a start opens them. Each must be sound, hold every transaction that was
 * acknowledged and none by half, and so must the ledger's lines and the copies.
 *
 *   powercut_test [--long] [SEED]     100 images, or 2,000; the same seed gives the same images
 */
#include "spec/host/store/powercut_run.h"

/* A round is one run and its images; its seed is one more than the last one's. */
enum { TRANSACTIONS = 250, ROUNDS_LONG = 20 };
#ifdef __SANITIZE_ADDRESS__
enum { IMAGES = 25 }; /* a child costs ten times as much */
#else
enum { IMAGES = 100 };
#endif

static int rounds = 1;

/* ---- what an image must be ---- */

/* Up to where the recording went. */
static struct {
    int64_t begun, acked, lines, copies;
} point;

#define WRONG(...)           \
    do {                     \
        printf(__VA_ARGS__); \
        return false;        \
    } while (0)

static bool ledger_is_right(const char *db)
{
    char why[512] = "", text[4096], line[40];
    struct ledger *l = ledger_open(db, why, sizeof why);
    if (!l)
        WRONG("the ledger is refused: %s", why);
    long n = ledger_read(l, 0, text, sizeof text - 1);
    ledger_close(l);
    text[n > 0 ? n : 0] = 0;
    int64_t count = 0;
    for (char *at = text; *at; count++) {
        int len = snprintf(line, sizeof line, "line %lld\n", (long long)count + 1);
        if (strncmp(at, line, (size_t)len) != 0)
            WRONG("line %lld of the ledger is another", (long long)count + 1);
        at += len;
    }
    if (count < point.lines || count > point.lines + 1)
        WRONG("the ledger has %lld lines, %lld were added", (long long)count,
              (long long)point.lines);
    return true;
}

static bool tables_are_right(struct store *s, int64_t least, int64_t most)
{
    if (!case_sound(s))
        WRONG("integrity_check finds something");
    if (case_number(s, "SELECT count(*) FROM sqlite_schema WHERE name = 'done'") == 0) {
        if (least > 0)
            WRONG("there are no tables, %lld transactions were acknowledged", (long long)least);
        return true;
    }
    int64_t number = case_number(s, "SELECT coalesce(max(number), 0) FROM done");
    if (number < least || number > most)
        WRONG("the last transaction is %lld, acknowledged was %lld, begun %lld", (long long)number,
              (long long)least, (long long)most);
    if (number > 0 && !known(number, content(s)))
        WRONG("transaction %lld is there by half", (long long)number);
    return true;
}

static bool opens(const char *path, int64_t least, int64_t most, bool start)
{
    char why[512] = "", page[128];
    struct store *s = NULL;
    if (store_open(&s, path, why, sizeof why) != STORE_OPENED)
        WRONG("it is refused: %s", why);
    if (!tables_are_right(s, least, most))
        return false;
    snprintf(page, sizeof page, "%s.running", path);
    struct jobs *j = start ? jobs_open(s, page, why, sizeof why) : NULL;
    if (start && (!j || store_live(s, why, sizeof why) != 0))
        WRONG("it does not start: %s", why);
    jobs_close(j);
    store_close(s);
    return true;
}

static bool image_is_right(const char *folder)
{
    char path[160];
    snprintf(path, sizeof path, "%s/db.sqlite", folder);
    if (!opens(path, point.acked, point.begun, true) || !ledger_is_right(path))
        return false;
    for (int64_t i = point.copies ? point.copies - 1 : 0; i < copies; i++) {
        snprintf(path, sizeof path, "%s/copy-%lld", folder, (long long)i);
        if (access(path, F_OK) != 0 && i < point.copies)
            WRONG("copy %lld is not there", (long long)i);
        if (access(path, F_OK) == 0 && !opens(path, oldest_copied[i], point.begun, false))
            return false;
    }
    return true;
}

/* In a child: the program may end itself over what it finds. Says what is wrong, unless it is to be
 * quiet. */
static bool look(const char *folder, size_t at, bool quiet)
{
    int ends[2], status = 0;
    if (pipe(ends) != 0)
        disk_out("no pipe");
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        disk_idle = true;
        dup2(ends[1], 1);
        alarm(60);
        case_fine = true;
        bool right = image_is_right(folder);
        fflush(stdout);
        _exit(right && case_fine ? 0 : 1);
    }
    close(ends[1]);
    char said[400] = "";
    ssize_t n = read(ends[0], said, sizeof said - 1);
    close(ends[0]);
    waitpid(pid, &status, 0);
    if (!quiet && status != 0)
        printf("# seed %lu, after event %zu (transaction %lld): %s (status %d)\n", seed, at,
               (long long)point.acked, n > 0 ? said : "it ended", status);
    return status == 0;
}

static int by_size(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}

static void empty(const char *path)
{
    char name[PATH_MAX];
    DIR *folder = opendir(path);
    for (struct dirent *d; folder && (d = readdir(folder));) {
        snprintf(name, sizeof name, "%s/%s", path, d->d_name);
        if (d->d_name[0] != '.')
            unlink(name);
    }
    if (folder)
        closedir(folder);
}

/* How many images of the recording are wrong. */
static int wrong_images(int count, bool no_syncs, bool quiet)
{
    char folder[80];
    size_t *cuts = calloc((size_t)count, sizeof *cuts), at = 0;
    int wrong = 0;
    for (int i = 0; i < count; i++)
        cuts[i] = disk_below((unsigned)disk_count) + 1;
    qsort(cuts, (size_t)count, sizeof *cuts, by_size);
    snprintf(folder, sizeof folder, "%s/image", case_folder);
    mkdir(folder, 0700);
    memset(&point, 0, sizeof point);
    disk_begin();
    for (int i = 0; i < count; i++) {
        for (; at < cuts[i]; at++) {
            const struct disk_event *e = &disk_events[at];
            int64_t *to[] = { &point.begun, &point.acked, &point.lines, &point.copies };
            if (e->what == DISK_MARK)
                *to[e->file] = e->at + (e->file == COPIED);
            disk_step(at, no_syncs);
        }
        disk_image(folder);
        wrong += !look(folder, at, quiet);
        empty(folder);
    }
    rmdir(folder);
    free(cuts);
    return wrong;
}

/* ---- sentences ---- */

static void all_right(void)
{
    for (int i = 0; i < rounds; i++, seed++) {
        record(false, TRANSACTIONS);
        int wrong = wrong_images(IMAGES, false, false);
        printf("# seed %lu: %lld transactions, %lld ledger lines and %lld copies in %zu events; %d "
               "of %d images are wrong\n",
               seed, (long long)transaction, (long long)lines, (long long)copies, disk_count, wrong,
               IMAGES);
        CHECK(wrong == 0 && transaction >= TRANSACTIONS);
        empty(case_folder);
    }
}

/* The control: what the harness is worth. */
static void no_syncs(void)
{
    record(false, 100);
    int wrong = wrong_images(20, true, true);
    printf("# with syncs ignored %d of 20 images are wrong\n", wrong);
    CHECK(wrong >= 5);
}

/* The control for the page cache's pragma. */
static void spilled(void)
{
    int wrong = 0;
    for (int i = 0; i < 5 && wrong == 0; i++, seed++) { /* not every run meets it near a cut */
        record(true, 200);
        wrong = wrong_images(20, false, true);
        empty(case_folder);
    }
    printf("# SQLite %s with a cache that spills: %d of 20 images are wrong\n",
           sqlite3_libversion(), wrong);
    CHECK(wrong > 0 || sqlite3_libversion_number() > 3040001);
}

int main(int argc, char **argv)
{
    seed = (unsigned long)time(NULL);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--long") == 0)
            rounds = ROUNDS_LONG;
        else
            seed = strtoul(argv[i], NULL, 10);
    }
    log_open(LOG_OFF);
    case_run("A10 A11: after a power cut at any moment all that was acknowledged is there, nothing "
             "is there by half",
             all_right);
    case_run("A11: on a disk that ignores syncs the same images are wrong at once", no_syncs);
    case_run(
        "A11: with a cache that spills images are wrong, if this SQLite is one that loses commits",
        spilled);
    return cases_end();
}
