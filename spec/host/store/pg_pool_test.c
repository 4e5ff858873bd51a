/* The pool of the PostgreSQL client on fibers: the line, deadlines, and every way to lose a
 * connection. */
#include "spec/host/store/pg_case.h"

/* ---- a slice on a fiber ---- */

enum { SLICES = 8 };

struct slice {
    const char *sql[4];
    enum pg_mode mode;
    bool commits;
    unsigned deadline_ms;
    struct pg_session *session; /* while it runs */
    int code, lost;
    enum pg_commit_result committed;
    char error[400];
};

static struct slice slices[SLICES];
static bool is_long;

static void slice_run(void *arg)
{
    struct slice *t = arg;
    struct pg_session *s = pg_begin(db, t->mode, &t->code, t->error, sizeof t->error);
    if (!s)
        return;
    t->session = s;
    if (t->deadline_ms)
        pg_deadline(s, loop_now_ns() + t->deadline_ms * 1000000ull);
    for (size_t i = 0; !t->code && i < 4 && t->sql[i]; i++)
        t->code = pg_exec(s, t->sql[i]);
    if (t->commits)
        t->committed = pg_commit(s);
    t->lost = pg_lost(s);
    snprintf(t->error, sizeof t->error, "%s", pg_error(s));
    t->session = NULL;
    pg_end(s);
}

static void start(struct slice *t, struct slice how)
{
    *t = how;
    if (!fiber_start(slice_run, t))
        printf("# no fiber\n");
}

static bool finish(void)
{
    return turn_until(no_fibers);
}

/* How many statements with this text the server runs now. */
static int64_t at_server(const char *what)
{
    char sql[300];
    snprintf(sql, sizeof sql,
             "sql SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE "
             "'%%%s%%' AND query NOT LIKE '%%pg_stat_activity%%'",
             what);
    return atoll(postgres_tell(&server, sql));
}

static bool sleeps(void)
{
    return at_server("pg_sleep") > 0;
}

/* A lock that slices wait for, with WAIT, until its session ends. */
#define WAIT "SELECT pg_advisory_xact_lock_shared(7)"

static struct pg_session *hold(void)
{
    struct pg_session *s = begin(PG_READ_COMMITTED);
    CHECK(number(s, "SELECT count(*) FROM (SELECT pg_advisory_xact_lock(7)) t") == 1);
    return s;
}

static bool two_wait(void)
{
    return at_server("xact_lock_shared") == 2;
}

static bool no_sleep(void)
{
    return at_server("pg_sleep") == 0;
}

static bool one_fiber(void)
{
    return fiber_count() == 1;
}

static bool none_open(void)
{
    return pg_figures(db).open == 0;
}

static bool two_open(void)
{
    return pg_figures(db).open == 2;
}

static bool refused(void)
{
    return pg_figures(db).failed > 0;
}

static bool one_open(void)
{
    return pg_figures(db).open == 1;
}

static void opened(struct pg_options options)
{
    db_close();
    db_open(options);
}

/* ---- sentences ---- */

static void side_by_side(void)
{
    opened((struct pg_options){ .connections = 3, .lock_ms = 60000 });
    struct pg_session *s = hold();
    for (int i = 0; i < 2; i++)
        start(&slices[i], (struct slice){ .sql = { WAIT } });
    CHECK(turn_until(two_wait)); /* both at the server, and the loop turns */
    pg_end(s);
    CHECK(finish() && !slices[0].code && !slices[1].code);
    CHECK(pg_figures(db).open == 3 && pg_figures(db).idle == 3);
}

static void in_line(void)
{
    opened((struct pg_options){ .connections = 2 });
    run("CREATE TABLE counted (a BIGINT)");
    for (int i = 0; i < SLICES; i++)
        start(&slices[i], (struct slice){ .mode = PG_READ_COMMITTED,
                                          .commits = true,
                                          .sql = { "INSERT INTO counted VALUES (1)", "SELECT 2",
                                                   "INSERT INTO counted VALUES (3)" } });
    CHECK(pg_figures(db).waiting >= SLICES - 2);
    CHECK(finish() && turn_until(two_open) && pg_figures(db).waiting == 0);
    for (int i = 0; i < SLICES; i++)
        CHECK(!slices[i].code && slices[i].committed == PG_COMMITTED);
    CHECK(ask("SELECT sum(a) FROM counted") == 4 * SLICES);
}

