#include "service/compare.h"

#include <string.h>

bool compare_settings(const struct settings *a, const struct settings *b)
{
    for (size_t i = 0; i < a->count; i++) {
        const char *x = a->items[i].text, *y = settings_text(b, a->items[i].name);
        if ((x && y) ? strcmp(x, y) != 0 : x != y)
            return false;
    }
    return a->count == b->count;
}

char *compare_gone(const struct generation *was, const struct generation *is)
{
    struct buf b = { .data = NULL };
    for (size_t i = 0; i < was->route_count; i++) {
        const struct route *r = &was->routes[i];
        bool there = false;
        for (size_t j = 0; j < is->route_count; j++)
            there |= strcmp(is->routes[j].method, r->method) == 0 &&
                     strcmp(is->routes[j].path, r->path) == 0;
        if (!there)
            buf_printf(&b, "%sroutes[\"%s %s%s\"]", b.len ? ", " : "", r->method, r->path,
                       r->prefix ? "*" : "");
    }
    for (size_t i = 0; i < was->reader_count; i++) {
        if (!named_find(is->readers, is->reader_count, was->readers[i].name))
            buf_printf(&b, "%sinbox.%s", b.len ? ", " : "", was->readers[i].name);
    }
    for (size_t i = 0; i < was->kind_count; i++) {
        if (!was->kinds[i].every_seconds && !generation_kind(is, was->kinds[i].name))
            buf_printf(&b, "%sjobs.%s", b.len ? ", " : "", was->kinds[i].name);
    }
    if (b.len)
        buf_text(&b, ": missing in scripts/main.lua, but the running version has it. Correct "
                     "the handler's name. To remove it on purpose, restart.");
    return b.data;
}
