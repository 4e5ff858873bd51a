#include "service/diff.h"

#include <stdlib.h>
#include <string.h>

enum { PAIRS_LIMIT = 4000000, CONTEXT = 2 };

struct line {
    const char *text;
    size_t len;
};

struct text {
    struct line *lines;
    size_t count;
};

static struct text lines_of(const char *bytes, size_t len)
{
    struct text t = { .lines = NULL };
    size_t count = 1;
    for (size_t i = 0; i < len; i++)
        count += bytes[i] == '\n';
    t.lines = calloc(count, sizeof *t.lines);
    for (size_t at = 0; t.lines && at < len;) {
        const char *end = memchr(bytes + at, '\n', len - at);
        size_t n = end ? (size_t)(end - bytes) - at : len - at;
        t.lines[t.count++] = (struct line){ bytes + at, n };
        at += n + 1;
    }
    return t;
}

static bool same(const struct line *a, const struct line *b)
{
    return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

/* What is shown. Context is held back until a change follows it. */
struct printer {
    struct buf *out;
    const struct text *a;
    size_t shown; /* lines of a that were shown or skipped */
};

static void add_line(struct buf *out, char mark, const struct line *l)
{
    size_t n = l->len && l->text[l->len - 1] == '\r' ? l->len - 1 : l->len;
    buf_add(out, &mark, 1);
    buf_add(out, l->text, n);
    buf_add(out, "\n", 1);
}

/* The change begins before line `at` of a. Ends the context after the last change, and begins this
 * one's. */
static void approach(struct printer *p, size_t at, bool first)
{
    size_t from = at > CONTEXT ? at - CONTEXT : 0;
    if (from < p->shown)
        from = p->shown;
    if (!first)
        for (size_t n = 0; n < CONTEXT && p->shown < from; n++)
            add_line(p->out, ' ', &p->a->lines[p->shown++]);
    if (from < p->shown)
        from = p->shown;
    if (first || from > p->shown)
        buf_printf(p->out, "@@ line %zu @@\n", from + 1);
    for (p->shown = from; p->shown < at; p->shown++)
        add_line(p->out, ' ', &p->a->lines[p->shown]);
}

/* longest[i * (m + 1) + j]: how many lines a from i on and b from j on have in common, in order. */
static uint16_t *common(const struct line *a, size_t n, const struct line *b, size_t m)
{
    if (n > 60000 || m > 60000 || (n + 1) * (m + 1) > PAIRS_LIMIT)
        return NULL;
    uint16_t *longest = calloc((n + 1) * (m + 1), sizeof *longest);
    for (size_t i = n; longest && i--;)
        for (size_t j = m; j--;) {
            uint16_t down = longest[(i + 1) * (m + 1) + j], right = longest[i * (m + 1) + j + 1];
            longest[i * (m + 1) + j] = same(&a[i], &b[j])
                                           ? (uint16_t)(longest[(i + 1) * (m + 1) + j + 1] + 1)
                                       : down > right ? down
                                                      : right;
        }
    return longest;
}

void diff_add(struct buf *out, const char *a_bytes, size_t a_len, const char *b_bytes, size_t b_len)
{
    struct text a = lines_of(a_bytes, a_len), b = lines_of(b_bytes, b_len);
    struct printer p = { .out = out, .a = &a };
    size_t head = 0, tail = 0;
    bool first = true;
    while (head < a.count && head < b.count && same(&a.lines[head], &b.lines[head]))
        head++;
    while (tail < a.count - head && tail < b.count - head &&
           same(&a.lines[a.count - 1 - tail], &b.lines[b.count - 1 - tail]))
        tail++;
    size_t n = a.count - head - tail, m = b.count - head - tail;
    uint16_t *longest = common(a.lines + head, n, b.lines + head, m);
    for (size_t i = 0, j = 0; i < n || j < m;) {
        const struct line *x = &a.lines[head + i], *y = &b.lines[head + j];
        if (longest && i < n && j < m && same(x, y)) {
            i++, j++;
            continue;
        }
        approach(&p, head + i, first);
        first = false;
        bool remove = i < n && (!longest || j == m ||
                                longest[(i + 1) * (m + 1) + j] >= longest[i * (m + 1) + j + 1]);
        add_line(out, remove ? '-' : '+', remove ? x : y);
        p.shown = head + i + remove;
        i += remove;
        j += !remove;
    }
    for (int left = first ? 0 : CONTEXT; left-- && p.shown < a.count; p.shown++)
        add_line(out, ' ', &a.lines[p.shown]);
    free(longest);
    free(a.lines);
    free(b.lines);
}
