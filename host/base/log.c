#include "base/log.h"
#include "base/buf.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A write of at most PIPE_BUF bytes to a pipe is atomic, so lines of threads never mix. */
enum { LINE_MAX_BYTES = PIPE_BUF, KEY_MAX_BYTES = 64, NUMBER_BYTES = 48 };

struct line {
    char bytes[LINE_MAX_BYTES];
    size_t len;
};

static _Atomic int lowest = LOG_INFO;
static _Atomic uint64_t dropped;

static const char *const level_names[] = { "debug", "info", "warn", "error", "off" };

struct log_field log_n(const char *key, const char *bytes, size_t len)
{
    return (struct log_field){ .key = key, .type = LOG_TEXT, .text = bytes, .len = len };
}

struct log_field log_s(const char *key, const char *text)
{
    return log_n(key, text, text ? strlen(text) : 0);
}

struct log_field log_i(const char *key, int64_t value)
{
    return (struct log_field){ .key = key, .type = LOG_INT, .integer = value };
}

struct log_field log_r(const char *key, double value)
{
    return (struct log_field){ .key = key, .type = LOG_REAL, .real = value };
}

struct log_field log_b(const char *key, bool value)
{
    return (struct log_field){ .key = key, .type = LOG_BOOL, .integer = value };
}

int log_level_of(const char *name)
{
    for (int i = LOG_DEBUG; i <= LOG_OFF; i++)
        if (strcmp(name, level_names[i]) == 0)
            return i;
    return -1;
}

void log_open(enum log_level level)
{
    atomic_store(&lowest, (int)level);
}

bool log_on(enum log_level level)
{
    return level != LOG_OFF && (int)level >= atomic_load_explicit(&lowest, memory_order_relaxed);
}

uint64_t log_dropped(void)
{
    return atomic_load(&dropped);
}

/* ---- hidden texts ---- */

enum { HIDDEN = 64, HIDDEN_BYTES = 6 };

static struct {
    pthread_mutex_t mutex;
    char *texts[HIDDEN];
    size_t lens[HIDDEN];
    uint64_t seen[HIDDEN], clock; /* when each was given last; the oldest is replaced */
} hidden = { .mutex = PTHREAD_MUTEX_INITIALIZER };

/* Where it is, or where it goes. The mutex is held. */
static size_t hidden_place(const char *text, size_t len)
{
    size_t place = 0;
    for (size_t i = 0; i < HIDDEN; i++) {
        if (!hidden.texts[i])
            return i;
        if (hidden.lens[i] == len && memcmp(hidden.texts[i], text, len) == 0)
            return i;
        if (hidden.seen[i] < hidden.seen[place])
            place = i;
    }
    return place;
}

void log_hide(const char *text, size_t len)
{
    char *copy = NULL;
    pthread_mutex_lock(&hidden.mutex);
    size_t i = len < HIDDEN_BYTES ? HIDDEN : hidden_place(text, len);
    if (i < HIDDEN &&
        (hidden.texts[i] && hidden.lens[i] == len && memcmp(hidden.texts[i], text, len) == 0)) {
        hidden.seen[i] = ++hidden.clock; /* it is still in use: secrets that stay the same outlive
                                            those that change */
    } else if (i < HIDDEN && (copy = buf_copy(text, len))) {
        if (hidden.texts[i])
            explicit_bzero(hidden.texts[i], hidden.lens[i]);
        free(hidden.texts[i]);
        hidden.texts[i] = copy;
        hidden.lens[i] = len;
        hidden.seen[i] = ++hidden.clock;
    }
    pthread_mutex_unlock(&hidden.mutex);
}

/* How many bytes at text are one of them; the longest counts. The mutex is held. */
static size_t hidden_at(const char *text, size_t len)
{
    size_t longest = 0;
    for (size_t i = 0; i < HIDDEN && hidden.texts[i]; i++)
        if (hidden.lens[i] > longest && hidden.lens[i] <= len &&
            memcmp(text, hidden.texts[i], hidden.lens[i]) == 0)
            longest = hidden.lens[i];
    return longest;
}

static bool holds_hidden(const char *text, size_t len)
{
    for (size_t i = 0; i < HIDDEN && hidden.texts[i]; i++)
        if (memmem(text, len, hidden.texts[i], hidden.lens[i]))
            return true;
    return false;
}

void log_mask(char *text)
{
    size_t len = text ? strlen(text) : 0;
    pthread_mutex_lock(&hidden.mutex);
    if (len && holds_hidden(text, len))
        for (size_t i = 0, n; i < len; i += n ? n : 1)
            if ((n = hidden_at(text + i, len - i)))
                memset(text + i, '*', n);
    pthread_mutex_unlock(&hidden.mutex);
}