static void line_has_an_end(void)
{
    opened((struct pg_options){ .connections = 1, .line_ms = 50 });
    start(&slices[0], (struct slice){ .sql = { "SELECT pg_sleep(60)" } });
    start(&slices[1], (struct slice){ .sql = { "SELECT 1" } });
    CHECK(turn_until(one_fiber) && slices[1].code == PG_BUSY && strstr(slices[1].error, "in use"));
    pg_cancel(slices[0].session);
    CHECK(finish());
}

static void overstays(void)
{
    opened((struct pg_options){ .wait_ms = 200 });
    start(&slices[0], (struct slice){ .sql = { "SELECT pg_sleep(60)" }, .commits = true });
    CHECK(finish() && slices[0].code == PG_AWAY && slices[0].lost == PG_AWAY);
    CHECK(slices[0].committed == PG_NOT_COMMITTED && strstr(slices[0].error, "in time"));
    CHECK(turn_until(no_sleep)); /* the server ends it by itself */
    CHECK(turn_until(one_open));
    opened((struct pg_options){ 0 });
    start(&slices[0], (struct slice){ .sql = { "SELECT pg_sleep(60)" }, .deadline_ms = 100 });
    CHECK(finish() && slices[0].code == PG_AWAY);
    struct pg_session *s = begin(PG_SERIALIZABLE); /* and without a fiber */
    pg_deadline(s, loop_now_ns() + 50000000);
    CHECK(pg_exec(s, "SELECT pg_sleep(60)") == PG_AWAY && strstr(pg_error(s), "in time"));
    pg_end(s);
    CHECK(ask("SELECT 3") == 3);
}

static void cancelled(void)
{
    opened((struct pg_options){ 0 });
    start(&slices[0], (struct slice){ .sql = { "SELECT pg_sleep(60)", "SELECT 1" } });
    CHECK(turn_until(sleeps));
    pg_cancel(slices[0].session);
    CHECK(finish() && slices[0].code == PG_AWAY && strstr(slices[0].error, "cancelled"));
    CHECK(turn_until(no_sleep) && turn_until(one_open) && ask("SELECT 3") == 3);
}

static void locks(void)
{
    opened((struct pg_options){ .lock_ms = 100 });
    run("CREATE TABLE locked (a BIGINT PRIMARY KEY, b BIGINT)");
    run("INSERT INTO locked VALUES (1, 0), (2, 0)");
    struct pg_session *s = begin(PG_READ_COMMITTED);
    CHECK(pg_exec(s, "UPDATE locked SET b = 1 WHERE a = 1") == 0);
    start(&slices[0], (struct slice){ .sql = { "UPDATE locked SET b = 2 WHERE a = 1" } });
    CHECK(finish() && slices[0].code == PG_BUSY && !slices[0].lost);
    pg_end(s);
}

static void deadlock(void)
{
    opened((struct pg_options){ .lock_ms = 60000 });
    struct pg_session *s = hold();
    static const char one[] = "UPDATE locked SET b = b + 1 WHERE a = 1",
                      two[] = "UPDATE locked SET b = b + 1 WHERE a = 2";
    for (int i = 0; i < 2; i++)
        start(&slices[i], (struct slice){ .mode = PG_READ_COMMITTED,
                                          .commits = true,
                                          .sql = { i ? two : one, WAIT, i ? one : two } });
    CHECK(turn_until(two_wait));
    pg_end(s);
    CHECK(finish());
    struct slice *loser = slices[0].code ? &slices[0] : &slices[1];
    struct slice *winner = slices[0].code ? &slices[1] : &slices[0];
    CHECK(loser->code == PG_CONFLICT && loser->lost == PG_CONFLICT);
    CHECK(loser->committed == PG_NOT_COMMITTED && winner->committed == PG_COMMITTED);
    CHECK(ask("SELECT sum(b) FROM locked") == 2);
}

/* ---- losing the connection ---- */

static void through_the_proxy(void)
{
    char at[256];
    snprintf(at, sizeof at, "%s", url_at(server.proxy));
    opened((struct pg_options){ .url = at, .line_ms = 20000 });
}

