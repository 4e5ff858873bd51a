/*
 * What powercut_test records: transactions of the store's units as they come in a service, from a
 * random seed, with what goes on beside them: checkpoints, ledger lines, copies, cleaning,
 * restarts.
 */
#ifndef SPEC_POWERCUT_RUN_H
#define SPEC_POWERCUT_RUN_H

#include "spec/host/store/powercut_disk.h"

#include "spec/host/work/jobs_case.h"
#include "work/jobs_purge.h"
#include "store/ledger.h"
#include "store/sqlite/parts.h"

enum mark { BEGUN, ACKED, LINES, COPIED };

enum { CELLS = 200, CACHE_PAGES = 24 };

static unsigned long seed;
static struct ledger *ledger;
static int64_t transaction, lines, copies, oldest_copied[64];

/* What the tables hold after a transaction; more than one: a restart takes work back. */
static struct seen {
    int64_t transaction;
    uint64_t hash;
} * seen;
static size_t seen_count, seen_cap;

/* ---- what is in there ---- */

static uint64_t hash_of(struct store *s, const char *sql, uint64_t hash)
{
    const char *error = NULL;
    struct store_statement *statement = store_prepare(s, sql, strlen(sql), &error);
    CHECK(statement != NULL);
    while (statement && store_step(s, statement) == STORE_ROW)
        for (int i = 0; i < store_columns(statement); i++) {
            size_t n;
            const unsigned char *p = store_column_bytes(statement, i, &n);
            for (; n > 0; n--)
                hash = (hash ^ *p++) * 0x100000001b3ull;
            hash = (hash ^ 0xFF) * 0x100000001b3ull;
        }
    store_done(s, statement);
    return hash;
}

static uint64_t content(struct store *s)
{
    static const char *const all[] = { "SELECT * FROM cells",  "SELECT * FROM done",
                                       "SELECT * FROM inbox",  "SELECT * FROM jobs",
                                       "SELECT * FROM parked", "SELECT * FROM marks" };
    uint64_t hash = 0xcbf29ce484222325ull;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        hash = hash_of(s, all[i], hash);
    return hash;
}

static void remember(void)
{
    if (seen_count == seen_cap) {
        seen_cap = seen_cap ? 2 * seen_cap : 1024;
        if (!(seen = realloc(seen, seen_cap * sizeof *seen)))
            disk_out("out of memory");
    }
    seen[seen_count++] = (struct seen){ transaction, content(store) };
}

static bool known(int64_t number, uint64_t hash)
{
    for (size_t i = 0; i < seen_count; i++)
        if (seen[i].transaction == number && seen[i].hash == hash)
            return true;
    return false;
}

/* ---- the run ---- */

__attribute__((format(printf, 1, 2))) static void run_sql(const char *format, ...)
{
    char sql[300];
    va_list args;
    va_start(args, format);
    vsnprintf(sql, sizeof sql, format, args);
    va_end(args);
    CHECK(store_exec(store, sql) == 0);
}

static void change_cells(unsigned count, int64_t value)
{
    for (unsigned i = 0; i < count; i++)
        run_sql("UPDATE cells SET b = printf('%%.*c', %u, 'x'), value = %lld WHERE a = %u",
                disk_below(1500), (long long)value, disk_below(CELLS) + 1);
}

/* What a batch with a bad item does: more pages than the cache has, and all of it taken back. */
static void take_back(void)
{
    CHECK(store_savepoint(store) == 0);
    change_cells(20 + disk_below(150), -1);
    CHECK(store_rollback(store) == 0);
    jobs_forget(jobs);
}

static void accept_some(void)
{
    static char body[6000];
    memset(body, 'a' + (int)(transaction % 26), sizeof body);
    for (unsigned i = disk_below(3) + 1; i > 0; i--)
        CHECK(inbox_put(jobs, "reader", body, disk_below(sizeof body)) > 0);
}

static void read_some(void)
{
    struct inbox_row row = { 0 };
    for (unsigned i = disk_below(4); i > 0 && inbox_next(jobs, &row) == 1; i--) {
        if (disk_below(4) == 0)
            CHECK(inbox_place(jobs, &row, row.place + 50) == 0);
        else if (disk_below(8) == 0)
            CHECK(inbox_park(jobs, &row, "item", 4, "not read") == 0 &&
                  inbox_read(jobs, &row) == 0);
        else
            CHECK(inbox_read(jobs, &row) == 0);
        inbox_row_free(&row);
    }
}

static void work(void)
{
    struct job out[4] = { 0 };
    char lane[16];
    snprintf(lane, sizeof lane, "lane %u", disk_below(5));
    CHECK(put("work", disk_below(2) ? lane : NULL, NULL, "{}", 1, false) > 0);
    for (int i = 0, n = claim(out, (int)disk_below(4)); i < n; i++) {
        if (disk_below(6) == 0)
            CHECK(jobs_die(jobs, &out[i], "it failed") >= 0);
        else if (disk_below(3) == 0)
            CHECK(jobs_again(jobs, &out[i], 1, true, "again") >= 0);
        else
            CHECK(jobs_done(jobs, &out[i]) >= 0);
        job_free(&out[i]);
    }
}

