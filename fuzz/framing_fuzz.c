/*
 * framing: a head cut up as an HTTP library would do it, every piece in a block of its own size.
 * What passes has one Host, and no control character in anything that is kept.
 */
#include "fuzz.h"

#include "../host/server/framing.h"

#include <stdlib.h>
#include <string.h>

static void target(const char *text, size_t len)
{
    const char *path, *query;
    size_t path_len, query_len;
    if (!framing_target(text, len, &path, &path_len, &query, &query_len))
        return;
    if (path < text || path + path_len > text + len || path_len == 0 || *path != '/')
        fuzz_fail("the path lies outside of the target");
    if (query && (query < text || query + query_len > text + len))
        fuzz_fail("the query lies outside of the target");
    for (size_t i = 0; i < path_len; i++)
        if (path[i] <= 0x20 || path[i] == 0x7F)
            fuzz_fail("a control character in the path");
}

/* "Name: value": the colon becomes a NUL, as in the library's buffer. false: not one. */
static bool header(struct framing *f, char *line, size_t len)
{
    char *colon = memchr(line, ':', len);
    if (!colon)
        return false;
    *colon = 0;
    char *value = colon + 1, *end = line + len;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    size_t value_len = (size_t)(end - value);
    framing_header(f, line, (size_t)(colon - line), value, &value_len);
    if (value + value_len > end)
        fuzz_fail("the value grew");
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct framing f;
    char *head = fuzz_exact(data, size);
    char *line = size ? memchr(head, '\n', size) : NULL, *end = head + size;
    size_t first = line ? (size_t)(line - head) : size;
    target(head, first);
    char *method = fuzz_text(data, first < 20 ? first : 20);
    framing_start(&f, method, first, "HTTP/1.1");
    line = line ? line + 1 : end;
    while (line < end) {
        char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t len = (size_t)((stop ? stop : end) - line);
        if (!header(&f, line, len))
            break;
        line += len + 1;
    }
    if (framing_end(&f, f.bytes + 2, false) && (f.hosts != 1 || (f.lengths && f.encodings)))
        fuzz_fail("an ambiguous head passed");
    free(method);
    free(head);
    return 0;
}
