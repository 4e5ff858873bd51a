/* What store promises of copies, and of whose file it has before it. The codes: docs/faults.md. */
#include "spec/host/store/faulty_vfs.h"
#include "spec/host/work/jobs_case.h"

#include <sys/resource.h>
#include "store/sqlite/parts.h"

static char copy_path[96];

/* In parts: the store ends a statement after a second, which is not much for a sanitizer's build on
 * a busy machine. */
static void fill(struct store *s, int rows)
{
    enum { PART = 1000 };
    char sql[256];
    for (int from = 1; from <= rows; from += PART) {
        snprintf(sql, sizeof sql,
                 "INSERT INTO t (b) WITH RECURSIVE n(i) AS (SELECT %d UNION ALL SELECT i + 1 FROM "
                 "n WHERE i < %d) SELECT i || hex(randomblob(400)) FROM n",
                 from, rows < from + PART - 1 ? rows : from + PART - 1);
        CHECK(store_exec(s, sql) == 0 && store_commit(s) == STORE_COMMITTED);
    }
}

static struct store *full(int rows)
{
    struct store *s = case_open_table();
    char why[256] = "";
    snprintf(copy_path, sizeof copy_path, "%s/copy", case_folder);
    CHECK(store_live(s, why, sizeof why) == 0);
    fill(s, rows);
    return s;
}

static void nobody_waits(void *arg)
{
    (void)arg;
}

static int files_named_copy(void)
{
    char command[128];
    snprintf(command, sizeof command, "exit $(ls %s | grep -c ^copy)", case_folder);
    return WEXITSTATUS(system(command));
}

/* To its end; `meanwhile` is called between two steps. How many steps, or -1. */
static int to_the_end(struct store *s, struct store_copy *c, void (*meanwhile)(struct store *s),
                      char *why, size_t size)
{
    enum store_copy_state state = STORE_COPYING;
    int steps = 0;
    for (double until = case_now_ms() + 20000; case_now_ms() < until;) {
        state = store_copy_go_on(c, 1, why, size); /* as little as can be: 16 pages */
        if (state == STORE_COPIED || state == STORE_NOT_COPIED)
            break;
        steps += state == STORE_COPYING;
        if (state == STORE_COPYING && meanwhile)
            meanwhile(s);
    }
    store_copy_end(c);
    return state == STORE_COPIED ? steps : -1;
}

static int writes;

static void write_meanwhile(struct store *s)
{
    char sql[128];
    /* Old rows, which are copied already or not yet, and new ones. */
    snprintf(sql, sizeof sql, "UPDATE t SET b = 'later %d' || hex(randomblob(50)) WHERE a = %d",
             writes, 1 + writes * 37 % 5000);
    CHECK(store_exec(s, sql) == 0);
    CHECK(store_exec(s, "INSERT INTO t (b) VALUES ('new' || hex(randomblob(300)))") == 0);
    CHECK(store_commit(s) == STORE_COMMITTED);
    writes++;
}

