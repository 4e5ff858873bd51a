/*
 * syncer: fsync on a thread of its own, because one can take seconds on a busy disk.
 *
 * One thread owns a syncer and its loop: it puts items, and the loop calls `done` of each, in the
 * order they were put. An item is part of a struct of the owner, so the queue needs no memory and
 * is never longer than what the owner has open. The thread starts with the first item. It does
 * nothing but fsync, one at a time.
 */
#ifndef HOST_BASE_SYNCER_H
#define HOST_BASE_SYNCER_H

#include "base/loop.h"

#include <sys/queue.h>

struct syncer_item {
    int fd; /* open until `done` is called; the owner's */
    /* In the owner's thread. From here on the item is the owner's again. */
    void (*done)(struct syncer_item *i);
    int error; /* 0, or an errno; ECANCELED: stopped before its turn */
    STAILQ_ENTRY(syncer_item) next;
};

struct syncer;

/* NULL with errno. */
struct syncer *syncer_new(struct loop *l);
/* 0, or an errno: then the item is not taken. */
int syncer_put(struct syncer *s, struct syncer_item *i);
/* Waits for the item that is being synced, and calls `done` of all that are left. NULL is fine. */
void syncer_stop(struct syncer *s);

#endif
