#include "base/buf.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

bool buf_reserve(struct buf *b, size_t more)
{
    if (more >= SIZE_MAX - b->len)
        return false;
    size_t need = b->len + more + 1; /* the NUL */
    if (need <= b->cap)
        return true;
    size_t cap = b->cap ? b->cap : 64;
    while (cap < need) {
        if (cap > SIZE_MAX / 2) {
            cap = need;
            break;
        }
        cap *= 2;
    }
    char *grown = realloc(b->data, cap);
    if (!grown)
        return false;
    b->data = grown;
    b->cap = cap;
    b->data[b->len] = '\0';
    return true;
}

bool buf_add(struct buf *b, const void *bytes, size_t len)
{
    if (!buf_reserve(b, len))
        return false;
    if (len > 0)
        memcpy(b->data + b->len, bytes, len);
    b->len += len;
    b->data[b->len] = '\0';
    return true;
}

bool buf_text(struct buf *b, const char *text)
{
    return buf_add(b, text, strlen(text));
}

bool buf_clock(struct buf *b, int64_t ms)
{
    time_t t = (time_t)(ms / 1000);
    struct tm tm;
    char text[40];
    localtime_r(&t, &tm);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %Z", &tm);
    return buf_text(b, text);
}

bool buf_printf(struct buf *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    size_t room = b->cap > b->len ? b->cap - b->len : 0;
    int n = vsnprintf(room ? b->data + b->len : NULL, room, format, args);
    va_end(args);
    bool ok = n >= 0;
    if (ok && (size_t)n >= room) {
        if (room)
            b->data[b->len] = '\0';
        ok = buf_reserve(b, (size_t)n);
        if (ok)
            n = vsnprintf(b->data + b->len, b->cap - b->len, format, again);
        ok = ok && n >= 0;
    }
    va_end(again);
    if (ok)
        b->len += (size_t)n;
    return ok;
}

size_t buf_utf8(const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text;
    bool valid = true;
    size_t n = len == 0 ? 0 : p[0] < 0x80 ? 1 : utf8_sequence(p, len, &valid);
    return valid ? n : 0;
}

size_t buf_json_unit(const char *text, size_t len, char out[8], size_t *used)
{
    unsigned char c = (unsigned char)text[0];
    *used = 1;
    if (c >= 0x80) {
        size_t n = buf_utf8(text, len);
        if (n == 0) {
            memcpy(out, "\xEF\xBF\xBD", 3); /* U+FFFD */
            return 3;
        }
        memcpy(out, text, n);
        *used = n;
        return n;
    }
    if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7F) {
        out[0] = (char)c;
        return 1;
    }
    out[0] = '\\';
    switch (c) {
    case '"':
    case '\\': out[1] = (char)c; return 2;
    case '\n': out[1] = 'n'; return 2;
    case '\r': out[1] = 'r'; return 2;
    case '\t': out[1] = 't'; return 2;
    }
    static const char hex[] = "0123456789abcdef";
    memcpy(out + 1, "u00", 3);
    out[4] = hex[c >> 4];
    out[5] = hex[c & 15];
    return 6;
}

bool buf_json(struct buf *b, const char *text, size_t len)
{
    size_t i = 0, before = b->len;
    while (i < len) {
        char unit[8];
        size_t used, n = buf_json_unit(text + i, len - i, unit, &used);
        if (!buf_add(b, unit, n)) {
            b->len = before;
            if (b->data)
                b->data[before] = '\0';
            return false;
        }
        i += used;
    }
    return true;
}

void buf_free(struct buf *b)
{
    free(b->data);
    *b = (struct buf){ 0 };
}

char *buf_copy(const void *bytes, size_t len)
{
    if (len == SIZE_MAX)
        return NULL;
    char *copy = malloc(len + 1);
    if (!copy)
        return NULL;
    if (len > 0)
        memcpy(copy, bytes, len);
    copy[len] = '\0';
    return copy;
}
