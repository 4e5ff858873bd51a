#include "base/pattern.h"

#include <ctype.h>
#include <string.h>

/* Matches one character; `after` is the rest of the pattern. Its length is the cost of a try. */
struct item {
    const char *at, *after;
};

static const char *match(struct pattern *m, const char *s, const char *p);

static void *fail(struct pattern *m, const char *fault, int number)
{
    if (!m->fault) {
        m->fault = fault;
        m->number = number;
    }
    return NULL;
}

/* Takes n steps. false: that is more than there are. */
static bool charge(struct pattern *m, size_t n)
{
    m->steps -= (int64_t)n;
    return m->steps >= 0;
}

/* Not even another way through the pattern is tried. */
static bool over(const struct pattern *m)
{
    return m->steps < 0 || m->fault;
}

/* ---- single characters ---- */

enum {
    ALPHA = 1 << 0,
    CNTRL = 1 << 1,
    DIGIT = 1 << 2,
    GRAPH = 1 << 3,
    LOWER = 1 << 4,
    PUNCT = 1 << 5,
    SPACE = 1 << 6,
    UPPER = 1 << 7,
    ALNUM = 1 << 8,
    XDIGIT = 1 << 9,
    ZERO = 1 << 10,
};

/* By the last five bits of the class's letter. z is not in the manual any more, and still there. */
static const uint16_t classes[32] = {
    ['a' & 31] = ALPHA, ['c' & 31] = CNTRL,  ['d' & 31] = DIGIT, ['g' & 31] = GRAPH,
    ['l' & 31] = LOWER, ['p' & 31] = PUNCT,  ['s' & 31] = SPACE, ['u' & 31] = UPPER,
    ['w' & 31] = ALNUM, ['x' & 31] = XDIGIT, ['z' & 31] = ZERO,
};
static uint16_t
    kinds[256]; /* of each character; a third faster than to ask the C library each time */
static struct pattern_set members[32]; /* of each class */

static inline void set_put(struct pattern_set *set, unsigned char c)
{
    set->bits[c / 64] |= UINT64_C(1) << c % 64;
}

static void know_characters(void)
{
    for (int c = 0; c < 256; c++)
        kinds[c] = (uint16_t)((isalpha(c) ? ALPHA : 0) | (iscntrl(c) ? CNTRL : 0) |
                              (isdigit(c) ? DIGIT : 0) | (isgraph(c) ? GRAPH : 0) |
                              (islower(c) ? LOWER : 0) | (ispunct(c) ? PUNCT : 0) |
                              (isspace(c) ? SPACE : 0) | (isupper(c) ? UPPER : 0) |
                              (isalnum(c) ? ALNUM : 0) | (isxdigit(c) ? XDIGIT : 0) |
                              (c == 0 ? ZERO : 0));
    for (int i = 0; i < 32; i++)
        for (int c = 0; c < 256; c++)
            if (kinds[c] & classes[i])
                set_put(&members[i], (unsigned char)c);
}

static inline bool class_has(unsigned char letter, unsigned char c)
{
    unsigned class = kinds[letter] & ALPHA ? classes[letter & 31] : 0;
    if (!class)
        return letter == c;
    return ((kinds[c] & class) != 0) != ((kinds[letter] & UPPER) != 0); /* a capital: all others */
}

/* last: the set's closing bracket. */
static inline bool set_has(const char *p, const char *last, unsigned char c)
{
    bool wanted = p[1] != '^';
    for (p += wanted ? 1 : 2; p < last; p++) {
        if (*p == '%') {
            if (class_has((unsigned char)*++p, c))
                return wanted;
        } else if (p[1] == '-' && last - p > 2) {
            if ((unsigned char)*p <= c && c <= (unsigned char)p[2])
                return wanted;
            p += 2;
        } else if ((unsigned char)*p == c) {
            return wanted;
        }
    }
    return !wanted;
}

static inline bool item_has(struct item i, unsigned char c)
{
    switch (*i.at) {
    case '.': return true;
    case '%': return class_has((unsigned char)i.at[1], c);
    case '[': return set_has(i.at, i.after - 1, c);
    default: return (unsigned char)*i.at == c;
    }
}

