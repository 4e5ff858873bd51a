/*
 * Connecting: what DATABASE_URL may say, one host after another, and what the server must be.
 *
 * Any thread; everything here blocks. Each refusal is one line: the cause, then the remedy.
 */
#include "store/postgres/inside.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOSTS = 8, WORDS = 48, OLDEST = 140000, CHECK_MS = 10000 };

struct pg_url {
    PQconninfoOption *options;
    size_t hosts;
    char *host[HOSTS], *address[HOSTS], *port[HOSTS];
};

#define SHAPE "postgres://USER:PASSWORD@HOST:PORT/DATABASE"
#define PERCENT                                                                                    \
    "In a user's name or a password, write @ as %%40, / as %%2F, : as %%3A, ? as %%3F, # as %%23 " \
    "and %% as %%25"

static bool refuse(char *why, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool refuse(char *why, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(why, size, format, args);
    va_end(args);
    return false;
}

/* ---- the text ---- */

static const char *given(const struct pg_url *u, const char *keyword)
{
    for (const PQconninfoOption *o = u->options; o->keyword; o++)
        if (strcmp(o->keyword, keyword) == 0)
            return o->val && *o->val ? o->val : NULL;
    return NULL;
}

/* "a,b,c" into list; how many, or 0 when there are too many. */
static size_t split(const char *text, char *list[HOSTS])
{
    size_t n = 0;
    for (const char *p = text ? text : "";; p++) {
        size_t len = strcspn(p, ",");
        if (n == HOSTS || !(list[n] = strndup(p, len)))
            return 0;
        n++;
        p += len;
        if (!*p)
            return n;
    }
}

/* The parser repeats parts of the text, which may be parts of the password. Only the name of an
 * unknown setting is told. */
static bool refuse_parsing(char *why, size_t size, const char *message)
{
    const char *open = strstr(message, "query parameter: \"");
    size_t len = 0;
    if (open) {
        open = strchr(open, '"') + 1;
        while (islower((unsigned char)open[len]) || open[len] == '_')
            len++;
        if (open[len] != '"' || len > 30)
            len = 0;
    }
    if (len > 0)
        return refuse(
            why, size,
            "DATABASE_URL: PostgreSQL has no setting '%.*s'. Correct its name, or remove it",
            (int)len, open);
    return refuse(why, size, "DATABASE_URL: it cannot be read as " SHAPE ". " PERCENT);
}

static bool plain(const char *text, const char *also)
{
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && !strchr(also, *text))
            return false;
    return true;
}

