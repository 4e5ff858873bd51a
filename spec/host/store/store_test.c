/* What store promises of the group. The codes: docs/faults.md. */
#include "spec/host/store/store_case.h"
#include "spec/host/store/faulty_vfs.h"

#include <sys/resource.h>
#include "store/sqlite/parts.h"

/* Another program with the database, as an operator's command line would be. */
static sqlite3 *stranger(const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_open(case_db, &db);
    CHECK(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
    return db;
}

static void group(void)
{
    struct store *s = case_open_table();
    uint64_t number = store_group(s);
    CHECK(store_commit(s) == STORE_NOTHING && !store_dirty(s));
    CHECK(case_number(s, "SELECT count(*) FROM t") == 0 && !store_dirty(s));
    CHECK(store_exec(s, "INSERT INTO t VALUES (1, 'one')") == 0 && store_dirty(s));
    CHECK(store_exec(s, "INSERT INTO t VALUES (2, 'two')") == 0);
    sqlite3 *other = stranger("SELECT 1");
    CHECK(sqlite3_exec(other, "INSERT INTO t VALUES (9, 'other')", NULL, NULL, NULL) ==
          SQLITE_BUSY);
    CHECK(store_group(s) == number);
    CHECK(store_commit(s) == STORE_COMMITTED && store_group(s) == number + 1 && !store_dirty(s));
    CHECK(sqlite3_exec(other, "INSERT INTO t VALUES (9, 'other')", NULL, NULL, NULL) == SQLITE_OK);
    sqlite3_close(other);
    CHECK(store_figures(s).commits == 1 && store_healthy(s));
    store_close(s);
    s = case_open();
    CHECK(case_number(s, "SELECT count(*) FROM t") == 3);
    store_close(s);
}

static void close_undoes(void)
{
    struct store *s = case_open_table();
    store_exec(s, "INSERT INTO t VALUES (1, 'one')");
    store_close(s);
    s = case_open();
    CHECK(case_number(s, "SELECT count(*) FROM t") == 0);
    store_close(s);
}

static void statement_error(void)
{
    struct store *s = case_open_table();
    CHECK(store_exec(s, "INSERT INTO t VALUES (1, 'one')") == 0);
    CHECK(store_exec(s, "INSERT INTO t VALUES (1, 'again')") == STORE_TAKEN);
    CHECK(!store_lost(s) && strstr(store_error(s), "UNIQUE"));
    CHECK(store_exec(s, "INSERT INTO t VALUES (2, 'two')") == 0);
    CHECK(store_commit(s) == STORE_COMMITTED && case_number(s, "SELECT count(*) FROM t") == 2);
    store_close(s);
}

static void whole_group_undone(void)
{
    struct store *s = case_open_table();
    uint64_t number = store_group(s);
    store_exec(s, "INSERT INTO t VALUES (1, 'one')");
    CHECK(store_exec(s, "INSERT OR ROLLBACK INTO t VALUES (1, 'undo')") == STORE_TAKEN);
    CHECK(store_lost(s) && store_group(s) == number);
    CHECK(store_exec(s, "INSERT INTO t VALUES (3, 'alone')") == STORE_UNDONE);
    CHECK(case_number(s, "SELECT count(*) FROM t") == -1);
    CHECK(store_savepoint(s) == STORE_UNDONE && store_release(s) == STORE_UNDONE &&
          store_rollback(s) == STORE_UNDONE);
    CHECK(store_commit(s) == STORE_LOST);
    CHECK(store_group(s) == number + 1);
    CHECK(!store_lost(s));
    CHECK(!store_healthy(s));
    CHECK(case_number(s, "SELECT count(*) FROM t") == 0);
    store_exec(s, "INSERT INTO t VALUES (4, 'four')");
    CHECK(store_commit(s) == STORE_COMMITTED && store_healthy(s));
    store_close(s);
}

static void full_mid_group(void)
{
    struct store *s = case_open_table();
    CHECK(sqlite3_exec(store_db(s), "PRAGMA cache_size=4; PRAGMA cache_spill=4", NULL, NULL,
                       NULL) == SQLITE_OK);
    CHECK(store_exec(s, "INSERT INTO t VALUES (1, 'first')") == 0);
    faulty_room = 20000;
    CHECK(store_exec(s, "INSERT INTO t (b) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
                        "FROM n WHERE i < 500) "
                        "SELECT i || hex(zeroblob(500)) FROM n") == STORE_FULL);
    CHECK(store_lost(s));
    CHECK(store_exec(s, "INSERT INTO t VALUES (3, 'third')") == STORE_UNDONE);
    CHECK(store_commit(s) == STORE_LOST && !store_healthy(s));
    CHECK(case_number(s, "SELECT count(*) FROM t") == 0);
    faulty_room = 0;
    store_probe(s);
    CHECK(!store_healthy(s) && !store_lost(s) && !store_dirty(s));
    faulty_room = -1;
    store_probe(s);
    CHECK(store_healthy(s) && case_sound(s));
    store_close(s);
}

static void full_at_commit(void)
{
    struct store *s = case_open_table();
    store_exec(s, "INSERT INTO t VALUES (1, 'before')");
    CHECK(store_commit(s) == STORE_COMMITTED);
    store_exec(s, "INSERT INTO t VALUES (2, 'lost')");
    faulty_room = 0;
    CHECK(store_commit(s) == STORE_LOST && !store_healthy(s) && store_figures(s).lost == 1);
    faulty_room = -1;
    CHECK(store_exec(s, "INSERT INTO t VALUES (3, 'after')") == 0 &&
          store_commit(s) == STORE_COMMITTED && store_healthy(s));
    CHECK(case_number(s, "SELECT sum(a) FROM t") == 4);
    store_close(s);
}

static void file_limit_child(void)
{
    signal(SIGXFSZ, SIG_IGN);
    struct store *s = case_open_table();
    struct rlimit limit = { 100000, RLIM_INFINITY };
    setrlimit(RLIMIT_FSIZE, &limit);
    int lost = 0;
    for (int i = 0; i < 60 && !lost; i++) {
        CHECK(store_exec(s, "INSERT INTO t (b) VALUES (hex(randomblob(2000)))") == 0);
        lost = store_commit(s) == STORE_LOST;
    }
    CHECK(lost && !store_healthy(s));
    store_exec(s, "INSERT INTO t (b) VALUES (hex(randomblob(90000)))");
    CHECK(store_commit(s) == STORE_LOST);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){ RLIM_INFINITY, RLIM_INFINITY });
    store_probe(s);
    CHECK(store_healthy(s) && case_sound(s));
    store_close(s);
    _exit(!case_fine);
}

