/* What store promises of its files. The codes: docs/faults.md. */
#include "store/sqlite/parts.h"

#include "spec/host/store/store_case.h"

static void lock_held(void)
{
    struct store *s = case_open_table(), *second = NULL;
    char why[512] = "", link[160];
    double began = case_now_ms();
    CHECK(store_open(&second, case_db, why, sizeof why) == STORE_IN_USE && !second);
    CHECK(strstr(why, "another assistant is using") && case_now_ms() - began < 2000);
    snprintf(link, sizeof link, "%s/other-name", case_folder);
    CHECK(symlink(case_db, link) == 0 &&
          store_open(&second, link, why, sizeof why) == STORE_IN_USE);
    store_exec(s, "INSERT INTO t VALUES (1, 'one')");
    CHECK(store_commit(s) == STORE_COMMITTED);
    store_close(s);
    CHECK(store_open(&second, link, why, sizeof why) == STORE_OPENED);
    store_close(second);
}

static void only_ours(void)
{
    umask(0);
    struct store *s = case_open_table();
    store_exec(s, "INSERT INTO t VALUES (1, 'one')");
    store_commit(s);
    static const char *const names[] = { "", "-wal", "-shm", ".lock" };
    for (size_t i = 0; i < 4; i++) {
        char path[160];
        struct stat st;
        snprintf(path, sizeof path, "%s%s", case_db, names[i]);
        CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
    }
    umask(022);
    store_close(s);
}

static void newer_schema(void)
{
    static const char *const steps[] = { "CREATE TABLE a (x)",
                                         "CREATE TABLE b (x); INSERT INTO b VALUES (1)",
                                         "CREATE TABLE c (x)" };
    struct store *s = case_open();
    char why[512] = "", path[160];
    struct stat st;
    CHECK(store_migrate(s, "scripts", steps, 2, why, sizeof why) == 0 &&
          case_number(s, "PRAGMA user_version") == 2);
    snprintf(path, sizeof path, "%s.before-step-1", case_db);
    CHECK(stat(path, &st) != 0);
    store_close(s);
    s = case_open();
    CHECK(store_migrate(s, "scripts", steps, 2, why, sizeof why) == 0);
    CHECK(store_migrate(s, "scripts", steps, 1, why, sizeof why) == -1 &&
          strstr(why, "newer than this program"));
    snprintf(path, sizeof path, "%s.before-step-3", case_db);
    CHECK(stat(path, &st) != 0);
    CHECK(store_migrate(s, "scripts", steps, 3, why, sizeof why) == 0 && stat(path, &st) == 0 &&
          (st.st_mode & 0777) == 0600);
    CHECK(case_number(s, "PRAGMA user_version") == 3);
    store_close(s);
    struct store *copy = NULL;
    CHECK(store_open(&copy, path, why, sizeof why) == STORE_OPENED && case_sound(copy));
    CHECK(case_number(copy, "PRAGMA user_version") == 2 &&
          case_number(copy, "SELECT count(*) FROM b") == 1 &&
          case_number(copy, "SELECT count(*) FROM c") == -1);
    store_close(copy);
}

static void bad_step(void)
{
    static const char *const steps[] = { "CREATE TABLE a (x)",
                                         "CREATE TABLE b (x); CREATE TABEL c (x)" };
    static const char *const sly[] = { "CREATE TABLE a (x)", "CREATE TABLE b (x); COMMIT" };
    struct store *s = case_open();
    char why[512] = "";
    CHECK(store_migrate(s, "scripts", steps, 2, why, sizeof why) == -1 && strstr(why, "step 2") &&
          strstr(why, "TABEL"));
    CHECK(case_number(s, "SELECT count(*) FROM a") == 0 &&
          case_number(s, "SELECT count(*) FROM b") == -1);
    CHECK(case_number(s, "PRAGMA user_version") == 1);
    CHECK(store_migrate(s, "scripts", sly, 2, why, sizeof why) == -1 && strstr(why, "COMMIT"));
    store_close(s);
}

static void put_bytes(const char *path, long at, const char *bytes, size_t len, long size)
{
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    CHECK(fd >= 0 && (len == 0 || pwrite(fd, bytes, len, at) == (ssize_t)len) &&
          (size < 0 || ftruncate(fd, size) == 0));
    close(fd);
}

static void filled(void)
{
    struct store *s = case_open_table();
    CHECK(store_exec(s, "INSERT INTO t (b) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
                        "FROM n WHERE i < 400) "
                        "SELECT i || hex(randomblob(200)) FROM n") == 0 &&
          store_commit(s) == STORE_COMMITTED);
    store_close(s);
}

