#include "service/versions.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/loop.h"
#include "service/versions_parts.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    HEAD_LIMIT = 4096,      /* of a version's file */
    TREE_LIMIT = 64 << 20,  /* a larger tree serves, but is not kept */
    KEPT_BYTES = 256 << 20, /* of all versions together; the oldest go */
};

struct versions {
    struct versions_place at;
    char unread[2 * TROUBLE_ROOM + 200];
    bool locked; /* `serving` could not be read, so it and the choice in it are kept unchanged */
    unsigned newest;      /* the highest number of a file, readable or not */
    struct version *list; /* by number */
    size_t count;
    char program[65];
    struct state {
        unsigned serving, good, well; /* well: the version in `serving` has served well */
        struct versions_hold held;
    } state;
};

/* ---- what is kept ---- */

static void version_free(struct version *one)
{
    free(one->changed);
}

static bool add(struct versions *v, const struct version *one)
{
    struct version *more = realloc(v->list, (v->count + 1) * sizeof *more);
    if (!more)
        return false;
    v->list = more;
    v->list[v->count++] = *one;
    return true;
}

/* Keeps errno of a kept file. People are told of the first one. */
static void unread(struct versions *v, const char *path, const char *then)
{
    struct trouble t;
    versions_trouble_of(&t, v->at.folder, path);
    if (!v->unread[0])
        snprintf(v->unread, sizeof v->unread, "%s: %s, and restart. %s", t.cause, t.remedy, then);
    log_event(LOG_ERROR, "versions.not_read", log_s("file", path), log_s("error", t.cause),
              log_s("remedy", t.remedy));
}

static bool read_head(const struct versions *v, unsigned number, struct version *out)
{
    char name[32], changed[HEAD_LIMIT];
    struct buf b = { .data = NULL };
    versions_name(number, name);
    errno = 0;
    bool ok = versions_read(v->at.folder, name, HEAD_LIMIT, &b) &&
              strncmp(b.data, "assistant version 1\n", 20) == 0 && strstr(b.data, "\n\n") &&
              versions_number(b.data, "number") == (int64_t)number;
    if (ok) {
        *out = (struct version){ .number = number,
                                 .before = (unsigned)versions_number(b.data, "before"),
                                 .at_ms = versions_number(b.data, "at"),
                                 .bytes = (size_t)versions_number(b.data, "bytes") };
        versions_value(b.data, "hash", out->hash, sizeof out->hash);
        versions_value(b.data, "schema", out->schema, sizeof out->schema);
        versions_value(b.data, "program", out->program, sizeof out->program);
        versions_value(b.data, "changed", changed, sizeof changed);
        out->changed = buf_copy(changed, strlen(changed));
        ok = strlen(out->hash) == 64 && out->changed;
        if (!ok)
            version_free(out);
    }
    int e = errno;
    buf_free(&b);
    errno = e;
    return ok;
}

