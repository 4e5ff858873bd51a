/* near: which name was meant by a mistyped one. Pure; any thread. */
#ifndef HOST_BASE_NEAR_H
#define HOST_BASE_NEAR_H

#include <stddef.h>

enum { NEAR_FAR = 99 };

/* Letters to add, drop, change, or swap with their neighbour, until a is b. NEAR_FAR: the names are
 * too long to compare. */
unsigned near_distance(const char *a, size_t n, const char *b, size_t m);

/* Finds the candidate nearest to a name; offer the candidates one by one. */
struct near {
    const char *name;
    size_t len;
    unsigned distance;
    const char *best; /* NULL: none is near enough. It points into what was offered */
    size_t best_len;
};
struct near near_to(const char *name, size_t len);
void near_offer(struct near *n, const char *candidate, size_t len);

#endif
