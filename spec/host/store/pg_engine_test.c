/* Sentences of store.h that hold on both engines, with a real PostgreSQL and a database in memory.
 */
#include "store/postgres/engine.h"

#include "base/fiber.h"
#include "base/loop.h"

#include "spec/host/store/store_case.h"
#include "spec/support/postgres.h"

static struct postgres server;
static struct store *stores[2];

static const char *const steps[] = {
    "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT UNIQUE) STRICT",
    "CREATE TABLE u (a INTEGER) STRICT; INSERT INTO u VALUES (1); INSERT INTO u VALUES (2)",
    "INSERT INTO u VALUES (3); INSERT INTO nowhere VALUES (1)",
};
static char url[200];

static enum store_open_result open_at(struct store **out, const char *where, struct loop *l,
                                      char why[512])
{
    return postgres_engine.open(out, &(struct store_options){ .path = where, .loop = l }, why, 512);
}

static void open_both(void)
{
    char why[512] = "";
    snprintf(url, sizeof url, "postgres://assistant@127.0.0.1:%d/assistant", server.port);
    if (store_open(&stores[0], NULL, why, sizeof why) != STORE_OPENED ||
        open_at(&stores[1], url, NULL, why) != STORE_OPENED) {
        printf("Bail out! %s\n", why);
        exit(1);
    }
}

static void migrated(void)
{
    char why[512] = "";
    for (int i = 0; i < 2; i++) {
        struct store *s = stores[i];
        CHECK(store_migrate(s, "host", steps, 1, why, sizeof why) == 0);
        CHECK(store_migrate(s, "host", steps, 2, why, sizeof why) == 0);
        CHECK(store_migrate(s, "host", steps, 3, why, sizeof why) == -1);
        CHECK(strstr(why, "schema step 3 of host failed: ") && strstr(why, "nowhere"));
        CHECK(store_migrate(s, "host", steps, 2, why, sizeof why) == 0);
        CHECK(case_number(s, "SELECT count(*) FROM u") == 2);
        CHECK(store_known(s, "host", 2, why, sizeof why) == 0);
        CHECK(store_known(s, "scripts", 0, why, sizeof why) == 0);
        CHECK(store_known(s, "host", 1, why, sizeof why) == -1 && strstr(why, "newer than this"));
        CHECK(store_migrate(s, "host", steps, 1, why, sizeof why) == -1);
        store_commit(s);
    }
}

static void migrating_child(void)
{
    static const char *const once[] = {
        "CREATE TABLE once (a INTEGER); INSERT INTO once VALUES (1)"
    };
    struct store *s;
    char why[512] = "";
    if (open_at(&s, url, NULL, why) != STORE_OPENED ||
        store_migrate(s, "scripts", once, 1, why, sizeof why) != 0)
        _exit(1);
    store_close(s);
}

static void migrated_once(void)
{
    pid_t children[4];
    for (int i = 0; i < 4; i++)
        if ((children[i] = fork()) == 0) {
            log_open(LOG_OFF);
            migrating_child();
            _exit(0);
        }
    for (int i = 0; i < 4; i++) {
        int status = -1;
        CHECK(waitpid(children[i], &status, 0) == children[i] && status == 0);
    }
    CHECK(case_number(stores[1], "SELECT count(*) FROM once") == 1);
    store_commit(stores[1]);
}

static void groups(void)
{
    for (int i = 0; i < 2; i++) {
        struct store *s = stores[i];
        uint64_t group = store_group(s);
        CHECK(store_commit(s) == STORE_NOTHING && !store_dirty(s));
        CHECK(case_number(s, "SELECT count(*) FROM t") == 0 && !store_dirty(s));
        CHECK(store_commit(s) == STORE_NOTHING && store_group(s) == group);
        CHECK(store_exec(s, "INSERT INTO t VALUES (1, 'one')") == 0 && store_dirty(s));
        CHECK(store_commit(s) == STORE_COMMITTED && store_group(s) == group + 1);
        CHECK(store_durable(s) == group + 1 && store_healthy(s) && store_in_place(s));
        CHECK(store_shared(s) == (i == 1));
        CHECK(case_number(s, "SELECT count(*) FROM t") == 1);
    }
}