static int by_number(const void *a, const void *b)
{
    const struct version *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

static void not_read(struct versions *v, const char *name)
{
    char *path = versions_path(v->at.folder, name);
    if (path && trouble_passes(errno))
        unread(v, path, "Until then this version cannot be used.");
    else
        log_event(LOG_WARN, "versions.damaged", log_s("file", name), log_s("folder", v->at.folder));
    free(path);
}

static void read_folder(struct versions *v)
{
    DIR *d = opendir(v->at.folder);
    if (!d && errno != ENOENT)
        unread(v, v->at.folder, "Until then no kept version can be used.");
    for (struct dirent *e; d && (e = readdir(d));) {
        struct version one;
        char *end;
        unsigned long number = strtoul(e->d_name, &end, 10);
        if (number == 0 || number > 1000000000 || strcmp(end, ".version") != 0)
            continue;
        if (number > v->newest)
            v->newest = (unsigned)number;
        if (!read_head(v, (unsigned)number, &one))
            not_read(v, e->d_name);
        else if (!add(v, &one))
            version_free(&one);
    }
    if (d)
        closedir(d);
    if (v->count)
        qsort(v->list, v->count, sizeof *v->list, by_number);
}

static void read_state(struct versions *v)
{
    struct buf b = { .data = NULL };
    struct state *s = &v->state;
    char *path = versions_path(v->at.folder, "serving");
    errno = 0;
    bool there = versions_read(v->at.folder, "serving", 2 * sizeof s->held.why, &b);
    if (!there && errno != ENOENT && path) {
        v->locked = true;
        unread(v, path, "Until then the files on disk are used, and rollbacks are unknown.");
    } else if (there && strncmp(b.data, "assistant serving 1\n", 20) != 0) {
        log_event(LOG_WARN, "versions.damaged", log_s("file", "serving"),
                  log_s("folder", v->at.folder));
    } else if (there) {
        s->serving = (unsigned)versions_number(b.data, "serving");
        s->good = (unsigned)versions_number(b.data, "good");
        s->well = versions_number(b.data, "well") != 0;
        s->held.by = (enum versions_by)versions_number(b.data, "by");
        s->held.at_ms = versions_number(b.data, "at");
        versions_value(b.data, "held", s->held.hash, sizeof s->held.hash);
        versions_value(b.data, "why", s->held.why, sizeof s->held.why);
    }
    free(path);
    buf_free(&b);
}

static bool write_state(struct versions *v)
{
    const struct state *s = &v->state;
    struct buf b = { .data = NULL };
    char *path = v->locked ? versions_path(v->at.folder, "serving") : NULL;
    v->locked = path && trouble_with_rights(&v->at.unwritten, path);
    free(path);
    if (v->locked)
        return false;
    bool ok = buf_printf(&b, "assistant serving 1\nserving %u\ngood %u\nwell %u\n", s->serving,
                         s->good, s->well);
    const struct versions_hold *held = &s->held;
    if (held->hash[0])
        ok = ok && buf_printf(&b, "held %s\nby %d\nat %" PRId64 "\nwhy %.*s\n", held->hash,
                              (int)held->by, held->at_ms, (int)strcspn(held->why, "\n"), held->why);
    ok = ok && buf_text(&b, "\n") && versions_write(&v->at, "serving", &b);
    buf_free(&b);
    return ok;
}

struct versions *versions_open(const char *place, const char *database)
{
    const char *slash = strrchr(place, '/');
    if (strcmp(database, ":memory:") == 0)
        return NULL;
    struct versions *v = calloc(1, sizeof *v);
    if (!v ||
        asprintf(&v->at.folder, "%.*sversions", slash ? (int)(slash + 1 - place) : 0, place) < 0) {
        free(v);
        return NULL;
    }
    if (!(v->at.database = strdup(database))) {
        versions_close(v);
        return NULL;
    }
    versions_program(v->program);
    read_folder(v);
    read_state(v);
    return v;
}

void versions_close(struct versions *v)
{
    if (!v)
        return;
    for (size_t i = 0; i < v->count; i++)
        version_free(&v->list[i]);
    free(v->list);
    free(v->at.folder);
    free(v->at.database);
    free(v);
}

const char *versions_unread(const struct versions *v)
{
    return v && v->unread[0] ? v->unread : NULL;
}

void versions_unwritten(const struct versions *v, struct trouble *out)
{
    *out = v->at.unwritten;
}

/* ---- looking ---- */

size_t versions_count(const struct versions *v)
{
    return v ? v->count : 0;
}

const struct version *versions_at(const struct versions *v, size_t i)
{
    return &v->list[i];
}

const struct version *versions_find(const struct versions *v, unsigned number)
{
    const struct version key = { .number = number };
    return v && v->count ? bsearch(&key, v->list, v->count, sizeof key, by_number) : NULL;
}

const struct version *versions_of(const struct versions *v, const char *hash)
{
    for (size_t i = versions_count(v); i--;)
        if (strcmp(v->list[i].hash, hash) == 0)
            return &v->list[i];
    return NULL;
}

const struct version *versions_serving(const struct versions *v)
{
    return v ? versions_find(v, v->state.serving) : NULL;
}

const struct version *versions_before(const struct versions *v)
{
    const struct version *now = versions_serving(v);
    const struct version *was = now ? versions_find(v, now->before) : NULL;
    for (size_t i = now && !was ? v->count : 0; i--;) /* not kept any more: the next older one */
        if (v->list[i].number < now->number)
            return &v->list[i];
    return was;
}

const struct version *versions_good(const struct versions *v)
{
    return v ? versions_find(v, v->state.good) : NULL;
}

const struct version *versions_good_before(const struct versions *v, const char *hash)
{
    const struct version *now = versions_serving(v);
    return now && v->state.well && strcmp(now->hash, hash) != 0 ? now : versions_good(v);
}

struct tree *versions_tree(const struct versions *v, unsigned number, char *why, size_t size)
{
    const struct version *one = versions_find(v, number);
    struct buf b = { .data = NULL };
    struct tree *t = NULL;
    char name[32];
    versions_name(number, name);
    if (!one) {
        snprintf(why, size, "There is no version %u. `assistant versions` lists them.", number);
        return NULL;
    }
    if (versions_read(v->at.folder, name, TREE_LIMIT + HEAD_LIMIT, &b)) {
        const char *end = strstr(b.data, "\n\n");
        size_t head = end ? (size_t)(end + 2 - b.data) : b.len;
        if (b.len - head == one->bytes)
            t = tree_unpack(b.data + head, one->bytes);
    }
    buf_free(&b);
    if (t && strcmp(t->hash, one->hash) == 0)
        return t;
    tree_drop(t);
    snprintf(why, size, "Version %u cannot be read: %s/%s is damaged. Choose another version.",
             number, v->at.folder, name);
    log_event(LOG_WARN, "versions.damaged", log_s("file", name), log_s("folder", v->at.folder));
    return NULL;
}

bool versions_known(const struct versions *v, const char *hash)
{
    for (size_t i = 0; i < versions_count(v); i++)
        if (v->program[0] && strcmp(v->list[i].program, v->program) == 0 &&
            strcmp(v->list[i].hash, hash) == 0)
            return true;
    return false;
}

/* ---- keeping ---- */

static bool write_version(struct versions *v, const struct version *one, const struct tree *t)
{
    struct buf b = { .data = NULL };
    char name[32];
    versions_name(one->number, name);
    bool ok = buf_printf(&b,
                         "assistant version 1\nnumber %u\nbefore %u\nat %" PRId64
                         "\nprogram %s\nhash %s\nschema %s\nbytes %zu\nchanged %s\n\n",
                         one->number, one->before, one->at_ms, one->program, one->hash, one->schema,
                         one->bytes, one->changed) &&
              tree_pack(t, &b) && versions_write(&v->at, name, &b);
    buf_free(&b);
    return ok;
}

static size_t bytes_of(const struct tree *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->count; i++)
        n += strlen(t->files[i].path) + 1 + sizeof(uint64_t) + t->files[i].len;
    return n;
}

