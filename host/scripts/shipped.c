#include "scripts/shipped.h"

#include "base/buf.h"

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

const struct shipped_file *shipped_find(const char *path, const char *bytes, size_t len)
{
    const struct shipped_head *all = head();
    for (size_t low = 0, high = all ? all->count : 0; low < high;) {
        size_t middle = (low + high) / 2;
        const struct shipped_file *one = &all->files[middle];
        int order = strcmp(path, at(one->path));
        if (order == 0)
            return len == one->source_len && memcmp(bytes, at(one->source), len) == 0 ? one : NULL;
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

size_t shipped_count(void)
{
    const struct shipped_head *all = head();
    return all && all->checked ? all->count : 0;
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

bool shipped_write(const struct shipped_script *list, size_t count, bool checked,
                   const char *schema_hash, const struct buf *database, struct buf *out)
{
    struct shipped_head top = { .count = count, .checked = checked };
    struct shipped_file none = { .path = 0 };
    snprintf(top.schema_hash, sizeof top.schema_hash, "%s", schema_hash);
    bool ok = buf_add(out, &top, sizeof top);
    for (size_t i = 0; i < count; i++)
        ok = ok && buf_add(out, &none, sizeof none);
    for (size_t i = 0; ok && i < count; i++) {
        const struct shipped_script *from = &list[i];
        struct shipped_file one = { .source_len = from->source_len, .code_len = from->code->len };
        one.path = put(out, from->path, strlen(from->path), &ok);
        one.source = put(out, from->source, from->source_len, &ok);
        one.code = put(out, from->code->data, from->code->len, &ok);
        if (ok)
            memcpy(out->data + sizeof top + i * sizeof one, &one, sizeof one);
    }
    top.database = put(out, database->data, database->len, &ok);
    top.database_len = database->len;
    if (ok)
        memcpy(out->data, &top, sizeof top);
    return ok;
}
