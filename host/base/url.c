#include "base/url.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *read_parts(CURLU *u, const char *text, struct url *out)
{
    char *scheme = NULL, *host = NULL, *port = NULL, start[sizeof out->host + 16] = "";
    const char *wrong = "not enough memory";
    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0);
    curl_url_get(u, CURLUPART_HOST, &host, 0);
    curl_url_get(u, CURLUPART_PORT, &port, 0); /* NULL: none in the text */
    if (!scheme || !host)
        goto done;
    out->secure = strcmp(scheme, "https") == 0;
    out->port = port ? (unsigned)atoi(port) : out->secure ? 443 : 80;
    snprintf(out->host, sizeof out->host, "%s", host);
    for (char *p = out->host; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    int n = snprintf(start, sizeof start, "%s://%s%s%s", scheme, host, port ? ":" : "",
                     port ? port : "");
    wrong = !out->secure && strcmp(scheme, "http") != 0 ? "neither http:// nor https://"
            : strlen(host) >= sizeof out->host || out->port == 0 ||
                    strncasecmp(text, start, (size_t)n) != 0 || !strchr("/?#", text[n])
                ? "host or port is not valid"
                : NULL;
done:
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    return wrong;
}

const char *url_read(const char *text, struct url *out)
{
    for (const char *p = text; *p; p++)
        if (*p & 0x80)
            return "a byte outside ASCII";
    CURLU *u = curl_url();
    CURLUcode code = u ? curl_url_set(u, CURLUPART_URL, text, CURLU_DISALLOW_USER)
                       : CURLUE_OUT_OF_MEMORY;
    const char *wrong = code ? curl_url_strerror(code) : read_parts(u, text, out);
    curl_url_cleanup(u);
    return wrong;
}
