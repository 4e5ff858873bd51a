/* SQLite's placeholders as PostgreSQL takes them. */
#include "store/postgres/dialect.h"

#include "spec/host/store/store_case.h"

static struct dialect found;

/* The text that PostgreSQL gets; "!" and the fault when it is refused. */
static const char *pg(const char *sql)
{
    static char told[400];
    struct buf out = { 0 };
    const char *fault = dialect_read(&out, sql, strlen(sql), &found);
    snprintf(told, sizeof told, "%s%s", fault ? "!" : "", fault ? fault : out.data ? out.data : "");
    buf_free(&out);
    return told;
}

static bool same(const char *sql)
{
    return strcmp(pg(sql), sql) == 0 && found.parameters == 0;
}

static void numbers(void)
{
    CHECK(strcmp(pg("SELECT ?, ?"), "SELECT $1, $2") == 0 && found.parameters == 2);
    CHECK(strcmp(pg("a=?2 AND b=? AND c=?1"), "a=$2 AND b=$3 AND c=$1") == 0);
    CHECK(found.parameters == 3);
    CHECK(strcmp(pg("x?y"), "x$1y") == 0);
    CHECK(strcmp(pg("?"), "$1") == 0 && strcmp(pg(""), "") == 0);
    CHECK(pg("SELECT ?0")[0] == '!' && pg("SELECT ?99999")[0] == '!');
    CHECK(pg("SELECT ?99999999999999999999")[0] == '!');
}

static void inside(void)
{
    CHECK(same("SELECT '?', 'it''s ?', \"a?\"\"?\""));
    CHECK(same("SELECT E'\\'?', e'?\\\\'"));
    CHECK(strcmp(pg("SELECT 'a\\', ?"), "SELECT 'a\\', $1") == 0); /* no E: no escape */
    CHECK(strcmp(pg("SELECT name'\\', ?"), "SELECT name'\\', $1") == 0);
    CHECK(same("SELECT 1 -- what?\n, 2") && same("SELECT /* ? /* ? */ ? */ 1"));
    CHECK(same("SELECT $$?$$, $a$ ? $$ ? $a$"));
    CHECK(strcmp(pg("SELECT a$b$?"), "SELECT a$b$$1") == 0);
    CHECK(strcmp(pg("SELECT 1 - ?, 4 / ?"), "SELECT 1 - $1, 4 / $2") == 0);
}

static void unfinished(void)
{
    CHECK(same("SELECT 'abc ?") && same("SELECT \"?") && same("SELECT /* ?"));
    CHECK(same("$$ ?") && same("SELECT E'\\") && same("--?"));
    CHECK(same("SELECT '") && same("$a"));
}

static void reads(void)
{
    pg(" /* INSERT */ select 'DELETE'");
    CHECK(found.reads);
    pg("WITH x AS (SELECT 1) SELECT * FROM x FOR UPDATE SKIP LOCKED");
    CHECK(found.reads);
    pg("WITH x AS (DELETE FROM t RETURNING a) SELECT * FROM x");
    CHECK(!found.reads);
    pg("INSERT INTO t SELECT 1");
    CHECK(!found.reads);
    pg("");
    CHECK(!found.reads);
}

static void refused(void)
{
    CHECK(pg("commit")[0] == '!' && pg("-- x\n ROLLBACK TO a")[0] == '!');
    CHECK(pg("SET synchronous_commit = off")[0] == '!');
    CHECK(pg("UPDATE t SET a = ?")[0] == 'U' && pg("SELECT begin")[0] == 'S');
    struct buf out = { 0 };
    CHECK(dialect_read(&out, "SELECT\0 1", 9, &found) != NULL);
    buf_free(&out);
}

int main(void)
{
    case_run("placeholders take SQLite's numbers", numbers);
    case_run("what stands in strings, names, comments and dollar quotes is left alone", inside);
    case_run("a text that ends too early is passed on for the server to refuse", unfinished);
    case_run("a statement that only reads is known by its words", reads);
    case_run("a statement that would end the transaction is refused", refused);
    return cases_end();
}
