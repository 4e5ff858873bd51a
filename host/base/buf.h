/*
 * buf: a byte buffer that grows.
 *
 * Owns its memory; zero-initialise to make an empty one. Any thread, one owner at a time.
 * A failed allocation leaves the buffer as it was and is reported; nothing here aborts.
 */
#ifndef HOST_BASE_BUF_H
#define HOST_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *data; /* always NUL-terminated once something was added; NULL while empty */
    size_t len; /* bytes, without the NUL */
    size_t cap;
};

/* Make room for `more` bytes past len. false: out of memory. */
bool buf_reserve(struct buf *b, size_t more);
bool buf_add(struct buf *b, const void *bytes, size_t len);
bool buf_text(struct buf *b, const char *text);
bool buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds a time (ms since 1970) in the local zone, as people read it: 2026-03-01 17:05:00 EST. */
bool buf_clock(struct buf *b, int64_t ms);
/* Adds text as the inside of a JSON string: quotes, backslashes and controls escaped, invalid
 * UTF-8 as U+FFFD. */
bool buf_json(struct buf *b, const char *text, size_t len);
/* The same for one character of text (len > 0): writes up to 6 bytes to out, answers how many;
 * *used bytes of text were read. */
size_t buf_json_unit(const char *text, size_t len, char out[8], size_t *used);
/* How many bytes the well-formed UTF-8 character at text takes; 0 when there is none. */
size_t buf_utf8(const char *text, size_t len);
void buf_free(struct buf *b);

/* A copy of len bytes with a NUL after them, or NULL. The caller frees it. */
char *buf_copy(const void *bytes, size_t len);

/* The UTF-8 sequence at p, whose first byte is 0x80 or more. left >= 1 bytes may be read. Returns
 * its length; when it is not valid, the number of bytes that one U+FFFD replaces. */
static inline size_t utf8_sequence(const unsigned char *p, size_t left, bool *valid)
{
    unsigned char c = p[0], low = 0x80, high = 0xBF;
    size_t more = c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
    *valid = false;
    if (c < 0xC2 || c > 0xF4)
        return 1;
    if (c == 0xE0)
        low = 0xA0;
    else if (c == 0xED)
        high = 0x9F;
    else if (c == 0xF0)
        low = 0x90;
    else if (c == 0xF4)
        high = 0x8F;
    for (size_t i = 1; i <= more; i++) {
        if (i >= left || p[i] < low || p[i] > high)
            return i;
        low = 0x80;
        high = 0xBF;
    }
    *valid = true;
    return more + 1;
}

#endif
