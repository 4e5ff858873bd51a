#include "scripts/shipped.h"

#include "base/buf.h"
#include "scripts/tree.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

struct shipped_head {
    char schema_hash[72];
    uint64_t count, checked, database, database_len;
    struct shipped_file files[]; /* by path */
};

/* Only the program itself is linked with them (cli/shipped_data.c). */
extern const unsigned char shipped_begin[] __attribute__((weak));

static const struct shipped_head *head(void)
{
    return (const struct shipped_head *)(const void *)shipped_begin;
}

static const char *at(uint64_t offset)
{
    return (const char *)shipped_begin + offset;
}

static bool is_script(const char *path)
{
    size_t n = strlen(path);
    return n > 4 && strcmp(path + n - 4, ".lua") == 0;
}

const struct shipped_file *shipped_find(const struct tree_file *f)
{
    const struct shipped_head *all = head();
    for (size_t low = 0, high = all ? all->count : 0; low < high;) {
        size_t middle = (low + high) / 2;
        const struct shipped_file *one = &all->files[middle];
        int order = strcmp(f->path, at(one->path));
        if (order == 0)
            return f->len == one->source_len && memcmp(f->bytes, at(one->source), f->len) == 0
                       ? one
                       : NULL;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const char *shipped_source(const struct shipped_file *f)
{
    return at(f->source);
}

bool shipped_checked(const struct tree *t)
{
    const struct shipped_head *all = head();
    size_t same = 0;
    if (!all || !all->checked)
        return false;
    for (size_t i = 0; i < t->count; i++) {
        if (t->files[i].shipped)
            same++;
        else if (is_script(t->files[i].path))
            return false;
    }
    return same == all->count;
}

int shipped_load(lua_State *L, const struct shipped_file *f)
{
    char name[1024];
    snprintf(name, sizeof name, "@%s", at(f->path));
    return luaL_loadbufferx(L, at(f->code), (size_t)f->code_len, name, "b");
}

const void *shipped_database(const char *schema_hash, size_t *len)
{
    const struct shipped_head *all = head();
    if (!all || !all->database_len || strcmp(all->schema_hash, schema_hash) != 0)
        return NULL;
    *len = (size_t)all->database_len;
    return at(all->database);
}

/* Adds bytes and a NUL. Returns their offset. */
static uint64_t put(struct buf *out, const char *bytes, size_t len, bool *ok)
{
    uint64_t offset = out->len;
    *ok = *ok && buf_add(out, bytes, len) && buf_add(out, "", 1);
    return offset;
}

bool shipped_write(const struct tree *t, const struct buf *codes, bool checked,
                   const char *schema_hash, const struct buf *database, struct buf *out)
{
    struct shipped_head top = { .checked = checked };
    struct shipped_file none = { .path = 0 };
    bool ok = true;
    for (size_t i = 0; i < t->count; i++)
        top.count += codes[i].len > 0;
    snprintf(top.schema_hash, sizeof top.schema_hash, "%s", schema_hash);
    ok = buf_add(out, &top, sizeof top);
    for (size_t i = 0; i < top.count; i++)
        ok = ok && buf_add(out, &none, sizeof none);
    size_t row = sizeof top;
    for (size_t i = 0; ok && i < t->count; i++) {
        const struct tree_file *f = &t->files[i];
        if (!codes[i].len)
            continue;
        struct shipped_file one = { .source_len = f->len, .code_len = codes[i].len };
        one.path = put(out, f->path, strlen(f->path), &ok);
        one.source = put(out, f->bytes, f->len, &ok);
        one.code = put(out, codes[i].data, codes[i].len, &ok);
        if (ok)
            memcpy(out->data + row, &one, sizeof one);
        row += sizeof one;
    }
    top.database = put(out, database->data, database->len, &ok);
    top.database_len = database->len;
    if (ok)
        memcpy(out->data, &top, sizeof top);
    return ok;
}