static bool refused(const char *word)
{
    struct store *s = NULL;
    struct stat before, after;
    char why[512] = "";
    stat(case_db, &before);
    enum store_open_result result = store_open(&s, case_db, why, sizeof why);
    stat(case_db, &after);
    if (result != STORE_UNUSABLE || s || !strstr(why, word) || strchr(why, '\n'))
        printf("# %d: %s\n", result, why);
    store_close(s);
    return result == STORE_UNUSABLE && strstr(why, word) && before.st_size == after.st_size &&
           before.st_ino == after.st_ino;
}

static void corrupt(void)
{
    char junk[4096];
    memset(junk, 0xA5, sizeof junk);
    put_bytes(case_db, 0, "", 0, 0);
    CHECK(refused("empty"));
    put_bytes(case_db, 0, "short", 5, -1);
    CHECK(refused("not a database"));
    put_bytes(case_db, 0, junk, sizeof junk, -1);
    CHECK(refused("not a database"));
    unlink(case_db);
    filled();
    put_bytes(case_db, 0, "", 0, 50000);
    CHECK(refused("damaged"));
    put_bytes(case_db, 0, "", 0, 60);
    CHECK(refused("database"));
    unlink(case_db);
    filled();
    put_bytes(case_db, 0, junk, 16, -1);
    CHECK(refused("not a database"));
    unlink(case_db);
    filled();
    for (long page = 1; page < 20; page++)
        put_bytes(case_db, page * 4096, junk, 200, -1);
    CHECK(refused("damaged"));
    unlink(case_db);
    mkdir(case_db, 0700);
    CHECK(refused("not a file"));
}

/*
 * Whatever is flipped: opened, or refused in words; used, or ended with 3. Never a crash, never
 * deleted.
 */
static void flips_child(void)
{
    char why[512];
    struct store *s = NULL;
    if (store_open(&s, case_db, why, sizeof why) != STORE_OPENED)
        _exit(why[0] ? 3 : 1);
    case_number(s, "SELECT sum(length(b)) FROM t");
    case_number(s, "SELECT count(*) FROM t WHERE b LIKE '%ABC%'");
    store_exec(s, "DELETE FROM t WHERE a % 3 = 0");
    store_exec(s, "INSERT INTO t (b) VALUES ('new')");
    store_commit(s);
    store_close(s);
}

static void random_flips(void)
{
    char copy[160], command[400];
    struct stat st;
    filled();
    snprintf(copy, sizeof copy, "%s.good", case_db);
    snprintf(command, sizeof command, "cp %s %s", case_db, copy);
    case_shell(command);
    CHECK(stat(copy, &st) == 0);
    srand(20260719);
    for (int round = 0; round < 60; round++) {
        snprintf(command, sizeof command, "cp %s %s; rm -f %s-wal", copy, case_db, case_db);
        case_shell(command);
        for (int i = 0; i < 1 + round % 8; i++) {
            char byte = (char)rand();
            put_bytes(case_db, (long)(rand() % st.st_size), &byte, 1, -1);
        }
        int code = case_child(flips_child);
        CHECK(code == 0 || code == 3);
        CHECK(access(case_db, F_OK) == 0);
    }
}

static void nobody_child(void)
{
    struct store *s = NULL;
    char why[512] = "";
    if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
        _exit(9);
    enum store_open_result result = store_open(&s, case_db, why, sizeof why);
    _exit(result == STORE_UNUSABLE && strstr(why, case_folder) && !strchr(why, '\n') ? 0 : 1);
}

static void no_rights(void)
{
    char gone[160], why[512] = "";
    struct store *s = NULL;
    snprintf(gone, sizeof gone, "%s/nowhere/db.sqlite", case_folder);
    CHECK(store_open(&s, gone, why, sizeof why) == STORE_UNUSABLE && strstr(why, "create it"));
    chmod(case_folder, 0555);
    CHECK(case_child(nobody_child) == 0);
    chmod(case_folder, 0777);
    s = case_open_table();
    store_close(s);
    chmod(case_db, 0444);
    CHECK(case_child(nobody_child) == 0);
    if (geteuid() == 0) {
        chmod(case_db, 0600);
        CHECK(case_child(nobody_child) == 0);
    }
}

