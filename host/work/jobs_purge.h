/*
 * jobs_purge: deletes from jobs, inbox and parked by age, or by the words in a row. Writes into the
 * group transaction. The loop thread only. See jobs.h.
 */
#ifndef HOST_WORK_JOBS_PURGE_H
#define HOST_WORK_JOBS_PURGE_H

#include "work/jobs.h"
#include "base/needles.h"

/* LOOK_PARKED: items that were parked out of a row; ids are of the table parked. */
enum jobs_table { LOOK_JOBS, LOOK_INBOX, LOOK_PARKED };
/* Rows past *after that hold one of the needles as a whole word, at most room, for about budget_ns:
 * how many, or -1. *after moves to the last row looked at; *more: there are others behind it. */
int jobs_look_for(struct jobs *j, enum jobs_table in, struct needles *n, int64_t *after,
                  int64_t *ids, int room, uint64_t budget_ns, bool *more);

/* Live jobs of a kind past an id (strings are the caller's, job_free). How many, or -1 with nothing
 * in out. */
int jobs_of_kind(struct jobs *j, const char *kind, int64_t after, struct job *out, int room);

/* Removes a job in any state, and makes the next of its lane ready. A run of it that ends later
 * finds no claim. 1, 0: no such job, -1. */
int jobs_erase(struct jobs *j, int64_t id);

/* Removes at most `limit` dead jobs that were put before before_ms. How many, or -1. */
int jobs_purge(struct jobs *j, int64_t before_ms, int limit);

/* A row with its body and whether it is still to be read. 1, 0: no such row, -1. */
int inbox_get(struct jobs *j, int64_t id, struct inbox_row *out, bool *unread);
/* Other bytes in its place. 1, 0: no such row, -1. */
int inbox_replace(struct jobs *j, int64_t id, const void *body, size_t len);
/* Removes a row, read or not, also from the parked ones. Items parked out of it stay. 1, 0: no such
 * row, -1. */
int inbox_erase(struct jobs *j, int64_t id);
/* Removes one parked item; a whole row that is parked goes with inbox_erase. 1, 0, -1. */
int parked_erase(struct jobs *j, int64_t id);

/* Removes at most `limit` of the oldest rows that were accepted before before_ms and have been
 * read, then of the items that were parked before it. How many, or -1. */
int inbox_purge(struct jobs *j, int64_t before_ms, int limit);

#endif
