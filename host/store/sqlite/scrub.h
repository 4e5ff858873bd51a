/*
 * store_scrub: no byte of what was deleted stays in the database's file.
 *
 * secure_delete zeroes deleted cells and freed pages, but not the copies that SQLite leaves in the unused middle of a page when it
 * moves cells between pages: those outlive the deletion of the rows. Here each page's unused bytes are zeroed where they lie in the
 * file, a piece at a time, while nothing is in the write-ahead log and the write lock is held, so that no page of ours or anybody
 * else's can be on its way. What is looked for afterwards is looked for through SQLite's own descriptors: closing another one
 * would give its locks away. The loop thread only, outside of groups.
 */
#ifndef HOST_STORE_SQLITE_SCRUB_H
#define HOST_STORE_SQLITE_SCRUB_H

#include "base/needles.h"
#include "store/store.h"

struct store_scrub {
    int64_t next; /* page to look at, from 1; 0: begin */
    int64_t cleaned, pages;
};

enum store_scrub_result { STORE_SCRUBBED, STORE_SCRUB_MORE, STORE_SCRUB_BUSY, STORE_SCRUB_FAILED };

/* One piece of at most about budget_ns. BUSY: a group is open, or somebody else reads or writes the file; try again later. */
enum store_scrub_result store_scrub(struct store *s, struct store_scrub *w, uint64_t budget_ns);

/*
 * Looks for the needles in the file and its log as they lie on the disk, from *at on (0 first) for about budget_ns; *hits grows.
 * Also where a value runs on from one page to another and the word with it. Quick when the log is short, as it is after store_scrub.
 * 1: there is more, 0: that was all, -1: cannot be read.
 */
int store_look_for(struct store *s, struct needles *n, int64_t *at, int64_t *hits,
                   uint64_t budget_ns);

#endif
