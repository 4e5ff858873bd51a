#include "store/postgres/engine.h"

#include "base/fiber.h"
#include "store/postgres/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(STORE_TAKEN == (int)PG_TAKEN && STORE_AWAY == (int)PG_AWAY &&
                   STORE_ROW == (int)PG_ROW && STORE_DONE == (int)PG_DONE &&
                   STORE_BYTES == (int)PG_BYTES,
               "pg.h has the numbers of store.h");

/* Of one fiber, or of the loop's own stack. */
struct group {
    TAILQ_ENTRY(group) at;
    struct fiber *fiber;
    struct pg_session *session;
    enum pg_mode mode;
    bool lost;       /* nothing of it will be stored */
    uint64_t number; /* 0: it has not written */
    struct journal journal;
};

enum { AGAIN_MOST = 5, AGAIN_MS = 4 };

struct store {
    const struct store_engine *engine; /* postgres_engine; the first member */
    struct pg *pg;
    TAILQ_HEAD(, group) open;
    uint64_t next;
    bool away; /* the last group found no connection */
    struct loop *loop;
    struct store_figures figures;
    char error[PG_WHY];
};

/* ---- statements ---- */

static struct pg_statement *pg_of(struct store_statement *st)
{
    return (struct pg_statement *)st;
}

static int parameters(struct store_statement *st)
{
    return pg_parameters(pg_of(st));
}

static int bind_null(struct store_statement *st, int i)
{
    return pg_bind_null(pg_of(st), i);
}

static int bind_integer(struct store_statement *st, int i, int64_t value)
{
    return pg_bind_integer(pg_of(st), i, value);
}

static int bind_number(struct store_statement *st, int i, double value)
{
    return pg_bind_number(pg_of(st), i, value);
}

static int bind_text(struct store_statement *st, int i, const char *text, size_t len)
{
    return pg_bind_text(pg_of(st), i, text, len);
}

static int bind_bytes(struct store_statement *st, int i, const void *bytes, size_t len)
{
    return pg_bind_bytes(pg_of(st), i, bytes, len);
}

static int columns(struct store_statement *st)
{
    return pg_columns(pg_of(st));
}

static const char *column_name(struct store_statement *st, int i)
{
    return pg_column_name(pg_of(st), i);
}

static enum store_type column_type(struct store_statement *st, int i)
{
    return (enum store_type)pg_column_type(pg_of(st), i);
}

static int64_t column_integer(struct store_statement *st, int i)
{
    return pg_column_integer(pg_of(st), i);
}

static double column_number(struct store_statement *st, int i)
{
    return pg_column_number(pg_of(st), i);
}

static const char *column_text(struct store_statement *st, int i)
{
    return pg_column_text(pg_of(st), i);
}

static const void *column_bytes(struct store_statement *st, int i, size_t *len)
{
    return pg_column_bytes(pg_of(st), i, len);
}

static const struct store_statement_calls calls = {
    .parameters = parameters,
    .bind_null = bind_null,
    .bind_integer = bind_integer,
    .bind_number = bind_number,
    .bind_text = bind_text,
    .bind_bytes = bind_bytes,
    .columns = columns,
    .column_name = column_name,
    .column_type = column_type,
    .column_integer = column_integer,
    .column_number = column_number,
    .column_text = column_text,
    .column_bytes = column_bytes,
};

/* ---- the group ---- */

/* The group that is open here, or NULL. */
static struct group *now(const struct store *s)
{
    struct group *g;
    TAILQ_FOREACH(g, &s->open, at)
        if (g->fiber == fiber_current())
            return g;
    return NULL;
}

static int told(struct store *s, const struct pg_session *session, int code)
{
    if (code && code != STORE_ROW && code != STORE_DONE)
        snprintf(s->error, sizeof s->error, "%s", pg_error(session));
    return code;
}

/* The group here, perhaps without a connection yet. NULL: not enough memory. */
static struct group *group_here(struct store *s)
{
    struct group *g = now(s);
    if (g || !(g = calloc(1, sizeof *g)))
        return g;
    g->fiber = fiber_current();
    TAILQ_INSERT_TAIL(&s->open, g, at);
    return g;
}

/* 0 with *out, or an error code. */
static int group_open(struct store *s, struct group **out)
{
    int code = STORE_STOPPED;
    struct group *g = *out = group_here(s);
    if (!g) {
        snprintf(s->error, sizeof s->error, "not enough memory");
        return code;
    }
    if (g->lost)
        return STORE_UNDONE;
    if (g->session)
        return 0;
    g->session = pg_begin(s->pg, g->mode, &code, s->error, sizeof s->error);
    s->away = g->lost = !g->session;
    return code;
}

static void group_close(struct store *s, struct group *g)
{
    pg_end(g->session);
    journal_end(&g->journal);
    TAILQ_REMOVE(&s->open, g, at);
    free(g);
}