/* ---- a line ---- */

static size_t room(const struct line *l)
{
    return sizeof l->bytes - l->len;
}

static bool line_add(struct line *l, const char *bytes, size_t len)
{
    if (room(l) < len)
        return false;
    memcpy(l->bytes + l->len, bytes, len);
    l->len += len;
    return true;
}

/* Adds as much of text as fits with `spare` bytes left free, and "…" when it was cut. */
static void line_text(struct line *l, const char *text, size_t len, size_t spare)
{
    static const char cut[] = "\xE2\x80\xA6";
    static const char instead[] = "[secret]";
    size_t i = 0, fits = l->len; /* fits: the last end after which the mark of a cut has room */
    /* Bytes beyond a line's length are not read. */
    bool secret = holds_hidden(text, len < 2 * LINE_MAX_BYTES ? len : 2 * LINE_MAX_BYTES);
    while (i < len) {
        char unit[8];
        size_t used = secret ? hidden_at(text + i, len - i) : 0, n = sizeof instead - 1;
        if (used)
            memcpy(unit, instead, n);
        else
            n = buf_json_unit(text + i, len - i, unit, &used);
        if (room(l) < n + spare) {
            l->len = fits;
            line_add(l, cut, sizeof cut - 1);
            return;
        }
        line_add(l, unit, n);
        i += used;
        if (room(l) >= spare + sizeof cut - 1)
            fits = l->len;
    }
}

static void line_start(struct line *l, enum log_level level, const char *event)
{
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    char date[32], head[96];
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
    int n = snprintf(head, sizeof head, "{\"time\":\"%s.%03dZ\",\"level\":\"%s\",\"event\":\"",
                     date, (int)(now.tv_nsec / 1000000), level_names[level]);
    line_add(l, head, n > 0 && (size_t)n < sizeof head ? (size_t)n : 0);
    line_text(l, event, strlen(event), sizeof l->bytes - 512);
    line_add(l, "\"", 1);
}

static size_t number_text(const struct log_field *f, char out[NUMBER_BYTES])
{
    int n;
    if (f->type == LOG_INT)
        n = snprintf(out, NUMBER_BYTES, "%lld", (long long)f->integer);
    else if (f->type == LOG_BOOL)
        n = snprintf(out, NUMBER_BYTES, "%s", f->integer ? "true" : "false");
    else if (f->type == LOG_REAL && isfinite(f->real))
        n = snprintf(out, NUMBER_BYTES, "%.15g", f->real);
    else
        n = snprintf(out, NUMBER_BYTES, "null");
    return n > 0 ? (size_t)n : 0;
}

/* false: the line is full and nothing of this field was added. `later` more fields want room. */
static bool line_field(struct line *l, const struct log_field *f, size_t later)
{
    enum { END = 2, QUOTES = 8, LATER = 160 }; /* }\n, and the bytes around key and value */
    size_t key_len = strnlen(f->key, KEY_MAX_BYTES);
    if (room(l) < 6 * key_len + QUOTES + NUMBER_BYTES + END)
        return false;
    line_add(l, ",\"", 2);
    line_text(l, f->key, key_len, NUMBER_BYTES + END + 8);
    line_add(l, "\":", 2);
    if (f->type != LOG_TEXT || !f->text) {
        char number[NUMBER_BYTES];
        return line_add(l, number, number_text(f, number));
    }
    line_add(l, "\"", 1);
    /* A long value leaves room for the fields after it. */
    size_t keep = later * LATER;
    if (keep > room(l) / 2)
        keep = room(l) / 2;
    line_text(l, f->text, f->len, 1 + END + keep);
    return line_add(l, "\"", 1);
}

static void line_write(const struct line *l)
{
    struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
    /* A pipe is writable when PIPE_BUF bytes have room: then the write is whole and never waits. */
    if (poll(&out, 1, 0) == 1 && (out.revents & POLLOUT)) {
        ssize_t n;
        do
            n = write(STDOUT_FILENO, l->bytes, l->len);
        while (n < 0 && errno == EINTR);
        if (n == (ssize_t)l->len)
            return;
    }
    atomic_fetch_add(&dropped, 1);
}

void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t count)
{
    if (!log_on(level))
        return;
    int saved = errno;
    struct line l;
    l.len = 0; /* the bytes stay as they are */
    pthread_mutex_lock(&hidden.mutex);
    line_start(&l, level, event);
    for (size_t i = 0; i < count; i++)
        if (!line_field(&l, &fields[i], count - i - 1))
            break;
    pthread_mutex_unlock(&hidden.mutex);
    line_add(&l, "}\n", 2);
    line_write(&l);
    errno = saved;
}
