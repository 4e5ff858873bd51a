/* A check of a database with a time limit. See parts.h. */
#include "store/sqlite/parts.h"

#include "base/loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* SQLite calls no progress handler within a check, but it tests for an interrupt at each page. */
struct alarm {
    pthread_mutex_t mutex;
    pthread_cond_t over;
    bool checked, rung;
    sqlite3 *db;
    uint64_t due_ns;
};

static void *ring(void *arg)
{
    struct alarm *a = arg;
    const struct timespec due = { .tv_sec = (time_t)(a->due_ns / 1000000000u),
                                  .tv_nsec = (long)(a->due_ns % 1000000000u) };
    pthread_mutex_lock(&a->mutex);
    while (!a->checked && !a->rung)
        if (pthread_cond_clockwait(&a->over, &a->mutex, CLOCK_MONOTONIC, &due) == ETIMEDOUT &&
            !a->checked) {
            a->rung = true;
            sqlite3_interrupt(a->db);
        }
    pthread_mutex_unlock(&a->mutex);
    return NULL;
}

/* Without a thread for the alarm there is no check, because a start must not hang. */
static bool set_alarm(struct alarm *a, pthread_t *thread)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(thread, NULL, ring, a);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0;
}

static void stop_alarm(struct alarm *a, pthread_t thread)
{
    pthread_mutex_lock(&a->mutex);
    a->checked = true;
    pthread_cond_signal(&a->over);
    pthread_mutex_unlock(&a->mutex);
    pthread_join(thread, NULL);
}

int store_check(sqlite3 *db, uint64_t budget_ns, char *found, size_t size)
{
    struct alarm a = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false, db,
                       loop_now_ns() + budget_ns };
    sqlite3_stmt *statement = NULL;
    pthread_t thread;
    if (!set_alarm(&a, &thread))
        return SQLITE_OK;
    int rc = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &statement, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    stop_alarm(&a, thread);
    const char *word = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    /* The result of an interrupted check is not used. */
    if (rc == SQLITE_INTERRUPT ||
        (rc == SQLITE_ROW && (a.rung || !word || strcmp(word, "ok") == 0)))
        rc = SQLITE_OK;
    else if (rc == SQLITE_ROW)
        snprintf(found, size, "%s", word);
    sqlite3_finalize(statement);
    return rc;
}
