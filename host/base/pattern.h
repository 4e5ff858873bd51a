/*
 * pattern: Lua's pattern language (reference manual, 6.4.1) on bytes, with a count of its steps.
 *
 * A pattern such as "(.-)%s*$" takes the square of the text's length, others its power: one call
 * can run for hours, and Lua's hooks do not run inside it. Here each character that is looked at is
 * a step, and the search ends when its steps are used up. Results, captures and errors are those of
 * Lua 5.4 (spec/host/base/pattern_test.c compares them). Knows nothing of Lua's states, allocates
 * nothing, keeps pointers into text and pattern only.
 */
#ifndef HOST_BASE_PATTERN_H
#define HOST_BASE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PATTERN_CAPTURES = 32, PATTERN_DEPTH = 200 };
enum { PATTERN_OPEN = -1, PATTERN_POSITION = -2 }; /* instead of a capture's length */

struct pattern_capture {
    const char *at;
    ptrdiff_t len;
};

struct pattern_set { /* of characters */
    uint64_t bits[4];
};

struct pattern {
    const char *text, *text_end;
    const char *begin, *end; /* of the pattern, without the ^ of an anchored one */
    bool anchored;
    const char *first_end; /* of the item that every match begins with; NULL: there is none */
    bool run;              /* that item and a plus are all */
    bool sets;             /* set has the characters of that item */
    struct pattern_set set;
    int64_t steps;     /* left; below 0: used up, and nothing is known of the text */
    const char *fault; /* what is wrong with the pattern, a format with at most one %d … */
    int number;        /* … for this; NULL: nothing */
    unsigned depth;
    int captures;
    struct pattern_capture capture[PATTERN_CAPTURES];
    const char *from, *to; /* the match */
};

/* anchors: a ^ at the beginning anchors (gmatch takes it as a character). Set steps, then search.
 */
void pattern_open(struct pattern *m, const char *text, size_t text_len, const char *pattern,
                  size_t pattern_len, bool anchors);
/* The first match that begins at `at` or later and does not end at `taken` (NULL: wherever). An
 * anchored one is tried at `at` only. true: from, to, captures. false: none, or fault, or no steps
 * left. */
bool pattern_search(struct pattern *m, const char *at, const char *taken);
/* The nth capture (from 0; the whole match where there are none). false: fault. len may be
 * PATTERN_POSITION. */
bool pattern_capture(struct pattern *m, int n, struct pattern_capture *out);
/* true: no character has a special meaning. */
bool pattern_is_plain(const char *pattern, size_t len);
/* Plain text from `at` on, in time linear in the text. NULL: not there. */
const char *pattern_plain(const char *at, const char *end, const char *what, size_t len);

#endif
