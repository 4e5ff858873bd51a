/* Raw bytes to the listener of a whole instance: framing, query, headers, routes. It answers or
 * closes, and no script fails. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned status = fuzz_send(data, size);
    if (status == 500) /* 501 and 505 are the library's own words */
        fuzz_fail("answered %u", status);
    return 0;
}
