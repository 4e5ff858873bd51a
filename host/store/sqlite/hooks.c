/*
 * Hooks that SQLite calls while it works: time limit, permission, length of the log. See store.h.
 */
#include "store/sqlite/parts.h"

#include "base/loop.h"

enum { PROGRESS_OPS = 20000 };
/* One step of one statement; shorter than WATCHDOG_MS. */
static const uint64_t step_budget_ns = 1000 * 1000000ull;
/* Memory of one statement, because a transaction stays in memory until the commit. */
static const int64_t step_bytes = 128 << 20;

static int on_wal(void *arg, sqlite3 *db, const char *name, int pages)
{
    struct store *s = arg;
    (void)db;
    (void)name;
    /* The log starts again once all of it is in the database, and that is synced. */
    if ((uint64_t)pages < s->wal_pages || (s->wal_moved == s->wal_pages && !store_home_owed(s)))
        s->wal_moved = 0;
    s->wal_pages = (uint64_t)pages;
    return SQLITE_OK;
}

static int on_progress(void *arg)
{
    struct store *s = arg;
    if (!s->timing)
        return 0;
    uint64_t now = loop_now_ns();
    if (!s->step_began_ns)
        s->step_began_ns = now;
    return now - s->step_began_ns > step_budget_ns || store_cache_bytes(s) > step_bytes;
}

static int authorize(void *arg, int action, const char *a, const char *b, const char *database,
                     const char *trigger)
{
    static const char *const harmless[] = {
        "table_info",  "table_xinfo",     "table_list",       "index_list",
        "index_info",  "index_xinfo",     "foreign_key_list", "foreign_key_check",
        "quick_check", "integrity_check", "page_count",       "freelist_count"
    };
    const struct store *s = arg;
    (void)database;
    (void)trigger;
    if (!s->vetting)
        return SQLITE_OK;
    switch (action) {
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
    case SQLITE_ATTACH:
    case SQLITE_DETACH: return SQLITE_DENY;
    case SQLITE_PRAGMA:
        for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
            if (sqlite3_stricmp(a, harmless[i]) == 0)
                return SQLITE_OK;
        return !b && sqlite3_stricmp(a, "user_version") == 0 ? SQLITE_OK : SQLITE_DENY;
    }
    return SQLITE_OK;
}

int store_attach(struct store *s)
{
    sqlite3_busy_timeout(s->db, STORE_BUSY_MS);
    sqlite3_wal_hook(s->db, on_wal, s);
    sqlite3_progress_handler(s->db, PROGRESS_OPS, on_progress, s);
    sqlite3_set_authorizer(s->db, authorize, s);
    sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, 64 * 1024 * 1024);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    s->group = 1;
    s->healthy = true;
    s->statements = statements_new(s->db);
    return s->statements ? 0 : -1;
}
