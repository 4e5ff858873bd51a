/* The write-ahead log's writes, gathered: few, in order, and none lost or invented when the disk is
 * full. */
#include "spec/host/store/store_case.h"
#include "store/sqlite/vfs.h"

#include "spec/host/store/faulty_vfs.h"
#include "store/sqlite/parts.h"

static void fill(struct store *s, int rows)
{
    char sql[200];
    snprintf(sql, sizeof sql,
             "INSERT INTO t (b) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
             "WHERE i < %d) SELECT i || hex(randomblob(500)) FROM n",
             rows);
    CHECK(store_exec(s, sql) == 0);
}

static void one_write(void)
{
    struct store *s = case_open_table();
    fill(s, 10);
    CHECK(store_commit(s) == STORE_COMMITTED);
    fill(s, 10); /* a dozen pages */
    faulty_writes = 0;
    CHECK(store_commit(s) == STORE_COMMITTED && faulty_writes == 1);
    CHECK(case_number(s, "SELECT count(*) FROM t") == 20);
    store_close(s);
}

static void many_pages(void)
{
    struct store *s = case_open_table();
    fill(s, 1000);
    faulty_writes = 0;
    CHECK(store_commit(s) == STORE_COMMITTED);
    uint64_t pages = store_figures(s).wal_bytes / 4096; /* thirty fit into a write */
    CHECK(pages > 1000 && faulty_writes > pages / 31 && faulty_writes < pages / 25);
    CHECK(case_number(s, "SELECT count(*) FROM t") == 1000 && case_sound(s));
    store_close(s);
}

/* With a cache of four pages nearly everything a transaction changes is read back from what it
 * wrote. */
static void read_back(void)
{
    struct store *s = case_open_table();
    CHECK(sqlite3_exec(store_db(s), "PRAGMA cache_size=4; PRAGMA cache_spill=4", NULL, NULL,
                       NULL) == SQLITE_OK);
    fill(s, 200);
    CHECK(store_exec(s, "UPDATE t SET b = b || 'x' WHERE a % 3 = 0") == 0);
    CHECK(store_exec(s, "DELETE FROM t WHERE a % 5 = 0") == 0);
    CHECK(store_commit(s) == STORE_COMMITTED && case_sound(s));
    CHECK(case_number(s, "SELECT count(*) FROM t") == 160 &&
          case_number(s, "SELECT count(*) FROM t WHERE b LIKE '%x'") == 53);
    store_close(s);
    CHECK((s = case_open()) != NULL && case_sound(s));
    CHECK(case_number(s, "SELECT count(*) FROM t") == 160);
    store_close(s);
}

static void full_then_room(void)
{
    struct store *s = case_open_table();
    fill(s, 10);
    CHECK(store_commit(s) == STORE_COMMITTED);
    fill(s, 40);
    faulty_room = 5000; /* less than the commit: told by its sync */
    CHECK(store_commit(s) == STORE_LOST && case_number(s, "SELECT count(*) FROM t") == 10);
    fill(s, 20); /* what could not be written is in the way, and still cannot be written */
    CHECK(store_commit(s) == STORE_LOST);
    faulty_room = -1;
    fill(s, 5);
    CHECK(store_commit(s) == STORE_COMMITTED && case_sound(s));
    CHECK(case_number(s, "SELECT count(*) FROM t") == 15);
    store_close(s);
    CHECK((s = case_open()) != NULL && case_number(s, "SELECT count(*) FROM t") == 15);
    store_close(s);
}

/* The log may begin anew in the room it has: nothing that could not be written is in the way of
 * that. */
static void full_for_good(void)
{
    struct store *s = case_open_table();
    fill(s, 500);
    CHECK(store_commit(s) == STORE_COMMITTED);
    faulty_end = (sqlite3_int64)store_figures(s).wal_bytes + 32;
    fill(s, 40);
    CHECK(store_commit(s) == STORE_LOST && !store_healthy(s));
    store_probe(s);
    CHECK(store_healthy(s));
    fill(s, 40);
    CHECK(store_commit(s) == STORE_COMMITTED && case_sound(s));
    CHECK(case_number(s, "SELECT count(*) FROM t") == 540);
    faulty_end = -1;
    store_close(s);
    CHECK((s = case_open()) != NULL && case_number(s, "SELECT count(*) FROM t") == 540);
    store_close(s);
}

int main(void)
{
    log_open(LOG_OFF);
    faulty_install();
    case_run("the pages of a commit reach the log in one write", one_write);
    case_run("a commit larger than the buffer reaches it in a few", many_pages);
    case_run("a transaction larger than the cache reads back what it wrote", read_back);
    case_run("A12: a full disk loses that commit and no other, and the next one with room is whole",
             full_then_room);
    case_run("A12: on a disk that stays full it goes on in the room that the log has already",
             full_for_good);
    return cases_end();
}