static void erase_some(void)
{
    int64_t id = case_number(store, "SELECT min(id) FROM inbox");
    if (disk_below(2))
        CHECK(inbox_replace(jobs, id, "less", 4) >= 0);
    else
        CHECK(inbox_erase(jobs, id) >= 0);
    run_sql("DELETE FROM cells WHERE a = %u", disk_below(CELLS) + 1);
    CHECK(inbox_purge(jobs, INT64_MAX, 3) >= 0 && jobs_purge(jobs, INT64_MAX, 3) >= 0);
}

static void fill_cells(void)
{
    run_sql("INSERT OR IGNORE INTO cells (a, b, value) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
            "SELECT i + 1 FROM n WHERE i < %d) SELECT i, printf('%%.*c', i * 3, 'y'), 0 FROM n",
            CELLS);
}

static void wake(void *arg)
{
    (void)arg;
}

static void one_transaction(void)
{
    static void (*const parts[])(void) = { accept_some, accept_some, read_some,  work,      work,
                                           take_back,   take_back,   erase_some, fill_cells };
    transaction++;
    for (unsigned n = 1 + disk_below(4); n > 0; n--)
        parts[disk_below(sizeof parts / sizeof *parts)]();
    change_cells(disk_below(4), transaction);
    run_sql("INSERT INTO done (number) VALUES (%lld)", (long long)transaction);
    disk_mark(BEGUN, transaction);
    CHECK(commit() == STORE_COMMITTED);
    if (disk_below(3))
        store_sync(store); /* where a thread does it; else this does nothing */
    while (store_syncing(store))
        usleep(50);
    if (store_durable(store) == store_group(store))
        disk_mark(ACKED, transaction);
    remember();
}

static void add_line(void)
{
    char line[40];
    int n = snprintf(line, sizeof line, "line %lld\n", (long long)lines + 1);
    CHECK(ledger_add(ledger, line, (size_t)n) == 0);
    disk_mark(LINES, ++lines);
}

static void clean_file(void)
{
    struct store_scrub scrub = { .next = 0 };
    while (store_scrub(store, &scrub, 0) == STORE_SCRUB_MORE)
        if (disk_below(3) == 0)
            one_transaction();
}

/* A copy while transactions go on. */
static void make_copy(void)
{
    char to[128], why[300] = "";
    snprintf(to, sizeof to, "%s/copy-%lld", case_folder, (long long)copies);
    struct store_copy *c = store_copy_begin(store, to, wake, NULL, why, sizeof why);
    enum store_copy_state state = STORE_COPYING;
    oldest_copied[copies] = transaction;
    while (c && state != STORE_COPIED && state != STORE_NOT_COPIED) {
        state = store_copy_go_on(c, 0, why, sizeof why);
        if (state == STORE_COPYING && disk_below(4) == 0)
            one_transaction();
    }
    CHECK(c && state == STORE_COPIED);
    store_copy_end(c);
    disk_mark(COPIED, copies++);
    snprintf(to, sizeof to, "%s/copy-%lld", case_folder, (long long)copies - 3);
    unlink(to); /* two are kept */
}

static void start(bool spill)
{
    static const char *const steps[] = {
        "CREATE TABLE cells (a INTEGER PRIMARY KEY, b TEXT, value INTEGER);"
        "CREATE TABLE done (number INTEGER PRIMARY KEY)"
    };
    char why[512] = "", sql[100];
    up();
    CHECK((ledger = ledger_open(case_db, why, sizeof why)) != NULL &&
          store_live(store, why, sizeof why) == 0 &&
          store_migrate(store, "scripts", steps, 1, why, sizeof why) == 0);
    snprintf(sql, sizeof sql, "PRAGMA cache_size=%d;%s", CACHE_PAGES,
             spill ? "PRAGMA cache_spill=ON" : "");
    CHECK(sqlite3_exec(store_db(store), sql, NULL, NULL, NULL) == SQLITE_OK);
    remember();
    if (disk_below(3))
        store_sync_apart(store, wake, NULL);
}

static void stop(void)
{
    ledger_close(ledger);
    down();
}

static void now_and_then(bool spill)
{
    switch (disk_below(40)) {
    case 0: store_checkpoint(store, SQLITE_CHECKPOINT_TRUNCATE); break;
    case 1:
    case 2:
        store_checkpoint(store, disk_below(2) ? STORE_PIECE : SQLITE_CHECKPOINT_PASSIVE);
        store_home_wait(store);
        break;
    case 3:
    case 4: add_line(); break;
    case 5: clean_file(); break;
    case 6:
        if (copies < 8)
            make_copy();
        break;
    case 7: stop(); start(spill);
    }
}

static void record(bool spill, int count)
{
    for (size_t i = 0; i < disk_count; i++) {
        free(disk_events[i].bytes);
        free(disk_events[i].name);
    }
    disk_count = 0;
    disk_files = 0;
    memset(disk_now, 0, sizeof disk_now);
    seen_count = 0;
    transaction = lines = copies = 0;
    disk_random = seed * 2654435761u + 1;
    snprintf(disk_folder, sizeof disk_folder, "%s", case_folder);
    start(spill);
    fill_cells();
    while (transaction < count) {
        one_transaction();
        now_and_then(spill);
    }
    stop();
    disk_folder[0] = 0;
}

#endif