static void drop_old(struct versions *v)
{
    size_t total = 0;
    for (size_t i = 0; i < v->count; i++)
        total += v->list[i].bytes;
    for (size_t i = 0; i < v->count && (v->count > VERSIONS_KEPT || total > KEPT_BYTES);) {
        struct version *one = &v->list[i];
        char name[32];
        if (one->number == v->state.serving || one->number == v->state.good) {
            i++;
            continue;
        }
        versions_name(one->number, name);
        char *path = versions_path(v->at.folder, name);
        if (path && unlink(path) != 0 && errno != ENOENT)
            versions_trouble(&v->at, path, "remove");
        free(path);
        total -= one->bytes;
        version_free(one);
        memmove(one, one + 1, (v->count - i - 1) * sizeof *one);
        v->count--;
    }
}

/* Another program accepted the serving tree before. Notes that this one has accepted it too. */
static void accept_again(struct versions *v, unsigned number, const struct tree *t,
                         const char *schema)
{
    for (size_t i = 0; i < v->count; i++) {
        struct version *one = &v->list[i];
        if (one->number != number || strcmp(one->program, v->program) == 0)
            continue;
        snprintf(one->program, sizeof one->program, "%s", v->program);
        snprintf(one->schema, sizeof one->schema, "%s", schema);
        write_version(v, one, t);
    }
}