static struct store_statement *lent(struct store *s, struct group *g, struct pg_statement *st)
{
    if (!st) {
        told(s, g->session, STORE_MISUSE);
        return NULL;
    }
    st->head.calls = &calls;
    return &st->head;
}

static struct store_statement *prepare(struct store *s, const char *sql, size_t len,
                                       const char **error)
{
    struct group *g;
    *error = s->error;
    return group_open(s, &g) ? NULL : lent(s, g, pg_prepare(g->session, sql, len, error));
}

/* A group that has ended took its statements back. */
static void done(struct store *s, struct store_statement *st)
{
    struct group *g = now(s);
    if (g && st && pg_of(st)->session == g->session)
        pg_done(g->session, pg_of(st));
}

static struct store_statement *borrow(struct store *s, const char *sql, size_t len,
                                      const char **error)
{
    struct group *g;
    *error = s->error;
    return group_open(s, &g) ? NULL : lent(s, g, pg_borrow(g->session, sql, len, error));
}

static void settle(struct store *s)
{
    struct group *g = now(s);
    if (g && g->session)
        pg_settle(g->session);
}

/* ---- a conflict: the same statements once more ---- */

static void on_paused(void *fiber)
{
    fiber_resume(fiber);
}

/* Some ms, so that two that met do not meet again. */
static void pause_for(const struct store *s, int try)
{
    struct loop_timer timer = { .index = 0 };
    uint64_t at = loop_now_ns(), most_ns = ((uint64_t)AGAIN_MS << try) * 1000000;
    at += at / 1000 % 1024 * most_ns / 1024;
    if (fiber_current() && loop_timer_set(s->loop, &timer, at, on_paused, fiber_current()))
        fiber_wait();
}

/* A conflict has undone the transaction. Runs its statements again, and then st, whose answer
 * nobody has seen (NULL: none). What pg_step answers; PG_CONFLICT: an answer was another. */
static int run_again(struct store *s, struct group *g, struct pg_statement *st)
{
    int code = PG_CONFLICT;
    for (int try = 0; try < AGAIN_MOST && code == PG_CONFLICT && !g->journal.gone; try++) {
        session_undo(g->session);
        pause_for(s, try);
        s->figures.again++;
        code = journal_run(&g->journal, g->session);
        if (code == PG_MISUSE)
            return PG_CONFLICT;
        if (!code && st) {
            pg_again(st);
            code = pg_step(g->session, st);
        }
    }
    return code;
}

static int step(struct store *s, struct store_statement *st)
{
    struct group *g = now(s);
    struct pg_statement *own = pg_of(st);
    if (!g || g->lost || own->session != g->session)
        return STORE_UNDONE;
    bool first = !own->stepped;
    if (!st->reads && !g->number)
        g->number = s->next++;
    int code = pg_step(g->session, own);
    if (code == PG_CONFLICT)
        code = run_again(s, g, own);
    g->lost |= code == PG_CONFLICT;
    if (code != PG_ROW && code != PG_DONE)
        journal_give_up(&g->journal);
    else if (first && g->mode == PG_SERIALIZABLE)
        journal_add(&g->journal, own);
    return told(s, g->session, code);
}

static int64_t changed(struct store *s, const struct store_statement *st)
{
    (void)s;
    return pg_changed((const struct pg_statement *)st);
}

static int exec(struct store *s, const char *sql)
{
    const char *error;
    struct group *g;
    int code = group_open(s, &g);
    if (code)
        return code;
    struct store_statement *st = prepare(s, sql, strlen(sql), &error);
    code = st ? STORE_ROW : STORE_MISUSE;
    while (code == STORE_ROW)
        code = step(s, st);
    done(s, st);
    return code == STORE_DONE ? 0 : code;
}

static const char *error(struct store *s)
{
    return s->error;
}

static bool begin(struct store *s)
{
    (void)s; /* a server has no lock for all writes */
    return true;
}

static int depth(const struct store *s)
{
    const struct group *g = now(s);
    return g && g->session ? pg_depth(g->session) : 0;
}

static int savepoint(struct store *s)
{
    struct group *g;
    int code = group_open(s, &g);
    if (code)
        return code;
    journal_mark(&g->journal, JOURNAL_SAVEPOINT);
    return told(s, g->session, pg_savepoint(g->session));
}

static int release(struct store *s)
{
    struct group *g = now(s);
    if (!depth(s))
        return STORE_MISUSE;
    journal_mark(&g->journal, JOURNAL_RELEASE);
    return told(s, g->session, pg_release(g->session));
}

static int rollback(struct store *s)
{
    struct group *g = now(s);
    if (!depth(s))
        return STORE_MISUSE;
    journal_give_up(&g->journal);
    return told(s, g->session, pg_rollback(g->session));
}

