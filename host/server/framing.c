#include "server/framing.h"

#include "base/http_token.h"

#include <string.h>
#include <strings.h>

static bool is_text(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if ((c < 0x20 && c != '\t') || c == 0x7F)
            return false;
    }
    return true;
}

bool framing_start(struct framing *f, const char *method, size_t target_len, const char *version)
{
    *f = (struct framing){ 0 };
    size_t method_len = strlen(method), version_len = strlen(version);
    f->bytes = method_len + 1 + target_len + 1 + version_len + 2;
    return version_len == 8 && http_token(method, method_len);
}

/* Digits alone, without overflow. */
static bool read_length(const char *s, size_t len, uint64_t *out)
{
    if (len == 0 || len > 18)
        return false;
    uint64_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        n = n * 10 + (uint64_t)(s[i] - '0');
    }
    *out = n;
    return true;
}

static void framing_known(struct framing *f, const char *name, size_t name_len, const char *value,
                          size_t value_len)
{
    if (name_len == 4 && strncasecmp(name, "Host", 4) == 0) {
        f->hosts++;
    } else if (name_len == 14 && strncasecmp(name, "Content-Length", 14) == 0) {
        f->lengths++;
        if (!read_length(value, value_len, &f->length))
            f->bad = true;
    } else if (name_len == 17 && strncasecmp(name, "Transfer-Encoding", 17) == 0) {
        f->encodings++;
        if (value_len != 7 || strncasecmp(value, "chunked", 7) != 0)
            f->bad = true;
    }
}

void framing_header(struct framing *f, const char *name, size_t name_len, const char *value,
                    size_t *value_len)
{
    /* Between name and value stood the colon (a NUL by now) and blanks; a fold moves the name
     * elsewhere. */
    if (!name || !value || value <= name + name_len || name[name_len] != '\0') {
        f->bad = true;
        return;
    }
    for (const char *gap = name + name_len + 1; gap < value; gap++) {
        if (*gap != ' ' && *gap != '\t') {
            f->bad = true;
            return;
        }
    }
    f->bytes += (size_t)(value - name) + *value_len + 2;
    if (!http_token(name, name_len) || !is_text(value, *value_len))
        f->bad = true;
    /* MHD compares these two with the blanks at their end, so the check includes them. */
    framing_known(f, name, name_len, value, *value_len);
    while (*value_len > 0 && (value[*value_len - 1] == ' ' || value[*value_len - 1] == '\t'))
        (*value_len)--;
}

bool framing_end(const struct framing *f, size_t head_bytes, bool http_1_0)
{
    if (f->bad || f->bytes + 2 != head_bytes || f->lengths > 1 || f->encodings > 1)
        return false;
    if (f->encodings > 0 && (f->lengths > 0 || http_1_0))
        return false;
    return f->hosts == 1 || (http_1_0 && f->hosts == 0);
}

static bool is_controls_escape(const char *s, size_t left)
{
    if (left < 3 || s[0] != '%')
        return false;
    if (s[1] == '7')
        return s[2] == 'F' || s[2] == 'f';
    return s[1] == '0' || s[1] == '1';
}

bool framing_target(const char *target, size_t len, const char **path, size_t *path_len,
                    const char **query, size_t *query_len)
{
    for (size_t i = 0; i < len; i++)
        if (target[i] <= 0x20 || target[i] >= 0x7F || target[i] == '#')
            return false;
    if (len > 7 && strncasecmp(target, "http://", 7) == 0) {
        const char *slash = memchr(target + 7, '/', len - 7);
        if (!slash || slash == target + 7)
            return false;
        len -= (size_t)(slash - target);
        target = slash;
    }
    if (len == 0 || target[0] != '/')
        return false;
    const char *mark = memchr(target, '?', len);
    *path = target;
    *path_len = mark ? (size_t)(mark - target) : len;
    *query = mark ? mark + 1 : NULL;
    *query_len = mark ? len - *path_len - 1 : 0;
    for (size_t i = 0; i < *path_len; i++)
        if (is_controls_escape(target + i, *path_len - i))
            return false;
    return true;
}