static void cut_in_a_statement(void)
{
    through_the_proxy();
    start(&slices[0], (struct slice){ .sql = { "SELECT pg_sleep(60)" }, .commits = true });
    CHECK(turn_until(sleeps));
    postgres_tell(&server, "cut");
    CHECK(finish() && slices[0].code == PG_AWAY && slices[0].committed == PG_NOT_COMMITTED);
    start(&slices[0], (struct slice){ .sql = { "SELECT 1" } }); /* waits in line */
    for (int i = 0; i < 5; i++)
        loop_wait(loop, 50000000);
    CHECK(fiber_count() == 1 && !pg_healthy(db, why, sizeof why) && *why);
    postgres_tell(&server, "pass");
    CHECK(finish() && slices[0].code == 0 && pg_healthy(db, NULL, 0));
}

static void cut_in_commit(void)
{
    through_the_proxy();
    run("CREATE TABLE doubt (a BIGINT)");
    postgres_tell(&server, "lose answer");
    start(&slices[0], (struct slice){ .sql = { "INSERT INTO doubt VALUES (1)" }, .commits = true });
    CHECK(finish() && slices[0].code == 0 && slices[0].committed == PG_UNKNOWN);
    CHECK(atoll(postgres_tell(&server, "sql SELECT count(*) FROM doubt")) == 1);
    CHECK(turn_until(one_open));
    postgres_tell(&server, "lose request");
    start(&slices[0], (struct slice){ .sql = { "INSERT INTO doubt VALUES (2)" }, .commits = true });
    CHECK(finish() && slices[0].code == 0 && slices[0].committed == PG_UNKNOWN);
    CHECK(turn_until(one_open));
    CHECK(atoll(postgres_tell(&server, "sql SELECT count(*) FROM doubt")) == 1);
}

/* A network that takes everything and brings nothing. */
static void held(void)
{
    through_the_proxy();
    postgres_tell(&server, "hold");
    start(&slices[0], (struct slice){ .sql = { "SELECT 1" }, .deadline_ms = 200 });
    CHECK(finish() && slices[0].code == PG_AWAY && strstr(slices[0].error, "in time"));
    postgres_tell(&server, "pass");
    start(&slices[0], (struct slice){ .sql = { "SELECT 1" } });
    CHECK(finish() && slices[0].code == 0);
}

static void restarts(void)
{
    opened((struct pg_options){ .line_ms = 30000 });
    start(&slices[0], (struct slice){ .sql = { "SELECT 1" } });
    start(&slices[1], (struct slice){ .sql = { "SELECT 1" } });
    CHECK(finish() && turn_until(two_open));
    postgres_tell(&server, "stop");
    CHECK(turn_until(none_open)); /* idle ones are noticed */
    start(&slices[0], (struct slice){ .sql = { "INSERT INTO doubt VALUES (5)" }, .commits = true });
    postgres_tell(&server, "start");
    CHECK(finish() && slices[0].code == 0 && slices[0].committed == PG_COMMITTED);
    start(&slices[0], (struct slice){ .sql = { "SELECT pg_sleep(60)" }, .commits = true });
    CHECK(turn_until(sleeps));
    postgres_tell(&server, "kill");
    CHECK(finish() && slices[0].code == PG_AWAY && slices[0].committed == PG_NOT_COMMITTED);
    postgres_tell(&server, "start");
    start(&slices[0], (struct slice){ .sql = { "SELECT 1" } });
    CHECK(finish() && slices[0].code == 0);
}

static void stopped_by_the_server(void)
{
    opened((struct pg_options){ 0 });
    start(&slices[0], (struct slice){ .sql = { "SELECT pg_sleep(60)" } });
    CHECK(turn_until(sleeps));
    postgres_tell(&server, "sql SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query "
                           "LIKE 'SELECT pg_sleep%'");
    CHECK(finish() && slices[0].code == PG_STOPPED && !slices[0].lost);
    start(&slices[0], (struct slice){ .sql = { "SELECT pg_sleep(60)" } });
    CHECK(turn_until(sleeps));
    postgres_tell(&server, "sql SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query "
                           "LIKE 'SELECT pg_sleep%'");
    CHECK(finish() && slices[0].code == PG_AWAY && strstr(slices[0].error, "57P01"));
}

