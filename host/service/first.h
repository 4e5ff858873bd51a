/*
 * first: chooses the version of scripts and prompts that a service starts with.
 *
 * It takes the files on disk, unless they were rolled back and none has changed since. A child
 * tries files that this program has not accepted before. When they do not load, the version that
 * served last is loaded, and staff are told. When there is none, the start is refused. The main
 * thread, before the loop runs.
 */
#ifndef HOST_SERVICE_FIRST_H
#define HOST_SERVICE_FIRST_H

#include "service/host.h"
#include "service/modes.h"

enum { FIRST_STOPPED = -1 }; /* a signal stopped it before anything was loaded */

/* own: the host's settings. Fills h->versions, and h->good when something serves. 0, 2, 5 or
 * FIRST_STOPPED; problems are for people. */
int first_load(struct host *h, const struct serve_mode *m, const struct settings *own,
               struct generation **out, struct buf *problems, struct buf *warnings);
/* When it serves: tells staff what did not load, and which kept version cannot be read. */
void first_tell(struct host *h);

#endif
