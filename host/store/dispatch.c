/* store.h's functions: each calls the engine's. */
#include "store/engine.h"
#include "store/postgres/engine.h"
#include "store/sqlite/engine.h"

#include <stdio.h>
#include <string.h>

static const struct store_engine *engine_of(const struct store *s)
{
    return *(const struct store_engine *const *)s;
}

enum store_open_result store_open_with(struct store **out, const struct store_options *o, char *why,
                                       size_t why_size)
{
#ifdef ASSISTANT_POSTGRES
    if (o->path &&
        (strncmp(o->path, "postgres://", 11) == 0 || strncmp(o->path, "postgresql://", 13) == 0))
        return postgres_engine.open(out, o, why, why_size);
#endif
    return sqlite_engine.open(out, o, why, why_size);
}

enum store_open_result store_open(struct store **out, const char *path, char *why, size_t why_size)
{
    return store_open_with(out, &(struct store_options){ .path = path }, why, why_size);
}

void store_close(struct store *s)
{
    if (s)
        engine_of(s)->close(s);
}

int store_migrate(struct store *s, const char *owner, const char *const *steps, size_t count,
                  char *why, size_t why_size)
{
    return engine_of(s)->migrate(s, owner, steps, count, why, why_size);
}

int store_known(struct store *s, const char *owner, size_t count, char *why, size_t why_size)
{
    return engine_of(s)->known(s, owner, count, why, why_size);
}

const char *store_path(const struct store *s)
{
    return engine_of(s)->path ? engine_of(s)->path(s) : NULL;
}

bool store_shared(const struct store *s)
{
    return engine_of(s)->shared;
}

void store_short(struct store *s)
{
    if (engine_of(s)->shorten)
        engine_of(s)->shorten(s);
}

void store_drop(struct store *s)
{
    if (engine_of(s)->drop)
        engine_of(s)->drop(s);
}

int store_live(struct store *s, char *why, size_t why_size)
{
    return engine_of(s)->live ? engine_of(s)->live(s, why, why_size) : 0;
}

bool store_strange(const struct store *s)
{
    return engine_of(s)->strange ? engine_of(s)->strange(s) : false;
}

bool store_restored(const struct store *s)
{
    return engine_of(s)->restored ? engine_of(s)->restored(s) : false;
}

struct store_statement *store_prepare(struct store *s, const char *sql, size_t len,
                                      const char **error)
{
    return engine_of(s)->prepare(s, sql, len, error);
}

void store_done(struct store *s, struct store_statement *st)
{
    engine_of(s)->done(s, st);
}

struct store_statement *store_borrow(struct store *s, const char *sql, size_t len,
                                     const char **error)
{
    return engine_of(s)->borrow(s, sql, len, error);
}

void store_settle(struct store *s)
{
    engine_of(s)->settle(s);
}

int store_step(struct store *s, struct store_statement *st)
{
    return engine_of(s)->step(s, st);
}

int store_parameters(struct store_statement *st)
{
    return st->calls->parameters(st);
}

int store_bind_null(struct store_statement *st, int i)
{
    return st->calls->bind_null(st, i);
}

int store_bind_integer(struct store_statement *st, int i, int64_t value)
{
    return st->calls->bind_integer(st, i, value);
}

int store_bind_number(struct store_statement *st, int i, double value)
{
    return st->calls->bind_number(st, i, value);
}

int store_bind_text(struct store_statement *st, int i, const char *text, size_t len)
{
    return st->calls->bind_text(st, i, text, len);
}

int store_bind_bytes(struct store_statement *st, int i, const void *bytes, size_t len)
{
    return st->calls->bind_bytes(st, i, bytes, len);
}

int store_columns(struct store_statement *st)
{
    return st->calls->columns(st);
}

const char *store_column_name(struct store_statement *st, int i)
{
    return st->calls->column_name(st, i);
}

enum store_type store_column_type(struct store_statement *st, int i)
{
    return st->calls->column_type(st, i);
}

int64_t store_column_integer(struct store_statement *st, int i)
{
    return st->calls->column_integer(st, i);
}

double store_column_number(struct store_statement *st, int i)
{
    return st->calls->column_number(st, i);
}

const char *store_column_text(struct store_statement *st, int i)
{
    return st->calls->column_text(st, i);
}

const void *store_column_bytes(struct store_statement *st, int i, size_t *len)
{
    return st->calls->column_bytes(st, i, len);
}

bool store_reads(const struct store_statement *st)
{
    return st->reads;
}

