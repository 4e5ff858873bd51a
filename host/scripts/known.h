/*
 * known: finds names in the scripts that do not exist, before a customer's message runs into one.
 *
 * It reports only what is certain: a global that the sandbox does not have, a module that does not
 * exist, and a field that a module's table does not have after loading, that no script assigns and
 * none tests. It does not check files that main.lua does not reach. The loop thread.
 */
#ifndef HOST_SCRIPTS_KNOWN_H
#define HOST_SCRIPTS_KNOWN_H

#include "base/buf.h"
#include "scripts/generation.h"
#include "scripts/names.h"

/* Before loading: reads the names of all scripts that the two modules reach, and adds what cannot
 * work to problems. true: nothing was added. */
bool known_names(struct generation *g, const char *main_module, const char *settings_module,
                 struct names *names, struct buf *problems);
/* After loading, whole or in part: a missing field that is called or indexed is a problem, one that
 * is passed on is a warning. */
bool known_fields(struct generation *g, const struct names *names, struct buf *problems,
                  struct buf *warnings);

#endif
