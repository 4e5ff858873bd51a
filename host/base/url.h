/*
 * url: what an http or https URL names, as libcurl reads it.
 *
 * Owns nothing. Any thread. Stricter than libcurl, which takes "https:/host", "https:///host", "host:" and "127.1" as well: scheme,
 * host and port must stand in the text as libcurl understood them, so that nobody reads another host than was checked.
 */
#ifndef HOST_BASE_URL_H
#define HOST_BASE_URL_H

#include <stdbool.h>

struct url {
    bool secure;    /* https */
    char host[256]; /* in lower case; an IPv6 address in brackets */
    unsigned port;
};

/* NULL, or what is wrong with it, in a few words that repeat nothing of the text. */
const char *url_read(const char *text, struct url *out);

#endif