void versions_accept(struct versions *v, const struct tree *t, const char *schema, const char *good)
{
    const struct version *now = versions_serving(v), *well = v ? versions_of(v, good) : NULL;
    unsigned good_number = well ? well->number : 0;
    char why[256];
    if (!v)
        return;
    if (!now && v->count) { /* `serving` could not be read */
        now = versions_of(v, t->hash);
        v->state.serving = now ? now->number : v->list[v->count - 1].number;
        if (now)
            write_state(v);
        now = versions_serving(v);
    }
    if (now && strcmp(now->hash, t->hash) == 0) {
        accept_again(v, now->number, t, schema);
        return;
    }
    struct tree *was = now ? versions_tree(v, now->number, why, sizeof why) : NULL;
    struct version one = { .number = v->newest + 1,
                           .before = v->state.serving,
                           .at_ms = loop_wall_ms(),
                           .bytes = bytes_of(t),
                           .changed = versions_changed(was, t) };
    tree_drop(was);
    if (one.number <= v->state.serving) /* its file is missing: a number is used once */
        one.number = v->state.serving + 1;
    snprintf(one.hash, sizeof one.hash, "%s", t->hash);
    snprintf(one.schema, sizeof one.schema, "%s", schema);
    snprintf(one.program, sizeof one.program, "%s", v->program);
    if (one.bytes > TREE_LIMIT)
        log_event(LOG_WARN, "versions.too_large", log_i("bytes", (int64_t)one.bytes),
                  log_i("limit", TREE_LIMIT));
    if (one.bytes > TREE_LIMIT || !one.changed || !write_version(v, &one, t) || !add(v, &one)) {
        version_free(&one);
        return; /* `serving` names the previous version, which a restart then takes */
    }
    v->newest = one.number;
    v->state = (struct state){ .serving = one.number, .good = good_number };
    write_state(v);
    drop_old(v);
    log_event(LOG_INFO, "versions.accepted", log_i("number", one.number),
              log_s("changed", one.changed));
}

void versions_well(struct versions *v)
{
    if (!v || v->state.well || !v->state.serving)
        return;
    v->state.well = 1;
    write_state(v);
}

static bool hold(struct versions *v, const char *held, unsigned serving, enum versions_by by,
                 const char *why)
{
    const struct version *before = versions_find(v, serving);
    struct state *s = &v->state;
    s->serving = serving;
    s->good = before ? before->before : 0;
    s->well = 0;
    s->held = (struct versions_hold){ .by = by, .at_ms = loop_wall_ms() };
    snprintf(s->held.hash, sizeof s->held.hash, "%s", held);
    snprintf(s->held.why, sizeof s->held.why, "%s", why);
    return write_state(v);
}

bool versions_refuse(struct versions *v, const char *bad, const char *good, const char *why)
{
    const struct version *one = v ? versions_of(v, good) : NULL;
    return !one || hold(v, bad, one->number, VERSIONS_JUDGE, why);
}

bool versions_choose(struct versions *v, unsigned number, const char *disk, const char *why)
{
    const struct version *one = versions_find(v, number);
    /* The files on disk are that version, so nothing is held back. */
    bool same = one && strcmp(one->hash, disk) == 0;
    struct state was;
    if (!one)
        return false;
    was = v->state;
    if (hold(v, same ? "" : disk, number, same ? VERSIONS_NOBODY : VERSIONS_OWNER, why))
        return true;
    v->state = was;
    return false;
}

void versions_release(struct versions *v)
{
    if (!v || !v->state.held.hash[0])
        return;
    v->state.held = (struct versions_hold){ .by = VERSIONS_NOBODY };
    write_state(v);
}

const struct versions_hold *versions_held(const struct versions *v)
{
    static const struct versions_hold none;
    return v ? &v->state.held : &none;
}
