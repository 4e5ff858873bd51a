/*
 * rows: what the engines of jobs share: short ways to run a statement with its values, and to read
 * a job from a row. Theirs alone. rows.c also has those functions of jobs.h and jobs_purge.h that
 * are the same for all engines.
 */
#ifndef HOST_WORK_ROWS_H
#define HOST_WORK_ROWS_H

#include "work/engine.h"

/* Runs one statement with its values: i int64_t, t C string or NULL, b bytes and size_t. The text
 * must be a literal. jobs_run: rows changed, or -1. jobs_row: the statement on its first row (give
 * it back with store_done), or NULL with *rc 0 (no row) or -1. JOBS_TWIN instead of -1: a unique
 * mark is taken. */
enum { JOBS_TWIN = -2 };
int jobs_run(struct jobs *j, const char *sql, const char *types, ...);
struct store_statement *jobs_row(struct jobs *j, int *rc, const char *sql, const char *types, ...);
/* The first column of the first row, in *out: 1, 0 (no row: *out stays), or -1. */
int jobs_number(struct jobs *j, int64_t *out, const char *sql, const char *types, ...);
/* The next row of a statement: 1, 0 (no more), or -1. */
int jobs_next_row(struct jobs *j, struct store_statement *row);
/* Copies a column. Without memory the process ends, so that claims come back at the next start. */
char *jobs_column(struct store_statement *row, int column, size_t *len);

/* Fills a job from a row of JOBS_COLUMNS. */
#define JOBS_COLUMNS                                                                              \
    "id, kind, coalesce(lane, old_lane), payload, attempts, crashes, run_at, created_at, error, " \
    "orphan, claim, state"
void jobs_read(struct store_statement *row, struct job *out);
/* What jobs_row gave, and the rows after it, at most `room`; gives it back. How many, or -1 with
 * nothing in out[]. */
int jobs_take(struct jobs *j, struct store_statement *row, int rc, struct job *out, int room);
/* Forgets how far a row of the inbox was read. 0 or -1. */
int inbox_from_start(struct jobs *j, int64_t id);

#endif
