/*
 * compare: what a generation that is to take over has otherwise than the one that serves. The loop
 * thread.
 */
#ifndef HOST_SERVICE_COMPARE_H
#define HOST_SERVICE_COMPARE_H

#include "scripts/generation.h"

/* Are all values the same, those of secret files included? */
bool compare_settings(const struct settings *a, const struct settings *b);
/*
 * What served before and is not there any more is a mistyped handler far more often than a
 * decision: a field of a module that does not exist is nil, and a nil entry of main.lua leaves no
 * trace. NULL: nothing is gone; else the sentence, to be freed.
 */
char *compare_gone(const struct generation *was, const struct generation *is);

#endif