static void file_limit(void)
{
    CHECK(case_child(file_limit_child) == 0);
}

static void sync_fails_child(void)
{
    struct store *s = case_open_table();
    store_exec(s, "INSERT INTO t VALUES (1, 'one')");
    faulty_sync = SQLITE_IOERR_FSYNC;
    store_commit(s);
}

static void read_fails_child(void)
{
    struct store *s = case_open_table();
    store_exec(s, "INSERT INTO t VALUES (1, 'one')");
    store_commit(s);
    store_close(s);
    s = case_open();
    sqlite3_exec(store_db(s), "PRAGMA shrink_memory", NULL, NULL, NULL);
    faulty_read = SQLITE_IOERR_READ;
    case_number(s, "SELECT b FROM t");
}

static void broken_disk(void)
{
    char wal[80];
    CHECK(case_child(sync_fails_child) == STORE_UNUSABLE);
    snprintf(wal, sizeof wal, "%s-wal", case_db);
    unlink(case_db);
    unlink(wal);
    CHECK(case_child(read_fails_child) == STORE_UNUSABLE);
}

static void savepoints(void)
{
    struct store *s = case_open_table();
    CHECK(store_savepoint(s) == 0 && store_depth(s) == 1);
    store_exec(s, "INSERT INTO t VALUES (1, 'kept')");
    CHECK(store_savepoint(s) == 0 && store_depth(s) == 2);
    store_exec(s, "INSERT INTO t VALUES (2, 'inner')");
    CHECK(store_rollback(s) == 0 && store_depth(s) == 1);
    store_exec(s, "INSERT INTO t VALUES (3, 'kept too')");
    CHECK(store_release(s) == 0 && store_depth(s) == 0);
    CHECK(store_release(s) == STORE_MISUSE);
    CHECK(store_commit(s) == STORE_COMMITTED && case_number(s, "SELECT sum(a) FROM t") == 4);
    CHECK(store_savepoint(s) == 0 && store_commit(s) == STORE_NOTHING && store_depth(s) == 0);
    store_close(s);
}

