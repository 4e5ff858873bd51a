/* The sync of the log on a thread of its own: what is durable when, and what a failure does. */
#include "spec/host/store/store_case.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include "store/sqlite/parts.h"

static atomic_int syncs, held, failing, woken;

/* Takes the place of the C library's. */
int fdatasync(int fd)
{
    while (atomic_load(&held))
        usleep(100);
    atomic_fetch_add(&syncs, 1);
    if (atomic_load(&failing)) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

static void wake(void *arg)
{
    (void)arg;
    atomic_fetch_add(&woken, 1);
}

static struct store *open_apart(void)
{
    struct store *s = case_open_table();
    store_sync_apart(s, wake, NULL);
    atomic_store(&syncs, 0);
    return s;
}

static void put(struct store *s)
{
    CHECK(store_exec(s, "INSERT INTO t (b) VALUES (randomblob(500))") == 0);
    CHECK(store_commit(s) == STORE_COMMITTED);
}

static void wait_for(struct store *s, uint64_t group)
{
    for (int i = 0; i < 50000 && store_durable(s) < group; i++)
        usleep(100);
    CHECK(store_durable(s) >= group);
}

static void written_then_durable(void)
{
    struct store *s = open_apart();
    uint64_t group = store_group(s);
    CHECK(store_durable(s) == group && !store_syncing(s));
    put(s);
    CHECK(store_durable(s) == group && store_group(s) == group + 1 && atomic_load(&syncs) == 0);
    atomic_store(&held, 1);
    store_sync(s);
    CHECK(store_syncing(s));
    put(s); /* while the disk works */
    store_sync(s);
    atomic_store(&held, 0);
    wait_for(s, group + 1);
    CHECK(store_durable(s) == group + 1 && atomic_load(&syncs) == 1 && atomic_load(&woken) > 0);
    store_sync(s);
    wait_for(s, group + 2);
    CHECK(store_durable(s) == store_group(s) && atomic_load(&syncs) == 2);
    store_sync(s); /* there is nothing to do */
    CHECK(!store_syncing(s));
    store_close(s);
}

static void several_at_once(void)
{
    struct store *s = open_apart();
    uint64_t group = store_group(s);
    atomic_store(&held, 1);
    for (int i = 0; i < 4; i++) {
        put(s);
        CHECK(store_sync_beside(s) && !store_sync_beside(s)); /* all is asked for */
    }
    put(s);
    CHECK(!store_sync_beside(s) && store_syncing(s) && store_durable(s) == group);
    atomic_store(&held, 0);
    wait_for(s, group + 4);
    while (store_syncing(s))
        usleep(100);
    CHECK(store_durable(s) == group + 4 && atomic_load(&syncs) == 4);
    store_sync(s);
    wait_for(s, group + 5);
    CHECK(atomic_load(&syncs) == 5);
    store_close(s);
}

static void together_again(void)
{
    struct store *s = open_apart();
    put(s);
    store_sync_together(s);
    CHECK(store_durable(s) == store_group(s) && atomic_load(&syncs) == 1);
    put(s);
    CHECK(store_durable(s) == store_group(s) && atomic_load(&syncs) == 2);
    store_close(s);
}

/* The pages that a checkpoint copies must be on the disk in the log before. So must the header of a
 * log that begins again, before its frames. */
static void checkpoints_sync(void)
{
    struct store *s = open_apart();
    put(s);
    CHECK(sqlite3_wal_checkpoint_v2(store_db(s), NULL, SQLITE_CHECKPOINT_FULL, NULL, NULL) ==
          SQLITE_OK);
    CHECK(atomic_load(&syncs) >= 2); /* the log, the database */
    int before = atomic_load(&syncs);
    put(s);
    CHECK(atomic_load(&syncs) == before + 1);
    put(s);
    CHECK(atomic_load(&syncs) == before + 1);
    store_close(s);
}

static void moved_meanwhile(void)
{
    char aside[80];
    struct store *s = open_apart();
    uint64_t group = store_group(s);
    snprintf(aside, sizeof aside, "%s.aside", case_db);
    put(s);
    atomic_store(&held, 1);
    store_sync(s);
    CHECK(rename(case_db, aside) == 0);
    atomic_store(&held, 0);
    while (store_syncing(s))
        usleep(100);
    CHECK(store_durable(s) == group && store_durable(s) == group && !store_in_place(s));
    store_close(s);
}

static int64_t log_size(void)
{
    char path[80];
    struct stat st;
    snprintf(path, sizeof path, "%s-wal", case_db);
    return stat(path, &st) == 0 ? (int64_t)st.st_size : -1;
}

static void put_many(struct store *s)
{
    CHECK(store_exec(s, "REPLACE INTO t (a, b) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i "
                        "+ 1 FROM n WHERE i < 300) SELECT i, hex(randomblob(1500)) FROM n") == 0);
    CHECK(store_commit(s) == STORE_COMMITTED);
    store_sync(s);
}

/* The pages are in the database and not synced: a power cut needs the log as it is. */
static void log_is_kept(void)
{
    struct store *s = open_apart();
    put_many(s);
    wait_for(s, store_group(s));
    atomic_store(&held, 1);
    store_bound(s);
    int64_t before = log_size();
    CHECK(store_figures(s).checkpoints == 1);
    put(s);
    put(s);
    CHECK(log_size() > before && !store_bound_due(s));
    atomic_store(&held, 0);
    store_sync(s);
    wait_for(s, store_group(s));
    store_close(s);
    CHECK((s = case_open()) && case_sound(s) && case_number(s, "SELECT count(*) FROM t") == 302);
    store_close(s);
}

static void log_is_bounded(void)
{
    struct store *s = open_apart();
    int64_t largest = 0;
    for (int i = 0; i < 200; i++) {
        put_many(s);
        wait_for(s, store_group(s));
        store_bound(s);
        largest = log_size() > largest ? log_size() : largest;
    }
    CHECK(largest > 8 << 20 && largest <= 32 << 20);
    CHECK(store_figures(s).checkpoints > 10 && case_sound(s));
    store_close(s);
    CHECK(log_size() == -1);
}

static void fails(void)
{
    struct store *s = open_apart();
    put(s);
    atomic_store(&failing, 1);
    store_sync(s);
    for (int i = 0; i < 50000; i++, usleep(100))
        if (store_durable(s) == store_group(s))
            _exit(0);
    _exit(1);
}

static void failure_ends(void)
{
    CHECK(case_child(fails) == 3);
}

int main(void)
{
    log_open(LOG_OFF);
    case_run(
        "A1: a commit is durable when its sync is done, and the next one waits for the next sync",
        written_then_durable);
    case_run("A1: four syncs run at once, and what each covers is durable when it is done",
             several_at_once);
    case_run("A1: when the thread ends all is durable, and each commit syncs again itself",
             together_again);
    case_run("A11: a checkpoint, and a log that begins again, sync at once", checkpoints_sync);
    case_run("A11: the log stays as it is until the pages of a checkpoint are synced", log_is_kept);
    case_run("the log of a busy service stays below 32 MB", log_is_bounded);
    case_run("A18: what was committed is not durable when its file was moved before the sync ended",
             moved_meanwhile);
    case_run("A14: a sync that fails on the thread ends the process with exit 3", failure_ends);
    return cases_end();
}