static void savepoints(void)
{
    for (int i = 0; i < 2; i++) {
        struct store *s = stores[i];
        CHECK(store_savepoint(s) == 0 && store_depth(s) == 1);
        CHECK(store_exec(s, "INSERT INTO t VALUES (2, 'two')") == 0);
        CHECK(store_savepoint(s) == 0 && store_depth(s) == 2);
        CHECK(store_exec(s, "INSERT INTO t VALUES (3, 'two')") == STORE_TAKEN && !store_lost(s));
        CHECK(store_rollback(s) == 0 && store_depth(s) == 1 && store_release(s) == 0);
        CHECK(store_release(s) == STORE_MISUSE && store_commit(s) == STORE_COMMITTED);
        CHECK(case_number(s, "SELECT sum(a) FROM t") == 3);
    }
}

static void values(void)
{
    static const char sql[] = "UPDATE t SET b = coalesce(?2, b) WHERE a = ?1 RETURNING a, b, NULL";
    for (int i = 0; i < 2; i++) {
        struct store *s = stores[i];
        const char *error = NULL;
        size_t len;
        struct store_statement *st = store_borrow(s, sql, strlen(sql), &error);
        CHECK(st && !store_reads(st) && store_parameters(st) == 2);
        CHECK(store_bind_integer(st, 1, 1) == 0 && store_bind_text(st, 2, "first of all", 5) == 0);
        CHECK(store_step(s, st) == STORE_ROW && store_columns(st) == 3);
        CHECK(strcmp(store_column_name(st, 1), "b") == 0);
        CHECK(store_column_type(st, 0) == STORE_INTEGER && store_column_integer(st, 0) == 1);
        CHECK(store_column_type(st, 1) == STORE_TEXT && store_column_type(st, 2) == STORE_NULL);
        CHECK(strcmp(store_column_text(st, 1), "first") == 0);
        CHECK(store_column_bytes(st, 1, &len) && len == 5 && !store_column_bytes(st, 2, &len));
        CHECK(store_step(s, st) == STORE_DONE && store_changed(s, st) == 1);
        store_settle(s);
        CHECK(store_commit(s) == STORE_COMMITTED);
    }
}

static void errors(void)
{
    for (int i = 0; i < 2; i++) {
        struct store *s = stores[i];
        CHECK(store_exec(s, "SELEC 1") == STORE_MISUSE && strstr(store_error(s), "SELEC"));
        store_commit(s);
        CHECK(store_exec(s, "COMMIT") == STORE_MISUSE);
        store_commit(s);
    }
}

/* SQLite goes on after an error, and PostgreSQL does not. */
static void undone(void)
{
    struct store *s = stores[1];
    CHECK(store_exec(s, "INSERT INTO t VALUES (7, 'seven')") == 0);
    CHECK(store_exec(s, "INSERT INTO t VALUES (1, 'again')") == STORE_TAKEN && store_lost(s));
    CHECK(store_exec(s, "INSERT INTO t VALUES (8, 'eight')") == STORE_UNDONE);
    CHECK(store_commit(s) == STORE_LOST && !store_lost(s));
    CHECK(case_number(s, "SELECT count(*) FROM t WHERE a > 6") == 0);
    store_commit(s);
}

static void conflict(void)
{
    struct store *s = stores[1];
    uint64_t again = store_figures(s).again;
    CHECK(store_savepoint(s) == 0 && case_number(s, "SELECT count(*) FROM t") == 2);
    CHECK(store_release(s) == 0 && store_exec(s, "INSERT INTO t VALUES (5, 'five')") == 0);
    postgres_tell(&server, "sql UPDATE t SET b = 'theirs' WHERE a = 2");
    CHECK(store_exec(s, "UPDATE t SET b = b || ' and mine' WHERE a = 2") == 0 && !store_lost(s));
    CHECK(store_figures(s).again == again + 1);
    CHECK(case_number(s, "SELECT count(*) FROM t WHERE b = 'theirs and mine'") == 1);
    CHECK(store_commit(s) == STORE_COMMITTED);
    CHECK(case_number(s, "SELECT count(*) FROM t WHERE a = 5") == 1);
    CHECK(store_exec(s, "DELETE FROM t WHERE a = 5") == 0 && store_commit(s) == STORE_COMMITTED);
}

