/*
 * media_copy: all kept files in another folder, for a backup.
 *
 * On a thread of its own, by hard links, or by bytes where the disk is another. A kept file never
 * changes, so a link is a copy; what is removed meanwhile is left out. The loop thread begins,
 * looks and ends.
 */
#ifndef HOST_STORE_MEDIA_COPY_H
#define HOST_STORE_MEDIA_COPY_H

#include "store/media.h"

struct media_copy;

/* To the folder `to`, made as `<to>.part` and then renamed; nothing is made when nothing is kept.
 * `wake` is called from the thread at its end. m lives as long as the copy. NULL with why. */
struct media_copy *media_copy_begin(struct media *m, const char *to, void (*wake)(void *arg),
                                    void *arg, char *why, size_t why_size);
enum media_copy_state { MEDIA_COPYING, MEDIA_COPIED, MEDIA_NOT_COPIED };
/* MEDIA_COPIED: *files says how many, synced. MEDIA_NOT_COPIED: why says the cause. */
enum media_copy_state media_copy_look(const struct media_copy *c, uint64_t *files, char *why,
                                      size_t why_size);
/* At any time: an incomplete copy is removed. NULL is fine. */
void media_copy_end(struct media_copy *c);

#endif
