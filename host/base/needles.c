#include "base/needles.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 3, WINDOW_MOST = 200, HASHES = 1 << 14 };

struct needle {
    char *bytes;
    size_t len;
    int64_t sum;
    int32_t next; /* with the same last block */
};

/* The window is the end of each needle, because ids of one maker often begin alike; it is as long
 * as the shortest needle. */
struct needles {
    struct needle *list;
    size_t count;
    size_t window;
    bool ready;
    uint8_t step[HASHES];  /* by a block: how far it is at least from the end of a window */
    int32_t heads[HASHES]; /* step 0: the first needle that ends so, as an index into list */
};

struct needles *needles_new(void)
{
    struct needles *n = calloc(1, sizeof *n);
    if (n)
        n->window = WINDOW_MOST;
    return n;
}

void needles_free(struct needles *n)
{
    for (size_t i = 0; n && i < n->count; i++)
        free(n->list[i].bytes);
    free(n ? n->list : NULL);
    free(n);
}

bool needles_add(struct needles *n, const char *bytes, size_t len)
{
    if (len < NEEDLE_LEAST)
        return false;
    struct needle *grown = realloc(n->list, (n->count + 1) * sizeof *grown);
    if (!grown)
        return false;
    n->list = grown;
    char *copy = malloc(len);
    if (!copy)
        return false;
    memcpy(copy, bytes, len);
    n->list[n->count++] = (struct needle){ .bytes = copy, .len = len };
    if (len < n->window)
        n->window = len;
    n->ready = false;
    return true;
}

size_t needles_longest(const struct needles *n)
{
    size_t most = 0;
    for (size_t i = 0; i < n->count; i++)
        most = n->list[i].len > most ? n->list[i].len : most;
    return most;
}

static unsigned hash_of(const unsigned char *block)
{
    return ((block[0] | (unsigned)block[1] << 8 | (unsigned)block[2] << 16) * 0x9E3779B1u) >> 18;
}

static void prepare(struct needles *n)
{
    memset(n->step, (int)(n->window - BLOCK + 1), sizeof n->step);
    for (size_t i = 0; i < n->count; i++) {
        struct needle *one = &n->list[i];
        const unsigned char *end = (const unsigned char *)one->bytes + one->len;
        for (size_t step = 1; step <= n->window - BLOCK; step++) {
            uint8_t *least = &n->step[hash_of(end - BLOCK - step)];
            *least = *least < step ? *least : (uint8_t)step;
        }
        unsigned h = hash_of(end - BLOCK);
        one->next = n->step[h] ? -1 : n->heads[h];
        n->step[h] = 0;
        n->heads[h] = (int32_t)i;
    }
    n->ready = true;
}

static bool part_of_word(const unsigned char *p, size_t len, size_t from, size_t to)
{
    return (from > 0 && isalnum(p[from - 1]) && isalnum(p[from])) ||
           (to < len && isalnum(p[to]) && isalnum(p[to - 1]));
}

/* The next needle that ends at *at or later, which moves on with `next` -1; `next`: the one to try
 * there. NULL: no more. */
static struct needle *find(const struct needles *n, const unsigned char *p, size_t len, size_t *at,
                           int32_t *next)
{
    for (;;) {
        while (*next >= 0) {
            struct needle *one = &n->list[*next];
            *next = one->next;
            if (one->len <= *at && memcmp(p + *at - one->len, one->bytes, one->len) == 0)
                return one;
        }
        size_t step;
        for (++*at; *at <= len && (step = n->step[hash_of(p + *at - BLOCK)]) != 0;)
            *at += step;
        if (*at > len)
            return NULL;
        *next = n->heads[hash_of(p + *at - BLOCK)];
    }
}

void needles_tally(struct needles *n, const void *bytes, size_t len, int by)
{
    size_t at = n->window - 1;
    int32_t next = -1;
    if (!n->ready)
        prepare(n);
    for (struct needle *one; n->count && (one = find(n, bytes, len, &at, &next));)
        one->sum += by;
}

int64_t needles_sum(const struct needles *n, size_t which)
{
    return n->list[which].sum;
}

bool needles_in(struct needles *n, const void *bytes, size_t len)
{
    size_t at = n->window - 1;
    int32_t next = -1;
    if (!n->ready)
        prepare(n);
    for (const struct needle *one; n->count && (one = find(n, bytes, len, &at, &next));)
        if (!part_of_word(bytes, len, at - one->len, at))
            return true;
    return false;
}
