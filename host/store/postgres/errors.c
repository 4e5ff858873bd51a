/* What the server's errors mean, and how they are told: without a value and without a password. */
#include "base/log.h"
#include "store/postgres/inside.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct meaning {
    const char *sqlstate; /* five characters, or the first of them */
    int code;
};

/* The first one that fits counts. */
static const struct meaning meanings[] = {
    { "40001", PG_CONFLICT }, /* serialization_failure */
    { "40P01", PG_CONFLICT }, /* deadlock_detected */
    { "26000", PG_CONFLICT }, /* the prepared statement is gone: prepare again */
    { "23505", PG_TAKEN },    /* unique_violation */
    { "25P02", PG_UNDONE },   /* in_failed_sql_transaction */
    { "25P03", PG_AWAY },     /* idle_in_transaction_session_timeout */
    { "25006", PG_AWAY },     /* read_only_sql_transaction: the primary has become a standby */
    { "55P03", PG_BUSY },     /* lock_not_available */
    { "57014", PG_STOPPED },  /* query_canceled */
    { "53100", PG_FULL },     /* disk_full */
    { "53200", PG_STOPPED },  /* out_of_memory */
    { "53", PG_AWAY },        /* too many connections, and other limits of the server */
    { "57", PG_AWAY },        /* the server shuts down, or starts */
    { "58", PG_AWAY },        /* its files cannot be read or written */
    { "XX", PG_AWAY },        /* damage, or a fault of the server */
    { "08", PG_AWAY },        /* the connection */
};

int pg_code_of(const char *sqlstate)
{
    if (!sqlstate || !*sqlstate)
        return PG_AWAY;
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (strncmp(sqlstate, meanings[i].sqlstate, strlen(meanings[i].sqlstate)) == 0)
            return meanings[i].code;
    return PG_MISUSE;
}

/* ---- words ---- */

/* Is what stands between the quotes a name (of a table, a column)? */
static bool is_name(const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)p[i]) && !strchr("_.$", p[i]))
            return false;
    return len > 0 && len < 64;
}

/* How much of a message may be shown. Messages about data (class 22) repeat the value, in quotes
 * that depend on the server's language: they are shown up to the first sign that is none of a
 * sentence. Others are shown up to the first quoted text that is no name. */
static size_t harmless(const char *message, size_t len, const char *sqlstate)
{
    if (strncmp(sqlstate, "22", 2) == 0) {
        size_t i = 0;
        while (i < len && (isalnum((unsigned char)message[i]) || strchr(" ,-", message[i])))
            i++;
        return i;
    }
    const char *p = message, *end = message + len, *open, *close;
    while ((open = memchr(p, '"', (size_t)(end - p)))) {
        close = memchr(open + 1, '"', (size_t)(end - open - 1));
        if (!close || !is_name(open + 1, (size_t)(close - open - 1)))
            return (size_t)(open - message);
        p = close + 1;
    }
    return len;
}

void pg_words_of(char *out, size_t size, const char *message, const char *sqlstate)
{
    size_t len = strcspn(message, "\n"), at = 0;
    size_t shown = harmless(message, len, sqlstate);
    while (shown > 0 && message[shown - 1] == ' ')
        shown--;
    if (size < 64)
        return;
    for (size_t i = 0; i < shown && at < size - 32;) {
        size_t one = buf_utf8(message + i, shown - i);
        if (one == 0 || (unsigned char)message[i] < ' ') {
            out[at++] = '?';
            i++;
            continue;
        }
        if (at + one >= size - 32)
            break;
        memcpy(out + at, message + i, one);
        at += one;
        i += one;
    }
    out[at] = 0;
    if (*sqlstate)
        snprintf(out + at, size - at, "%s(SQLSTATE %.5s)", at ? " " : "", sqlstate);
}

void pg_words_of_result(char *out, size_t size, const PGresult *r)
{
    const char *message = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    if (!message)
        message = PQresultErrorMessage(r);
    pg_words_of(out, size, message && *message ? message : "the server gave no reason",
                state ? state : "");
}

void pg_notice(void *arg, const PGresult *r)
{
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    const char *severity = PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED);
    char words[PG_WHY];
    bool *ending = arg;
    if (severity && ending && strcmp(severity, "FATAL") == 0)
        *ending = true;
    /* 25001, 25P01: a transaction that is there, or is not, when it is ended to be sure. */
    if (!severity || strcmp(severity, "WARNING") != 0 || (state && strncmp(state, "25", 2) == 0))
        return;
    pg_words_of_result(words, sizeof words, r);
    log_event(LOG_WARN, "database.warning", log_s("message", words));
}
