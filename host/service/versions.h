/*
 * versions: the trees that were accepted, kept beside the database, and which of them serves.
 *
 * A version is a tree that took over; it gets a number then. At most 50 are kept, and at most 256
 * MB of them. The folder `versions` is beside the database: one file a version (a head of a few
 * lines, then the bytes of its scripts and prompts; never a setting, never a secret), and
 * `serving`: which one serves, and which files are not to be loaded until one of them changes. Each
 * file is written whole, synced and renamed, so a power cut leaves the old one or the new one. What
 * cannot be read is skipped with a word in the log. What cannot be written is logged, and the
 * service goes on without it. The loop thread; commands without a service read the folder too. A
 * file that this user must not read is told with its remedy (versions_unread). Every function takes
 * NULL (a database in memory): then nothing is kept.
 */
#ifndef HOST_SERVICE_VERSIONS_H
#define HOST_SERVICE_VERSIONS_H

#include "scripts/tree.h"
#include "base/trouble.h"

enum { VERSIONS_KEPT = 50 };

struct versions;

struct version {
    unsigned number, before; /* before: the one that served until this one took over; 0: none */
    int64_t at_ms;           /* when it took over */
    char hash[65], schema[65];
    char program[65]; /* of the program that accepted it last */
    char *changed;    /* a line for people: which files, compared with `before` */
    size_t bytes;
};

/* Who decided that the files on disk are not loaded until one changes. */
enum versions_by { VERSIONS_NOBODY, VERSIONS_OWNER, VERSIONS_JUDGE };

/* Reads what is kept beside the database at this path; makes nothing. NULL: ":memory:", or no
 * memory. */
struct versions *versions_open(const char *database);
void versions_close(struct versions *v);

/* Why a kept file could not be read, in words for people; NULL: all could. */
const char *versions_unread(const struct versions *v);
/* Why the last write failed. */
void versions_unwritten(const struct versions *v, struct trouble *out);

/* Oldest first. */
size_t versions_count(const struct versions *v);
const struct version *versions_at(const struct versions *v, size_t i);
const struct version *versions_find(const struct versions *v, unsigned number); /* NULL: not kept */
const struct version *versions_of(const struct versions *v, const char *hash);  /* the newest */
const struct version *versions_serving(const struct versions *v); /* or the last one that did */
/* The one that served before the one that serves, and is kept. NULL: none. */
const struct version *versions_before(const struct versions *v);
/* The newest one that has served well before the one that serves. NULL: none. */
const struct version *versions_good(const struct versions *v);
/* The same when a tree of this hash is to serve now: the one that serves until now, if it has done
 * something well. */
const struct version *versions_good_before(const struct versions *v, const char *hash);
/* Its bytes, checked. NULL: why. */
struct tree *versions_tree(const struct versions *v, unsigned number, char *why, size_t size);
/* Was a tree of this hash accepted by this very program? */
bool versions_known(const struct versions *v, const char *hash);

/*
 * The tree took over. It becomes the next version, unless it is the one that is to serve already
 * (after a start, a rollback). good: the hash of the newest tree that served well before it, or "".
 */
void versions_accept(struct versions *v, const struct tree *t, const char *schema,
                     const char *good);
/* The version that serves has done something well. Written once. */
void versions_well(struct versions *v);
/*
 * The files with the hash `bad` are not loaded until one of them changes, also after a restart;
 * until then the newest version with the hash `good` serves. why: what status says about it. Call
 * it before the swap. false: not written, so only until a restart.
 */
bool versions_refuse(struct versions *v, const char *bad, const char *good, const char *why);
/* The same by the owner's wish: version `number` serves instead of the files on disk, whose hash is
 * `disk`. false: not written, and nothing changed. */
bool versions_choose(struct versions *v, unsigned number, const char *disk, const char *why);
/* Files on disk are taken again: a file was saved. */
void versions_release(struct versions *v);
/* The hash of the files that are not to be loaded; "": none. */
const char *versions_held(const struct versions *v);
enum versions_by versions_held_by(const struct versions *v);
const char *versions_held_why(const struct versions *v);
int64_t versions_held_at(const struct versions *v);

#endif
