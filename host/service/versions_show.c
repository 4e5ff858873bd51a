/*
 * versions_show: what differs between two trees, for people. See versions.h.
 */
#include "base/buf.h"
#include "service/versions_parts.h"

#include <string.h>

enum { NAMES_LIMIT = 8 }; /* of each sort, in one line */

struct names {
    struct buf text;
    size_t count;
};

static void note(struct names *n, const char *path)
{
    if (n->count++ < NAMES_LIMIT)
        buf_printf(&n->text, "%s%.200s", n->count > 1 ? ", " : "", path);
}

static void tell(struct buf *out, const char *what, struct names *n)
{
    if (n->count)
        buf_printf(out, "%s%s %s", out->len ? "; " : "", what, n->text.data ? n->text.data : "");
    if (n->count > NAMES_LIMIT)
        buf_printf(out, " and %zu more", n->count - NAMES_LIMIT);
    buf_free(&n->text);
}

char *versions_changed(const struct tree *was, const struct tree *is)
{
    struct names changed = { .count = 0 }, added = { .count = 0 }, removed = { .count = 0 };
    struct buf out = { .data = NULL };
    if (!was)
        return buf_copy("the first version", 17);
    for (size_t i = 0; i < is->count; i++) {
        const struct tree_file *f = &is->files[i], *old = tree_find(was, f->path);
        if (!old)
            note(&added, f->path);
        else if (old->len != f->len || memcmp(old->bytes, f->bytes, f->len) != 0)
            note(&changed, f->path);
    }
    for (size_t i = 0; i < was->count; i++)
        if (!tree_find(is, was->files[i].path))
            note(&removed, was->files[i].path);
    tell(&out, "changed", &changed);
    tell(&out, "added", &added);
    tell(&out, "removed", &removed);
    return out.data ? out.data : buf_copy("nothing", 7);
}
