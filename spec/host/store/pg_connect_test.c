/* What DATABASE_URL may say to PostgreSQL, and which servers are refused: cause and remedy in one
 * line. */
#include "spec/host/store/pg_case.h"

/* The refusal of this URL; "" when it opens. */
static const char *refusal(const char *text)
{
    struct pg *p = NULL;
    struct pg_options options = { .url = text };
    why[0] = 0;
    enum pg_open_result result = pg_open(&p, &options, why, sizeof why);
    if ((result == PG_OPENED) != (p != NULL))
        return "(no answer)";
    pg_close(p);
    return why;
}

/* One line, of sentences, that says these two things and nothing of a password. */
static bool says(const char *text, const char *cause, const char *remedy)
{
    const char *told = refusal(text);
    bool fine = strstr(told, cause) && strstr(told, remedy) && !strchr(told, '\n') &&
                !strstr(told, "geheim") && told[strlen(told) - 1] != '.';
    if (!fine)
        printf("# %s\n#   -> %s\n", text, told);
    return fine;
}

static void wrong_urls(void)
{
    CHECK(says("postgres://user:geheim@127.0.0.1:99x/db", "port", "%40"));
    CHECK(says("postgres://user:geheim@127.0.0.1:5432/db?sslmod=require", "'sslmod'", "remove it"));
    CHECK(says("postgres://user:ge%heim@127.0.0.1/db", "cannot be read", "%25"));
    CHECK(says("postgres://user:geheim@127.0.0.1:5432", "names no database", "DATABASE"));
    CHECK(says("postgres://user:geheim", "names no database", "DATABASE"));
    CHECK(says("host=localhost geheim", "cannot be read", "postgres://"));
    CHECK(says("host=a,b,c port=1,2 dbname=db sslmode=require", "as many ports", "hosts"));
}

/* A password whose characters were not written with %: its parts stand where host, port and
 * database are expected. */
static void wrong_passwords(void)
{
    CHECK(says("postgres://user:a@geheim@127.0.0.1/db?sslmode=disable", "host", "%40"));
    CHECK(says("postgres://user:geheim/x@127.0.0.1/db?sslmode=disable", "holds @ or /", "%40"));
}

static void without_tls(void)
{
    CHECK(says("postgres://u:geheim@10.11.12.13/db", "sslmode is missing", "verify-full"));
    CHECK(says("postgres://u@localhost,db.example.com/db", "db.example.com", "sslmode"));
    CHECK(says("postgres://u@localhost/db?hostaddr=10.1.1.1", "10.1.1.1", "sslmode"));
    CHECK(says("postgres://u@127.0.0.1.example.com/db", "127.0.0.1.example.com", "sslmode"));
    CHECK(says("postgres://u@127.0.0.1:1/db", "127.0.0.1 port 1", "Start the server"));
    CHECK(says("postgres://u@[::1]:1/db", "no connection", "Start the server"));
    CHECK(says("postgres://u@/db?host=/nowhere", "/nowhere", "Start the server"));
    CHECK(says("postgres://u@127.0.0.2:1/db?sslmode=require", "127.0.0.2", "Start the server"));
}

/* ---- servers ---- */

static const char *at(const char *user, const char *database)
{
    static char text[2][200];
    static int turn;
    turn = !turn;
    snprintf(text[turn], sizeof text[turn], "postgres://%s@127.0.0.1:%d/%s", user, server.port,
             database);
    return text[turn];
}

static void tell(const char *sql)
{
    char command[500];
    snprintf(command, sizeof command, "sql %s", sql);
    postgres_tell(&server, command);
}

static void passwords(void)
{
    CHECK(says(at("assistant:geheim2", "assistant"), "refuses the password", "Correct"));
    CHECK(says(at("assistant", "assistant"), "none is given", "Add the password"));
    CHECK(says(at("nobody:geheim", "assistant"), "refuses the password of user \"nobody\"",
               "DATABASE_URL"));
    CHECK(says(at("assistant:right", "nothing"), "no database \"nothing\"", "createdb"));
    CHECK(*refusal(at("assistant:right", "assistant")) == 0);
}

static void other_databases(void)
{
    tell("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    CHECK(says(at("assistant:right", "latin"), "LATIN1", "createdb -E UTF8"));
    tell("CREATE ROLE guest LOGIN PASSWORD 'right'");
    CHECK(says(at("guest:right", "assistant"), "must not create tables", "GRANT CREATE"));
    tell("ALTER ROLE guest SET search_path = nowhere");
    CHECK(says(at("guest:right", "assistant"), "has no schema", "search_path"));
    tell("CREATE TABLE invoices (id BIGINT)");
    CHECK(says(at("assistant:right", "assistant"), "another product", "a database of its own"));
    CHECK(strstr(why, "invoices"));
    tell("CREATE TABLE schema_steps (owner TEXT)");
    CHECK(*refusal(at("assistant:right", "assistant")) == 0);
    tell("ALTER ROLE guest SET default_transaction_read_only = on");
    CHECK(says(at("guest:right", "assistant"), "only reads", "Name the primary"));
}

static void too_old(void)
{
    const char *text = url_at(server.proxy);
    postgres_tell(&server, "age 13");
    CHECK(says(text, "PostgreSQL 13", "Upgrade"));
    postgres_tell(&server, "age 14");
    CHECK(*refusal(text) == 0);
}

static void poolers(void)
{
    static const char *const modes[] = { "transaction", "statement", "session" };
    for (int i = 0; i < 3; i++) {
        char command[40], text[100];
        snprintf(command, sizeof command, "bouncer %s", modes[i]);
        snprintf(text, sizeof text, "postgres://assistant@127.0.0.1:%d/assistant",
                 atoi(postgres_tell(&server, command)));
        CHECK(i == 2 ? *refusal(text) == 0 : says(text, "pooler", "pool_mode = session"));
    }
}

/* What is durable only later by the database's own setting is durable at COMMIT for us. */
static void durable(void)
{
    tell("ALTER DATABASE assistant SET synchronous_commit = off");
    db_open((struct pg_options){ .url = at("assistant:right", "assistant") });
    CHECK(ask("SELECT count(*) FROM pg_settings WHERE name = 'synchronous_commit' AND setting = "
              "'on'") == 1);
    db_close();
}

int main(void)
{
    log_open(LOG_OFF);
    loop = loop_new();
    case_run("a URL that is wrong is refused with its remedy", wrong_urls);
    case_run("no part of a password that was not written with % is told", wrong_passwords);
    case_run("a server elsewhere needs sslmode, loopback and a socket do not", without_tls);
    postgres_start(&server, "password=right");
    case_run("a password that is missing or wrong is told from a database that is", passwords);
    case_run("a database of another product, of another encoding, or without rights is refused",
             other_databases);
    case_run("a COMMIT waits for the disk whatever the database is set to", durable);
    server_new("");
    case_run("a server older than 14 is refused", too_old);
    case_run("a pooler of sessions is taken, and one of transactions is refused in words", poolers);
    loop_free(loop);
    return cases_end();
}
