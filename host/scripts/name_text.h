/*
 * name_text: a piece of a Lua source, as the lexer and what reads its tokens hand it on. It ends
 * with no NUL.
 */
#ifndef HOST_SCRIPTS_NAME_TEXT_H
#define HOST_SCRIPTS_NAME_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct name_text {
    const char *text;
    size_t len;
};

static inline bool name_same(struct name_text a, struct name_text b)
{
    return a.len == b.len && memcmp(a.text, b.text, a.len) == 0;
}

static inline bool name_is(struct name_text a, const char *text)
{
    return name_same(a, (struct name_text){ text, strlen(text) });
}

#endif
