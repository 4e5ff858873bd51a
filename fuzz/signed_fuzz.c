/*
 * Any body, rightly signed, to each route that takes signed bodies, through a whole instance; then
 * the inbox is read. What is authentic is never refused for what it holds in a way that would make
 * the sender try for days, and no reader fails.
 */
#include "fuzz.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void sign(const char *secret, const char *text, size_t len, char out[65])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)text, len, digest, &n);
    for (unsigned i = 0; i < 32; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

/* The staff platform signs its version and the time along with the body. */
static void stamped(const char *body, size_t len, char *headers, size_t size)
{
    char hex[65], *whole = malloc(len + 64);
    if (!whole)
        exit(1);
    int n = snprintf(whole, 64, "v0:%ld:", (long)time(NULL));
    memcpy(whole + n, body, len);
    sign("fuzz-signing", whole, len + (size_t)n, hex);
    snprintf(headers, size, "X-Slack-Request-Timestamp: %ld\r\nX-Slack-Signature: v0=%s\r\n",
             (long)time(NULL), hex);
    free(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const routes[] = { "/whatsapp/webhook", "/slack/interactive",
                                          "/slack/events", "/slack/commands", "/calcom/webhook" };
    char headers[300], hex[65];
    if (size < 1)
        return 0;
    unsigned route = (data[0] - '0') % 5u;
    const char *body = (const char *)data + 1;
    size_t len = size - 1;
    if (route == 0) {
        sign("fuzz-secret", body, len, hex);
        snprintf(headers, sizeof headers, "X-Hub-Signature-256: sha256=%s\r\n", hex);
    } else if (route == 4) {
        sign("fuzz-booking", body, len, hex);
        snprintf(headers, sizeof headers, "X-Cal-Signature-256: %s\r\n", hex);
    } else {
        stamped(body, len, headers, sizeof headers);
    }
    char *request = malloc(len + 1000);
    if (!request)
        exit(1);
    int n = snprintf(request, 1000,
                     "POST %s HTTP/1.1\r\nHost: fuzz\r\n%sContent-Length: %zu\r\n"
                     "Connection: close\r\n\r\n",
                     routes[route], headers, len);
    memcpy(request + n, body, len);
    unsigned status = fuzz_send(request, (size_t)n + len);
    free(request);
    if (status != 200 && !(status == 400 && route != 0) && !(status == 404 && route == 4))
        fuzz_fail("%s answered %u", routes[route], status);
    fuzz_read_inbox();
    return 0;
}