/* Where the item at p ends. NULL: fault. */
static inline const char *after_item(struct pattern *m, const char *p)
{
    if (*p == '%')
        return p + 1 < m->end ? p + 2 : fail(m, "malformed pattern (ends with '%%')", 0);
    if (*p != '[')
        return p + 1;
    p += p + 1 < m->end && p[1] == '^' ? 2 : 1;
    for (const char *first = p; p < m->end; p++) { /* a bracket in the first place is a character */
        if (*p == ']' && p > first)
            return p + 1;
        if (*p == '%' && ++p == m->end)
            break;
    }
    return fail(m, "malformed pattern (missing ']')", 0);
}

/* ---- an item as a set of characters: for the one that every match begins with ---- */

static void add_range(struct pattern_set *set, unsigned from, unsigned to)
{
    for (unsigned i = from / 64; i <= to / 64 && from <= to; i++) {
        unsigned low = i == from / 64 ? from % 64 : 0, high = i == to / 64 ? to % 64 : 63;
        set->bits[i] |= UINT64_MAX << low & UINT64_MAX >> (63 - high);
    }
}

static void add_class(struct pattern_set *set, unsigned char letter)
{
    const struct pattern_set *class = &members[letter & 31];
    if (!(kinds[letter] & ALPHA) || !classes[letter & 31])
        set_put(set, letter);
    else
        for (int i = 0; i < 4; i++)
            set->bits[i] |= kinds[letter] & UPPER ? ~class->bits[i] : class->bits[i];
}

/* The same as set_has for each character. i: a class, or a set in brackets. */
static void set_of(struct item i, struct pattern_set *set)
{
    const char *p = i.at + 1, *last = i.after - 1;
    memset(set, 0, sizeof *set);
    if (*i.at == '%') {
        add_class(set, (unsigned char)*p);
        return;
    }
    bool wanted = *p != '^';
    for (p += !wanted; p < last; p++) {
        if (*p == '%') {
            add_class(set, (unsigned char)*++p);
        } else if (p[1] == '-' && last - p > 2) {
            add_range(set, (unsigned char)*p, (unsigned char)p[2]);
            p += 2;
        } else {
            set_put(set, (unsigned char)*p);
        }
    }
    for (int n = 0; n < 4 && !wanted; n++)
        set->bits[n] = ~set->bits[n];
}

static inline size_t run_in_set(const struct pattern_set *set, const char *s, size_t left,
                                bool wanted)
{
    size_t n = 0;
    uint64_t stop = !wanted;
    while (n < left &&
           (set->bits[(unsigned char)s[n] / 64] >> (unsigned char)s[n] % 64 & 1) != stop)
        n++;
    return n;
}

/* How many characters from s on are of the item (or, wanted false, are not), as far as the steps
 * reach. */
static size_t run_length(struct pattern *m, struct item i, const char *s, bool wanted)
{
    size_t left = (size_t)(m->text_end - s), cost = (size_t)(i.after - i.at), n = 0;
    if (left > (size_t)m->steps / 64 && left > (size_t)m->steps / cost)
        left = (size_t)m->steps / cost + 1;
    if (i.at == m->begin && m->sets) {
        n = run_in_set(&m->set, s, left, wanted);
    } else if (*i.at == '.') {
        n = wanted ? left : 0;
    } else if (*i.at == '%' && kinds[(unsigned char)i.at[1]] & ALPHA && classes[i.at[1] & 31]) {
        const unsigned class = classes[i.at[1] & 31];
        const bool stop = wanted == ((kinds[(unsigned char)i.at[1]] & UPPER) != 0);
        while (n < left && ((kinds[(unsigned char)s[n]] & class) != 0) != stop)
            n++;
    } else if (*i.at == '%') {
        while (n < left && (s[n] == i.at[1]) == wanted)
            n++;
    } else if (*i.at == '[') {
        while (n < left && set_has(i.at, i.after - 1, (unsigned char)s[n]) == wanted)
            n++;
    } else if (wanted) {
        while (n < left && s[n] == *i.at)
            n++;
    } else {
        const char *there = memchr(s, *i.at, left);
        n = there ? (size_t)(there - s) : left;
    }
    charge(m, n * cost);
    return n;
}

/* ---- repetitions: each finds the rest of the pattern, p, behind as many items as fit ---- */

static const char *longest(struct pattern *m, struct item i, const char *s, const char *p)
{
    for (const char *at = s + run_length(m, i, s, true);; at--) {
        const char *to = match(m, at, p);
        if (to || at == s || over(m))
            return to;
    }
}

