/*
 * A transaction stays in memory until it commits, so memory may end in the middle of one. Here each
 * allocation of SQLite fails once, one after the other.
 */
#include "spec/host/store/store_case.h"

#include <sqlite3.h>

static sqlite3_mem_methods real;
static long left = -1; /* allocations until one fails; -1: none does */

static bool fails(void)
{
    return left >= 0 && left-- == 0;
}

static void *give(int size)
{
    return fails() ? NULL : real.xMalloc(size);
}

static void *regive(void *p, int size)
{
    return fails() ? NULL : real.xRealloc(p, size);
}

static void install(void)
{
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real);
    sqlite3_mem_methods own = real;
    own.xMalloc = give;
    own.xRealloc = regive;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &own);
}

/* What a turn of the loop does: one member's row, and another one's changes that may be taken back.
 */
static bool group(struct store *s, int number)
{
    char insert[80], update[80];
    snprintf(insert, sizeof insert, "REPLACE INTO t (a, b) VALUES (1000, 'row %d')", number);
    snprintf(update, sizeof update, "UPDATE t SET b = a || ' of %d' WHERE a < 1000", number);
    bool kept = store_exec(s, insert) == 0;
    if (store_savepoint(s) == 0) {
        if (store_exec(s, update) == 0)
            store_release(s);
        else if (!store_lost(s))
            store_rollback(s);
    }
    return kept;
}

static void every_allocation(void)
{
    struct store *s = case_open_table();
    char sql[80];
    int lost = 0, number = 0;
    bool reached = true;
    CHECK(store_exec(s, "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
                        "FROM n WHERE i < 12) SELECT i, i || ' of 0' FROM n") == 0 &&
          store_commit(s) == STORE_COMMITTED);
    for (; reached && number < 1000; number++) {
        left = number;
        bool kept = group(s, number);
        enum store_commit_result result = store_commit(s);
        reached = left < 0;
        left = -1;
        lost += result == STORE_LOST;
        snprintf(sql, sizeof sql, "SELECT count(*) FROM t WHERE b = 'row %d'", number);
        CHECK(case_number(s, sql) == (kept && result == STORE_COMMITTED));
        CHECK(case_number(s, "SELECT count(DISTINCT substr(b, length(a) + 1)) FROM t WHERE a < "
                             "1000") == 1);
        store_commit(s);
        CHECK(group(s, -1) && store_commit(s) == STORE_COMMITTED);
    }
    printf("# %d allocations failed, %d of the transactions were lost\n", number - 1, lost);
    CHECK(!reached && number > 20 && case_sound(s));
    store_close(s);
}

int main(void)
{
    install();
    log_open(LOG_OFF);
    case_run(
        "A13 A27: where memory ends a transaction is stored as it was said, or lost as a whole, "
        "and the next one is stored",
        every_allocation);
    return cases_end();
}
