#include "client/form.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static size_t on_read(char *out, size_t one, size_t count, void *arg)
{
    struct pool_part *p = arg;
    size_t want = one * count;
    if (want > p->bytes - p->at)
        want = (size_t)(p->bytes - p->at);
    if (want == 0)
        return 0;
    ssize_t n;
    do
        n = pread(p->fd, out, want, (off_t)p->at);
    while (n < 0 && errno == EINTR);
    if (n <= 0) /* the disk fails, or the file is shorter than it was */
        return CURL_READFUNC_ABORT;
    p->at += (uint64_t)n;
    return (size_t)n;
}

static int on_seek(void *arg, curl_off_t offset, int origin)
{
    struct pool_part *p = arg;
    if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > p->bytes)
        return CURL_SEEKFUNC_FAIL;
    p->at = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

static bool add(curl_mime *form, struct pool_part *p)
{
    curl_mimepart *part = curl_mime_addpart(form);
    CURLcode bad = part ? curl_mime_name(part, p->name) : CURLE_OUT_OF_MEMORY;
    p->at = 0;
    if (bad == CURLE_OK && p->value)
        return curl_mime_data(part, p->value, p->value_len) == CURLE_OK;
    if (bad == CURLE_OK)
        bad = curl_mime_data_cb(part, (curl_off_t)p->bytes, on_read, on_seek, NULL, p);
    if (bad == CURLE_OK && p->filename)
        bad = curl_mime_filename(part, p->filename);
    if (bad == CURLE_OK && p->type)
        bad = curl_mime_type(part, p->type);
    return bad == CURLE_OK;
}

curl_mime *pool_form_make(CURL *easy, struct pool_part *parts, size_t count)
{
    curl_mime *form = curl_mime_init(easy);
    for (size_t i = 0; form && i < count; i++)
        if (!add(form, &parts[i])) {
            curl_mime_free(form);
            return NULL;
        }
    return form;
}
