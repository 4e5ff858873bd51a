/*
 * db: host.db. Statements are borrowed from the store and returned before the call ends. A
 * statement of a call that threw (out of memory) is returned by the next call, or at the end of the
 * slice. The loop thread.
 */
#include "bind/bind.h"

#include "scripts/cpu_guard.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROW_STEPS = 200 }; /* what one row takes of the slice: about a microsecond */

void bind_not_loading(lua_State *L, const char *what)
{
    if (!task_of(L))
        luaL_error(L,
                   "%s cannot be used while scripts are loading. Move the call into a handler, or "
                   "into `start` of main.lua.",
                   what);
}

int bind_not_stored(lua_State *L)
{
    struct task *t = task_of(L);
    if (t)
        task_kill(t);
    return luaL_error(
        L, "cancelled: what was written could not be stored (`assistant status` says why)");
}

void bind_wrote(lua_State *L, bool stored)
{
    task_touch(task_of(L));
    if (!stored)
        bind_not_stored(L);
}

static int sql_error(lua_State *L, struct store *s, int rc, const char *sql)
{
    if (store_lost(s) || rc == STORE_BUSY || rc == STORE_FULL || rc == STORE_CONFLICT ||
        rc == STORE_AWAY) /* the disk or another program is the cause, not the statement */
        return bind_not_stored(L);
    return luaL_error(L, "SQL: %s (in: %s)", store_error(s), sql);
}

static void bind_values(lua_State *L, struct store *s, struct store_statement *st, int first)
{
    int given = lua_gettop(L) - first + 1,
        wanted = store_parameters(st); /* fewer are fine: the others are nil */
    if (given > wanted)
        luaL_error(L, "SQL: %d values given, the statement has %d", given, wanted);
    for (int i = 0; i < given; i++) {
        int at = first + i, rc;
        size_t n = 0;
        switch (lua_type(L, at)) {
        case LUA_TNIL: rc = store_bind_null(st, i + 1); break;
        case LUA_TBOOLEAN: rc = store_bind_integer(st, i + 1, lua_toboolean(L, at)); break;
        case LUA_TNUMBER:
            rc = lua_isinteger(L, at) ? store_bind_integer(st, i + 1, lua_tointeger(L, at))
                                      : store_bind_number(st, i + 1, lua_tonumber(L, at));
            break;
        case LUA_TSTRING: {
            const char *text = lua_tolstring(
                L, at, &n); /* not copied, because it stays on the stack until the last step */
            rc = store_bind_text(st, i + 1, text, n);
            break;
        }
        default:
            if (lua_islightuserdata(L, at) && !lua_touserdata(L, at)) { /* json.null */
                rc = store_bind_null(st, i + 1);
                break;
            }
            luaL_error(L, "SQL: value %d is a %s; text, numbers, booleans and nil can be stored",
                       i + 1, luaL_typename(L, at));
            return;
        }
        if (rc != 0)
            luaL_error(L, "SQL: value %d: %s", i + 1, store_error(s));
    }
}

static struct store_statement *open_statement(lua_State *L, struct store *s, const char **sql)
{
    size_t n = 0;
    const char *error = NULL;
    *sql = luaL_checklstring(L, 1, &n);
    bind_not_loading(L, "db");
    struct store_statement *st = store_borrow(s, *sql, n, &error);
    if (!st)
        luaL_error(L, "SQL: %s (in: %s)", error ? error : "not prepared", *sql);
    bind_values(L, s, st, 2);
    return st;
}

static void touch(lua_State *L)
{
    struct task *t = task_of(L);
    if (t)
        task_touch(t);
}

/* Pushes the table of column names by a statement's text. At 0 it counts its texts, so that
 * statements with values in their text do not fill the memory. */
static lua_Integer push_texts(lua_State *L, bool anew)
{
    static const char name[] = "host.db.names";
    if (!anew && lua_getfield(L, LUA_REGISTRYINDEX, name) == LUA_TTABLE) {
        lua_rawgeti(L, -1, 0);
        lua_Integer count = lua_tointeger(L, -1);
        lua_pop(L, 1);
        return count;
    }
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, name);
    return 0;
}

/* Pushes the statement's column names. They are made once per text of a statement: a turn fills 90
 * fields, and making each name costs more than setting the field. */
