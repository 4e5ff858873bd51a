/* Prints the functions and then the steps that come in, parted by zero bytes, as PostgreSQL takes
 * them. spec/support/both_engines.lua builds it. */
#include "base/buf.h"
#include "store/postgres/ddl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
    struct buf in = { .data = NULL };
    char part[4096];
    size_t n;
    while ((n = fread(part, 1, sizeof part, stdin)) > 0)
        if (!buf_add(&in, part, n))
            return 1;
    puts(ddl_functions);
    for (size_t at = 0; at < in.len; at += strlen(in.data + at) + 1) {
        char *text = ddl_translate(in.data + at);
        if (!text)
            return 1;
        puts(text);
        free(text);
    }
    buf_free(&in);
    return 0;
}
