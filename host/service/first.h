/*
 * first: which version of scripts and prompts a service starts with.
 *
 * The files on disk, unless they were rolled back and none has changed since. Files that this
 * program has not accepted before are tried in a child. When they do not load, the version that
 * served last serves on, and everybody is told; only where there is none is the start refused. The
 * main thread, before the loop turns.
 */
#ifndef HOST_SERVICE_FIRST_H
#define HOST_SERVICE_FIRST_H

#include "service/host.h"
#include "service/modes.h"

enum { FIRST_STOPPED = -1 }; /* told to stop before anything was loaded */

/* own: the host's settings. Fills h->versions, and h->good once something serves. 0, 2, 5 or
 * FIRST_STOPPED; problems are for people. */
int first_load(struct host *h, const struct serve_mode *m, const struct settings *own,
               struct generation **out, struct buf *problems, struct buf *warnings);
/* Once it serves: tells staff what did not load, and which kept version cannot be read. */
void first_tell(struct host *h);

#endif