static void moved(void)
{
    static const char *const commands[] = { "mv %s %s.away", "rm %s; : %s", "rm %s-wal; : %s",
                                            "cp %s %s.copy && mv %s.copy %s" };
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char command[700];
        struct store *s = case_open_table();
        store_exec(s, "REPLACE INTO t VALUES (1, 'one')");
        CHECK(store_commit(s) == STORE_COMMITTED && store_in_place(s));
        store_exec(s, "REPLACE INTO t VALUES (2, 'two')");
        snprintf(command, sizeof command, commands[i], case_db, case_db, case_db, case_db);
        case_shell(command);
        CHECK(store_commit(s) == STORE_LOST); /* not acknowledged, into a file nobody will find */
        CHECK(!store_in_place(s) && !store_healthy(s));
        store_probe(s);
        CHECK(!store_healthy(s) && store_exec(s, "DELETE FROM t") != 0);
        store_close(s);
        snprintf(command, sizeof command, "rm -f %s*", case_db);
        case_shell(command);
    }
}

static void stale_wal(void)
{
    char command[700];
    struct store *s = case_open_table();
    store_exec(s, "INSERT INTO t VALUES (1, 'other database')");
    store_commit(s);
    snprintf(command, sizeof command, "cp %s-wal %s/stale", case_db, case_folder);
    case_shell(command);
    store_close(s);
    snprintf(command, sizeof command, "rm -f %s*", case_db);
    case_shell(command);
    s = case_open_table();
    store_exec(s, "INSERT INTO t VALUES (7, 'mine')");
    store_commit(s);
    store_close(s);
    snprintf(command, sizeof command, "mv %s/stale %s-wal", case_folder, case_db);
    case_shell(command);
    struct store *again = NULL;
    char why[512] = "";
    enum store_open_result result = store_open(&again, case_db, why, sizeof why);
    CHECK(result == STORE_UNUSABLE || (case_sound(again) && access(case_db, F_OK) == 0));
    store_close(again);
}

static void backup(void)
{
    struct store *s = case_open_table(), *copy = NULL;
    char to[160], why[512] = "";
    struct stat st;
    store_exec(s, "INSERT INTO t VALUES (1, 'one')");
    store_commit(s);
    snprintf(to, sizeof to, "%s/copy", case_folder);
    CHECK(store_backup(s, to, false, why, sizeof why) == 0 && stat(to, &st) == 0 &&
          (st.st_mode & 0777) == 0600);
    CHECK(store_backup(s, to, false, why, sizeof why) == -1 && strstr(why, "does not exist"));
    store_exec(s, "INSERT INTO t VALUES (2, 'two')");
    store_commit(s);
    store_close(s);
    CHECK(store_open(&copy, to, why, sizeof why) == STORE_OPENED && case_sound(copy) &&
          case_number(copy, "SELECT sum(a) FROM t") == 1);
    store_close(copy);
}

static void erased(void)
{
    char command[300];
    struct store *s = case_open_table();
    for (int i = 0; i < 300; i++)
        store_exec(s, "INSERT INTO t (b) VALUES (hex(randomblob(20)) || 'CANARYTEXT' || "
                      "hex(randomblob(300)))");
    store_commit(s);
    store_exec(s, "INSERT INTO t (b) VALUES ('CANARYTEXT' || hex(zeroblob(9000)))");
    store_commit(s);
    store_exec(s, "DELETE FROM t WHERE a % 2 = 0");
    store_commit(s);
    store_exec(s, "DELETE FROM t");
    store_commit(s);
    store_close(s);
    snprintf(command, sizeof command, "! grep -q CANARYTEXT %s", case_db);
    CHECK(system(command) == 0);
}

int main(void)
{
    log_open(LOG_OFF);
    case_run("A21: a second process is told that the database is in use, by any name of the file",
             lock_held);
    case_run("files of the database are readable to nobody else, whatever the umask", only_ours);
    case_run("A22: a newer schema is refused, and a copy is made before a step", newer_schema);
    case_run("A10: a step that fails leaves neither a table nor its number", bad_step);
    case_run(
        "A17: an empty, truncated, overwritten or foreign file is refused in words and left alone",
        corrupt);
    case_run("A17: sixty files with random bytes flipped crash nothing", random_flips);
    case_run("A16: a missing or forbidden folder or file is refused in one line", no_rights);
    case_run("A18: a database moved, removed or replaced while in use acknowledges nothing more",
             moved);
    case_run("A18: a -wal of another database is not taken for ours", stale_wal);
    case_run("H9: a backup opens clean and holds what was committed before", backup);
    case_run("H4: deleted text is nowhere in the file", erased);
    return cases_end();
}
