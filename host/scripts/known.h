/*
 * known: names in the scripts that do not exist. A misspelt function would otherwise be met by
 * customers, one after another.
 *
 * Told is what is certain: a global that the sandbox does not have, a module that is not there, and
 * a field that a module's table does not have after loading, that no script assigns and none asks
 * for. Files that main.lua does not reach are left alone.
 */
#ifndef HOST_SCRIPTS_KNOWN_H
#define HOST_SCRIPTS_KNOWN_H

#include "base/buf.h"
#include "scripts/generation.h"
#include "scripts/names.h"

/* Before anything is loaded: reads the names of every script that these two modules reach, and adds
 * what cannot work to problems. true: nothing was. */
bool known_names(struct generation *g, const char *main_module, const char *settings_module,
                 struct names *names, struct buf *problems);
/* After loading, whole or half: fields that are called or indexed are problems, those that are
 * handed on warnings. */
bool known_fields(struct generation *g, const struct names *names, struct buf *problems,
                  struct buf *warnings);

#endif