static const char *shortest(struct pattern *m, struct item i, const char *s, const char *p)
{
    for (;; s++) {
        const char *to = match(m, s, p);
        if (to)
            return to;
        if (over(m) || s == m->text_end || !charge(m, (size_t)(i.after - i.at)) ||
            !item_has(i, (unsigned char)*s))
            return NULL;
    }
}

/* ---- captures ---- */

static const char *open_capture(struct pattern *m, const char *s, const char *p)
{
    bool position = p + 1 < m->end && p[1] == ')';
    if (m->captures == PATTERN_CAPTURES)
        return fail(m, "too many captures", 0);
    m->capture[m->captures++] = (struct pattern_capture){ s, position ? PATTERN_POSITION
                                                                      : PATTERN_OPEN };
    const char *to = match(m, s, p + (position ? 2 : 1));
    if (!to)
        m->captures--;
    return to;
}

static const char *close_capture(struct pattern *m, const char *s, const char *p)
{
    int n = m->captures - 1;
    while (n >= 0 && m->capture[n].len != PATTERN_OPEN)
        n--;
    if (n < 0)
        return fail(m, "invalid pattern capture", 0);
    m->capture[n].len = s - m->capture[n].at;
    const char *to = match(m, s, p + 1);
    if (!to)
        m->capture[n].len = PATTERN_OPEN;
    return to;
}

/* ---- the items that no repetition may follow: behind them, or NULL ---- */

static const char *captured_again(struct pattern *m, const char *s, char digit)
{
    int n = digit - '1';
    if (n < 0 || n >= m->captures || m->capture[n].len == PATTERN_OPEN)
        return fail(m, "invalid capture index %%%d", n + 1);
    ptrdiff_t len = m->capture[n].len;
    if (len == PATTERN_POSITION || len > m->text_end - s || !charge(m, (size_t)len) ||
        memcmp(s, m->capture[n].at, (size_t)len) != 0)
        return NULL;
    return s + len;
}

/* %bxy at p. */
static const char *balanced(struct pattern *m, const char *s, const char *p)
{
    if (m->end - p < 4)
        return fail(m, "malformed pattern (missing arguments to '%%b')", 0);
    if (s == m->text_end || *s != p[2])
        return NULL;
    const char *from = s;
    size_t open = 1;
    for (s++; s < m->text_end && s - from <= m->steps; s++) {
        if (*s == p[3] && --open == 0)
            break;
        if (*s == p[2] && p[2] != p[3])
            open++;
    }
    return charge(m, (size_t)(s - from)) && s < m->text_end ? s + 1 : NULL;
}

/* %f[set] at *p, which goes behind it. */
static bool at_frontier(struct pattern *m, const char *s, const char **p)
{
    const char *set = *p + 2;
    if (set >= m->end || *set != '[')
        return fail(m, "missing '[' after '%%f' in pattern", 0);
    *p = after_item(m, set);
    if (!*p || !charge(m, (size_t)(*p - set)))
        return false;
    unsigned char before = s > m->text ? (unsigned char)s[-1] : 0;
    unsigned char here = s < m->text_end ? (unsigned char)*s : 0;
    return !set_has(set, *p - 1, before) && set_has(set, *p - 1, here);
}

enum special { ORDINARY, OPENS, CLOSES, TEXT_END, BALANCED, FRONTIER, AGAIN };

static inline enum special special_at(const struct pattern *m, const char *p)
{
    switch (*p) {
    case '(': return OPENS;
    case ')': return CLOSES;
    case '$': return p + 1 == m->end ? TEXT_END : ORDINARY;
    case '%': break;
    default: return ORDINARY;
    }
    char c = p + 1 < m->end ? p[1] : 0;
    return c == 'b' ? BALANCED : c == 'f' ? FRONTIER : c >= '0' && c <= '9' ? AGAIN : ORDINARY;
}

/* ---- the pattern from p on, at s ---- */

