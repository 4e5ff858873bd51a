/*
 * compare: compares a generation that will take over with the serving one. Pure; the loop thread.
 */
#ifndef HOST_SERVICE_COMPARE_H
#define HOST_SERVICE_COMPARE_H

#include "scripts/generation.h"

/* true: all values are the same, those of secret files included. */
bool compare_settings(const struct settings *a, const struct settings *b);
/* A handler that served before and is missing now is most often a mistyped name: a field of a
 * module that does not exist is nil, and a nil entry of main.lua leaves no trace. Returns the
 * sentence about it (the caller frees it). NULL: nothing is missing. */
char *compare_gone(const struct generation *was, const struct generation *is);

#endif