/* The machine itself: a socket, or a loopback address. */
static bool local(const char *host)
{
    struct in_addr v4;
    if (!*host || *host == '/' || *host == '@' || strcmp(host, "localhost") == 0 ||
        strcmp(host, "::1") == 0)
        return true;
    return inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

static bool hosts_fit(const struct pg_url *u, char *why, size_t size)
{
    for (size_t i = 0; i < u->hosts; i++) {
        const char *host = u->host[i], *at = *u->address[i] ? u->address[i] : host;
        if (!plain(host + (*host == '@'), ".-:_/%") || !plain(at + (*at == '@'), ".-:_/%") ||
            !plain(u->port[i], "") || strlen(u->port[i]) > 5 ||
            strspn(u->port[i], "0123456789") != strlen(u->port[i]))
            return refuse(why, size, "DATABASE_URL: its host or its port is not one. " PERCENT);
        if (!local(at) && !given(u, "sslmode"))
            return refuse(why, size,
                          "DATABASE_URL: sslmode is missing, so the connection to %s might not be "
                          "encrypted. Add ?sslmode=verify-full (checks the server's certificate) "
                          "or ?sslmode=require",
                          at);
    }
    return true;
}

static bool url_fits(struct pg_url *u, char *why, size_t size)
{
    const char *database = given(u, "dbname");
    size_t addresses, ports;
    if (!database)
        return refuse(why, size, "DATABASE_URL: it names no database. Write " SHAPE);
    if (strpbrk(database, "@/"))
        return refuse(
            why, size,
            "DATABASE_URL: the database's name in it holds @ or /. Perhaps they belong to the "
            "password. " PERCENT);
    if (given(u, "service"))
        return refuse(why, size, "DATABASE_URL: 'service' is not used. Write " SHAPE);
    u->hosts = split(given(u, "host") ? given(u, "host") : "/var/run/postgresql", u->host);
    addresses = split(given(u, "hostaddr"), u->address);
    ports = split(given(u, "port"), u->port);
    if (given(u, "hostaddr") && !given(u, "host"))
        for (; u->hosts < addresses; u->hosts++) /* addresses alone */
            u->host[u->hosts] = strdup("");
    if (!u->hosts || !addresses || !ports || (addresses > 1 && addresses != u->hosts) ||
        (ports > 1 && ports != u->hosts))
        return refuse(why, size,
                      "DATABASE_URL: it names as many ports as hosts, or one, and at most %d hosts",
                      HOSTS);
    for (size_t i = 1; i < u->hosts; i++) {
        if (addresses == 1)
            u->address[i] = strdup(given(u, "hostaddr") ? u->address[0] : "");
        if (ports == 1)
            u->port[i] = strdup(u->port[0]);
        if (!u->address[i] || !u->port[i])
            return refuse(why, size, "out of memory");
    }
    return hosts_fit(u, why, size);
}

struct pg_url *pg_url_read(const char *text, char *why, size_t size)
{
    char *message = NULL;
    struct pg_url *u = calloc(1, sizeof *u);
    if (!u) {
        refuse(why, size, "out of memory");
        return NULL;
    }
    u->options = PQconninfoParse(text, &message);
    bool fits = u->options ? url_fits(u, why, size)
                           : refuse_parsing(why, size, message ? message : "");
    PQfreemem(message);
    if (fits)
        return u;
    pg_url_free(u);
    return NULL;
}

void pg_url_free(struct pg_url *u)
{
    if (!u)
        return;
    for (size_t i = 0; i < HOSTS; i++) {
        free(u->host[i]);
        free(u->address[i]);
        free(u->port[i]);
    }
    if (u->options)
        PQconninfoFree(u->options);
    free(u);
}

/* ---- waiting, blocking ---- */

static uint64_t in_ms(unsigned ms)
{
    return loop_now_ns() + (uint64_t)ms * 1000000;
}

static bool ready(PGconn *conn, short events, uint64_t deadline_ns)
{
    struct pollfd p = { .fd = PQsocket(conn), .events = events };
    for (;;) {
        uint64_t now = loop_now_ns();
        if (now >= deadline_ns)
            return false;
        int n = poll(&p, 1, (int)((deadline_ns - now + 999999) / 1000000));
        if (n > 0)
            return true;
    }
}

/* The last result of these statements, or NULL with why. */
static PGresult *ask(PGconn *conn, const char *sql, char *why, size_t size)
{
    uint64_t deadline_ns = in_ms(CHECK_MS);
    PGresult *last = NULL, *r;
    if (!PQsendQuery(conn, sql))
        goto lost;
    for (;;) {
        while (PQisBusy(conn))
            if (!ready(conn, POLLIN, deadline_ns) || !PQconsumeInput(conn))
                goto lost;
        if (!(r = PQgetResult(conn)))
            break;
        if (PQresultStatus(r) == PGRES_FATAL_ERROR) {
            char words[PG_WHY];
            pg_words_of_result(words, sizeof words, r);
            refuse(why, size, "the database refuses to be set up: %s", words);
            PQclear(r);
            goto fail;
        }
        PQclear(last);
        last = r;
    }
    if (last)
        return last;
lost:
    refuse(why, size,
           "the server has closed the connection, or did not answer within %d s. If a "
           "pooler is between, let it pool sessions, not transactions",
           CHECK_MS / 1000);
fail:
    PQclear(last);
    return NULL;
}

/* ---- one host ---- */

/* In libpq's words of a failed connection: where the SQLSTATE stands ("FATAL:  28P01: …"), the
 * last one. NULL: the server did not say anything. */
static const char *state_in(const char *message)
{
    const char *found = NULL;
    for (const char *p = message; (p = strstr(p, ":  ")); p++) {
        const char *state = p + 3;
        size_t n = strspn(state, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        if (n == 5 && state[5] == ':')
            found = state;
    }
    return found;
}

static void tell_failure(const struct pg_url *u, size_t k, PGconn *conn, char *why, size_t size)
{
    const char *message = PQerrorMessage(conn), *state = state_in(message);
    const char *user = PQuser(conn), *database = given(u, "dbname");
    const char *host = *u->host[k] ? u->host[k] : u->address[k];
    char words[PG_WHY] = "", at[160];
    snprintf(at, sizeof at, "%.120s%s%s", host, *u->port[k] ? " port " : "", u->port[k]);
    if (!user)
        user = "?";
    if (state)
        pg_words_of(words, sizeof words, state + 7, "");
    if (PQconnectionNeedsPassword(conn))
        refuse(why, size,
               "DATABASE_URL: the server at %s asks for a password, and none is given. "
               "Add the password of user \"%s\"",
               at, user);
    else if (state && strncmp(state, "28P01", 5) == 0)
        refuse(why, size,
               "the server at %s refuses the password of user \"%s\". Correct the "
               "password in DATABASE_URL",
               at, user);
    else if (state && strncmp(state, "28", 2) == 0)
        refuse(why, size,
               "the server at %s does not let user \"%s\" in: %s. Create the user, or "
               "change the server's pg_hba.conf",
               at, user, words);
    else if (state && strncmp(state, "3D000", 5) == 0)
        refuse(why, size,
               "the server at %s has no database \"%s\". Create it (createdb -E UTF8), "
               "or correct DATABASE_URL",
               at, database);
    else if (state && strncmp(state, "53300", 5) == 0)
        refuse(why, size,
               "the server at %s takes no more connections: %s. Raise its "
               "max_connections, or stop a program that uses it",
               at, words);
    else if (state && strncmp(state, "57P03", 5) == 0)
        refuse(why, size, "the server at %s is not ready: %s. Wait until it has started", at,
               words);
    else if (state)
        refuse(why, size,
               "the server at %s refuses the connection: %s (SQLSTATE %.5s). See the "
               "server's log",
               at, words, state);
    else {
        const char *reason = strstr(message, "failed: ");
        pg_words_of(words, sizeof words, reason ? reason + 8 : message, "");
        refuse(why, size,
               "no connection to the database server at %s: %s. Start the server, or "
               "correct DATABASE_URL",
               at, words);
    }
}

struct words {
    const char *keys[WORDS + 1], *values[WORDS + 1];
    size_t count;
};

static void word(struct words *w, const char *key, const char *value)
{
    if (w->count < WORDS && value && *value) {
        w->keys[w->count] = key;
        w->values[w->count++] = value;
    }
}

/* A default of ours, where the text says nothing. */
static void word_else(struct words *w, const struct pg_url *u, const char *key, const char *value)
{
    if (!given(u, key))
        word(w, key, value);
}

static PGconn *start(const struct pg_url *u, size_t k)
{
    struct words w = { .count = 0 };
    for (const PQconninfoOption *o = u->options; o->keyword; o++)
        if (o->val && strcmp(o->keyword, "host") != 0 && strcmp(o->keyword, "hostaddr") != 0 &&
            strcmp(o->keyword, "port") != 0)
            word(&w, o->keyword, o->val);
    word(&w, "host", u->host[k]);
    word(&w, "hostaddr", u->address[k]);
    word(&w, "port", *u->port[k] ? u->port[k] : "5432");
    word(&w, "client_encoding", "UTF8");
    word_else(&w, u, "application_name", "assistant");
    word_else(&w, u, "gssencmode", "disable");
    /* A peer that is gone is noticed within 5 to 10 s, also while connecting. */
    word_else(&w, u, "keepalives_idle", "5");
    word_else(&w, u, "keepalives_interval", "2");
    word_else(&w, u, "keepalives_count", "3");
    word_else(&w, u, "tcp_user_timeout", "5000");
    if (u->hosts > 1)
        word_else(&w, u, "target_session_attrs", "read-write");
    return PQconnectStartParams(w.keys, w.values, 0);
}

static PGconn *connect_one(const struct pg_url *u, size_t k, char *why, size_t size)
{
    uint64_t deadline_ns = in_ms(PG_CONNECT_MS);
    PGconn *conn = start(u, k);
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    if (!conn) {
        refuse(why, size, "out of memory");
        return NULL;
    }
    PQsetErrorVerbosity(conn, PQERRORS_VERBOSE); /* the only way to the SQLSTATE of a refusal */
    PQsetNoticeReceiver(conn, pg_notice, NULL);
    if (PQstatus(conn) == CONNECTION_BAD)
        state = PGRES_POLLING_FAILED;
    while (state == PGRES_POLLING_READING || state == PGRES_POLLING_WRITING) {
        if (!ready(conn, state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline_ns)) {
            refuse(why, size,
                   "the database server at %s did not answer within %d s. Start the "
                   "server, or correct DATABASE_URL",
                   u->host[k], PG_CONNECT_MS / 1000);
            PQfinish(conn);
            return NULL;
        }
        state = PQconnectPoll(conn);
    }
    if (state == PGRES_POLLING_OK)
        return conn;
    tell_failure(u, k, conn, why, size);
    PQfinish(conn);
    return NULL;
}

/* ---- every connection ---- */

/* No statement_timeout: it would also cancel a COMMIT that waits for a standby, and the server
 * answers that with success. */
static const char settings[] =
    "SET client_min_messages = warning; SET standard_conforming_strings = on;"
    "SET bytea_output = hex; SET extra_float_digits = 1; SET \"TimeZone\" = 'UTC';"
    "SET \"DateStyle\" = 'ISO'; SET jit = off; SET idle_in_transaction_session_timeout = '60s';"
    "SET lock_timeout = %u;"
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') IN ('off', 'local');"
    /* The server ends what a closed connection left running. Not every platform can. */
    "SELECT set_config('client_connection_check_interval', '2s', false)"
    " WHERE version() LIKE '%%linux%%'";

static bool set_up(PGconn *conn, unsigned lock_ms, char *why, size_t size)
{
    char sql[1024];
    int version = PQserverVersion(conn);
    const char *encoding = PQparameterStatus(conn, "server_encoding");
    if (version < OLDEST)
        return refuse(why, size,
                      "the database server is PostgreSQL %d, and 14 or newer is needed. "
                      "Upgrade the server",
                      version / 10000);
    if (encoding && strcmp(encoding, "UTF8") != 0)
        return refuse(why, size,
                      "the database's encoding is %.20s, and UTF8 is needed. Create a "
                      "new one: createdb -E UTF8 -T template0 NAME",
                      encoding);
    snprintf(sql, sizeof sql, settings, lock_ms);
    PGresult *r = ask(conn, sql, why, size);
    PQclear(r);
    return r != NULL;
}

PGconn *pg_connect(const struct pg_url *u, unsigned lock_ms, char *why, size_t size)
{
    for (size_t k = 0; k < u->hosts; k++) {
        PGconn *conn = connect_one(u, k, why, size);
        if (conn && set_up(conn, lock_ms, why, size))
            return conn;
        PQfinish(conn);
    }
    return NULL;
}

/* ---- the first connection ---- */

static const char rights[] =
    "SELECT current_setting('transaction_read_only'), coalesce(current_schema(), ''),"
    " coalesce(has_schema_privilege(current_schema(), 'CREATE')::text, 'false'), current_user,"
    " current_database(),"
    /* the first table that no extension brought, and whether one of them is ours */
    " (SELECT min(relname) FROM pg_class c WHERE relkind IN ('r', 'p', 'v', 'm')"
    "   AND relnamespace = current_schema()::regnamespace AND NOT EXISTS"
    "     (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')),"
    " (SELECT count(*) FROM pg_class WHERE relname = 'schema_steps'"
    "   AND relnamespace = current_schema()::regnamespace)";

static bool rights_fit(PGconn *conn, char *why, size_t size)
{
    PGresult *r = ask(conn, rights, why, size);
    if (!r)
        return false;
    const char *schema = PQgetvalue(r, 0, 1), *user = PQgetvalue(r, 0, 3);
    const char *database = PQgetvalue(r, 0, 4), *table = PQgetvalue(r, 0, 5);
    bool fits = true;
    if (strcmp(PQgetvalue(r, 0, 0), "on") == 0)
        fits = refuse(why, size,
                      "the database server only reads: it is a standby, or "
                      "default_transaction_read_only is on. Name the primary in DATABASE_URL");
    else if (!*schema)
        fits = refuse(why, size,
                      "user \"%.60s\" has no schema in database \"%.60s\". Create the "
                      "one that search_path names",
                      user, database);
    else if (*table && strcmp(PQgetvalue(r, 0, 6), "0") == 0)
        fits = refuse(why, size,
                      "database \"%.60s\" has tables of another product in schema "
                      "\"%.60s\" (\"%.60s\"). Give this program a database of its own",
                      database, schema, table);
    else if (strcmp(PQgetvalue(r, 0, 2), "true") != 0)
        fits = refuse(why, size,
                      "user \"%.60s\" must not create tables in schema \"%.60s\" of "
                      "database \"%.60s\". As its owner: GRANT CREATE ON SCHEMA %.60s TO %.60s",
                      user, schema, database, schema, user);
    PQclear(r);
    return fits;
}

/* Which process of the server works for this connection; "" when it does not say. */
static void process_of(PGconn *conn, char out[16])
{
    char why[PG_WHY];
    PGresult *r = ask(conn, "SELECT pg_backend_pid()", why, sizeof why);
    snprintf(out, 16, "%s", r && PQntuples(r) == 1 ? PQgetvalue(r, 0, 0) : "");
    PQclear(r);
}

/* A pooler of transactions gives the process that a has just used to b, and then another one to
 * a. */
static bool changes_process(PGconn *a, PGconn *b)
{
    char first[16], other[16], again[16], why[PG_WHY];
    process_of(a, first);
    PQclear(ask(b, "BEGIN", why, sizeof why));
    process_of(b, other);
    bool changes = strcmp(first, other) == 0;
    if (!changes) {
        process_of(a, again);
        changes = strcmp(first, again) != 0;
    }
    PQclear(ask(b, "ROLLBACK", why, sizeof why));
    return changes;
}

bool pg_server_fits(const struct pg_url *u, PGconn *conn, unsigned lock_ms, char *why, size_t size)
{
    bool fits = true;
    if (!rights_fit(conn, why, size))
        return false;
    PGconn *second = pg_connect(u, lock_ms, why, size);
    if (!second)
        return false;
    for (int i = 0; fits && i < 3; i++)
        if (changes_process(conn, second))
            fits = refuse(why, size,
                          "the pooler before the database gives each transaction "
                          "another connection. Set it to pool sessions (PgBouncer: pool_mode = "
                          "session), or name the database server itself in DATABASE_URL");
    PQfinish(second);
    return fits;
}
