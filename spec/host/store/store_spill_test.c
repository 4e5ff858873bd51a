/*
 * Why the page cache never spills: SQLite up to 3.40.1 at least loses commits after a transaction
 * that outgrew the cache and went back to a savepoint. See the pragmas in store_open.c.
 */
#include "spec/host/store/store_case.h"
#include "store/sqlite/parts.h"

enum { ROUNDS = 200, ROWS = 400, BEFORE = 60, AFTER = 3 };

static unsigned seed = 7;

static unsigned below(unsigned n)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 16) % n;
}

static void change(struct store *s, unsigned row, int round)
{
    char sql[120];
    snprintf(sql, sizeof sql, "UPDATE t SET b = randomblob(900), round = %d WHERE a = %u", round,
             row + 1);
    CHECK(store_exec(s, sql) == 0);
}

/* Each round is one transaction, and marks itself as done in a row that the rollback leaves alone.
 */
static void transactions(struct store *s)
{
    for (int round = 1; round <= ROUNDS; round++) {
        CHECK(store_savepoint(s) == 0);
        for (unsigned i = 0, n = round % 4 ? 0 : BEFORE; i < n; i++)
            change(s, below(ROWS), -round);
        CHECK(store_rollback(s) == 0);
        for (unsigned i = 0; i < AFTER; i++)
            change(s, below(ROWS), round);
        char sql[80];
        snprintf(sql, sizeof sql, "INSERT INTO done (round) VALUES (%d)", round);
        CHECK(store_exec(s, sql) == 0 && store_commit(s) == STORE_COMMITTED);
    }
}

/* How many of the transactions are in a copy of the files as they lie there, without a checkpoint.
 */
static int64_t copied(struct store *s, bool spill)
{
    char command[400], copy[80];
    CHECK(store_exec(s, "CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB, round INTEGER)") == 0);
    CHECK(store_exec(s, "CREATE TABLE done (round INTEGER PRIMARY KEY)") == 0);
    CHECK(store_exec(s, "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
                        "FROM n WHERE i < 400) SELECT i, randomblob(900), 0 FROM n") == 0);
    CHECK(store_commit(s) == STORE_COMMITTED);
    CHECK(sqlite3_exec(store_db(s),
                       spill ? "PRAGMA cache_size=6; PRAGMA cache_spill=ON" : "PRAGMA cache_size=6",
                       NULL, NULL, NULL) == SQLITE_OK);
    transactions(s);
    snprintf(copy, sizeof copy, "%s/copy", case_folder);
    snprintf(command, sizeof command, "cp %s %s && cp %s-wal %s-wal", case_db, copy, case_db, copy);
    case_shell(command);
    sqlite3 *db = NULL;
    sqlite3_stmt *count = NULL;
    int64_t found = -1;
    if (sqlite3_open(copy, &db) == SQLITE_OK &&
        sqlite3_prepare_v2(db, "SELECT count(*) FROM done", -1, &count, NULL) == SQLITE_OK &&
        sqlite3_step(count) == SQLITE_ROW)
        found = sqlite3_column_int64(count, 0);
    sqlite3_finalize(count);
    sqlite3_close(db);
    store_close(s);
    return found;
}

static void ours(void)
{
    CHECK(copied(case_open(), false) == ROUNDS);
}

/* The control. A SQLite that does not lose them makes the pragma a matter of taste. */
static void spilled(void)
{
    int64_t there = copied(case_open(), true);
    printf("# SQLite %s with a cache that spills: %lld of %d commits are lost\n",
           sqlite3_libversion(), (long long)(ROUNDS - there), ROUNDS);
    CHECK(there < ROUNDS || sqlite3_libversion_number() > 3040001);
}

int main(void)
{
    log_open(LOG_OFF);
    case_run("A11: no commit is lost after a large transaction that went back to a savepoint",
             ours);
    case_run("A11: with a cache that spills commits are lost, if this SQLite is one that does",
             spilled);
    return cases_end();
}
