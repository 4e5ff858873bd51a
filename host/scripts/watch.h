/*
 * watch: reports that files below some folders may have changed. It reads no contents; the reader
 * of the tree compares.
 *
 * It uses inotify on every folder (not on files, because editors replace them), and waits until the
 * changes end. Every 2 s it also compares names, sizes, times and inodes, for mounts where inotify
 * reports nothing. Never blocks. The loop thread.
 */
#ifndef HOST_SCRIPTS_WATCH_H
#define HOST_SCRIPTS_WATCH_H

#include "base/loop.h"

struct watch;

enum { WATCH_QUIET_MS = 150, WATCH_STAT_MS = 2000 };

/* folders: ends with NULL, copied. changed is called from loop_wait. NULL: no memory. */
struct watch *watch_start(struct loop *l, const char *const *folders, void (*changed)(void *arg),
                          void *arg);
void watch_stop(struct watch *w);

#endif
