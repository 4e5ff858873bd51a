/*
 * engine: what a database gives, so that store.h is one interface over several. A table of
 * functions for the connection and one for its statements; each function does what store.h says of
 * the function with its name. Only dispatch.c calls through them.
 *
 * An engine's own struct store begins with a pointer to its table, and what it calls a statement
 * begins with a struct store_statement.
 */
#ifndef HOST_STORE_ENGINE_H
#define HOST_STORE_ENGINE_H

#include "store/store.h"

struct store_statement_calls {
    int (*parameters)(struct store_statement *st);
    int (*bind_null)(struct store_statement *st, int i);
    int (*bind_integer)(struct store_statement *st, int i, int64_t value);
    int (*bind_number)(struct store_statement *st, int i, double value);
    int (*bind_text)(struct store_statement *st, int i, const char *text, size_t len);
    int (*bind_bytes)(struct store_statement *st, int i, const void *bytes, size_t len);
    int (*columns)(struct store_statement *st);
    const char *(*column_name)(struct store_statement *st, int i);
    enum store_type (*column_type)(struct store_statement *st, int i);
    int64_t (*column_integer)(struct store_statement *st, int i);
    double (*column_number)(struct store_statement *st, int i);
    const char *(*column_text)(struct store_statement *st, int i);
    const void *(*column_bytes)(struct store_statement *st, int i, size_t *len);
};

struct store_statement {
    const struct store_statement_calls *calls;
    bool reads; /* store_reads */
};

struct store_engine {
    bool shared;                      /* store_shared */
    void (*shorten)(struct store *s); /* store_short */
    void (*drop)(struct store *s);
    enum store_open_result (*open)(struct store **out, const struct store_options *o, char *why,
                                   size_t why_size);
    void (*close)(struct store *s);
    int (*migrate)(struct store *s, const char *owner, const char *const *steps, size_t count,
                   char *why, size_t why_size);
    int (*known)(struct store *s, const char *owner, size_t count, char *why, size_t why_size);
    bool (*healthy)(const struct store *s);
    void (*probe)(struct store *s);
    void (*trouble)(struct store *s, struct trouble *out);
    struct store_figures (*figures)(const struct store *s);

    struct store_statement *(*prepare)(struct store *s, const char *sql, size_t len,
                                       const char **error);
    void (*done)(struct store *s, struct store_statement *st);
    struct store_statement *(*borrow)(struct store *s, const char *sql, size_t len,
                                      const char **error);
    void (*settle)(struct store *s);
    int (*step)(struct store *s, struct store_statement *st);
    int64_t (*changed)(struct store *s, const struct store_statement *st);
    int (*exec)(struct store *s, const char *sql);
    const char *(*error)(struct store *s);
    bool (*begin)(struct store *s);
    int (*savepoint)(struct store *s);
    int (*release)(struct store *s);
    int (*rollback)(struct store *s);
    int (*depth)(const struct store *s);
    uint64_t (*group)(const struct store *s);
    bool (*dirty)(const struct store *s);
    bool (*lost)(const struct store *s);
    enum store_commit_result (*commit)(struct store *s);

    /* NULL where store.h says what an engine without them answers. */
    const char *(*path)(const struct store *s);
    int (*live)(struct store *s, char *why, size_t why_size);
    bool (*strange)(const struct store *s);
    bool (*restored)(const struct store *s);
    bool (*heavy)(struct store *s);
    void (*sync_apart)(struct store *s, void (*wake)(void *arg), void *arg);
    void (*sync_together)(struct store *s);
    void (*sync)(struct store *s);
    bool (*sync_beside)(struct store *s);
    bool (*syncing)(const struct store *s);
    uint64_t (*durable)(struct store *s);
    bool (*in_place)(struct store *s);
    bool (*idle)(struct store *s);
    void (*bound)(struct store *s);
    bool (*bound_due)(struct store *s);
    struct store_copy *(*copy_begin)(struct store *s, const char *to, void (*wake)(void *arg),
                                     void *arg, char *why, size_t why_size);
    void (*note_copy)(struct store *s, const char *path, int64_t made_at_ms);
    int (*step_copies)(const struct store *s,
                       void (*each)(void *arg, const char *path, int64_t made_at_ms), void *arg);
    bool (*locked)(struct store *s, struct store_holder *out);
    bool (*busy)(struct store *s, struct trouble *out);
    enum store_scrub_result (*scrub)(struct store *s, struct store_scrub *w, uint64_t budget_ns);
    int (*look_for)(struct store *s, struct needles *n, int64_t *at, uint64_t budget_ns);
};

#endif