static const char *walk(struct pattern *m, const char *s, const char *p)
{
    while (p < m->end) {
        switch (special_at(m, p)) {
        case OPENS: return charge(m, 1) ? open_capture(m, s, p) : NULL;
        case CLOSES: return charge(m, 1) ? close_capture(m, s, p) : NULL;
        case TEXT_END: return s == m->text_end ? s : NULL;
        case BALANCED:
            s = balanced(m, s, p);
            p += 4;
            break;
        case FRONTIER: s = at_frontier(m, s, &p) ? s : NULL; break;
        case AGAIN:
            s = captured_again(m, s, p[1]);
            p += 2;
            break;
        case ORDINARY: {
            const struct item i = { p, after_item(m, p) };
            if (!i.after || !charge(m, (size_t)(i.after - p)))
                return NULL;
            const bool has = s < m->text_end && item_has(i, (unsigned char)*s);
            p = i.after + 1;
            switch (i.after < m->end ? *i.after : 0) {
            case '*':
                if (has)
                    return longest(m, i, s, p);
                break;
            case '+': return has ? longest(m, i, s + 1, p) : NULL;
            case '-':
                if (has)
                    return shortest(m, i, s, p);
                break;
            case '?':
                if (has) {
                    const char *to = match(m, s + 1, p);
                    if (to || over(m))
                        return to;
                }
                break;
            default: p = i.after; s = has ? s + 1 : NULL;
            }
            break;
        }
        }
        if (!s)
            return NULL;
    }
    return s;
}

static const char *match(struct pattern *m, const char *s, const char *p)
{
    if (m->depth == PATTERN_DEPTH)
        return fail(m, "pattern too complex", 0);
    m->depth++;
    const char *to = walk(m, s, p);
    m->depth--;
    return to;
}

/* ---- the whole ---- */

/* The item that every match begins with, once at least. after NULL: there is none. */
static struct item first_item(struct pattern *m)
{
    struct item i = { m->begin, NULL };
    if (m->begin == m->end || special_at(m, m->begin) != ORDINARY)
        return i;
    i.after = after_item(m, m->begin);
    m->fault = NULL; /* told where a match gets there */
    if (i.after && i.after < m->end && (*i.after == '*' || *i.after == '?' || *i.after == '-'))
        i.after = NULL;
    return i;
}

enum { SET_PAYS = 16 }; /* characters: for fewer a set is not made */

void pattern_open(struct pattern *m, const char *text, size_t text_len, const char *pattern,
                  size_t pattern_len, bool anchors)
{
    if (!kinds['a'])
        know_characters();
    m->text = text;
    m->text_end = text + text_len;
    m->anchored = anchors && pattern_len && *pattern == '^';
    m->begin = pattern + m->anchored;
    m->end = pattern + pattern_len;
    m->fault = NULL;
    m->depth = 0;
    struct item first = { NULL, NULL };
    if (!m->anchored)
        first = first_item(m);
    m->first_end = first.after;
    m->sets = first.after && text_len >= SET_PAYS && (*first.at == '[' || *first.at == '%');
    if (m->sets)
        set_of(first, &m->set);
    m->run = first.after && first.after + 1 == m->end && *first.after == '+';
}

/* The match from s on of a pattern that is one item and a plus: s has the item. */
static bool found_run(struct pattern *m, struct item first, const char *s)
{
    m->captures = 0;
    m->from = s++;
    m->to = s;
    if (!charge(m, (size_t)(first.after - first.at)))
        return false;
    m->to += run_length(m, first, s, true);
    return true;
}

bool pattern_search(struct pattern *m, const char *at, const char *taken)
{
    const struct item first = { m->begin, m->first_end };
    for (const char *s = at; s <= m->text_end && charge(m, 1); s++) {
        if (first.after) {
            s += run_length(m, first, s, false);
            if (s == m->text_end || over(m))
                return false;
            if (m->run)
                return found_run(m, first, s);
        }
        m->captures = 0;
        const char *to = match(m, s, m->begin);
        if (to && to != taken) {
            m->from = s;
            m->to = to;
            return true;
        }
        if (m->anchored || over(m))
            return false;
    }
    return false;
}

bool pattern_capture(struct pattern *m, int n, struct pattern_capture *out)
{
    if (n < m->captures)
        *out = m->capture[n];
    else if (n == 0)
        *out = (struct pattern_capture){ m->from, m->to - m->from };
    else
        return fail(m, "invalid capture index %%%d", n + 1);
    return out->len != PATTERN_OPEN || fail(m, "unfinished capture", 0);
}

bool pattern_is_plain(const char *pattern, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (pattern[i] && strchr("^$*+?.([%-", pattern[i]))
            return false;
    return true;
}

const char *pattern_plain(const char *at, const char *end, const char *what, size_t len)
{
    return memmem(at, (size_t)(end - at), what, len);
}