static void conflict_for_good(void)
{
    struct store *s = stores[1];
    CHECK(case_number(s, "SELECT length(b) FROM t WHERE a = 2") == 15);
    postgres_tell(&server, "sql UPDATE t SET b = 'theirs' WHERE a = 2");
    CHECK(store_exec(s, "UPDATE t SET b = 'mine' WHERE a = 2") == STORE_CONFLICT && store_lost(s));
    CHECK(store_commit(s) == STORE_LOST && store_healthy(s));
    CHECK(case_number(s, "SELECT count(*) FROM t WHERE b = 'mine'") == 0);
    store_commit(s);
}

/* Two transactions that each read what the other writes: the server undoes the second at its end.
 */
static void conflict_at_commit(void)
{
    char why[512] = "";
    struct store *s = stores[1], *other;
    uint64_t again = store_figures(s).again;
    CHECK(open_at(&other, url, NULL, why) == STORE_OPENED);
    for (int same = 0; same < 2; same++) {
        const char *read = same ? "SELECT count(*) FROM t WHERE a = 1"
                                : "SELECT count(*) FROM t WHERE a >= 50";
        CHECK(case_number(s, read) == same && case_number(other, read) == same);
        CHECK(store_exec(s, same ? "INSERT INTO t VALUES (52, 'e')"
                                 : "INSERT INTO t VALUES (50, 'f')") == 0);
        CHECK(store_exec(other, same ? "INSERT INTO t VALUES (53, 'g')"
                                     : "INSERT INTO t VALUES (51, 'h')") == 0);
        CHECK(store_commit(other) == STORE_COMMITTED);
        CHECK(store_commit(s) == (same ? STORE_COMMITTED : STORE_LOST));
    }
    CHECK(store_figures(s).again >= again + 1);
    CHECK(case_number(s, "SELECT count(*) FROM t WHERE a >= 50") == 3);
    CHECK(store_exec(s, "DELETE FROM t WHERE a >= 50") == 0 && store_commit(s) == STORE_COMMITTED);
    store_close(other);
}

static void given_up(void)
{
    struct store *s = stores[1];
    CHECK(store_exec(s, "INSERT INTO t VALUES (60, '')") == 0);
    store_drop(s);
    CHECK(store_lost(s) && store_exec(s, "INSERT INTO t VALUES (61, '')") == STORE_UNDONE);
    CHECK(store_commit(s) == STORE_LOST && !store_lost(s));
    store_short(s);
    CHECK(case_number(s, "SELECT count(*) FROM t WHERE a >= 60") == 0);
    postgres_tell(&server, "sql INSERT INTO t VALUES (62, '')");
    CHECK(case_number(s, "SELECT count(*) FROM t WHERE a >= 60") == 1);
    CHECK(store_exec(s, "DELETE FROM t WHERE a >= 60") == 0 && store_commit(s) == STORE_COMMITTED);
}

static struct store *shared;
static uint64_t slow_number, quick_number, durable_meanwhile;
static int slow_ended;

static void slow_slice(void *arg)
{
    (void)arg;
    CHECK(store_exec(shared, "INSERT INTO t VALUES (40, 'slow')") == 0);
    slow_number = store_group(shared);
    CHECK(store_exec(shared, "SELECT pg_advisory_xact_lock(1)") == 0); /* waits for fibers() */
    CHECK(case_number(shared, "SELECT count(*) FROM t WHERE a >= 40") == 1);
    CHECK(store_group(shared) == slow_number && store_commit(shared) == STORE_COMMITTED);
    slow_ended++;
}

static void quick_slice(void *arg)
{
    (void)arg;
    CHECK(!store_dirty(shared) && store_exec(shared, "INSERT INTO t VALUES (41, 'quick')") == 0);
    quick_number = store_group(shared);
    CHECK(store_dirty(shared) && store_commit(shared) == STORE_COMMITTED && !slow_ended);
    durable_meanwhile = store_durable(shared);
}