static void push_names(lua_State *L, struct store_statement *st)
{
    enum { TEXTS_MOST = 512 };
    int n = store_columns(st);
    lua_Integer texts = push_texts(L, false);
    int kept = lua_gettop(L);
    lua_pushvalue(L, 1);
    if (lua_rawget(L, kept) == LUA_TTABLE && (int)lua_rawlen(L, -1) == n)
        return;
    if (texts >= TEXTS_MOST) {
        lua_settop(L, kept - 1);
        texts = push_texts(L, true);
    }
    lua_settop(L, kept);
    lua_pushinteger(L, texts + 1);
    lua_rawseti(L, kept, 0);
    lua_pushvalue(L, 1);
    lua_createtable(L, n, 0);
    for (int i = 0; i < n; i++) {
        lua_pushstring(L, store_column_name(st, i));
        lua_rawseti(L, -2, i + 1);
    }
    lua_pushvalue(L, -1);
    lua_insert(L, -3);
    lua_rawset(L, kept);
}

/* The row as a table, with the names at the top of the stack, which stay. It has room for what is
 * there, because most of a conversation's 40 columns are NULL: the row takes 1.2 KB in place of
 * 2.6, and a turn keeps it while it waits for the model. */
static void push_row(lua_State *L, struct store_statement *st)
{
    enum { KEPT = 64 };
    unsigned char types[KEPT];
    int n = store_columns(st), fields = n > KEPT ? n - KEPT : 0, names = lua_gettop(L);
    for (int i = 0; i < n && i < KEPT; i++)
        fields += (types[i] = (unsigned char)store_column_type(st, i)) != STORE_NULL;
    lua_createtable(L, 0, fields);
    for (int i = 0; i < n; i++) {
        int type = i < KEPT ? types[i] : (int)store_column_type(st, i);
        if (type == STORE_NULL)
            continue;
        lua_rawgeti(L, names, i + 1);
        switch (type) {
        case STORE_INTEGER: lua_pushinteger(L, store_column_integer(st, i)); break;
        case STORE_NUMBER: lua_pushnumber(L, store_column_number(st, i)); break;
        default: {
            size_t len;
            const void *p = store_column_bytes(st, i, &len);
            lua_pushlstring(L, p ? p : "", len);
        }
        }
        lua_rawset(L, -3);
    }
}

/* Reads one more row. No hook runs between two rows, so each row takes steps of the slice. */
static int step(lua_State *L, struct store *s, struct store_statement *st)
{
    int rc = store_step(s, st);
    if (rc != STORE_ROW || (cpu_guard_steps()->left -= ROW_STEPS) >= 0)
        return rc;
    touch(L);
    return cpu_guard_end(L, "this query returns more rows than one slice has time for. Give it a "
                            "LIMIT, and begin the next query after its last row.");
}

static int one(lua_State *L)
{
    const char *sql;
    struct store *s = generation_of(L)->services->store;
    struct store_statement *st = open_statement(L, s, &sql);
    int rc = store_step(s, st);
    touch(L);
    if (rc == STORE_ROW) {
        push_names(L, st);
        push_row(L, st);
        /* A statement with RETURNING writes only on the way to STORE_DONE. */
        if (!store_reads(st))
            while ((rc = step(L, s, st)) == STORE_ROW)
                ;
    } else {
        lua_pushnil(L);
    }
    if (rc != STORE_ROW && rc != STORE_DONE)
        return sql_error(L, s, rc, sql);
    store_settle(s);
    return 1;
}

static int all(lua_State *L)
{
    const char *sql;
    struct store *s = generation_of(L)->services->store;
    struct store_statement *st = open_statement(L, s, &sql);
    lua_newtable(L);
    int rc, list = lua_gettop(L);
    lua_Integer n = 0;
    while ((rc = step(L, s, st)) == STORE_ROW) {
        touch(L); /* before anything can throw */
        if (n == 0)
            push_names(L, st);
        push_row(L, st);
        lua_rawseti(L, list, ++n);
    }
    touch(L);
    if (rc != STORE_DONE)
        return sql_error(L, s, rc, sql);
    store_settle(s);
    lua_settop(L, list);
    return 1;
}

static int run(lua_State *L)
{
    const char *sql;
    struct store *s = generation_of(L)->services->store;
    struct store_statement *st = open_statement(L, s, &sql);
    int rc;
    while ((rc = step(L, s, st)) == STORE_ROW)
        ;
    touch(L);
    if (rc != STORE_DONE)
        return sql_error(L, s, rc, sql);
    int64_t changes = store_changed(s, st);
    store_settle(s);
    lua_pushinteger(L, changes);
    return 1;
}

