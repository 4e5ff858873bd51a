/*
 * names: finds the names that a Lua source uses: globals, modules it requires, and their fields.
 *
 * It reads text that Lua has compiled, with Lua's scopes, in one pass, and runs nothing. It leaves
 * out what it cannot follow: a variable that is assigned again, a module that is reached through
 * another name. Text and path must live longer than the list. scripts/known judges the findings.
 * Pure; any thread.
 */
#ifndef HOST_SCRIPTS_NAMES_H
#define HOST_SCRIPTS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* A piece of the source. It has no NUL at its end. */
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

enum name_kind {
    NAME_GLOBAL, /* read; near: the variable or known global that may have been meant, or NULL */
    NAME_GLOBAL_WRITE, /* assigned */
    NAME_MODULE,       /* required by its constant name */
    NAME_FIELD,        /* module.field; module.text NULL: of the table that this file returns */
    NAME_SET,          /* some table's field is assigned */
    NAME_OPEN,         /* the table that this file returns may get more fields while it works */
};

enum name_use {
    NAME_USED,   /* called or indexed: nil is an error */
    NAME_VALUE,  /* handed on */
    NAME_TESTED, /* asked for: nil is fine */
};

struct name_found {
    enum name_kind kind;
    enum name_use use;
    bool library; /* of NAME_FIELD: module is a global, like string */
    int line, var;
    const char *path;
    struct name_text name, module, as, near; /* as: what the module is called there */
};

enum { NAMES_KNOWN = 128 };

struct names {
    struct name_text known[NAMES_KNOWN]; /* globals that are there, and not worth a word */
    size_t known_count;
    struct name_found *list;
    size_t count, cap;
    bool failed; /* out of memory */
};

/* Adds what one file uses. A text that is not Lua as we know it adds nothing. */
void names_scan(struct names *n, const char *path, const char *text, size_t len);
void names_free(struct names *n);

#endif
