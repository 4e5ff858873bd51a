/*
 * rounds: what the loop does between its tasks, in either order of things (tick.c, slices.c):
 * generations that come and go, the look at the store once a second, trouble that staff hear of
 * later, the collector. The loop thread.
 */
#ifndef HOST_SERVICE_ROUNDS_H
#define HOST_SERVICE_ROUNDS_H

#include "service/host.h"

/* Remembers why nothing can be stored; nothing while all is well. */
void rounds_note_trouble(struct host *h);
/* While nothing can be stored, no message to staff can be stored either, so they are told
 * afterwards. Writes. */
void rounds_tell_trouble(struct host *h);
/* The new scripts take over, if some were built. Writes. */
void rounds_swap(struct host *h);
/* Closes older generations whose tasks have ended or have had their time. */
void rounds_drain(struct host *h);
/* Writes the log lines of the second, and checks that the database is still there. Nothing until a
 * second has passed. */
void rounds_once_a_second(struct host *h);
/* How far the serving state may grow before it is collected. */
void rounds_pace_garbage(struct generation *g);
/* A checkpoint and a piece of a collection, after a while without work. */
void rounds_quiet_moment(struct host *h, bool worked);

#endif
