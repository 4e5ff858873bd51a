#include "scripts/names_parts.h"

#include <ctype.h>
#include <string.h>

static const char *const keywords[] = { "and",   "break", "do",       "else", "elseif", "end",
                                        "false", "for",   "function", "goto", "if",     "in",
                                        "local", "nil",   "not",      "or",   "repeat", "return",
                                        "then",  "true",  "until",    "while" };

void lexer_open(struct lexer *x, const char *text, size_t len)
{
    *x = (struct lexer){ text, text + len, 1 };
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        x->at += 3;
}

/* Lua's letters, without the locale's table. */
static bool is_letter(int c)
{
    return (unsigned)((c | 32) - 'a') < 26 || c == '_';
}

static bool is_word(int c)
{
    return is_letter(c) || (unsigned)(c - '0') < 10;
}

static int peek(const struct lexer *x, size_t ahead)
{
    return (size_t)(x->end - x->at) > ahead ? (unsigned char)x->at[ahead] : 0;
}

/* "[[", "[=[" …: how many signs of equality; -1: no long bracket. */
static int long_level(const struct lexer *x)
{
    size_t n = 1;
    while (peek(x, n) == '=')
        n++;
    return peek(x, n) == '[' ? (int)n - 1 : -1;
}

/* Skips a long bracket that opens here. Returns the text inside. */
static struct name_text skip_long(struct lexer *x, int level)
{
    struct name_text inside = { x->at + level + 2, 0 };
    for (x->at += level + 2; x->at < x->end; x->at++) {
        if (*x->at == '\n')
            x->line++;
        if (*x->at != ']')
            continue;
        int n = 0;
        while (peek(x, (size_t)n + 1) == '=')
            n++;
        if (n != level || peek(x, (size_t)n + 1) != ']')
            continue;
        inside.len = (size_t)(x->at - inside.text);
        x->at += level + 2;
        return inside;
    }
    return inside;
}

static void skip_blank(struct lexer *x)
{
    while (x->at < x->end) {
        if (*x->at == '\n') {
            x->line++;
            x->at++;
        } else if (isspace((unsigned char)*x->at)) {
            x->at++;
        } else if (peek(x, 0) == '-' && peek(x, 1) == '-') {
            x->at += 2;
            int level = peek(x, 0) == '[' ? long_level(x) : -1;
            if (level >= 0)
                skip_long(x, level);
            else if (!(x->at = memchr(x->at, '\n', (size_t)(x->end - x->at))))
                x->at = x->end;
        } else {
            return;
        }
    }
}

static void take_string(struct lexer *x, struct token *t)
{
    char quote = *x->at++;
    bool plain = true;
    t->kind = TOKEN_STRING;
    t->text.text = x->at;
    while (x->at < x->end && *x->at != quote) {
        if (*x->at == '\\' && x->at + 1 < x->end) {
            plain = false;
            x->at++;
        }
        if (*x->at == '\n')
            x->line++;
        x->at++;
    }
    t->text.len = plain ? (size_t)(x->at - t->text.text) : 0;
    x->at += x->at < x->end;
}

static void take_number(struct lexer *x, struct token *t)
{
    bool hex = peek(x, 0) == '0' && (peek(x, 1) == 'x' || peek(x, 1) == 'X');
    t->kind = TOKEN_NUMBER;
    while (isalnum(peek(x, 0)) || peek(x, 0) == '.') {
        int c = tolower(peek(x, 0));
        x->at++;
        if (c == (hex ? 'p' : 'e') && (peek(x, 0) == '+' || peek(x, 0) == '-'))
            x->at++;
    }
}

static void take_operator(struct lexer *x, struct token *t)
{
    static const struct {
        const char *text;
        int kind;
    } known[] = { { "...", TOKEN_VARARG },  { "..", TOKEN_DOTS },     { "==", TOKEN_EQUAL },
                  { "~=", TOKEN_UNEQUAL },  { "::", TOKEN_COLONS },   { "<=", TOKEN_OPERATOR },
                  { ">=", TOKEN_OPERATOR }, { "//", TOKEN_OPERATOR }, { "<<", TOKEN_OPERATOR },
                  { ">>", TOKEN_OPERATOR } };
    int c = peek(x, 0), d = peek(x, 1);
    for (size_t i = 0; (d == c || d == '=') && i < sizeof known / sizeof *known; i++) {
        size_t n = strlen(known[i].text);
        if ((size_t)(x->end - x->at) >= n && memcmp(x->at, known[i].text, n) == 0) {
            t->kind = known[i].kind;
            x->at += n;
            return;
        }
    }
    t->kind = (unsigned char)*x->at++;
}

struct token lexer_next(struct lexer *x)
{
    skip_blank(x);
    struct token t = { .line = x->line, .text = { x->at, 0 } };
    int c = peek(x, 0), level;
    if (x->at >= x->end)
        return t;
    if (is_letter(c)) {
        t.kind = TOKEN_NAME;
        while (x->at < x->end && is_word((unsigned char)*x->at))
            x->at++;
        t.text.len = (size_t)(x->at - t.text.text);
        for (size_t i = 0; i < sizeof keywords / sizeof *keywords && keywords[i][0] <= c; i++)
            if (keywords[i][0] == c && token_is(&t, keywords[i]))
                t.keyword = true;
    } else if (c == '"' || c == '\'') {
        take_string(x, &t);
    } else if (c == '[' && (level = long_level(x)) >= 0) {
        t.text = skip_long(x, level);
        t.kind = TOKEN_STRING;
    } else if (isdigit(c) || (c == '.' && isdigit(peek(x, 1)))) {
        take_number(x, &t);
    } else {
        take_operator(x, &t);
    }
    return t;
}
