#include "base/near.h"

enum { NAME_BYTES = 128 };

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned near_distance(const char *a, size_t n, const char *b, size_t m)
{
    unsigned rows[3][NAME_BYTES + 1];
    if (n > NAME_BYTES || m > NAME_BYTES)
        return NEAR_FAR;
    for (size_t j = 0; j <= m; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3], *second = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], second[j - 2] + 1);
        }
    }
    return rows[n % 3][m];
}

/* How many letters may be wrong in a name of this length. */
static unsigned limit_of(size_t len)
{
    return len < 3 ? 0 : len == 3 ? 1 : len < 9 ? 2 : (unsigned)least((unsigned)len / 3, NEAR_FAR);
}

struct near near_to(const char *name, size_t len)
{
    return (struct near){ name, len, limit_of(len) + 1, NULL, 0 };
}

void near_offer(struct near *n, const char *candidate, size_t len)
{
    size_t apart = len > n->len ? len - n->len : n->len - len;
    if (apart >= n->distance)
        return;
    unsigned d = near_distance(n->name, n->len, candidate, len);
    if (d < n->distance && d < len) {
        n->distance = d;
        n->best = candidate;
        n->best_len = len;
    }
}
