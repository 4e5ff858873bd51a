/* settings: any value of any type, and LISTEN's address. A problem never repeats the value. */
#include "fuzz.h"

#include "../host/settings/settings.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct setting_declared d = { .name = (char *)"FUZZED",
                                  .type = (enum setting_type)(data[0] % (SETTING_LIST + 1)),
                                  .required = data[0] & 0x40,
                                  .secret = true,
                                  .min = 1,
                                  .max = 1000,
                                  .has_min = true,
                                  .has_max = true,
                                  .choices = (char *)"on|off",
                                  .help = (char *)"what it is" };
    char *value = fuzz_text(data + 1, size - 1), host[64];
    uint16_t port = 0;
    if (settings_address(value, host, sizeof host, &port) && (port == 0 || strlen(host) >= 64))
        fuzz_fail("an address that is none: %s", value);
    setenv("FUZZED", value, 1);
    struct settings *s = settings_new();
    if (!settings_declare(s, &d))
        exit(1);
    settings_unknown(s);
    if (strlen(value) > 24 && s->problems.data && strstr(s->problems.data, value))
        fuzz_fail("a problem repeats the value");
    settings_free(s);
    free(value);
    return 0;
}