static uint64_t group(const struct store *s)
{
    const struct group *g = now(s);
    return g && g->number ? g->number : s->next;
}

/* What is committed is durable, but a group with a lower number may still be open. */
static uint64_t durable(struct store *s)
{
    const struct group *g;
    uint64_t least = s->next;
    TAILQ_FOREACH(g, &s->open, at)
        least = g->number && g->number < least ? g->number : least;
    return least;
}

static bool dirty(const struct store *s)
{
    const struct group *g = now(s);
    return g && g->number;
}

/* An error outside of savepoints leaves nothing to go back to. */
static bool lost(const struct store *s)
{
    const struct group *g = now(s);
    return g && (g->lost || (g->session && (pg_lost(g->session) ||
                                            (g->session->failed && pg_depth(g->session) == 0))));
}

static void shorten(struct store *s)
{
    struct group *g = group_here(s);
    if (g)
        g->mode = PG_READ_COMMITTED;
}

static void drop(struct store *s)
{
    struct group *g = group_here(s);
    if (g)
        g->lost = true;
}

static enum pg_commit_result group_commit(struct store *s, struct group *g)
{
    if (lost(s))
        return PG_NOT_COMMITTED;
    if (!g->session)
        return PG_NOTHING;
    enum pg_commit_result result = pg_commit(g->session);
    for (int i = 0; i < AGAIN_MOST && result == PG_NOT_COMMITTED &&
                    pg_lost(g->session) == PG_CONFLICT && run_again(s, g, NULL) == 0;
         i++)
        result = pg_commit(g->session);
    if (result == PG_NOT_COMMITTED || result == PG_UNKNOWN)
        told(s, g->session, STORE_CONFLICT);
    return result;
}

static enum store_commit_result commit(struct store *s)
{
    struct group *g = now(s);
    if (!g)
        return STORE_NOTHING;
    bool written = g->number != 0;
    enum pg_commit_result result = group_commit(s, g);
    group_close(s, g);
    if (result != PG_NOT_COMMITTED && !written)
        return STORE_NOTHING;
    s->figures.commits += result == PG_COMMITTED;
    s->figures.lost += result != PG_COMMITTED;
    return result == PG_COMMITTED ? STORE_COMMITTED
           : result == PG_UNKNOWN ? STORE_UNKNOWN
                                  : STORE_LOST;
}

/* ---- the database ---- */

static void close_all(struct store *s)
{
    struct group *g;
    while ((g = TAILQ_FIRST(&s->open)))
        group_close(s, g);
    pg_close(s->pg);
    free(s);
}

static enum store_open_result open_url(struct store **out, const struct store_options *o, char *why,
                                       size_t why_size)
{
    const struct pg_options options = { .url = o->path, .loop = o->loop };
    struct store *s = *out = calloc(1, sizeof *s);
    if (!s) {
        snprintf(why, why_size, "not enough memory");
        return STORE_UNUSABLE;
    }
    s->engine = &postgres_engine;
    s->next = 1;
    s->loop = o->loop;
    TAILQ_INIT(&s->open);
    if (pg_open(&s->pg, &options, why, why_size) == PG_OPENED)
        return STORE_OPENED;
    free(s);
    *out = NULL;
    return STORE_UNUSABLE;
}

static int migrate(struct store *s, const char *owner, const char *const *steps, size_t count,
                   char *why, size_t why_size)
{
    return schema_migrate(s->pg, owner, steps, count, why, why_size);
}

static int known(struct store *s, const char *owner, size_t count, char *why, size_t why_size)
{
    return schema_known(s->pg, owner, count, why, why_size);
}

static bool healthy(const struct store *s)
{
    return !s->away && pg_healthy(s->pg, NULL, 0);
}

/* The next group connects again, or the pool by itself. */
static void probe(struct store *s)
{
    (void)s;
}

static void trouble(struct store *s, struct trouble *out)
{
    *out = (struct trouble){ .remedy = "look at the database server and the way to it" };
    if (pg_healthy(s->pg, out->cause, sizeof out->cause))
        snprintf(out->cause, sizeof out->cause, "%s", s->error);
}

static struct store_figures figures(const struct store *s)
{
    return s->figures;
}

const struct store_engine postgres_engine = {
    .shared = true,
    .open = open_url,
    .close = close_all,
    .migrate = migrate,
    .known = known,
    .healthy = healthy,
    .probe = probe,
    .trouble = trouble,
    .figures = figures,
    .prepare = prepare,
    .done = done,
    .borrow = borrow,
    .settle = settle,
    .step = step,
    .changed = changed,
    .exec = exec,
    .error = error,
    .begin = begin,
    .savepoint = savepoint,
    .release = release,
    .rollback = rollback,
    .depth = depth,
    .group = group,
    .dirty = dirty,
    .lost = lost,
    .commit = commit,
    .shorten = shorten,
    .drop = drop,
    .durable = durable,
};
