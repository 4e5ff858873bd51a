#include "store/postgres/dialect.h"

#include <string.h>
#include <strings.h>

static bool name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (unsigned char)c >= 0x80;
}

/* ---- what is passed over whole: each returns where it ends ---- */

static const char *quoted_end(const char *p, const char *end, bool backslashes)
{
    char quote = *p++;
    for (; p < end; p++) {
        if (backslashes && *p == '\\' && p + 1 < end)
            p++;
        else if (*p == quote && (p + 1 == end || p[1] != quote))
            return p + 1;
        else if (*p == quote)
            p++;
    }
    return end;
}

static const char *line_end(const char *p, const char *end)
{
    const char *newline = memchr(p, '\n', (size_t)(end - p));
    return newline ? newline : end;
}

static const char *comment_end(const char *p, const char *end)
{
    int depth = 0;
    while (p < end) {
        if (p + 1 < end && p[0] == '/' && p[1] == '*') {
            depth++;
            p += 2;
        } else if (p + 1 < end && p[0] == '*' && p[1] == '/') {
            p += 2;
            if (--depth == 0)
                return p;
        } else {
            p++;
        }
    }
    return end;
}

/* $tag$ … $tag$; p itself when there is none. */
static const char *dollar_end(const char *p, const char *end)
{
    const char *q = p + 1;
    if (q < end && *q >= '0' && *q <= '9')
        return p;
    while (q < end && name_char(*q))
        q++;
    if (q == end || *q != '$')
        return p;
    size_t tag = (size_t)(q + 1 - p);
    for (q++; (size_t)(end - q) >= tag; q++)
        if (*q == '$' && memcmp(q, p, tag) == 0)
            return q + tag;
    return end;
}

/* The end of what begins at p and holds no placeholder; p when nothing of the kind begins there.
 * before: the character before p, when it is of a name. */
static const char *passed_over(const char *p, const char *end, char before, bool alone)
{
    switch (*p) {
    case '\'': return quoted_end(p, end, alone && (before == 'e' || before == 'E'));
    case '"': return quoted_end(p, end, false);
    case '-': return p + 1 < end && p[1] == '-' ? line_end(p, end) : p;
    case '/': return p + 1 < end && p[1] == '*' ? comment_end(p, end) : p;
    case '$': return before ? p : dollar_end(p, end);
    default: return p;
    }
}

/* ---- words ---- */

static bool is_word(const char *p, size_t len, const char *const *words)
{
    for (; *words; words++)
        if (strlen(*words) == len && strncasecmp(p, *words, len) == 0)
            return true;
    return false;
}

static const char *const readers[] = { "SELECT", "VALUES", "TABLE", "WITH", NULL };
static const char *const writers[] = { "INSERT", "UPDATE", "DELETE", "MERGE", "INTO", NULL };
static const char *const transaction[] = { "BEGIN", "START",   "COMMIT",     "END",     "ROLLBACK",
                                           "ABORT", "PREPARE", "SAVEPOINT",  "RELEASE", "DISCARD",
                                           "SET",   "RESET",   "DEALLOCATE", NULL };

struct walk {
    struct dialect *found;
    bool begun, for_update;
    const char *fault;
};

static void word_seen(struct walk *w, const char *p, size_t len)
{
    static const char *const lock[] = { "FOR", NULL };
    if (!w->begun) {
        w->begun = true;
        w->found->reads = is_word(p, len, readers);
        if (is_word(p, len, transaction))
            w->fault = "this statement would change the transaction or the connection";
    } else if (!w->for_update && is_word(p, len, writers)) {
        w->found->reads = false; /* SELECT … FOR UPDATE writes no row */
    }
    w->for_update = is_word(p, len, lock);
}

/* ? or ?12 at p: adds $n, returns where it ends. */
static const char *placeholder(struct buf *out, const char *p, const char *end, struct walk *w)
{
    int number = 0;
    const char *q = p + 1;
    for (; q < end && *q >= '0' && *q <= '9' && number <= DIALECT_PARAMETERS; q++)
        number = number * 10 + (*q - '0');
    if (q == p + 1)
        number = w->found->parameters + 1;
    if (number < 1 || number > DIALECT_PARAMETERS) {
        w->fault = "a placeholder's number is not between 1 and 32767";
        return end;
    }
    if (number > w->found->parameters)
        w->found->parameters = number;
    if (!buf_printf(out, "$%d", number))
        w->fault = "out of memory";
    return q;
}

const char *dialect_read(struct buf *out, const char *sql, size_t len, struct dialect *found)
{
    struct walk w = { .found = found };
    const char *p = sql, *end = sql + len;
    *found = (struct dialect){ 0 };
    if (memchr(sql, 0, len))
        return "the statement holds a zero byte";
    if (!buf_reserve(out, len + 32))
        return "out of memory";
    while (p < end && !w.fault) {
        const char *from = p;
        if (*p == '?') {
            p = placeholder(out, p, end, &w);
            continue;
        }
        while (p < end && name_char(*p))
            p++;
        if (p > from && (from[0] < '0' || from[0] > '9'))
            word_seen(&w, from, (size_t)(p - from));
        if (p < end && *p != '?') {
            const char *over = passed_over(p, end, p > from ? p[-1] : 0, p - from == 1);
            p = over > p ? over : p + 1;
        }
        if (!buf_add(out, from, (size_t)(p - from)))
            w.fault = "out of memory";
    }
    return w.fault;
}
