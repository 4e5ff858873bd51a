/*
 * form: the parts of a multipart/form-data body, read from files while they are sent.
 *
 * libcurl chooses the boundary and the headers. Pool thread only. Part of pool; nobody else
 * includes this.
 */
#ifndef HOST_CLIENT_FORM_H
#define HOST_CLIENT_FORM_H

#include "client/transfer.h"

#include <curl/curl.h>

/* NULL: not enough memory. Freed with curl_mime_free, after the handle. It points to the parts. */
curl_mime *pool_form_make(CURL *easy, struct pool_part *parts, size_t count);

#endif
