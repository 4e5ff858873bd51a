#include "scripts/slab.h"

#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SLAB_LIMIT = 0 };
#else
enum { SLAB_LIMIT = SLAB_MAX };
#endif

static size_t grains(size_t size)
{
    return (size + SLAB_GRAIN - 1) / SLAB_GRAIN;
}

/* A new slab. The rest of the previous one becomes free blocks. */
static char *cut_new(struct slab *s, size_t bytes)
{
    size_t rest = (size_t)(s->end - s->at) / SLAB_GRAIN;
    struct slab_free *slab = malloc(SLAB_BYTES);
    if (!slab)
        return NULL;
    if (rest > 0) {
        struct slab_free *block = (struct slab_free *)(void *)s->at;
        block->next = s->free[rest];
        s->free[rest] = block;
    }
    slab->next = s->slabs;
    s->slabs = slab;
    s->at = (char *)slab + SLAB_GRAIN;
    s->end = (char *)slab + SLAB_BYTES;
    char *block = s->at;
    s->at += bytes;
    return block;
}

static void *take(struct slab *s, size_t size)
{
    if (size > SLAB_LIMIT)
        return malloc(size);
    size_t n = grains(size), bytes = n * SLAB_GRAIN;
    struct slab_free *block = s->free[n];
    if (block) {
        s->free[n] = block->next;
        return block;
    }
    if ((size_t)(s->end - s->at) >= bytes) {
        char *cut = s->at;
        s->at += bytes;
        return cut;
    }
    return cut_new(s, bytes);
}

void slab_release(struct slab *s, void *block, size_t size)
{
    if (!block)
        return;
    if (size > SLAB_LIMIT || size == 0) {
        free(block);
        return;
    }
    struct slab_free *gone = block;
    gone->next = s->free[grains(size)];
    s->free[grains(size)] = gone;
}

void *slab_resize(struct slab *s, void *old, size_t old_size, size_t size)
{
    if (!old)
        return take(s, size);
    if (old_size > SLAB_LIMIT && size > SLAB_LIMIT)
        return realloc(old, size);
    if (old_size <= SLAB_LIMIT && size <= SLAB_LIMIT && grains(old_size) == grains(size))
        return old;
    void *block = take(s, size);
    if (block) {
        memcpy(block, old, old_size < size ? old_size : size);
        slab_release(s, old, old_size);
    }
    return block;
}

void slab_close(struct slab *s)
{
    for (struct slab_free *slab = s->slabs, *next; slab; slab = next) {
        next = slab->next;
        free(slab);
    }
    *s = (struct slab){ .at = NULL };
}
