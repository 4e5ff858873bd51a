/*
 * reference: the last good files as a generation beside the serving one. Work that failed on the
 * serving files is done here (judge.h).
 *
 * It is built from h->good when it is first needed, and closed a minute after its last use. There
 * is at most one. It is in the list of draining generations, so that a shutdown and a lost group
 * find its tasks. Only judge gives it requests, rows and jobs. The loop thread.
 */
#ifndef HOST_SERVICE_REFERENCE_H
#define HOST_SERVICE_REFERENCE_H

#include "service/host.h"

/* NULL: the serving files are the good ones, there are none, or they cannot be built. */
struct generation *reference_get(struct host *h);
/* Other files serve or are the good ones now: tasks of this generation end as in any older one. */
void reference_drop(struct host *h);
/* true: it was not used for a minute, and it has no tasks. */
bool reference_idle(const struct generation *g);

#endif
