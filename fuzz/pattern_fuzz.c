/*
 * pattern: one call of find, match, gmatch or gsub: the same comes of Lua's own and of ours. A head
 * of six bytes: which, what kind of replacement, where to begin, how often, and how long text and
 * replacement are; the pattern is the rest.
 */
#include "fuzz.h"

#include "../host/base/pattern.h"
#include "spec/host/base/pattern_pair.h"

enum { HEAD = 6, STEPS = 200000, MOST = 4096 };

/* Walks through the text as gmatch does, in blocks that end where they say. false: Lua's own would
 * take too long. */
static bool bounded(const struct pair_call *c)
{
    struct pattern m;
    char *text = fuzz_exact((const uint8_t *)c->text.at, c->text.len);
    char *pattern = fuzz_exact((const uint8_t *)c->pattern.at, c->pattern.len);
    const char *at = text, *taken = NULL;
    pattern_open(&m, text, c->text.len, pattern, c->pattern.len, c->what != GMATCH);
    m.steps = STEPS;
    while (pattern_search(&m, at, taken)) {
        if (m.from < at || m.to < m.from || m.to > text + c->text.len)
            fuzz_fail("a match outside of the text");
        at = taken = m.to;
    }
    bool fine = m.steps >= 0;
    free(text);
    free(pattern);
    return fine;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pair_states states;
    static unsigned used;
    if (!states.ours)
        states = pair_open();
    if (size < HEAD || size > MOST)
        return 0;
    const char *rest = (const char *)data + HEAD;
    size_t left = size - HEAD, text = data[4] < left ? data[4] : left;
    size_t replacement = data[5] % 16 < left - text ? data[5] % 16 : left - text;
    const struct pair_call c = { .what = data[0] & 3,
                                 .plain = data[0] & 4,
                                 .kind = data[1] % 10,
                                 .start = (signed char)data[2],
                                 .limit = data[3] % 8,
                                 .text = { rest, text },
                                 .replacement = { rest + text, replacement },
                                 .pattern = { rest + text + replacement,
                                              left - text - replacement } };
    if (bounded(&c) && !pair_same(&states, &c))
        fuzz_fail("Lua's own and ours differ");
    if (++used % 200 == 0) {
        lua_gc(states.ours, LUA_GCCOLLECT);
        lua_gc(states.theirs, LUA_GCCOLLECT);
    }
    return 0;
}
