/* A primary with a synchronous standby: the primary is killed, and nothing that was committed is
 * lost. */
#include "spec/host/store/pg_case.h"

enum { NUMBERS = 20000, WRITERS = 4 };

static unsigned char verdicts[NUMBERS]; /* 1 + what pg_commit said; 0: no COMMIT was sent */
static int next_number, committed, goal;
static bool stop;

static void insert_numbers(void *arg)
{
    char sql[64], words[400];
    int code;
    (void)arg;
    while (!stop && next_number < NUMBERS) {
        int n = next_number++;
        struct pg_session *s = pg_begin(db, PG_SERIALIZABLE, &code, words, sizeof words);
        snprintf(sql, sizeof sql, "INSERT INTO verdicts VALUES (%d)", n);
        if (s && pg_exec(s, sql) == 0)
            verdicts[n] = (unsigned char)(1 + pg_commit(s));
        committed += verdicts[n] == 1 + PG_COMMITTED;
        pg_end(s);
    }
}

static bool reached(void)
{
    return committed >= goal;
}

static void fails_over(void)
{
    char both[200], sql[100];
    int missing = 0, invented = 0;
    snprintf(both, sizeof both, "postgres://assistant@127.0.0.1:%d,127.0.0.1:%d/assistant",
             server.port, server.standby);
    db_open((struct pg_options){ .url = both, .connections = WRITERS, .line_ms = 60000 });
    run("CREATE TABLE verdicts (a BIGINT PRIMARY KEY)");
    for (int i = 0; i < WRITERS; i++)
        fiber_start(insert_numbers, NULL);
    goal = 100;
    CHECK(turn_until(reached));
    postgres_tell(&server, "kill");
    int before = committed;
    for (int i = 0; i < 5; i++)
        loop_wait(loop, 50000000);
    CHECK(committed <= before + WRITERS); /* the standby takes no writes by itself */
    postgres_tell(&server, "promote");
    goal = committed + 100;
    CHECK(turn_until(reached));
    stop = true;
    CHECK(turn_until(no_fibers));
    for (int n = 0; n < next_number; n++) {
        snprintf(sql, sizeof sql, "SELECT count(*) FROM verdicts WHERE a = %d", n);
        int64_t there = ask(sql);
        missing += verdicts[n] == 1 + PG_COMMITTED && there == 0;
        invented += verdicts[n] != 1 + PG_COMMITTED && verdicts[n] != 1 + PG_UNKNOWN && there;
    }
    CHECK(missing == 0 && invented == 0);
    printf("# %d committed, %d asked for\n", committed, next_number);
    db_close();
}

int main(void)
{
    log_open(LOG_OFF);
    loop = loop_new();
    fiber_most(WRITERS);
    server_new("standby");
    case_run("the primary is killed, the standby promoted, and all that was committed is there",
             fails_over);
    fiber_free();
    loop_free(loop);
    return cases_end();
}