static void fibers(void)
{
    char why[512] = "";
    struct loop *l = loop_new();
    fiber_most(4);
    CHECK(open_at(&shared, url, l, why) == STORE_OPENED);
    CHECK(store_exec(stores[1], "SELECT pg_advisory_lock(1)") == 0);
    CHECK(fiber_start(slow_slice, NULL));
    while (!slow_number)
        loop_wait(l, 20000000);
    CHECK(fiber_start(quick_slice, NULL) && !store_dirty(shared));
    while (fiber_count() > 1)
        loop_wait(l, 20000000);
    CHECK(store_exec(stores[1], "SELECT pg_advisory_unlock(1)") == 0);
    store_commit(stores[1]);
    while (fiber_count() > 0)
        loop_wait(l, 20000000);
    CHECK(slow_number && quick_number == slow_number + 1 && durable_meanwhile == slow_number);
    CHECK(store_durable(shared) == quick_number + 1 && store_group(shared) == quick_number + 1);
    CHECK(case_number(shared, "SELECT count(*) FROM t WHERE a >= 40") == 2);
    store_close(shared);
    loop_free(l);
    fiber_free();
}

/* Through the proxy, which loses what is said. */
static void unknown(void)
{
    char why[512] = "", through[200];
    struct store *s;
    snprintf(through, sizeof through, "postgres://assistant@127.0.0.1:%d/assistant", server.proxy);
    CHECK(open_at(&s, through, NULL, why) == STORE_OPENED);
    CHECK(store_exec(s, "INSERT INTO t VALUES (20, 'twenty')") == 0);
    postgres_tell(&server, "lose answer");
    CHECK(store_commit(s) == STORE_UNKNOWN);
    CHECK(case_number(stores[1], "SELECT count(*) FROM t WHERE a = 20") == 1);
    store_commit(stores[1]);
    postgres_tell(&server, "pass");
    CHECK(store_exec(s, "INSERT INTO t VALUES (21, 'twenty-one')") == 0);
    CHECK(store_commit(s) == STORE_COMMITTED && store_healthy(s));
    CHECK(store_exec(s, "INSERT INTO t VALUES (22, 'twenty-two')") == 0);
    postgres_tell(&server, "cut");
    CHECK(store_exec(s, "DELETE FROM t") == STORE_AWAY && store_lost(s));
    CHECK(store_commit(s) == STORE_LOST);
    CHECK(store_exec(s, "DELETE FROM t") == STORE_AWAY && !store_healthy(s));
    CHECK(store_lost(s) && store_commit(s) == STORE_LOST);
    struct trouble trouble;
    store_trouble(s, &trouble);
    CHECK(trouble.cause[0] && strstr(trouble.remedy, "database server"));
    postgres_tell(&server, "pass");
    CHECK(case_number(s, "SELECT count(*) FROM t WHERE a BETWEEN 21 AND 29") == 1 &&
          store_healthy(s));
    store_close(s);
}

int main(void)
{
    postgres_start(&server, "");
    open_both();
    case_run("schema steps are applied once, each as a whole, and a newer schema is refused",
             migrated);
    case_run("of four processes that apply a step at the same time one does", migrated_once);
    case_run("a group is stored as a whole, and numbered when it has written", groups);
    case_run("savepoints nest, and one undoes an error", savepoints);
    case_run("values come back as they went", values);
    case_run("a fault in a statement is the statement's", errors);
    case_run("on a server an error outside of savepoints loses the group", undone);
    case_run("after a conflict a group runs again, and goes on where it was", conflict);
    case_run("a group that read what another client has changed is lost", conflict_for_good);
    case_run("a conflict at the commit runs the group again when it would read the same",
             conflict_at_commit);
    case_run("a group that is given up stores nothing; a short one reads what others commit",
             given_up);
    case_run("two fibers have two groups, and what is durable waits for the older one", fibers);
    case_run("a commit without an answer is unknown, and a group whose server is away is lost",
             unknown);
    for (int i = 0; i < 2; i++)
        store_close(stores[i]);
    return cases_end();
}