static void in_steps(void)
{
    struct store *s = full(5000), *copy = NULL;
    char why[512] = "";
    struct stat st;
    int64_t before = case_number(s, "SELECT count(*) FROM t"),
            pages = case_number(s, "PRAGMA page_count");
    struct store_copy *c = store_copy_begin(s, copy_path, nobody_waits, NULL, why, sizeof why);
    CHECK(c);
    if (!c)
        return;
    writes = 0;
    int steps = to_the_end(s, c, write_meanwhile, why, sizeof why);
    /* 16 pages a step, and those that were added meanwhile: it never began anew. */
    CHECK(steps > 100 && steps < (pages + 2 * writes) / 16 + 20 && writes > 100);
    CHECK(stat(copy_path, &st) == 0 && (st.st_mode & 0777) == 0600 && files_named_copy() == 1);
    int64_t rows = case_number(s, "SELECT count(*) FROM t");
    store_close(s);
    sqlite3 *db = NULL;
    sqlite3_stmt *mode = NULL;
    CHECK(sqlite3_open_v2(copy_path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
    CHECK(sqlite3_prepare_v2(db, "PRAGMA journal_mode", -1, &mode, NULL) == SQLITE_OK);
    CHECK(sqlite3_step(mode) == SQLITE_ROW);
    CHECK(strcmp((const char *)sqlite3_column_text(mode, 0), "delete") == 0);
    sqlite3_finalize(mode);
    sqlite3_close(db);
    CHECK(files_named_copy() == 1);
    CHECK(store_open(&copy, copy_path, why, sizeof why) == STORE_OPENED && case_sound(copy));
    int64_t there = case_number(copy, "SELECT count(*) FROM t");
    CHECK(there >= before && there <= rows && there > before + 50);
    store_close(copy);
}

static void short_steps(void)
{
    struct store *s = full(20000);
    char why[512] = "";
    int long_ones = 0;
    enum store_copy_state state = STORE_COPYING;
    struct store_copy *c = store_copy_begin(s, copy_path, nobody_waits, NULL, why, sizeof why);
    while (c && (state == STORE_COPYING || state == STORE_CHECKING)) {
        double began = case_now_ms();
        state = store_copy_go_on(c, 1500000, why, sizeof why);
        long_ones += case_now_ms() - began >= 50;
        if (state == STORE_CHECKING)
            usleep(1000);
    }
    CHECK(state == STORE_COPIED && long_ones <= 1); /* one: the machine's own */
    store_copy_end(c);
    store_close(s);
}

static bool refused_with(struct store *s, const char *to, const char *word)
{
    char why[512] = "";
    struct store_copy *c = store_copy_begin(s, to, nobody_waits, NULL, why, sizeof why);
    bool fine = !c && strstr(why, word) && strstr(why, case_folder) && !strchr(why, '\n');
    if (!fine)
        printf("# %s\n", why);
    store_copy_end(c);
    return fine;
}

static void nobody_copies(void)
{
    char why[512] = "";
    struct store *s = case_open_table();
    snprintf(copy_path, sizeof copy_path, "%s/shut/copy", case_folder);
    chmod(case_folder, 0755);
    if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
        _exit(9);
    struct store_copy *c = store_copy_begin(s, copy_path, nobody_waits, NULL, why, sizeof why);
    _exit(!c && strstr(why, "may write") ? 0 : 1);
}

static void refused_targets(void)
{
    struct store *s = full(10);
    char path[160], command[256];
    snprintf(command, sizeof command,
             "echo kept > %s; mkdir -m 0500 %s/shut; ln -s /nowhere/x %s/dangling", copy_path,
             case_folder, case_folder);
    case_shell(command);
    CHECK(refused_with(s, copy_path, "exists already"));
    CHECK(refused_with(s, case_folder, "is a folder"));
    CHECK(refused_with(s, case_db, "exists already"));
    snprintf(path, sizeof path, "%s/nowhere/copy", case_folder);
    CHECK(refused_with(s, path, "create it"));
    snprintf(path, sizeof path, "%s/dangling", case_folder);
    CHECK(refused_with(s, path, "exists already"));
    snprintf(command, sizeof command, "grep -q kept %s", copy_path);
    case_shell(command);
    store_close(s);
    CHECK(case_child(nobody_copies) == 0);
}

static void disk_full_child(void)
{
    struct store *s = full(3000);
    char why[512] = "";
    const struct rlimit limit = { 300000, 300000 };
    signal(SIGXFSZ, SIG_IGN);
    struct store_copy *c = store_copy_begin(s, copy_path, nobody_waits, NULL, why, sizeof why);
    setrlimit(RLIMIT_FSIZE, &limit);
    int steps = c ? to_the_end(s, c, NULL, why, sizeof why) : 0;
    if (!(steps == -1 && strstr(why, "the incomplete copy was removed") &&
          files_named_copy() == 0 && store_healthy(s) &&
          case_number(s, "SELECT count(*) FROM t") == 3000)) {
        printf("# %d %s\n", steps, why);
        fflush(stdout);
        _exit(1);
    }
}

static void disk_full(void)
{
    CHECK(case_child(disk_full_child) == 0);
}

static void given_up(void)
{
    struct store *s = full(2000);
    char why[512] = "";
    struct store_copy *c = store_copy_begin(s, copy_path, nobody_waits, NULL, why, sizeof why);
    CHECK(c && store_copy_go_on(c, 1, why, sizeof why) == STORE_COPYING && files_named_copy() == 1);
    store_copy_end(c);
    CHECK(files_named_copy() == 0);
    /* What a killed process has left does not stand in the way. */
    char command[160];
    snprintf(command, sizeof command, "echo half > %s.part", copy_path);
    case_shell(command);
    c = store_copy_begin(s, copy_path, nobody_waits, NULL, why, sizeof why);
    CHECK(c && to_the_end(s, c, NULL, why, sizeof why) > 0 && files_named_copy() == 1);
    store_close(s);
}

/* Begins a copy of s and takes it to its check. */
static struct store_copy *at_its_check(struct store *s, char *why, size_t size)
{
    struct store_copy *c = store_copy_begin(s, copy_path, nobody_waits, NULL, why, size);
    while (c && store_copy_go_on(c, 100000000, why, size) == STORE_COPYING)
        continue;
    return c;
}

static void checked_no_longer(void)
{
    struct store *s = full(4000);
    char why[512] = "";
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);
    faulty_install();
    faulty_slow = 200;
    struct store_copy *c = at_its_check(s, why, sizeof why);
    double began = case_now_ms();
    CHECK(c && to_the_end(s, c, NULL, why, sizeof why) >= 0 && files_named_copy() == 1);
    double check = case_now_ms() - began;
    unlink(copy_path);
    c = at_its_check(s, why, sizeof why);
    began = case_now_ms();
    store_copy_end(c);
    double end = case_now_ms() - began;
    printf("# a check of %.0f ms was called off in %.0f\n", check, end);
    CHECK(c && files_named_copy() == 0 && end < check / 4);
    faulty_slow = 0;
    sqlite3_vfs_register(real, 1);
    store_close(s);
}

static void meddle(struct store *s)
{
    sqlite3 *db = NULL;
    (void)s;
    sqlite3_open(case_db, &db);
    sqlite3_busy_timeout(db, 1000);
    sqlite3_exec(db, "PRAGMA synchronous=OFF", NULL, NULL, NULL);
    sqlite3_exec(db, "UPDATE t SET b = 'operator' WHERE a = 3", NULL, NULL, NULL);
    sqlite3_close(db);
}

static void meddled(void)
{
    struct store *s = full(2000);
    char why[512] = "";
    struct store_copy *c = store_copy_begin(s, copy_path, nobody_waits, NULL, why, sizeof why);
    CHECK(c && to_the_end(s, c, meddle, why, sizeof why) == -1 && strstr(why, "another program"));
    CHECK(files_named_copy() == 0);
    store_close(s);
}

/* ---- whose file it is ---- */

/* As after kill -9: the files stay as they are. */
static void leave_log_child(void)
{
    char why[256];
    struct store *s = case_open_table();
    if (store_live(s, why, sizeof why) != 0)
        _exit(1);
    fill(s, 200);
    fill(s, 1);
    _exit(0);
}

static enum store_open_result opened(char *why, size_t size, int64_t *rows)
{
    struct store *s = NULL;
    enum store_open_result result = store_open(&s, case_db, why, size);
    if (s && rows)
        *rows = case_sound(s) ? case_number(s, "SELECT count(*) FROM t") : -1;
    store_close(s);
    return result;
}

static void foreign_log(void)
{
    char command[600], why[1024] = "";
    int64_t rows = 0;
    CHECK(case_child(leave_log_child) == 0);
    snprintf(command, sizeof command, "cd %s && mkdir other && cp db.sqlite-wal other/",
             case_folder);
    case_shell(command);
    CHECK(opened(why, sizeof why, &rows) == STORE_OPENED && rows == 201);
    snprintf(command, sizeof command, "cd %s && rm -f db.sqlite*", case_folder);
    case_shell(command);
    struct store *s = case_open_table();
    CHECK(store_live(s, why, sizeof why) == 0);
    fill(s, 7);
    store_close(s);
    for (int with_lock = 1; with_lock >= 0; with_lock--) {
        snprintf(command, sizeof command,
                 "cd %s && cp other/db.sqlite-wal db.sqlite-wal && %s && cp db.sqlite before",
                 case_folder, with_lock ? "true" : "rm db.sqlite.lock");
        case_shell(command);
        CHECK(opened(why, sizeof why, NULL) == STORE_UNUSABLE &&
              strstr(why, "belongs to another database") && !strchr(why, '\n'));
        snprintf(command, sizeof command,
                 "cd %s && cmp db.sqlite before && cmp db.sqlite-wal other/db.sqlite-wal",
                 case_folder);
        CHECK(system(command) == 0);
    }
    snprintf(command, sizeof command, "rm %s-wal", case_db);
    case_shell(command);
    CHECK(opened(why, sizeof why, &rows) == STORE_OPENED && rows == 7);
}

static void restored_over_log(void)
{
    char command[600], why[1024] = "";
    int64_t rows = 0;
    struct store *s = full(50);
    CHECK(store_backup(s, copy_path, false, why, sizeof why) == 0);
    store_close(s);
    CHECK(case_child(leave_log_child) == 0);
    snprintf(command, sizeof command, "cp %s %s", copy_path, case_db);
    case_shell(command);
    CHECK(opened(why, sizeof why, NULL) == STORE_UNUSABLE && strstr(why, "restored") &&
          strstr(why, "-wal"));
    snprintf(command, sizeof command, "rm %s-wal %s-shm", case_db, case_db);
    case_shell(command);
    CHECK(opened(why, sizeof why, &rows) == STORE_OPENED && rows == 50);
}

static void killed_child(void)
{
    char why[256];
    struct store *s = case_open_table();
    store_live(s, why, sizeof why);
    for (int i = 0;; i++) {
        fill(s, 20);
        if (i % 5 == 0)
            sqlite3_wal_checkpoint_v2(store_db(s), NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    }
}

/* Own logs are never taken for somebody else's. */
static void own_log(void)
{
    srand(11);
    for (int round = 0; round < 25; round++) {
        char why[1024] = "";
        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0) {
            log_open(LOG_OFF);
            killed_child();
        }
        struct timespec pause = { 0, (long)(rand() % 30) * 1000000 };
        nanosleep(&pause, NULL);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        struct store *s = NULL;
        if (access(case_db, F_OK) != 0)
            continue;
        CHECK(store_open(&s, case_db, why, sizeof why) == STORE_OPENED && case_sound(s) &&
              !store_strange(s));
        if (why[0])
            printf("# %s\n", why);
        store_close(s);
    }
}

static void not_charged(void)
{
    char command[600], why[512] = "";
    struct job out[4] = { 0 };
    up();
    CHECK(store_live(store, why, sizeof why) == 0);
    lane_put("a", "old");
    commit();
    snprintf(copy_path, sizeof copy_path, "%s/copy", case_folder);
    CHECK(store_backup(store, copy_path, false, why, sizeof why) == 0);
    down();
    on_cpu = "old";
    CHECK(case_child(dies_child) == -SIGKILL);
    /* Its page names the job of that id; in the restored copy the crash is not its. */
    snprintf(command, sizeof command, "cp %s %s && rm -f %s-wal %s-shm", copy_path, case_db,
             case_db, case_db);
    case_shell(command);
    up();
    CHECK(store_strange(store) && !jobs_after_crash(jobs));
    CHECK(claim(out, 4) == 1 && out[0].crashes == 0);
    job_free(&out[0]);
    commit();
    down();
}

static void newer_untouched(void)
{
    static const char *const steps[] = { "CREATE TABLE a (x)", "CREATE TABLE b (x)" };
    char command[300], why[1024] = "";
    struct store *s = case_open();
    CHECK(store_migrate(s, "scripts", steps, 2, why, sizeof why) == 0 &&
          store_live(s, why, sizeof why) == 0);
    store_close(s);
    snprintf(command, sizeof command,
             "cd %s && cp -p db.sqlite before && stat -c %%y db.sqlite > m", case_folder);
    case_shell(command);
    s = case_open();
    CHECK(store_known(s, "scripts", 2, why, sizeof why) == 0 && !why[0]);
    CHECK(store_known(s, "scripts", 1, why, sizeof why) == -1);
    CHECK(strstr(why, "newer"));
    CHECK(strstr(why, case_db));
    CHECK(!strchr(why, '\n'));
    store_close(s);
    snprintf(command, sizeof command,
             "cd %s && cmp db.sqlite before && [ \"$(stat -c %%y db.sqlite)\" = \"$(cat m)\" ]",
             case_folder);
    CHECK(system(command) == 0);
}

static void named_copy(void)
{
    char why[1024] = "";
    struct store *s = full(10);
    CHECK(store_backup(s, copy_path, false, why, sizeof why) == 0);
    store_note_copy(s, copy_path, 1784000000000);
    store_close(s);
    CHECK(truncate(case_db, 0) == 0);
    CHECK(opened(why, sizeof why, NULL) == STORE_UNUSABLE && strstr(why, copy_path) &&
          strstr(why, "2026-07-14 03:33 UTC"));
    unlink(copy_path);
    CHECK(opened(why, sizeof why, NULL) == STORE_UNUSABLE && !strstr(why, copy_path) &&
          strstr(why, "assistant backup"));
}

/* ---- the clock ---- */

static int64_t run_at_of(const char *payload)
{
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT run_at FROM jobs WHERE payload = x'%02x'", payload[0]);
    return case_number(store, sql);
}

static void clock_set_back(void)
{
    enum { DAY = 86400000 };
    const int64_t wall = 1784000000000, mono = 5000000;
    up();
    CHECK(jobs_clock(jobs, mono, wall) == 0);
    put("work", "turn", NULL, "d", wall + 4000, false);        /* a debounce */
    put("work", "turn", NULL, "w", wall + 600000, false);      /* a backoff that waits its turn */
    put("work", NULL, NULL, "e", wall + 3600000, false);       /* each hour */
    put("work", NULL, NULL, "r", wall + 5LL * 3600000, false); /* a reminder */
    put("work", NULL, NULL, "p", wall - 10, false);            /* due already */
    commit();
    CHECK(jobs_clock(jobs, mono + 1000, wall + 1000) == 0 && !store_dirty(store));
    CHECK(jobs_clock(jobs, mono + 2000, wall + 2000 - DAY) == 0 && store_dirty(store));
    lose(); /* and it is found again */
    CHECK(run_at_of("d") == wall + 4000);
    CHECK(jobs_clock(jobs, mono + 2500, wall + 2500 - DAY) == 0);
    CHECK(commit() == STORE_COMMITTED);
    for (int again = 0; again < 2; again++) {
        CHECK(jobs_clock(jobs, mono + 3000 + again, wall + 3000 + again - DAY) == 0);
        commit();
        CHECK(run_at_of("d") == wall + 4000 - DAY);
        CHECK(run_at_of("w") == wall + 600000 - DAY);
        CHECK(run_at_of("e") == wall + 3600000 - DAY);
        CHECK(run_at_of("r") == wall + 5LL * 3600000);
    }
    CHECK(jobs_next_due(jobs, "work") == wall - 10 - DAY || run_at_of("p") == wall - 10 - DAY);
    CHECK(jobs_clock(jobs, mono + 4000, wall + 4000) == 0 && !store_dirty(store)); /* right again */
    CHECK(run_at_of("d") == wall + 4000 - DAY);
    down();
}

int main(void)
{
    log_open(LOG_OFF);
    case_run("H9: a copy in steps of 16 pages holds all that was committed before it began; writes "
             "meanwhile do not begin it anew",
             in_steps);
    case_run("H9: no step of a copy takes 50 ms", short_steps);
    case_run("H9: a copy goes only to a new file in a folder that can be written, and says so",
             refused_targets);
    case_run("H9, A12: of a copy that met a full disk nothing is left, and the database goes on",
             disk_full);
    case_run("H9: of a copy that was stopped nothing is left; a killed one's rest is no obstacle",
             given_up);
    case_run("A23, H9: who stops does not wait for the check of a large copy", checked_no_longer);
    case_run("H9: a copy that another program begins anew again and again is stopped", meddled);
    case_run("A18: the log of another database is refused, and both files stay as they are",
             foreign_log);
    case_run("A18, H9: a copy restored beside the old log is refused, and opens once that is away",
             restored_over_log);
    case_run("A10, A18: after kill -9 at any time a database knows its own log", own_log);
    case_run("A30: a crash is not charged to the jobs of a restored copy", not_charged);
    case_run("A22: looking at a newer schema changes no byte and no time of the file",
             newer_untouched);
    case_run("A17: a database that lost its content names the newest copy that is still there",
             named_copy);
    case_run("A29: a clock set back by a day moves what was to run within the hour, once, and no "
             "appointment",
             clock_set_back);
    return cases_end();
}
