/*
 * needles: searches for many byte strings at once. Owns its copies. Any thread, one at a time.
 *
 * After a look at three bytes it moves on by as much as no needle can begin there (Wu and Manber):
 * an erasure searches the whole database, 480 MB for a million messages.
 */
#ifndef HOST_BASE_NEEDLES_H
#define HOST_BASE_NEEDLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct needles;

/* Shorter ones are refused, because they would match everywhere. */
enum { NEEDLE_LEAST = 4 };

struct needles *needles_new(void); /* NULL: no memory */
void needles_free(struct needles *n);
/* false: shorter than NEEDLE_LEAST, or no memory. */
bool needles_add(struct needles *n, const char *bytes, size_t len);
size_t needles_longest(const struct needles *n); /* bytes of the longest one */
/* Is one of them in these bytes as a whole word? A letter or digit beside it makes it a part of
 * another word, which is not a hit (a number inside a longer number). */
bool needles_in(struct needles *n, const void *bytes, size_t len);
/* Adds `by` to a needle's sum for each time it is in these bytes, also inside of words. */
void needles_tally(struct needles *n, const void *bytes, size_t len, int by);
int64_t needles_sum(const struct needles *n, size_t which); /* which: in the order of adding */

#endif
