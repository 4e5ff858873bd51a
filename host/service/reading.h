/*
 * reading: the inbox rows of a tick, and what becomes of a row that its reader fails on.
 *
 * bind_inbox_read gives a piece of a row to its reader and returns how that ended. This unit and
 * judge decide what it means. To find the item that makes the reader fail, items are read one at a
 * time. The reader parks that item. After many such items the whole row is parked. For tick alone;
 * the loop thread.
 */
#ifndef HOST_SERVICE_READING_H
#define HOST_SERVICE_READING_H

#include "service/host.h"

/* Reads a piece of this row. 0: done; -1: a script error; 1: the group was lost. After -1 and 1
 * nothing is changed. */
int reading_row(struct host *h, struct inbox_row *row);
/* Reads rows that are durable and not read yet, as far as the time of this tick allows. flood: very
 * many requests arrive. is_over: asked after each piece, true ends the reading. */
void reading_inbox(struct host *h, bool flood, bool (*is_over)(struct host *h));
/* Tells staff of rows and items with which the process died three times. */
void reading_passed_over(struct host *h);
/* After a reload: reads rows that were parked, one per tick. */
void reading_parked(struct host *h);
/* Reads a suspect row, when it may run. */
void reading_suspect(struct host *h);
/* true: there is something to read now. Ask only when claims_takes_work. */
bool reading_waits(const struct host *h);
/* Other scripts serve: a row that was tried begins again, and parked rows are read once more. */
void reading_swapped(struct host *h);

#endif
