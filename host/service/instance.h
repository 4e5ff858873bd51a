/*
 * instance: opens and closes the parts of an instance: a service, a file run by hand, or an offline
 * command. The main thread, which becomes the loop thread.
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

/* Called first, before a second thread exists. */
void instance_limits(void);
/* Starts the loop and its signals (SIGTERM, SIGINT, SIGHUP), and ignores signals that would kill
 * the process without need. Called before a generation that will run is built, because it gets its
 * services from here. 0, or -1 with errno. */
int instance_begin(struct service *s);
/* Reads the tree and builds the first generation. Prints problems and warnings to stderr. service:
 * see `first`. *out NULL: returns the exit code. */
int instance_generation(struct host *h, const struct serve_mode *m, bool service,
                        struct generation **out);
/* Reads the two folders (NULL: those of the settings) and builds a generation. Returns the exit
 * code, and adds problems and warnings. */
int instance_load(struct scripts *all, const struct generation_options *o, const char *scripts,
                  const char *prompts, struct generation **out, struct buf *problems,
                  struct buf *warnings);
/* Opens the database (":memory:": in memory), the schema steps of a generation that waits for its
 * first tick, and the outbound pool in the loop. 0, or the exit code with why. */
int instance_open(struct host *h, const char *path, char *why, size_t size);
/* Closes what is open: puts tasks back, commits, then closes listener, pool, scripts and
 * database. */
void instance_close(struct service *s);
/* Prints why to stderr and returns code. */
int instance_fail(int code, const char *why);

#endif
