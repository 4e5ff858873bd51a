#include "store/sqlite/statements.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 512, NONE = -1, PLACES = 256 };

struct entry {
    struct sqlite_statement s; /* the first member; without a stmt this place is free */
    char *sql;
    size_t len;
    uint64_t hash, used;
    bool out, kept; /* kept: it is in the cache */
    int16_t next_text;
};

struct statements {
    sqlite3 *db;
    uint64_t clock;
    int count; /* places ever used, from the first on */
    int16_t by_text[BUCKETS];
    int16_t by_place[PLACES]; /* the last one by the address of its text: then no hash is made */
    struct entry entries[STATEMENTS_MAX];
};

/* Eight bytes per step: the accept path runs this often. Collisions only cost a comparison. */
static uint64_t text_hash(const char *p, size_t len)
{
    uint64_t h = (uint64_t)len * 0x9E3779B97F4A7C15u, w;
    for (; len >= 8; p += 8, len -= 8) {
        memcpy(&w, p, 8);
        h = (h ^ w) * 0x9FB21C651E98DF25u;
        h ^= h >> 32;
    }
    w = 0;
    memcpy(&w, p, len);
    h = (h ^ w) * 0x9FB21C651E98DF25u;
    return h ^ (h >> 29);
}

struct statements *statements_new(sqlite3 *db)
{
    struct statements *c = calloc(1, sizeof *c);
    if (c) {
        c->db = db;
        memset(c->by_text, 0xFF, sizeof c->by_text);
        memset(c->by_place, 0xFF, sizeof c->by_place);
    }
    return c;
}

void statements_free(struct statements *c)
{
    if (!c)
        return;
    for (int i = 0; i < c->count; i++) {
        sqlite3_finalize(c->entries[i].s.stmt);
        free(c->entries[i].sql);
    }
    free(c);
}

static void unlink_entry(struct statements *c, int16_t index)
{
    struct entry *e = &c->entries[index];
    int16_t *at = &c->by_text[e->hash % BUCKETS];
    while (*at != index)
        at = &c->entries[*at].next_text;
    *at = e->next_text;
}

/* A place for one more: a free one, or the least recently used one's. NONE: all are in use. */
static int16_t place_find(struct statements *c)
{
    int16_t oldest = NONE;
    if (c->count < STATEMENTS_MAX)
        return (int16_t)c->count++;
    for (int i = 0; i < STATEMENTS_MAX; i++) {
        struct entry *e = &c->entries[i];
        if (!e->out && (oldest == NONE || e->used < c->entries[oldest].used))
            oldest = (int16_t)i;
    }
    if (oldest != NONE && c->entries[oldest].s.stmt) {
        unlink_entry(c, oldest);
        sqlite3_finalize(c->entries[oldest].s.stmt);
        free(c->entries[oldest].sql);
        memset(&c->entries[oldest], 0, sizeof c->entries[oldest]);
    }
    return oldest;
}

/* Is there more than blanks, comments and semicolons past the first statement? */
static bool more_follows(const char *tail, const char *end)
{
    while (tail < end) {
        if (isspace((unsigned char)*tail) || *tail == ';') {
            tail++;
        } else if (tail[0] == '-' && tail + 1 < end && tail[1] == '-') {
            while (tail < end && *tail != '\n')
                tail++;
        } else if (tail[0] == '/' && tail + 1 < end && tail[1] == '*') {
            for (tail += 2; tail < end && !(tail[-1] == '*' && tail[0] == '/'); tail++)
                continue;
            tail += tail < end;
        } else {
            return true;
        }
    }
    return false;
}

static sqlite3_stmt *prepare(struct statements *c, const char *sql, size_t len, const char **error)
{
    sqlite3_stmt *statement = NULL;
    const char *tail = sql;
    *error = NULL;
    if (len > INT_MAX || memchr(sql, 0, len)) {
        *error = "SQL text holds a NUL byte or is too long";
        return NULL;
    }
    if (sqlite3_prepare_v3(c->db, sql, (int)len, SQLITE_PREPARE_PERSISTENT, &statement, &tail) !=
        SQLITE_OK)
        *error = sqlite3_errmsg(c->db);
    else if (!statement)
        *error = "SQL text is empty";
    else if (more_follows(tail, sql + len))
        *error = "one statement at a time: there is more after the first";
    if (*error) {
        sqlite3_finalize(statement);
        return NULL;
    }
    return statement;
}

static bool is_free(const struct entry *e, const char *sql, size_t len)
{
    return !e->out && e->len == len && e->s.stmt && memcmp(e->sql, sql, len) == 0;
}

static struct store_statement *lend(struct statements *c, int16_t index)
{
    c->entries[index].out = true;
    c->entries[index].used = ++c->clock;
    return &c->entries[index].s.st;
}

/* It works, but is not kept. */
static struct store_statement *passing(const struct entry *made, const char **error)
{
    struct entry *e = malloc(sizeof *e);
    if (!e) {
        sqlite3_finalize(made->s.stmt);
        *error = "not enough memory";
        return NULL;
    }
    *e = *made;
    return &e->s.st;
}

struct store_statement *statements_take(struct statements *c, const char *sql, size_t len,
                                        const char **error)
{
    int16_t *at = &c->by_place[((uintptr_t)sql >> 3) * 0x9E3779B1u >> 7 & (PLACES - 1)];
    if (*at != NONE && is_free(&c->entries[*at], sql, len))
        return lend(c, *at);
    uint64_t hash = text_hash(sql, len);
    for (int16_t i = c->by_text[hash % BUCKETS]; i != NONE; i = c->entries[i].next_text) {
        if (c->entries[i].hash == hash && is_free(&c->entries[i], sql, len))
            return lend(c, *at = i);
    }

    struct entry made = { .s = { .st.calls = &sqlite_statement_calls,
                                 .stmt = prepare(c, sql, len, error) },
                          .hash = hash,
                          .len = len };
    if (!made.s.stmt)
        return NULL;
    made.s.st.reads = sqlite3_stmt_readonly(made.s.stmt);
    char *copy = malloc(len + 1);
    int16_t place = copy ? place_find(c) : NONE;
    if (place == NONE) {
        free(copy);
        return passing(&made, error);
    }
    memcpy(copy, sql, len);
    copy[len] = 0;
    made.sql = copy;
    made.kept = true;
    made.next_text = c->by_text[hash % BUCKETS];
    c->entries[place] = made;
    c->by_text[hash % BUCKETS] = place;
    return lend(c, place);
}

void statements_give(struct store_statement *statement)
{
    struct entry *e = (struct entry *)statement;
    if (!e)
        return;
    if (!e->kept) {
        sqlite3_finalize(e->s.stmt);
        free(e);
        return;
    }
    sqlite3_reset(e->s.stmt);
    sqlite3_clear_bindings(e->s.stmt); /* what was bound may be gone by the next use */
    e->out = false;
}
