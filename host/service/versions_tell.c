#include "service/versions_tell.h"

#include "service/diff.h"
#include "service/versions_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 1 << 20, FEW = 2000 }; /* bytes of a difference: in `show`, below a rollback */
enum { LEFT_OUT = 4 };                /* versions that an alert names */
enum { ERROR_SHOWN = 600 };           /* bytes of an error in it */

void versions_tell_name(const struct version *one, bool begins, struct buf *out)
{
    buf_printf(out, "%cersion %u of ", begins ? 'V' : 'v', one->number);
    buf_clock(out, one->at_ms);
}

void versions_tell_unwritten(const struct versions *v, struct buf *out)
{
    struct trouble t;
    versions_unwritten(v, &t);
    buf_printf(out, "Nothing changed: %s: %s.\n", t.cause, t.remedy);
}

/* "version 6 (changed prompts/faq.yaml), version 7 (…)": what is in the one and not in the other.
 */
static void add_left_out(const struct versions *v, const char *newer, const char *older,
                         struct buf *out)
{
    const struct version *list[VERSIONS_KEPT + 1];
    const struct version *one = versions_of(v, newer);
    size_t n = 0;
    while (one && strcmp(one->hash, older) != 0 && n < sizeof list / sizeof *list) {
        list[n++] = one;
        one = versions_find(v, one->before);
    }
    if (n > LEFT_OUT)
        buf_printf(out, "%zu older ones, ", n - LEFT_OUT);
    for (size_t i = n > LEFT_OUT ? LEFT_OUT : n; i--;)
        buf_printf(out, "version %u (%.200s)%s", list[i]->number, list[i]->changed, i ? ", " : "");
}

void versions_tell_way_back(const struct versions *v, const char *bad, const char *good,
                            unsigned failures, const char *error, struct buf *out)
{
    const struct version *one = versions_of(v, good);
    size_t n = strcspn(error, "\n");
    buf_printf(out, "The files saved last failed %u times. ", failures);
    if (one)
        versions_tell_name(one, true, out);
    else
        buf_text(out, "The last version that worked");
    buf_text(out, " is running again.");
    if (one && versions_of(v, bad)) {
        buf_text(out, " Not in it: ");
        add_left_out(v, bad, good, out);
        buf_text(out, ".");
    }
    buf_printf(out,
               " The last error was %.*s. Correct it and save the file: then the files on disk are "
               "used again.",
               (int)(n > ERROR_SHOWN ? ERROR_SHOWN : n), error);
}

void versions_tell_until_restart(const struct versions *v, struct buf *out)
{
    struct trouble t;
    versions_unwritten(v, &t);
    buf_printf(out, " This could not be stored, so a restart loads the files on disk: %s: %s.",
               t.cause, t.remedy);
}

enum { NAMES_LIMIT = 8 }; /* of each sort, in one line */

struct file_names {
    struct buf text;
    size_t count;
};

static void note_name(struct file_names *n, const char *path)
{
    if (n->count++ < NAMES_LIMIT)
        buf_printf(&n->text, "%s%.200s", n->count > 1 ? ", " : "", path);
}

static void tell_names(struct buf *out, const char *what, struct file_names *n)
{
    if (n->count)
        buf_printf(out, "%s%s %s", out->len ? "; " : "", what, n->text.data ? n->text.data : "");
    if (n->count > NAMES_LIMIT)
        buf_printf(out, " and %zu more", n->count - NAMES_LIMIT);
    buf_free(&n->text);
}

char *versions_changed(const struct tree *was, const struct tree *is)
{
    struct file_names changed = { .count = 0 }, added = { .count = 0 }, removed = { .count = 0 };
    struct buf out = { .data = NULL };
    if (!was)
        return buf_copy("the first version", 17);
    for (size_t i = 0; i < is->count; i++) {
        const struct tree_file *f = &is->files[i], *old = tree_find(was, f->path);
        if (!old)
            note_name(&added, f->path);
        else if (old->len != f->len || memcmp(old->bytes, f->bytes, f->len) != 0)
            note_name(&changed, f->path);
    }
    for (size_t i = 0; i < was->count; i++)
        if (!tree_find(is, was->files[i].path))
            note_name(&removed, was->files[i].path);
    tell_names(&out, "changed", &changed);
    tell_names(&out, "added", &added);
    tell_names(&out, "removed", &removed);
    return out.data ? out.data : buf_copy("nothing", 7);
}

