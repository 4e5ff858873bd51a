/* Schema steps and copies of the database. See store.h. */
#include "store/sqlite/parts.h"

#include "base/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One integer of one row. 0 with *out untouched when there is no row, or -1. */
static int integer_of(struct store *s, const char *sql, const char *text, sqlite3_int64 *out)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);
    if (rc == SQLITE_OK && text)
        rc = sqlite3_bind_text(statement, 1, text, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        *out = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : -1;
}

/* A step that fails at each start leaves one copy, not one per start. */
static int backup_before(struct store *s, const char *owner, size_t step, char *why,
                         size_t why_size)
{
    char *name = NULL;
    int rc = -1;
    if (asprintf(&name, "%s.before-%sstep-%zu", s->path, strcmp(owner, "host") == 0 ? "host-" : "",
                 step) < 0) {
        snprintf(why, why_size, "not enough memory");
        return -1;
    }
    rc = store_backup(s, name, true, why, why_size);
    if (rc == 0)
        log_event(LOG_INFO, "store.backup", log_s("path", name));
    free(name);
    return rc;
}

/* Applies a step and stores its number, or neither. A step may change every page, so the cache may
 * spill: it has no savepoints (see the pragmas in open.c). */
static int apply(struct store *s, const char *owner, size_t number, const char *sql, char *why,
                 size_t why_size)
{
    char note[160];
    bool scripts = strcmp(owner, "scripts") == 0;
    char *quoted = sqlite3_mprintf("REPLACE INTO schema_steps (owner, step) VALUES (%Q, %d)", owner,
                                   (int)number);
    snprintf(note, sizeof note, "PRAGMA user_version=%d", (int)number);
    const char *const parts[] = { "PRAGMA cache_spill=ON; BEGIN IMMEDIATE", sql, quoted,
                                  scripts ? note : "", "COMMIT" };
    int rc = quoted ? SQLITE_OK : SQLITE_NOMEM;
    for (size_t i = 0; rc == SQLITE_OK && i < sizeof parts / sizeof *parts; i++) {
        rc = sqlite3_exec(s->db, parts[i], NULL, NULL, NULL);
        if (i == 1 && rc == SQLITE_OK && sqlite3_get_autocommit(s->db))
            rc = SQLITE_MISUSE; /* the step ended the transaction by itself */
    }
    if ((rc & 0xFF) == SQLITE_BUSY) {
        struct store_holder w = { .pid = 0 };
        struct trouble t;
        store_lock_look(s, &w);
        store_lock_trouble(s, &w, &t);
        snprintf(why, why_size, "schema step %zu of %s failed: %s: %s, and try again", number,
                 owner, t.cause, t.remedy);
    } else if (rc != SQLITE_OK) {
        snprintf(why, why_size, "schema step %zu of %s failed: %s", number, owner,
                 rc == SQLITE_MISUSE ? "it must not contain BEGIN, COMMIT or ROLLBACK"
                                     : sqlite3_errmsg(s->db));
    }
    if (rc != SQLITE_OK && !sqlite3_get_autocommit(s->db))
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_exec(s->db, "PRAGMA cache_spill=OFF", NULL, NULL, NULL);
    sqlite3_free(quoted);
    return rc == SQLITE_OK ? 0 : -1;
}

/* The number of the last step that was applied. 0, or -1 with why: unreadable, or newer than count.
 */
static int stored_step(struct store *s, const char *owner, size_t count, sqlite3_int64 *stored,
                       char *why, size_t why_size)
{
    sqlite3_int64 version = 0;
    store_read_end(s);
    if (s->open || s->lost) {
        snprintf(why, why_size, "a transaction is open");
        return -1;
    }
    *stored = 0;
    if (integer_of(s, "SELECT step FROM schema_steps WHERE owner = ?", owner, stored) != 0 ||
        (strcmp(owner, "scripts") == 0 &&
         integer_of(s, "PRAGMA user_version", NULL, &version) != 0)) {
        snprintf(why, why_size, "the schema cannot be read: %s", sqlite3_errmsg(s->db));
        return -1;
    }
    if (version > *stored)
        *stored = version;
    if (*stored <= (sqlite3_int64)count)
        return 0;
    char hint[4300];
    snprintf(why, why_size,
             "the database %s is newer than this program (step %lld of %s, this program knows "
             "%zu): use the newer program, or stop it and %s. Nothing was changed",
             s->path ? s->path : "in memory", (long long)*stored, owner, count,
             store_newest_copy(s, hint, sizeof hint));
    return -1;
}

int sqlite_known(struct store *s, const char *owner, size_t count, char *why, size_t why_size)
{
    sqlite3_int64 stored = 0;
    return stored_step(s, owner, count, &stored, why, why_size);
}

int sqlite_migrate(struct store *s, const char *owner, const char *const *steps, size_t count,
                   char *why, size_t why_size)
{
    sqlite3_int64 stored = 0, tables = 0;
    if (stored_step(s, owner, count, &stored, why, why_size) != 0)
        return -1;
    if (integer_of(s,
                   "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT IN "
                   "('schema_steps', 'probe')",
                   NULL, &tables) != 0) {
        snprintf(why, why_size, "the schema cannot be read: %s", sqlite3_errmsg(s->db));
        return -1;
    }
    if (stored < (sqlite3_int64)count && s->path && tables > 0 && !s->created &&
        backup_before(s, owner, (size_t)stored + 1, why, why_size) != 0)
        return -1;
    for (size_t i = (size_t)stored; i < count; i++)
        if (apply(s, owner, i + 1, steps[i], why, why_size) != 0)
            return -1;
    if (stored < (sqlite3_int64)count)
        log_event(LOG_INFO, "store.migrated", log_s("owner", owner), log_i("from", stored),
                  log_i("to", (int64_t)count));
    return 0;
}
