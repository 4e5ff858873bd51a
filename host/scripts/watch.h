/*
 * watch: says when files below some folders may have changed.
 *
 * inotify on every folder (never on files: editors replace them), debounced; every 2 s the names,
 * sizes, times and inodes are compared too, for mounts where inotify is silent. The loop thread. It
 * reads no contents: whether anything really changed is for who reads the tree. Never blocks.
 */
#ifndef HOST_SCRIPTS_WATCH_H
#define HOST_SCRIPTS_WATCH_H

#include "base/loop.h"

struct watch;

enum { WATCH_QUIET_MS = 150, WATCH_STAT_MS = 2000 };

/* NULL-terminated folders, copied. changed is called from inside loop_wait. NULL: no memory. */
struct watch *watch_start(struct loop *l, const char *const *folders, void (*changed)(void *arg),
                          void *arg);
void watch_stop(struct watch *w);

#endif
