/*
 * http_token: is this a token as RFC 9110 says it (5.6.2): what a method and a header's name are
 * made of? Pure; any thread.
 */
#ifndef HOST_BASE_HTTP_TOKEN_H
#define HOST_BASE_HTTP_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

bool http_token(const char *s, size_t len);

#endif
