/*
 * url: what an http or https URL names, as libcurl reads it.
 *
 * Owns nothing. Any thread. Stricter than libcurl, which accepts "https:/host", "https:///host",
 * "host:" and "127.1" too: scheme, host and port must be in the text as libcurl reads them, so that
 * the checked host is the host that is used.
 */
#ifndef HOST_BASE_URL_H
#define HOST_BASE_URL_H

#include <stdbool.h>

struct url {
    bool secure;    /* https */
    char host[256]; /* in lower case; an IPv6 address in brackets */
    unsigned port;
};

/* NULL, or the fault in a few words. They repeat nothing of the text. */
const char *url_read(const char *text, struct url *out);

#endif
