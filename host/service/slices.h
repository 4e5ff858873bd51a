/*
 * slices: the order of things where each slice is a transaction of its own (store_shared).
 *
 * A slice is what a task does between two waits for the outside. It runs on a fiber (base/fiber),
 * so it can wait for the database while others run. Until its transaction is committed, nothing
 * that it says leaves: its answer and its requests are kept (law 1), and what it makes ready does
 * not run. When the transaction is lost, the first slice of a task runs again from its beginning,
 * because nothing has left; a later one is undone: its job goes back to the last durable state, its
 * request is answered 503. The loop thread.
 */
#ifndef HOST_SERVICE_SLICES_H
#define HOST_SERVICE_SLICES_H

#include "service/host.h"

/* How many slices wait for the database at once: as many as there are connections. */
void slices_start(size_t most);
/* One tick. */
void slices_tick(struct host *h);
/* true: no slice is open. */
bool slices_over(void);

#endif
