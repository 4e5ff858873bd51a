/*
 * name_text: a piece of a Lua source, as the lexer and what reads its tokens hand it on. It ends
 * with no NUL.
 */
#ifndef HOST_SCRIPTS_NAME_TEXT_H
#define HOST_SCRIPTS_NAME_TEXT_H

#include <stddef.h>

struct name_text {
    const char *text;
    size_t len;
};

#endif
