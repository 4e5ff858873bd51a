/* What jobs.h promises of either engine, on PostgreSQL. */
#include "spec/host/work/pg_store.h"

#include "spec/host/work/jobs_contract.h"
#include "spec/support/postgres.h"

static struct postgres server;

static struct store *empty(void)
{
    char url[128];
    snprintf(url, sizeof url, "postgres://assistant@127.0.0.1:%d/assistant", server.port);
    postgres_tell(&server, "sql DROP SCHEMA public CASCADE");
    postgres_tell(&server, "sql CREATE SCHEMA public");
    return pg_store_open(url, PG_READ_COMMITTED);
}

int main(void)
{
    log_open(getenv("LOUD") ? LOG_DEBUG : LOG_OFF);
    postgres_start(&server, "fsync=off");
    shared_open = empty;
    jobs_contract();
    return cases_end();
}
