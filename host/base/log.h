/*
 * log: one JSON object per line on stdout.
 *
 * Any thread. A line is built on the stack and written whole, at most PIPE_BUF bytes; when stdout
 * cannot take it at once, the line is dropped and counted. Values are escaped here, so a CR, LF or
 * ESC from outside cannot make a second line. The caller must not pass a secret, a body or a full
 * phone number. A secret that a script logs by mistake is replaced by [secret]: see log_hide.
 */
#ifndef HOST_BASE_LOG_H
#define HOST_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_OFF };

struct log_field {
    const char *key;
    enum { LOG_TEXT, LOG_INT, LOG_REAL, LOG_BOOL } type;
    const char *text; /* LOG_TEXT: may hold any bytes; NULL prints null */
    size_t len;
    int64_t integer; /* LOG_INT, LOG_BOOL */
    double real;
};

/* Field makers: LOG_TEXT from a C string, from bytes, an integer, a truth value. */
struct log_field log_s(const char *key, const char *text);
struct log_field log_n(const char *key, const char *bytes, size_t len);
struct log_field log_i(const char *key, int64_t value);
struct log_field log_r(const char *key, double value);
struct log_field log_b(const char *key, bool value);

/* debug|info|warn|error|off → level, or -1. */
int log_level_of(const char *name);
void log_open(enum log_level level);
bool log_on(enum log_level level);
/* No line shows this text from now on. Ignores texts under 6 bytes; forgets the oldest of many. */
void log_hide(const char *text, size_t len);
/* Writes * over each hidden text in a message that goes elsewhere than the log. NULL is fine. */
void log_mask(char *text);
void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t count);
/* Lines dropped since the start because stdout did not take them. */
uint64_t log_dropped(void);

/* log_event(LOG_INFO, "store.open", log_s("path", p), log_i("ms", 3)); at least one field. */
#define log_event(level, event, ...)                                                        \
    do {                                                                                    \
        if (log_on(level)) {                                                                \
            const struct log_field log_fields_[] = { __VA_ARGS__ };                         \
            log_write(level, event, log_fields_, sizeof log_fields_ / sizeof *log_fields_); \
        }                                                                                   \
    } while (0)

#endif
