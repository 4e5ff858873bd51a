/*
 * names_parts: shared by the parts of names: names_lex.c makes tokens of Lua 5.4's source text,
 * names.c reads statements, names_value.c reads expressions and keeps what is found. For them
 * alone.
 */
#ifndef HOST_SCRIPTS_NAMES_PARTS_H
#define HOST_SCRIPTS_NAMES_PARTS_H

#include "scripts/names.h"

#include <string.h>
#include <sys/types.h>

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
/* Here, so that a constant word costs no call: a load asks this half a million times. */
static inline bool token_is(const struct token *t, const char *word)
{
    return t->kind == TOKEN_NAME && strlen(word) == t->text.len &&
           memcmp(t->text.text, word, t->text.len) == 0;
}

/* Lua itself takes 200 levels and 200 variables of one function. */
enum { LEVELS = 250, LIST = 256 };

struct var {
    struct name_text name, module; /* module: what it was required as, with text NULL: nothing */
    bool changed;                  /* assigned after its declaration */
    bool escapes; /* a function hands it on, or sets a field of it by a computed name */
};

struct scan {
    struct names *out;
    const char *path;
    struct lexer lexer;
    struct token now, ahead;
    struct var *vars; /* every variable of the file */
    size_t var_count;
    int *scope; /* those that are visible, innermost last */
    size_t visible;
    int levels, functions;
    int returned;       /* the variable that the file returns; -1: none */
    enum name_use want; /* how the next operand is used, as far as its left side says */
    bool quiet;         /* the arguments of a global function: nothing is kept there */
    bool broken;
};

/* The kind of an expression that can be left of a =. */
struct place {
    enum { OTHER, LOCAL, GLOBAL, FIELD, INDEX, REQUIRE } kind;
    int var;       /* LOCAL, INDEX (-1: none) */
    ssize_t found; /* GLOBAL and FIELD: in the list, or -1 */
    struct name_text name;
};

void scan_advance(struct scan *p);

static inline bool scan_at_word(const struct scan *p, const char *word)
{
    return p->now.keyword && token_is(&p->now, word);
}

static inline bool scan_accept_word(struct scan *p, const char *word)
{
    if (!scan_at_word(p, word))
        return false;
    scan_advance(p);
    return true;
}

bool scan_accept(struct scan *p, int kind);
void scan_expect(struct scan *p, bool there);
bool scan_at_name(const struct scan *p);
struct name_text scan_take_name(struct scan *p);
ssize_t scan_add(struct scan *p, struct name_found found);
void scan_declare(struct scan *p, struct name_text name, struct name_text module);
void scan_declare_plain(struct scan *p, struct name_text name);
int scan_lookup(const struct scan *p, struct name_text name);
struct place scan_name(struct scan *p); /* of a variable: local or global */
void scan_escape(struct scan *p, const struct place *place);
void scan_expressions(struct scan *p);
struct place scan_field(struct scan *p, const struct place *of); /* of.name, with name next */
struct place scan_suffixed(struct scan *p);
void scan_body(struct scan *p, bool method);
struct place scan_expression(struct scan *p);
void scan_block(struct scan *p);

#endif
