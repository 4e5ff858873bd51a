#include "scripts/slab.h"

#include <string.h>
#include <sys/mman.h>

/* A new slab. The rest of the previous one becomes free blocks. */
static char *cut_new(struct slab *s, size_t bytes)
{
    size_t rest = (size_t)(s->end - s->at) / SLAB_GRAIN;
    struct slab_free *slab = mmap(NULL, SLAB_BYTES, PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (slab == MAP_FAILED)
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

void *slab_cut(struct slab *s, size_t size)
{
    if (size > SLAB_LIMIT)
        return malloc(size);
    size_t bytes = slab_grains(size) * SLAB_GRAIN;
    if ((size_t)(s->end - s->at) < bytes)
        return cut_new(s, bytes);
    char *cut = s->at;
    s->at += bytes;
    return cut;
}

void *slab_resize(struct slab *s, void *old, size_t old_size, size_t size)
{
    if (old_size > SLAB_LIMIT && size > SLAB_LIMIT)
        return realloc(old, size);
    if (old_size <= SLAB_LIMIT && size <= SLAB_LIMIT && slab_grains(old_size) == slab_grains(size))
        return old;
    void *block = slab_take(s, size);
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
        munmap(slab, SLAB_BYTES);
    }
    *s = (struct slab){ .at = NULL };
}
