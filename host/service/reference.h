/*
 * reference: the last good files as a generation of their own, beside the one that serves. Work
 * that failed on the files that serve is done here (judge.h).
 *
 * Built from h->good when it is first needed, kept for a minute after its last use, at most one. It
 * is in the list of draining generations, so that a shutdown and a lost group find its tasks; it
 * takes requests, rows and jobs only from judge. The loop thread.
 */
#ifndef HOST_SERVICE_REFERENCE_H
#define HOST_SERVICE_REFERENCE_H

#include "service/host.h"

/* NULL: there are no other good files than those that serve, or they cannot be built. */
struct generation *reference_get(struct host *h);
/* Other files serve, or are the good ones: what runs here ends as in any older generation. */
void reference_drop(struct host *h);
/* Nobody needed it for a minute and nothing runs on it. */
bool reference_idle(const struct generation *g);

#endif
