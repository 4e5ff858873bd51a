/*
 * What store_test and jobs_test share: sentences that pass or fail, a folder for each, children
 * that may die.
 */
#ifndef SPEC_STORE_CASE_H
#define SPEC_STORE_CASE_H

#include "base/log.h"
#include "store/store.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int cases_passed, cases_failed;
static bool case_fine;
static char case_folder[40], case_db[64];

#define CHECK(what)                                               \
    do {                                                          \
        if (!(what)) {                                            \
            printf("# %s:%d: %s\n", __FILE__, __LINE__, #what);   \
            fflush(stdout); /* what follows may not survive it */ \
            case_fine = false;                                    \
        }                                                         \
    } while (0)

static inline void case_shell(const char *command)
{
    if (system(command) != 0)
        printf("# failed: %s\n", command);
}

/* Each sentence gets a folder of its own; a database there is case_db. */
static inline void case_run(const char *sentence, void (*body)(void))
{
    char command[256];
    snprintf(case_folder, sizeof case_folder, "/tmp/assistant-store-XXXXXX");
    if (!mkdtemp(case_folder)) {
        printf("Bail out! no folder in /tmp\n");
        exit(1);
    }
    snprintf(case_db, sizeof case_db, "%s/db.sqlite", case_folder);
    case_fine = true;
    body();
    printf("%s - %s\n", case_fine ? "ok" : "not ok", sentence);
    fflush(stdout);
    cases_passed += case_fine;
    cases_failed += !case_fine;
    snprintf(command, sizeof command, "chmod -R u+rwx %s && rm -rf %s", case_folder, case_folder);
    case_shell(command);
}

static inline int cases_end(void)
{
    printf("%d passed, %d failed\n", cases_passed, cases_failed);
    return cases_failed != 0;
}

static inline struct store *case_open(void)
{
    char why[512] = "";
    struct store *s = NULL;
    if (store_open(&s, case_db, why, sizeof why) != STORE_OPENED) {
        printf("Bail out! %s\n", why);
        fflush(stdout);
        _exit(1);
    }
    return s;
}

/* Runs body in a child. Its exit code, or -signal. */
static inline int case_child(void (*body)(void))
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        log_open(LOG_OFF);
        body();
        _exit(0);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* The first column of the first row, or -1. */
static inline int64_t case_number(struct store *s, const char *sql)
{
    const char *error = NULL;
    struct store_statement *statement = store_prepare(s, sql, strlen(sql), &error);
    if (!statement)
        return -1;
    int64_t number = store_step(s, statement) == STORE_ROW ? store_column_integer(statement, 0)
                                                           : -1;
    store_done(s, statement);
    return number;
}

static inline bool case_sound(struct store *s)
{
    const char *error = NULL, sql[] = "PRAGMA integrity_check";
    struct store_statement *statement = store_prepare(s, sql, strlen(sql), &error);
    bool sound = statement && store_step(s, statement) == STORE_ROW &&
                 strcmp(store_column_text(statement, 0), "ok") == 0;
    store_done(s, statement);
    return sound;
}

static inline struct store *case_open_table(void)
{
    static const char *const steps[] = { "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT UNIQUE)" };
    struct store *s = case_open();
    char why[256];
    CHECK(store_migrate(s, "scripts", steps, 1, why, sizeof why) == 0);
    return s;
}

static inline double case_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

#endif
