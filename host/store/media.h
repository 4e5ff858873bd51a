/*
 * media: files by what is in them, in one folder.
 *
 *   FOLDER/tmp/NAME         a download that nobody has kept yet
 *   FOLDER/<xx>/<hash>      a kept file; hash is the sha256 of its bytes in 64 lower hex digits, xx
 * its first two
 *
 * Files are readable by this user alone (0600, folders 0700). No link is followed below FOLDER, and
 * only a hash names a file, so no name from outside is ever a path. A kept file never changes. The
 * loop thread only.
 *
 * What a row names must be on disk before the row is: who fills a file syncs it, media_keep has the
 * folder synced, and only then the caller writes the row. Syncs take long, so a thread does them
 * (base/syncer). Until the caller has written the row, the file cannot be removed.
 */
#ifndef HOST_STORE_MEDIA_H
#define HOST_STORE_MEDIA_H

#include "base/syncer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct media;

enum { MEDIA_HASH = 64, MEDIA_PAGE = 500 };

/* A kept file that comes or goes, from the call until its folder is synced. The caller's memory. */
struct media_change {
    /* In the loop, or from media_close. error: 0, or an errno. */
    void (*ended)(struct media_change *c);
    int error;
    char hash[MEDIA_HASH + 1];
    /* media's */
    struct syncer_item sync;
    struct media *media;
    bool keeps, existed;
    TAILQ_ENTRY(media_change) place; /* of those that keep */
};

/* folder NULL: a temporary one, removed by media_close. A folder is made when it is first needed.
 * l: where changes end; NULL: there will be none. NULL: not enough memory. */
struct media *media_open(const char *folder, struct loop *l);
/* For a service: makes the folder, removes what a killed process left in tmp, and lets no second
 * service use the folder meanwhile. 0, or -1 with why: cause and remedy. */
int media_alone(struct media *m, char *why, size_t why_size);
void media_close(struct media *m);

/* 64 lower hex digits. */
bool media_is_hash(const char *text, size_t len);
/* A descriptor of the folder, which belongs to m. -1 with errno. */
int media_folder(struct media *m);
/* A descriptor of tmp, for new files; it belongs to m. -1 with errno. */
int media_tmp(struct media *m);
/* Makes the file `name` of tmp, which its writer has synced, the kept file of this hash. One that
 * is there already stays, and that of tmp goes. 0: c->ended follows, and after it the caller calls
 * media_settled; with an error then, the file is gone, or the old one is there. -1 with errno: the
 * file is still in tmp. */
int media_keep(struct media *m, struct media_change *c, const char *name, const char *hash);
/* The row is written, or there will be none: the file may be removed. After `ended` of a keep. */
void media_settled(struct media_change *c);
/* Removes a file of tmp. One that is not there is fine. */
void media_drop(struct media *m, const char *name);
/* A kept file for reading, with its size. -1: errno (ENOENT: there is none). */
int media_read(struct media *m, const char *hash, uint64_t *bytes);
/* Unlinks a kept file. 1: it is gone, and c->ended follows when its folder is synced. 0: there is
 * none, or it is being kept. -1: errno. */
int media_remove(struct media *m, struct media_change *c, const char *hash);
/* Calls each, in order, for up to MEDIA_PAGE hashes after `after` ("" for the first). true: there
 * may be more; ask again after the last one. */
bool media_list(struct media *m, const char *after, void (*each)(void *arg, const char *hash),
                void *arg);

#endif