int64_t store_changed(struct store *s, const struct store_statement *st)
{
    return engine_of(s)->changed(s, st);
}

int store_exec(struct store *s, const char *sql)
{
    return engine_of(s)->exec(s, sql);
}

const char *store_error(struct store *s)
{
    return engine_of(s)->error(s);
}

bool store_begin(struct store *s)
{
    return engine_of(s)->begin(s);
}

int store_savepoint(struct store *s)
{
    return engine_of(s)->savepoint(s);
}

int store_release(struct store *s)
{
    return engine_of(s)->release(s);
}

int store_rollback(struct store *s)
{
    return engine_of(s)->rollback(s);
}

int store_depth(const struct store *s)
{
    return engine_of(s)->depth(s);
}

uint64_t store_group(const struct store *s)
{
    return engine_of(s)->group(s);
}

bool store_dirty(const struct store *s)
{
    return engine_of(s)->dirty(s);
}

bool store_lost(const struct store *s)
{
    return engine_of(s)->lost(s);
}

enum store_commit_result store_commit(struct store *s)
{
    return engine_of(s)->commit(s);
}

bool store_heavy(struct store *s)
{
    return engine_of(s)->heavy ? engine_of(s)->heavy(s) : false;
}

void store_sync_apart(struct store *s, void (*wake)(void *arg), void *arg)
{
    if (engine_of(s)->sync_apart)
        engine_of(s)->sync_apart(s, wake, arg);
}

void store_sync_together(struct store *s)
{
    if (engine_of(s)->sync_together)
        engine_of(s)->sync_together(s);
}

void store_sync(struct store *s)
{
    if (engine_of(s)->sync)
        engine_of(s)->sync(s);
}

bool store_sync_beside(struct store *s)
{
    return engine_of(s)->sync_beside ? engine_of(s)->sync_beside(s) : false;
}

bool store_syncing(const struct store *s)
{
    return engine_of(s)->syncing ? engine_of(s)->syncing(s) : false;
}

uint64_t store_durable(struct store *s)
{
    return engine_of(s)->durable ? engine_of(s)->durable(s) : store_group(s);
}

bool store_healthy(const struct store *s)
{
    return engine_of(s)->healthy(s);
}

void store_probe(struct store *s)
{
    engine_of(s)->probe(s);
}

bool store_in_place(struct store *s)
{
    return engine_of(s)->in_place ? engine_of(s)->in_place(s) : true;
}

bool store_idle(struct store *s)
{
    return engine_of(s)->idle ? engine_of(s)->idle(s) : false;
}

void store_bound(struct store *s)
{
    if (engine_of(s)->bound)
        engine_of(s)->bound(s);
}

bool store_bound_due(struct store *s)
{
    return engine_of(s)->bound_due ? engine_of(s)->bound_due(s) : false;
}

struct store_copy *store_copy_begin(struct store *s, const char *to, void (*wake)(void *arg),
                                    void *arg, char *why, size_t why_size)
{
    if (engine_of(s)->copy_begin)
        return engine_of(s)->copy_begin(s, to, wake, arg, why, why_size);
    snprintf(why, why_size, "this database is on a server: copy it with the server's own tools");
    return NULL;
}

void store_note_copy(struct store *s, const char *path, int64_t made_at_ms)
{
    if (engine_of(s)->note_copy)
        engine_of(s)->note_copy(s, path, made_at_ms);
}

int store_step_copies(const struct store *s,
                      void (*each)(void *arg, const char *path, int64_t made_at_ms), void *arg)
{
    return engine_of(s)->step_copies ? engine_of(s)->step_copies(s, each, arg) : 0;
}

bool store_locked(struct store *s, struct store_holder *out)
{
    return engine_of(s)->locked ? engine_of(s)->locked(s, out) : false;
}

bool store_busy(struct store *s, struct trouble *out)
{
    return engine_of(s)->busy ? engine_of(s)->busy(s, out) : false;
}

void store_trouble(struct store *s, struct trouble *out)
{
    engine_of(s)->trouble(s, out);
}

struct store_figures store_figures(const struct store *s)
{
    return engine_of(s)->figures(s);
}

enum store_scrub_result store_scrub(struct store *s, struct store_scrub *w, uint64_t budget_ns)
{
    return engine_of(s)->scrub ? engine_of(s)->scrub(s, w, budget_ns) : STORE_SCRUBBED;
}

int store_look_for(struct store *s, struct needles *n, int64_t *at, uint64_t budget_ns)
{
    return engine_of(s)->look_for ? engine_of(s)->look_for(s, n, at, budget_ns) : 0;
}
