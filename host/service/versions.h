/*
 * versions: the trees that were accepted, kept beside the database, and which of them serves.
 *
 * A tree gets a number and becomes a version when it takes over. At most 50 are kept, and at most
 * 256 MB. The folder `versions` has one file per version (a head of a few lines, then the bytes of
 * its scripts and prompts, but no setting and no secret), and the file `serving`: which version
 * serves, and which files must not be loaded until one of them changes. Each file is written whole,
 * synced and renamed, so after a power cut it is the old one or the new one.
 *
 * A file that cannot be read is skipped and logged. A file that this user must not read is reported
 * with its remedy (versions_unread). When a file cannot be written, that is logged and the service
 * continues. Every function takes NULL (a database in memory), and then keeps nothing. The loop
 * thread; commands read the folder while no service runs.
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

/* Whose decision it is that the files on disk are not loaded until one changes. */
enum versions_by { VERSIONS_NOBODY, VERSIONS_OWNER, VERSIONS_JUDGE };
struct versions_hold {
    char hash[65]; /* of those files; "": none */
    enum versions_by by;
    int64_t at_ms;
    char why[2048];
};

/* Reads the versions beside `place` (settings_state); creates nothing. NULL: ":memory:", or no
 * memory. */
struct versions *versions_open(const char *place, const char *database);
void versions_close(struct versions *v);

/* Why a kept file could not be read, for people. NULL: all could be read. */
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
/* The newest version that served well before the serving one. NULL: none. */
const struct version *versions_good(const struct versions *v);
/* The same when a tree of this hash is about to serve. Then the serving version counts too, if it
 * has served well. */
const struct version *versions_good_before(const struct versions *v, const char *hash);
/* The version's bytes, checked. NULL: why. */
struct tree *versions_tree(const struct versions *v, unsigned number, char *why, size_t size);
/* true: this very program has accepted a tree of this hash. */
bool versions_known(const struct versions *v, const char *hash);

/* The tree took over. It becomes the next version, unless it is the serving one already (after a
 * start or a rollback). good: the hash of the newest tree that served well before it, or "". */
void versions_accept(struct versions *v, const struct tree *t, const char *schema,
                     const char *good);
/* Notes that the serving version has served well. Written once. */
void versions_well(struct versions *v);
/* Files with the hash `bad` are not loaded until one of them changes, also after a restart. Until
 * then the newest version with the hash `good` serves. why: for `status`. Call it before the swap.
 * false: it could not be written, so it holds only until a restart. */
bool versions_refuse(struct versions *v, const char *bad, const char *good, const char *why);
/* The same on the owner's request: version `number` serves instead of the files on disk, whose hash
 * is `disk`. false: it could not be written, and nothing changed. */
bool versions_choose(struct versions *v, unsigned number, const char *disk, const char *why);
/* A file was saved, so the files on disk may be loaded again. */
void versions_release(struct versions *v);
const struct versions_hold *versions_held(const struct versions *v);

#endif
