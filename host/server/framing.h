/*
 * framing: refuses a request whose head two programs may read differently.
 *
 * Pure checks over what libmicrohttpd parsed, because it accepts what a proxy before us may read
 * differently: Content-Length twice or beside Transfer-Encoding, folded lines, blanks before a
 * colon, LF alone, NULs, no Host. Every ambiguous head is refused and its connection closed. Any
 * thread; owns nothing.
 *
 * The count of bytes is the strongest of these checks: the method, the target, the version and each
 * header that MHD shows, with their separators, must add up to the length of the head as it was
 * read. A NUL, a folded line or a bare LF makes them differ.
 */
#ifndef HOST_SERVER_FRAMING_H
#define HOST_SERVER_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct framing {
    size_t bytes; /* counted so far */
    unsigned hosts, lengths, encodings;
    uint64_t length; /* the declared Content-Length */
    bool bad;
};

/* Starts the count with the request line. false: not a method, a target or a version that we
 * read. */
bool framing_start(struct framing *f, const char *method, size_t target_len, const char *version);
/* One header as MHD shows it: name and value point into the head that was read. *value_len loses
 * the blanks at its end. */
void framing_header(struct framing *f, const char *name, size_t name_len, const char *value,
                    size_t *value_len);
/* After the last header; head_bytes is MHD's size of the head. true: the request may be read. */
bool framing_end(const struct framing *f, size_t head_bytes, bool http_1_0);

/* The target as it was sent: visible ASCII without '#', origin form, or absolute form, of which the
 * part before the path is left out. No control characters hidden in its path (%00, %0d, …). *query
 * is NULL without a '?'. */
bool framing_target(const char *target, size_t len, const char **path, size_t *path_len,
                    const char **query, size_t *query_len);

#endif