static void add_file(const char *path, const struct tree *a, const struct tree *b, struct buf *out)
{
    static const struct tree_file none = { .bytes = (char *)"" };
    const struct tree_file *x = a ? tree_find(a, path) : NULL, *y = tree_find(b, path);
    if (!x)
        x = &none;
    if (!y)
        y = &none;
    if (x->len == y->len && memcmp(x->bytes, y->bytes, x->len) == 0)
        return;
    buf_printf(out, "%s%s\n", path, x == &none ? " (added)" : y == &none ? " (removed)" : "");
    diff_add(out, x->bytes, x->len, y->bytes, y->len);
}

/* All files that differ, or one. At most `limit` bytes. */
static void add_difference(const struct tree *a, const struct tree *b, const char *file,
                           size_t limit, struct buf *out)
{
    size_t begin = out->len;
    for (size_t i = 0; i < b->count; i++)
        if (!file || strcmp(b->files[i].path, file) == 0)
            add_file(b->files[i].path, a, b, out);
    for (size_t i = 0; a && i < a->count; i++)
        if (!tree_find(b, a->files[i].path) && (!file || strcmp(a->files[i].path, file) == 0))
            add_file(a->files[i].path, a, b, out);
    if (out->len - begin <= limit)
        return;
    out->len = begin + limit;
    while (out->len > begin && out->data[out->len - 1] != '\n')
        out->len--;
    out->data[out->len] = 0;
    buf_text(out, "… (cut here)\n");
}

static int list(const struct versions *v, struct buf *out)
{
    const struct version *now = versions_serving(v);
    const struct versions_hold *held = versions_held(v);
    for (size_t i = versions_count(v); i--;) {
        const struct version *one = versions_at(v, i);
        buf_printf(out, "%c %5u  ", one == now ? '*' : ' ', one->number);
        buf_clock(out, one->at_ms);
        buf_printf(out, "  %s%s\n", one->changed,
                   strcmp(held->hash, one->hash) != 0 ? ""
                   : held->by == VERSIONS_JUDGE       ? " (rolled back: it failed)"
                                                      : " (rolled back)");
    }
    if (!versions_count(v) && !versions_unread(v)) {
        buf_text(out, "No versions are kept yet. The service keeps a version each time changed "
                      "scripts or prompts are first used.\n");
        return 0;
    }
    if (versions_unread(v))
        buf_printf(out, "Not all of them can be read: %s\n", versions_unread(v));
    if (now)
        buf_printf(out,
                   "* is in use%s. `assistant versions show N` prints what version N changed.\n",
                   held->hash[0] ? ", until a file is saved" : "");
    return 0;
}

static struct tree *read_disk(const struct settings *s, struct buf *out)
{
    char why[1024];
    struct tree *t = tree_read(settings_text(s, "SCRIPTS_DIR"), settings_text(s, "PROMPTS_DIR"),
                               why, sizeof why);
    if (!t)
        buf_printf(out, "%s\n", why);
    return t;
}

static unsigned number_in(const char *text)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    return *text < '0' || *text > '9' || *end || n > 1000000000 ? 0 : (unsigned)n;
}

