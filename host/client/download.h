/*
 * download: the body of an answer on its way into a file.
 *
 * Writes what comes to a new file of the folder that the transfer names (0600, a random name), and
 * computes its sha256 meanwhile. The sync at the end is a syncer's: it can take seconds, and other
 * transfers go on. The file is whole, synced and closed when the transfer ends well; else it is
 * gone. Pool thread only. Part of pool; nobody else includes this.
 */
#ifndef HOST_CLIENT_DOWNLOAD_H
#define HOST_CLIENT_DOWNLOAD_H

#include "base/syncer.h"
#include "client/transfer.h"

struct download;

/* NULL: *error is the errno. */
struct download *pool_download_open(struct pool_file *f, int *error);
/* 0, or an errno. */
int pool_download_write(struct download *d, const void *bytes, size_t len);
/* The body is whole. `ended` is called once, before this returns or later: with 0 the pool_file is
 * filled and the file is its owner's; with an errno the file is gone. By then d is freed. */
void pool_download_finish(struct download *d, struct syncer *s, void (*ended)(void *arg, int error),
                          void *arg);
/* Removes the file, also while it is being synced: then `ended` is not called any more. NULL is
 * fine. */
void pool_download_discard(struct download *d);

#endif
