/*
 * name_text: a piece of a Lua source that the lexer and the scanner pass on. It owns nothing and
 * has no NUL at its end.
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
