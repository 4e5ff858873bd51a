/*
 * reload_announce: what people hear when saved files are in use. See reload.h.
 *
 * A warning is told once: when the version that served before did not have it.
 */
#include "service/reload.h"

#include "bind/bind.h"
#include "base/log.h"

#include <string.h>

/* Is this line among them? */
static bool has_line(const struct buf *lines, const char *line, size_t len)
{
    for (const char *p = lines->data; p && *p; p += strcspn(p, "\n"), p += *p == '\n')
        if (strcspn(p, "\n") == len && memcmp(p, line, len) == 0)
            return true;
    return false;
}

void reload_announce(struct host *h, const struct generation *was, const struct generation *is)
{
    struct buf fresh = { .data = NULL };
    int64_t count = 0;
    for (const char *p = is->warnings.data; p && *p; p += strcspn(p, "\n"), p += *p == '\n') {
        size_t len = strcspn(p, "\n");
        if (has_line(&was->warnings, p, len))
            continue;
        log_event(LOG_WARN, "reload.warning", log_n("warning", p, len));
        buf_printf(&fresh, "%s%.*s", fresh.len ? "\n" : "", (int)len, p);
        count++;
    }
    log_mask(fresh.data);
    if (count || strcmp(was->hash, is->hash) != 0)
        bind_notice(&h->scripts, "reloaded", fresh.data ? fresh.data : "", NULL, count);
    buf_free(&fresh);
}