static void statements(void)
{
    struct store *s = case_open_table();
    const char *error = NULL, sql[] = "SELECT b FROM t WHERE a = ?";
    struct store_statement *one = store_prepare(s, sql, strlen(sql), &error),
                           *two = store_prepare(s, sql, strlen(sql), &error);
    CHECK(one && two && one != two);
    store_done(s, one);
    CHECK(store_prepare(s, sql, strlen(sql), &error) == one);
    store_done(s, one);
    store_done(s, two);
    static const char *const refused[] = { "COMMIT",
                                           "SAVEPOINT x",
                                           "BEGIN",
                                           "ROLLBACK",
                                           "ATTACH 'x' AS y",
                                           "PRAGMA journal_mode=DELETE",
                                           "SELECT 1; SELECT 2",
                                           "",
                                           " -- nothing",
                                           "SELEC 1" };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        error = NULL;
        CHECK(!store_prepare(s, refused[i], strlen(refused[i]), &error) && error);
    }
    CHECK(!store_prepare(s, "SELECT 1\0 2", 11, &error));
    CHECK(case_number(s, "SELECT 7; -- and a word\n /* more */ ;") == 7);
    struct store_statement *out[300];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 300; i++) {
            char text[64];
            int len = snprintf(text, sizeof text, "SELECT %d", i);
            out[i] = store_prepare(s, text, (size_t)len, &error);
            CHECK(out[i] && store_step(s, out[i]) == STORE_ROW &&
                  store_column_integer(out[i], 0) == i);
            if (round)
                store_done(s, out[i]);
        }
        for (int i = 0; i < 300 && !round; i++)
            store_done(s, out[i]);
    }
    store_close(s);
}

static void endless_statement(void)
{
    struct store *s = case_open_table();
    double began = case_now_ms();
    CHECK(store_exec(s, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT "
                        "count(*) FROM n") == STORE_STOPPED);
    CHECK(case_now_ms() - began < 1900 && !store_lost(s));
    store_close(s);
}

static void external_writer(void)
{
    struct store *s = case_open_table();
    sqlite3 *other = stranger("BEGIN IMMEDIATE; INSERT INTO t VALUES (5, 'operator')");
    double began = case_now_ms();
    for (int i = 0; i < 50; i++)
        CHECK(store_exec(s, "INSERT INTO t VALUES (1, 'one')") == STORE_BUSY);
    CHECK(case_now_ms() - began < 250);
    CHECK(!store_lost(s));
    CHECK(!store_dirty(s));
    CHECK(strstr(store_error(s), "lock"));
    CHECK(store_commit(s) == STORE_NOTHING && case_number(s, "SELECT count(*) FROM t") == 0);
    sqlite3_exec(other, "COMMIT", NULL, NULL, NULL);
    sqlite3_close(other);
    int rc = STORE_BUSY;
    for (began = case_now_ms(); rc == STORE_BUSY && case_now_ms() - began < 1000;)
        rc = store_exec(s, "INSERT INTO t VALUES (1, 'one')");
    CHECK(rc == 0 && store_commit(s) == STORE_COMMITTED && store_healthy(s));
    store_close(s);
}

