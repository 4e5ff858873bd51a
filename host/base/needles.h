/* needles: searches for many byte strings at once. Owns its copies. Any thread, one at a time. */
#ifndef HOST_BASE_NEEDLES_H
#define HOST_BASE_NEEDLES_H

#include <stdbool.h>
#include <stddef.h>

struct needles;

/* Shorter ones are refused, because they would match everywhere. */
enum { NEEDLE_LEAST = 4 };

struct needles *needles_new(void); /* NULL: no memory */
void needles_free(struct needles *n);
/* false: shorter than NEEDLE_LEAST, or no memory. */
bool needles_add(struct needles *n, const char *bytes, size_t len);
size_t needles_longest(const struct needles *n); /* bytes of the longest one */
/* Is one of them in these bytes? whole: a letter or digit beside it makes it a part of another
 * word, which is not a hit (a number inside a longer number). */
bool needles_in(struct needles *n, const void *bytes, size_t len, bool whole);
/* How many hits there are, at most `most`. */
size_t needles_hits(struct needles *n, const void *bytes, size_t len, size_t most);

#endif
