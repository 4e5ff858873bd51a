/*
 * names_lex: Lua 5.4's source text as tokens. For names.c alone. Lua has compiled the text before.
 * Pure; any thread.
 */
#ifndef HOST_SCRIPTS_NAMES_LEX_H
#define HOST_SCRIPTS_NAMES_LEX_H

#include "scripts/name_text.h"

#include <stdbool.h>

/* A token's kind is its character, or one of these. Keywords are TOKEN_NAME's with `keyword` set.
 */
enum {
    TOKEN_END = 0,
    TOKEN_NAME = 256,
    TOKEN_STRING, /* text: between the quotes, empty when it has escapes */
    TOKEN_NUMBER,
    TOKEN_EQUAL,   /* == */
    TOKEN_UNEQUAL, /* ~= */
    TOKEN_COLONS,  /* :: */
    TOKEN_DOTS,    /* .. */
    TOKEN_VARARG,  /* ... */
    TOKEN_OPERATOR /* any other binary operator of two characters */
};

struct token {
    int kind, line;
    bool keyword;
    struct name_text text;
};

struct lexer {
    const char *at, *end;
    int line;
};

void lexer_open(struct lexer *x, const char *text, size_t len);
struct token lexer_next(struct lexer *x);
bool token_is(const struct token *t, const char *word);

#endif
