#include "store_scrub.h"

#include "store_parts.h"

#include <stdlib.h>
#include <string.h>

enum {
    PIECE = 64 /* pages read at once */,
    CLEAN_MOST = 256 /* cleaned in one call */,
    PAGE_MOST = 65536,
    WAL_HEAD = 32,
    FRAME_HEAD = 24
};

static unsigned two(const unsigned char *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static unsigned four(const unsigned char *p)
{
    return two(p) << 16 | two(p + 2);
}

static sqlite3_file *file_of(struct store *s, int which)
{
    sqlite3_file *f = NULL;
    if (sqlite3_file_control(s->db, "main", which, &f) != SQLITE_OK || !f || !f->pMethods)
        return NULL;
    return f;
}

static sqlite3_int64 size_of(sqlite3_file *f)
{
    sqlite3_int64 size = 0;
    return f && f->pMethods->xFileSize(f, &size) == SQLITE_OK ? size : -1;
}

/* What page 1 says of all of them. false: not a file that is known here. */
struct shape {
    unsigned page, usable;
};

static bool shape_of(const unsigned char *head, struct shape *out)
{
    unsigned page = two(head + 16);
    if (page == 1)
        page = PAGE_MOST;
    *out = (struct shape){ page, page - head[20] };
    /* Pages that map others, of auto_vacuum, look like any: none of ours has them. */
    return page >= 512 && (page & (page - 1)) == 0 && four(head + 52) == 0;
}

static bool zeroed(unsigned char *p, size_t len)
{
    if (!len || (!p[0] && memcmp(p, p + 1, len - 1) == 0)) /* each byte is as the one before it */
        return false;
    memset(p, 0, len);
    return true;
}

/*
 * Zeroes what a page of a b-tree does not use: the middle between its index and its cells, and its free blocks but for their
 * heads. true: there was something. Any other kind of page, and one that makes no sense, is left alone.
 */
static bool clean_page(unsigned char *page, const struct shape *s, bool first)
{
    unsigned head = first ? 100 : 0, kind = page[head];
    if (kind != 2 && kind != 5 && kind != 10 && kind != 13)
        return false;
    unsigned index = head + (kind & 8 ? 8 : 12) + 2 * two(page + head + 3);
    unsigned cells = two(page + head + 5) ? two(page + head + 5) : PAGE_MOST;
    if (index > cells || cells > s->usable)
        return false;
    bool dirty = zeroed(page + index, cells - index);
    for (unsigned at = two(page + head + 1), next; at; at = next) {
        if (at < cells || at + 4 > s->usable)
            break;
        unsigned size = two(page + at + 2);
        next = two(page + at);
        if (size < 4 || at + size > s->usable || (next && next <= at))
            break;
        dirty |= zeroed(page + at + 4, size - 4);
    }
    return dirty;
}

/* Reads, cleans and writes pages from `from` on. How many, or -1. */
static int clean_piece(sqlite3_file *f, const struct shape *s, int64_t from, int64_t last,
                       unsigned char *bytes, int64_t *cleaned)
{
    int count = last - from + 1 < PIECE ? (int)(last - from + 1) : PIECE;
    sqlite3_int64 at = (from - 1) * s->page;
    if (f->pMethods->xRead(f, bytes, count * (int)s->page, at) != SQLITE_OK)
        return -1;
    for (int i = 0; i < count; i++) {
        unsigned char *page = bytes + (size_t)i * s->page;
        if (!clean_page(page, s, from + i == 1))
            continue;
        if (f->pMethods->xWrite(f, page, (int)s->page, at + (sqlite3_int64)i * s->page) !=
            SQLITE_OK)
            return -1;
        ++*cleaned;
    }
    return count;
}

/* With the write lock held and nothing in the log. */
static enum store_scrub_result clean(struct store *s, struct store_scrub *w, uint64_t until)
{
    sqlite3_file *f = file_of(s, SQLITE_FCNTL_FILE_POINTER);
    struct shape shape;
    unsigned char head[100];
    int64_t before = w->cleaned;
    enum store_scrub_result result = STORE_SCRUB_FAILED;
    unsigned char *bytes = NULL;
    if (!f || f->pMethods->xRead(f, head, sizeof head, 0) != SQLITE_OK || !shape_of(head, &shape) ||
        !(bytes = malloc((size_t)PIECE * shape.page)))
        return result;
    w->pages = size_of(f) / shape.page;
    if (!w->next)
        w->next = 1;
    do {
        if (w->next > w->pages) {
            result = STORE_SCRUBBED;
            break;
        }
        int n = clean_piece(f, &shape, w->next, w->pages, bytes, &w->cleaned);
        if (n < 0)
            goto out;
        w->next += n;
        result = STORE_SCRUB_MORE;
    } while (store_now_ns() < until && w->cleaned - before < CLEAN_MOST);
    /* Once is enough: what was not synced after a crash is cleaned again. */
    if (result == STORE_SCRUBBED && w->cleaned &&
        f->pMethods->xSync(f, SQLITE_SYNC_NORMAL) != SQLITE_OK)
        result = STORE_SCRUB_FAILED;
out:
    free(bytes);
    return result;
}

enum store_scrub_result store_scrub(struct store *s, struct store_scrub *w, uint64_t budget_ns)
{
    uint64_t until = store_now_ns() + budget_ns;
    if (!s->path)
        return STORE_SCRUBBED;
    if (s->open || s->lost || s->gone)
        return STORE_SCRUB_BUSY;
    store_read_end(s);
    store_checkpoint(s, SQLITE_CHECKPOINT_TRUNCATE);
    if (sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        return STORE_SCRUB_BUSY;
    sqlite3_file *log = file_of(s, SQLITE_FCNTL_JOURNAL_POINTER);
    enum store_scrub_result result = log && size_of(log) == 0 ? clean(s, w, until)
                                                              : STORE_SCRUB_BUSY;
    sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    /* What the cache holds of these pages is as they were: it would come back with the next write to them. */
    sqlite3_db_release_memory(s->db);
    return result;
}

/* One file from `at` on. 1: the time is over, 0: to its end, -1. */
static int look_in(sqlite3_file *f, struct needles *n, int64_t *at, int64_t size, int piece,
                   int64_t *hits, uint64_t until, unsigned char *bytes)
{
    while (*at < size) {
        int len = size - *at < piece ? (int)(size - *at) : piece;
        if (f->pMethods->xRead(f, bytes, len, *at) != SQLITE_OK)
            return -1;
        *hits += (int64_t)needles_hits(n, bytes, (size_t)len, 1000);
        *at += len;
        if (store_now_ns() > until)
            return 1;
    }
    return 0;
}

/* Text does not run on from one page to the next, so pieces of whole pages, and of whole frames of the log, miss nothing. */
int store_look_for(struct store *s, struct needles *n, int64_t *at, int64_t *hits,
                   uint64_t budget_ns)
{
    if (!s->path)
        return 0;
    uint64_t until = store_now_ns() + budget_ns;
    sqlite3_file *home = file_of(s, SQLITE_FCNTL_FILE_POINTER),
                 *log = file_of(s, SQLITE_FCNTL_JOURNAL_POINTER);
    unsigned char head[100], *bytes = malloc((size_t)PIECE * (PAGE_MOST + FRAME_HEAD));
    struct shape shape;
    int rc = -1;
    int64_t size = size_of(home), log_size = log ? size_of(log) : 0;
    if (!bytes || size < (int64_t)sizeof head ||
        home->pMethods->xRead(home, head, sizeof head, 0) != SQLITE_OK || !shape_of(head, &shape))
        goto out;
    rc = *at < size ? look_in(home, n, at, size, PIECE * (int)shape.page, hits, until, bytes) : 0;
    if (rc == 0 && log_size > WAL_HEAD) {
        int64_t in_log = (*at > size ? *at - size : 0) + WAL_HEAD;
        rc = look_in(log, n, &in_log, log_size, PIECE * (int)(shape.page + FRAME_HEAD), hits, until,
                     bytes);
        *at = size + in_log - WAL_HEAD;
    }
out:
    free(bytes);
    return rc;
}