static int transaction(lua_State *L)
{
    struct store *s = generation_of(L)->services->store;
    luaL_checktype(L, 1, LUA_TFUNCTION);
    bind_not_loading(L, "db.transaction");
    int args = lua_gettop(L) - 1;
    int rc = store_savepoint(s);
    touch(L);
    if (rc != 0)
        return sql_error(L, s, rc, "SAVEPOINT");
    rc = lua_pcall(L, args, LUA_MULTRET, 0); /* a C boundary: a wait inside throws */
    if (store_lost(s))
        return bind_not_stored(L);
    if (rc != LUA_OK) {
        store_rollback(s);
        jobs_forget(generation_of(L)->services->jobs);
        return lua_error(L);
    }
    rc = store_release(s);
    if (rc != 0)
        return sql_error(L, s, rc, "RELEASE");
    return lua_gettop(L);
}

/* ---- copies ---- */

static void push_copy(lua_State *L, const char *path, int64_t made_at, bool before_step)
{
    char media[PATH_MAX];
    int n = snprintf(media, sizeof media, "%s.media", path);
    lua_createtable(L, 0, 5);
    set_text_field(L, "path", path);
    set_flag_field(L, "before_step", before_step);
    set_integer_field(L, "made_at", made_at);
    set_flag_field(L, "exists", access(path, F_OK) == 0);
    if (n > 0 && n < (int)sizeof media && access(media, F_OK) == 0)
        set_text_field(L, "media", media);
    lua_rawseti(L, -2, luaL_len(L, -2) + 1);
}

struct found {
    char *paths[64];
    int64_t made_at[64];
    int count;
};

/* Must not throw, because the store holds the names. */
static void find(void *arg, const char *path, int64_t made_at)
{
    struct found *f = arg;
    if (f->count < (int)(sizeof f->paths / sizeof *f->paths) && (f->paths[f->count] = strdup(path)))
        f->made_at[f->count++] = made_at;
}

static int push_found(lua_State *L)
{
    const struct found *f = lua_touserdata(L, 2);
    lua_settop(L, 1);
    for (int i = 0; i < f->count; i++)
        push_copy(L, f->paths[i], f->made_at[i], true);
    return 0;
}

static int backups(lua_State *L)
{
    static const char sql[] = "SELECT path, made_at FROM backups ORDER BY made_at, path";
    struct store *s = generation_of(L)->services->store;
    struct found f = { .count = 0 };
    int rc;
    lua_settop(L, 0);
    if (store_shared(s)) { /* a server's copies are made with its own tools */
        lua_newtable(L);
        return 1;
    }
    lua_pushlstring(L, sql, sizeof sql - 1);
    const char *text;
    struct store_statement *st = open_statement(L, s, &text);
    lua_newtable(L);
    while ((rc = store_step(s, st)) == STORE_ROW)
        push_copy(L, store_column_text(st, 0), store_column_integer(st, 1), false);
    touch(L);
    if (rc != STORE_DONE)
        return sql_error(L, s, rc, sql);
    store_settle(s);
    store_step_copies(s, find, &f);
    lua_pushcfunction(L, push_found);
    lua_pushvalue(L, -2);
    lua_pushlightuserdata(L, &f);
    rc = lua_pcall(L, 2, 0, 0);
    for (int i = 0; i < f.count; i++)
        free(f.paths[i]);
    return rc == LUA_OK ? 1 : lua_error(L);
}

static int is_durable(lua_State *L, int status, lua_KContext ctx)
{
    (void)L, (void)status, (void)ctx;
    return 0;
}

static int durable(lua_State *L)
{
    struct task *t = task_may_wait(L, "db.durable");
    struct run_queue *q = &t->gen->scripts->queue;
    struct store *s = t->gen->services->store;
    if (store_shared(s)) { /* the slice ends with this wait, and its commit makes t ready */
        if (!store_dirty(s))
            return 0;
        t->woken = true;
        return task_wait(L, t, NULL, is_durable);
    }
    t->durable_at = store_group(s) + store_dirty(s);
    if (store_durable(s) >= t->durable_at)
        return 0;
    task_touch(t);
    t->next_side = q->durable;
    q->durable = t;
    return task_wait(L, t, NULL, is_durable);
}

int luaopen_host_db(lua_State *L)
{
    static const luaL_Reg functions[] = { { "one", one },
                                          { "all", all },
                                          { "run", run },
                                          { "transaction", transaction },
                                          { "durable", durable },
                                          { "scrub", bind_db_scrub },
                                          { "holds", bind_db_holds },
                                          { "restored", bind_db_restored },
                                          { "backups", backups },
                                          { NULL, NULL } };
    luaL_newlib(L, functions);
    return 1;
}