/* More than the server takes: the pool lives with fewer. */
static void server_is_full(void)
{
    opened((struct pg_options){ .connections = 31, .line_ms = 30000, .lock_ms = 60000 });
    fiber_most(31);
    static struct slice many[30];
    struct pg_session *s = hold();
    for (int i = 0; i < 30; i++)
        start(&many[i], (struct slice){ .mode = PG_READ_COMMITTED, .sql = { WAIT } });
    CHECK(turn_until(refused) && pg_figures(db).open <= 20 && pg_figures(db).waiting >= 10);
    pg_end(s); /* they all wait for this one */
    CHECK(finish());
    for (int i = 0; i < 30; i++)
        CHECK(many[i].code == 0);
    fiber_most(SLICES);
}

/* ---- verdicts under cuts ---- */

enum { NUMBERS = 4000 };

static unsigned char verdicts[NUMBERS]; /* 1 + what pg_commit said; 0: no COMMIT was sent */
static int next_number, told, goal;

static void insert_numbers(void *arg)
{
    char sql[64], words[400];
    int code;
    (void)arg;
    while (next_number < goal) {
        int n = next_number++;
        struct pg_session *s = pg_begin(db, PG_READ_COMMITTED, &code, words, sizeof words);
        snprintf(sql, sizeof sql, "INSERT INTO verdicts VALUES (%d)", n);
        if (s && pg_exec(s, sql) == 0)
            verdicts[n] = (unsigned char)(1 + pg_commit(s));
        pg_end(s);
        told++;
    }
}

static bool some_more(void)
{
    static int seen;
    if (told < seen + 20 && fiber_count() > 0)
        return false;
    seen = told;
    return true;
}

static void tells_the_truth(void)
{
    int rounds = is_long ? 100 : 12, wrong = 0, unknown = 0, stored = 0;
    through_the_proxy();
    run("CREATE TABLE verdicts (a BIGINT)");
    goal = rounds * 40;
    for (int i = 0; i < SLICES; i++)
        fiber_start(insert_numbers, NULL);
    for (int i = 0; i < rounds; i++) {
        turn_until(some_more);
        postgres_tell(&server, i % 3 == 2 ? "lose answer" : "cut");
        if (i % 3 == 2)
            turn_until(some_more);
        postgres_tell(&server, "pass");
    }
    CHECK(finish() && next_number == goal);
    for (int n = 0; n < goal; n++) {
        char sql[80];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM verdicts WHERE a = %d", n);
        int64_t there = ask(sql);
        stored += there == 1;
        unknown += verdicts[n] == 1 + PG_UNKNOWN;
        wrong += verdicts[n] == 1 + PG_COMMITTED ? there != 1
                 : verdicts[n] != 1 + PG_UNKNOWN ? there != 0
                                                 : 0;
    }
    CHECK(wrong == 0 && unknown > 0 && stored > goal / 2);
    printf("# %d rounds: %d numbers, %d stored, %d in doubt\n", rounds, goal, stored, unknown);
}

int main(int argc, char **argv)
{
    is_long = argc > 1 && strcmp(argv[1], "--long") == 0;
    log_open(LOG_OFF);
    loop = loop_new();
    fiber_most(SLICES);
    server_new("max_connections=20 superuser_reserved_connections=5");
    case_run("two sessions wait at the server side by side, and the loop goes on", side_by_side);
    case_run("sessions stand in line for a connection, and all get one", in_line);
    case_run("the line has a deadline", line_has_an_end);
    case_run("a statement that overstays ends, here and at the server", overstays);
    case_run("a wait is cancelled from outside", cancelled);
    case_run("a lock that another client holds is waited for until lock_ms", locks);
    case_run("of a deadlock one runs again and the other commits", deadlock);
    case_run("a connection cut in a statement is replaced when the server is back",
             cut_in_a_statement);
    case_run("a COMMIT without an answer is unknown, whether it was carried out or not",
             cut_in_commit);
    case_run("a network that holds everything back is met by the deadline", held);
    case_run("a server that restarts or dies is connected to again", restarts);
    case_run("a statement that an operator stops is told from a connection that was ended",
             stopped_by_the_server);
    case_run("a server without free connections makes sessions wait", server_is_full);
    case_run("what was committed is there, and what was not is not, while connections are cut",
             tells_the_truth);
    db_close();
    fiber_free();
    loop_free(loop);
    return cases_end();
}
