/*
 * instance: the pieces that a service, a file run by hand and an offline command are put together
 * from, and how all of it is taken down again. The main thread, which becomes the loop thread.
 */
#ifndef HOST_SERVICE_INSTANCE_H
#define HOST_SERVICE_INSTANCE_H

#include "service/host.h"
#include "service/modes.h"

struct watch;

struct service {
    struct host host;
    struct watch *watch;
    int signals;
    bool stop_now;
};

/* First of all, before there is a second thread. */
void instance_limits(void);
/*
 * The loop, and SIGTERM, SIGINT and SIGHUP through it; what would kill for no reason is ignored.
 * Before a generation is built that is to run: it gets its services from here. 0 or -1 with errno.
 */
int instance_begin(struct service *s);
/* Reads the tree and builds a first generation; problems and warnings go to stderr. service: see
 * `first`. *out NULL: the exit code. */
int instance_generation(struct host *h, const struct serve_mode *m, bool service,
                        struct generation **out);
/* Reads the two folders (NULL: the settings' own) and builds a generation. Its exit code; problems
 * and warnings are added. */
int instance_load(struct scripts *all, const struct generation_options *o, const char *scripts,
                  const char *prompts, struct generation **out, struct buf *problems,
                  struct buf *warnings);
/*
 * Opens what scripts work with: the database (":memory:" for memory), the schema steps of a
 * generation that waits for its first tick, and the outbound pool, in the loop. 0, or the exit code
 * with why.
 */
int instance_open(struct host *h, const char *path, char *why, size_t size);
/* Takes down whatever stands: tasks put back, last commit, listener, pool, scripts, database. */
void instance_close(struct service *s);
/* Prints why to stderr; returns code. */
int instance_fail(int code, const char *why);

#endif
