#include "base/needles.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MOST = 8, HEADS = 1 << 12 };

struct needle {
    char *bytes;
    size_t len;
    int32_t next; /* with the same hash */
};

/* They are hashed by their last bytes, because ids of one maker often begin alike. key: how many of
 * them, the length of the shortest needle at most. */
struct needles {
    struct needle *list;
    size_t count;
    size_t key;
    bool ready;
    int32_t heads[HEADS]; /* index into list, or -1 */
};

struct needles *needles_new(void)
{
    struct needles *n = calloc(1, sizeof *n);
    if (n)
        n->key = KEY_MOST;
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
    if (len < n->key)
        n->key = len;
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

static unsigned hash_of(const unsigned char *key, size_t len)
{
    uint64_t x = 0;
    memcpy(&x, key, len);
    return (unsigned)((x * 0x9E3779B97F4A7C15u) >> 52);
}

static void prepare(struct needles *n)
{
    memset(n->heads, 0xFF, sizeof n->heads);
    for (size_t i = 0; i < n->count; i++) {
        struct needle *one = &n->list[i];
        unsigned h = hash_of((const unsigned char *)one->bytes + one->len - n->key, n->key) &
                     (HEADS - 1);
        one->next = n->heads[h];
        n->heads[h] = (int32_t)i;
    }
    n->ready = true;
}

static bool part_of_word(const unsigned char *p, size_t len, size_t from, size_t to)
{
    return (from > 0 && isalnum(p[from - 1]) && isalnum(p[from])) ||
           (to < len && isalnum(p[to]) && isalnum(p[to - 1]));
}

size_t needles_hits(struct needles *n, const void *bytes, size_t len, size_t most)
{
    size_t hits = 0;
    const unsigned char *p = bytes;
    if (!n->ready)
        prepare(n);
    for (size_t at = n->key; n->count && at <= len && hits < most; at++)
        for (int32_t i = n->heads[hash_of(p + at - n->key, n->key) & (HEADS - 1)]; i >= 0;
             i = n->list[i].next) {
            const struct needle *one = &n->list[i];
            if (one->len <= at && memcmp(p + at - one->len, one->bytes, one->len) == 0)
                hits++;
        }
    return hits;
}

bool needles_in(struct needles *n, const void *bytes, size_t len, bool whole)
{
    const unsigned char *p = bytes;
    if (!whole)
        return needles_hits(n, bytes, len, 1) > 0;
    if (!n->ready)
        prepare(n);
    for (size_t at = n->key; n->count && at <= len; at++)
        for (int32_t i = n->heads[hash_of(p + at - n->key, n->key) & (HEADS - 1)]; i >= 0;
             i = n->list[i].next) {
            const struct needle *one = &n->list[i];
            if (one->len <= at && memcmp(p + at - one->len, one->bytes, one->len) == 0 &&
                !part_of_word(p, len, at - one->len, at))
                return true;
        }
    return false;
}
