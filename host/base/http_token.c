#include "base/http_token.h"

bool http_token(const char *s, size_t len)
{
    static const bool token[256] = {
        ['!'] = true,         ['#'] = true,         ['$'] = true, ['%'] = true,
        ['&'] = true,         ['\''] = true,        ['*'] = true, ['+'] = true,
        ['-'] = true,         ['.'] = true,         ['^'] = true, ['_'] = true,
        ['`'] = true,         ['|'] = true,         ['~'] = true, ['0' ... '9'] = true,
        ['a' ... 'z'] = true, ['A' ... 'Z'] = true,
    };
    for (size_t i = 0; i < len; i++)
        if (!token[(unsigned char)s[i]])
            return false;
    return len > 0;
}
