/* media_get: `assistant media get HASH FILE`, which needs no service: a kept file never changes. */
#ifndef HOST_CLI_MEDIA_GET_H
#define HOST_CLI_MEDIA_GET_H

/* Copies a kept file to FILE, which must not exist (NULL: it was not given). Prints what it did, or
 * why not. Returns the exit code. */
int media_get(const char *hash, const char *file);

#endif