static void begun_early(void)
{
    struct store *s = case_open_table();
    CHECK(store_begin(s) && !store_dirty(s) && store_commit(s) == STORE_NOTHING);
    sqlite3 *other = stranger("BEGIN IMMEDIATE");
    double began = case_now_ms();
    for (int i = 0; i < 100; i++)
        CHECK(!store_begin(s));
    CHECK(case_now_ms() - began < 100 && store_healthy(s) && strstr(store_error(s), "lock"));
    sqlite3_exec(other, "COMMIT", NULL, NULL, NULL);
    CHECK(store_begin(s) && store_exec(s, "INSERT INTO t VALUES (1, 'one')") == 0 &&
          store_dirty(s));
    CHECK(sqlite3_exec(other, "INSERT INTO t VALUES (2, 'two')", NULL, NULL, NULL) == SQLITE_BUSY);
    CHECK(store_commit(s) == STORE_COMMITTED && case_number(s, "SELECT count(*) FROM t") == 1);
    sqlite3_close(other);
    store_close(s);
}

static int64_t wal_size(void)
{
    char path[160];
    struct stat st;
    snprintf(path, sizeof path, "%s-wal", case_db);
    return stat(path, &st) == 0 ? (int64_t)st.st_size : -1;
}

static void fill_wal(struct store *s, int groups)
{
    for (int i = 0; i < groups; i++) {
        CHECK(store_exec(s,
                         "REPLACE INTO t SELECT value, hex(randomblob(1000)) FROM (WITH "
                         "RECURSIVE n(value) AS (SELECT 1 UNION ALL "
                         "SELECT value + 1 FROM n WHERE value < 800) SELECT value FROM n)") == 0);
        CHECK(store_commit(s) == STORE_COMMITTED);
        store_bound(s);
    }
}

static void wal_bounded(void)
{
    struct store *s = case_open_table();
    fill_wal(s, 60);
    CHECK(wal_size() > 0 && wal_size() <= 64 << 20 && store_figures(s).checkpoints > 0);
    sqlite3 *reader = stranger("BEGIN; SELECT count(*) FROM t");
    fill_wal(s, 60);
    CHECK(wal_size() > 64 << 20);
    sqlite3_close(reader);
    struct timespec pause = { 1, 100000000 };
    nanosleep(&pause, NULL); /* the store does not try again sooner after a reader was in the way */
    store_bound(s);
    fill_wal(s, 1);
    CHECK(wal_size() <= 64 << 20);
    while (store_idle(s))
        continue;
    store_close(s);
    CHECK(wal_size() == -1);
}

/* Groups as a busy service makes them; the log is looked at after each. */
static void a_million(void)
{
    enum { GROUPS = 1000, ROWS = 1000 };
    struct store *s = case_open_table();
    int64_t largest = 0;
    double first = 0, last = 0;
    for (int i = 0; i < GROUPS; i++) {
        double began = case_now_ms();
        char sql[256];
        snprintf(sql, sizeof sql,
                 "INSERT INTO t (b) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                 "WHERE i < %d) SELECT printf('%%08d a couch', %d + i) FROM n",
                 ROWS, i * ROWS);
        CHECK(store_exec(s, sql) == 0 && store_commit(s) == STORE_COMMITTED);
        store_bound(s);
        double took = case_now_ms() - began;
        first += i < GROUPS / 10 ? took : 0;
        last += i >= GROUPS - GROUPS / 10 ? took : 0;
        largest = wal_size() > largest ? wal_size() : largest;
    }
    CHECK(case_number(s, "SELECT max(a) FROM t") == GROUPS * ROWS && largest <= 64 << 20);
    printf("# log at most %lld MB; a thousand rows %.1f ms at first, %.1f ms at the end\n",
           (long long)(largest >> 20), first / (GROUPS / 10), last / (GROUPS / 10));
    store_close(s);
}

