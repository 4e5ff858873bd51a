/*
 * reading: the rows of the inbox in a tick, and what becomes of one that its reader fails at.
 *
 * A binding gives a piece of a row to its reader (bind_inbox_read) and says how that ended; what it
 * means is decided here, with judge. When an item makes the reader fail, that item is found by
 * reading one at a time, and is then parked by the reader; so many times in one row, then the whole
 * row is parked. For tick alone; the loop thread.
 */
#ifndef HOST_SERVICE_READING_H
#define HOST_SERVICE_READING_H

#include "service/host.h"

/* Reads a piece of this row. 0 fine, -1 script error (undone), 1 the store was in the way (undone).
 */
int reading_row(struct host *h, struct inbox_row *row);
/* What is durable and was not read yet, as far as the time of this tick goes. */
void reading_inbox(struct host *h);
/* Staff hear of rows, or items of them, that took the process down three times. */
void reading_passed_over(struct host *h);
/* After a reload: rows that were parked, one per tick. */
void reading_parked(struct host *h);
/* A row that the process before died of, when it is its turn. */
void reading_suspect(struct host *h);
/* Is there anything to read now? Only asked when work may be taken. */
bool reading_waits(const struct host *h);
/* Other scripts serve: a row half tried begins again, and what was parked is read once more. */
void reading_swapped(struct host *h);

#endif
