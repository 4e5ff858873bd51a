/*
 * download: the body of an answer on its way into a file.
 *
 * Writes what comes to a new file of the folder that the transfer names (0600, a random name), and
 * computes its sha256 meanwhile. The file is whole, synced and closed when the transfer ends well;
 * else it is gone. Pool thread only. Part of pool; nobody else includes this.
 */
#ifndef HOST_CLIENT_DOWNLOAD_H
#define HOST_CLIENT_DOWNLOAD_H

#include "client/transfer.h"

struct download;

/* NULL: *error is the errno. */
struct download *pool_download_open(struct pool_file *f, int *error);
/* 0, or an errno. */
int pool_download_write(struct download *d, const void *bytes, size_t len);
/* Syncs and closes the file, and fills the pool_file: the file is its owner's now. 0, or an errno,
 * and the file is gone. Frees d. */
int pool_download_finish(struct download *d);
/* Removes the file. NULL is fine. */
void pool_download_discard(struct download *d);

#endif