static void quiet_checkpoint(void)
{
    struct store *s = case_open_table();
    CHECK(!store_idle(s));
    fill_wal(s, 4);
    uint64_t before = store_figures(s).checkpoints;
    double began = case_now_ms();
    store_exec(s, "DELETE FROM t WHERE a = 1");
    store_commit(s);
    bool did = store_idle(s); /* a commit was just now: more may come */
    CHECK(!did || case_now_ms() - began > 40);
    before += did;
    struct timespec pause = { 0, 60000000 };
    nanosleep(&pause, NULL);
    CHECK(store_idle(s) != did && store_figures(s).checkpoints == before + !did && !store_idle(s));
    store_close(s);
}

enum { KILL_GROUP = 7 };
static int kill_pipe[2];

static void killed_child(void)
{
    struct store *s = case_open_table();
    for (int64_t n = case_number(s, "SELECT count(*) FROM t");;) {
        for (int i = 0; i < KILL_GROUP; i++, n++)
            store_exec(s, "INSERT INTO t (b) VALUES (hex(randomblob(600)))");
        if (store_commit(s) == STORE_COMMITTED && write(kill_pipe[1], &n, sizeof n) != sizeof n)
            _exit(1);
        store_bound(s);
        if (n % 210 == 0)
            sqlite3_wal_checkpoint_v2(store_db(s), NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    }
}

static void killed(void)
{
    int64_t told = 0;
    srand(7);
    for (int round = 0; round < 15; round++) {
        CHECK(pipe(kill_pipe) == 0);
        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0) {
            log_open(LOG_OFF);
            killed_child();
        }
        close(kill_pipe[1]);
        for (int reads = rand() % 60; reads >= 0; reads--)
            if (read(kill_pipe[0], &told, sizeof told) != sizeof told)
                break;
        kill(pid, SIGKILL);
        while (read(kill_pipe[0], &told, sizeof told) == sizeof told)
            continue;
        close(kill_pipe[0]);
        waitpid(pid, NULL, 0);
        struct store *s = case_open();
        int64_t rows = case_number(s, "SELECT count(*) FROM t");
        CHECK(case_sound(s) && rows >= told && rows % KILL_GROUP == 0);
        store_close(s);
    }
}

static void in_memory(void)
{
    struct store *s = NULL;
    char why[256] = "";
    CHECK(store_open(&s, NULL, why, sizeof why) == STORE_OPENED && !store_path(s) &&
          store_in_place(s));
    store_exec(s, "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)");
    store_exec(s, "INSERT INTO t VALUES (1, 'one')");
    CHECK(store_commit(s) == STORE_COMMITTED && !store_idle(s));
    store_bound(s);
    store_close(s);
}

int main(void)
{
    log_open(LOG_OFF);
    faulty_install();
    case_run("writes between two commits are one transaction, and a commit makes them everyone's",
             group);
    case_run("closing undoes what was not committed", close_undoes);
    case_run("a statement that fails undoes itself and not the group", statement_error);
    case_run(
        "A13: what comes after SQLite undid the group is refused, and the group is lost as a whole",
        whole_group_undone);
    case_run("A13: a disk that is full mid-group stores nothing of the group, and heals without a "
             "restart",
             full_mid_group);
    case_run("A12: a disk that is full at the commit loses that group alone", full_at_commit);
    case_run("A28: a file size limit is a full disk and no death", file_limit);
    case_run("A14: a failed sync or read ends the process with exit code 3", broken_disk);
    case_run("savepoints nest, roll back alone and end with their group", savepoints);
    case_run("statements are kept by their text, never shared, and may not touch the transaction",
             statements);
    case_run("a statement that does not end is interrupted", endless_statement);
    case_run("A19: asking for the lock a hundred times does not wait for it, and then it is had",
             begun_early);
    case_run("A19: a lock held elsewhere fails fast, and work resumes", external_writer);
    case_run(
        "A20, H10: the write-ahead log stays under 64 MB, and comes back to it after a long reader",
        wal_bounded);
    case_run("H10: a million rows in a thousand groups never make the log longer than 64 MB",
             a_million);
    case_run("a checkpoint waits for a quiet moment", quiet_checkpoint);
    case_run("A1, A10: after kill -9 every acknowledged group is there, and none by half", killed);
    case_run("a database in memory works the same", in_memory);
    return cases_end();
}
