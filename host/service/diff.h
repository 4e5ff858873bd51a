/*
 * diff: the lines that differ between two texts, in the form of `diff -u`.
 *
 * It is our own, because the image has no diff and the service must not start programs. It is
 * bounded: past 4 million pairs of lines, the changed part is shown as removed and added whole.
 * Pure; any thread.
 */
#ifndef HOST_SERVICE_DIFF_H
#define HOST_SERVICE_DIFF_H

#include "base/buf.h"

/* Adds "@@ line N @@" and lines that begin with ' ', '-' (only in a) or '+' (only in b). Adds
 * nothing when the texts are equal. */
void diff_add(struct buf *out, const char *a, size_t a_len, const char *b, size_t b_len);

#endif
