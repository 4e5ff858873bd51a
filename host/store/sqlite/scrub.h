/*
 * scrub: no byte of what was deleted stays in the database's file.
 *
 * secure_delete zeroes deleted cells and freed pages. It does not zero the copies that SQLite
 * leaves in the unused middle of a page when it moves cells between pages, so these outlive the
 * rows. Here each page's unused bytes are zeroed in the file, a piece at a time, with the
 * write-ahead log empty and the write lock held, so that nobody writes a page meanwhile. The search
 * afterwards uses SQLite's own descriptors, because closing another one drops SQLite's locks. The
 * loop thread only, outside of groups.
 *
 * What it earns: without it 62 to 71 of 400 erased people stayed readable in the file. It costs 4
 * to 5 s of pieces with a million messages stored. VACUUM would hold the whole database that long.
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

/* Cleans for about budget_ns at most. BUSY: a group is open, or another program reads or writes the
 * file; try again later. */
enum store_scrub_result store_scrub(struct store *s, struct store_scrub *w, uint64_t budget_ns);

/* Looks for the needles in the file and its log as they lie on the disk, from *at on (0 first) for
 * about budget_ns; their sums grow. Finds a word also where its value continues on another page.
 * Fast when the log is short, as after store_scrub. 1: there is more, 0: that was all, -1: cannot
 * be read. */
int store_look_for(struct store *s, struct needles *n, int64_t *at, uint64_t budget_ns);

#endif