/* "7": what version 7 changed. "disk": how the files on disk differ from what serves. */
static int show(const struct versions *v, const struct settings *s, const char *which,
                const char *file, struct buf *out)
{
    char why[512];
    bool disk = strcmp(which, "disk") == 0;
    const struct version *now = disk ? versions_serving(v) : versions_find(v, number_in(which));
    if (!now) {
        buf_printf(out, "There is no version %s. `assistant versions` lists them.\n",
                   disk ? "that serves" : which);
        return 1;
    }
    struct tree *before = disk ? versions_tree(v, now->number, why, sizeof why)
                          : versions_find(v, now->before)
                              ? versions_tree(v, now->before, why, sizeof why)
                              : NULL;
    struct tree *after = disk ? read_disk(s, out) : versions_tree(v, now->number, why, sizeof why);
    int code = 1;
    if (!after || (disk && !before)) {
        if (!disk || !before)
            buf_printf(out, "%s\n", why);
    } else if (file && !tree_find(after, file) && !(before && tree_find(before, file))) {
        buf_printf(out, "There is no file %s in it. A file is named like prompts/business.yaml.\n",
                   file);
    } else {
        code = 0;
        if (!before)
            buf_printf(out,
                       "No older version is kept to compare version %u with, so all of it is shown "
                       "as new.\n",
                       now->number);
        size_t begin = out->len;
        add_difference(before, after, file, SHOWN, out);
        if (out->len == begin)
            buf_text(out, "No difference.\n");
    }
    tree_drop(before);
    tree_drop(after);
    return code;
}

int versions_command(const struct versions *v, const struct settings *s, char *const *args,
                     size_t count, struct buf *out)
{
    if (!v) {
        buf_text(out, "No versions are kept: the database is in memory.\n");
        return 1;
    }
    if (count == 1)
        return list(v, out);
    if (strcmp(args[1], "show") == 0 && (count == 3 || count == 4))
        return show(v, s, args[2], count == 4 ? args[3] : NULL, out);
    buf_text(out, "Usage: assistant versions [show N [FILE]]   (N may be `disk`)\n");
    return 1;
}

unsigned versions_wanted(const struct versions *v, char *const *args, size_t count, struct buf *out)
{
    const struct version *now = versions_serving(v), *one;
    char why[512];
    if (!v) {
        buf_text(out, "No versions are kept: the database is in memory.\n");
        return 0;
    }
    one = count > 1 ? versions_find(v, number_in(args[1])) : versions_before(v);
    if (!one && count > 1)
        buf_printf(out, "There is no version %s. `assistant versions` lists them.\n", args[1]);
    else if (!one)
        buf_text(out, "There is no version before the one in use. `assistant versions` lists the "
                      "kept versions.\n");
    else if (now && strcmp(now->schema, one->schema) != 0)
        buf_printf(
            out,
            "Version %u has another list of schema steps than the version in use, and the database "
            "cannot go back. Choose a later version, or correct the files and save them.\n",
            one->number);
    else {
        struct tree *t = versions_tree(v, one->number, why, sizeof why);
        tree_drop(t);
        if (t)
            return one->number;
        buf_printf(out, "%s\n", why);
    }
    return 0;
}

void versions_tell_rollback(const struct version *one, const struct tree *t,
                            const struct tree *disk, bool later, struct buf *out)
{
    size_t at = out->len;
    versions_tell_name(one, true, out);
    buf_text(out, later ? " is used from the next start on.\n"
                        : " is running now, also after a restart.\n");
    if (!disk) {
        buf_text(out, "The files on disk cannot be read now. The next saved file is tried with all "
                      "the others.\n");
        return;
    }
    if (strcmp(disk->hash, t->hash) == 0) {
        buf_text(out, "The files on disk are this version.\n");
        return;
    }
    char *changed = versions_changed(t, disk);
    buf_printf(out,
               "The files on disk were not touched. Compared with this version: %s.\n"
               "They are loaded again when one of them is saved. Correct them before that, because "
               "the whole folder is loaded then.\n",
               changed ? changed : "");
    free(changed);
    buf_text(out, "The difference (- this version, + the files on disk):\n");
    add_difference(t, disk, NULL, FEW, out);
    if (out->len && strstr(out->data + at, "… (cut here)"))
        buf_text(out, "`assistant versions show disk` prints all of it.\n");
}
