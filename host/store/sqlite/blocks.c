/*
 * blocks: SQLite's blocks of memory, kept for the next statement. A turn takes and gives back
 * about 180 of them, and Debian's SQLite has no lookaside. Blocks are malloc's own, so any of them
 * can be given to free. Under a sanitizer everything stays with malloc, so that it can watch.
 */
#include "store/store.h"

#include <malloc.h>
#include <sqlite3.h>
#include <stdlib.h>

/* Sizes: 24, 40, 56, … bytes, what malloc gives without waste, up to two pages. At most so many
 * bytes are kept. */
enum { GRAIN = 16, LEAST = 8, CLASSES = 600, KEPT_BYTES = 1 << 20 };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { WATCHED = 1 };
#else
enum { WATCHED = 0 };
#endif

struct block {
    struct block *next;
};

static _Thread_local bool ours; /* only the loop thread keeps blocks */
static struct block *kept[CLASSES];
static size_t kept_bytes;

static size_t class_of(int size)
{
    return size <= GRAIN + LEAST ? 1 : ((size_t)size + GRAIN - LEAST - 1) / GRAIN;
}

static int rounded(int size)
{
    return (int)(class_of(size) * GRAIN + LEAST);
}

static void *give(int size)
{
    size_t class = class_of(size);
    struct block *block = ours && class < CLASSES ? kept[class] : NULL;
    if (!block)
        return malloc(class * GRAIN + LEAST);
    kept[class] = block->next;
    kept_bytes -= class * GRAIN;
    return block;
}

static void take_back(void *old)
{
    struct block *block = old;
    size_t class = (malloc_usable_size(old) - LEAST) / GRAIN;
    if (!ours || class >= CLASSES || kept_bytes > KEPT_BYTES) {
        free(old);
        return;
    }
    block->next = kept[class];
    kept[class] = block;
    kept_bytes += class * GRAIN;
}

static void *resize(void *old, int size)
{
    return realloc(old, (size_t)rounded(size));
}

static int size_of(void *block)
{
    return block ? (int)malloc_usable_size(block) : 0;
}

static int begin(void *arg)
{
    (void)arg;
    return SQLITE_OK;
}

static void end(void *arg)
{
    (void)arg;
}

void store_keep_blocks(void)
{
    static const sqlite3_mem_methods methods = { give,    take_back, resize, size_of,
                                                 rounded, begin,     end,    NULL };
    ours = !WATCHED && sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) == SQLITE_OK;
}
