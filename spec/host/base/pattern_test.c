/* Our matcher of patterns against Lua's own, on generated pairs, and the count of its steps.
 * `--long`: twenty times as many. */
#include "base/pattern.h"

#include "spec/host/base/pattern_pair.h"
#include "spec/host/store/store_case.h"

enum { PAIRS = 100000, LONG = 20 };

static struct pair_states states;
static uint64_t seed = 20240229;
static unsigned long pairs = PAIRS;

static unsigned pick(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)((seed >> 20) % n);
}

/* ---- what is generated ---- */

struct made {
    char bytes[160];
    size_t len;
    int repeats; /* Lua's own has no end to its steps: few of these */
};

static void put(struct made *m, char c)
{
    if (m->len < sizeof m->bytes)
        m->bytes[m->len++] = c;
}

static void put_from(struct made *m, const char *from, size_t len)
{
    put(m, from[pick((unsigned)len)]);
}

static const char letters[] = "aaaabbbxyAB01.- %]";
static const char classes[] = "acdglpsuwxACDGLPSUWXaawsd.%[]-zZ";
static const char odd[] = "()[]%^$*+-?.b\0f1\xe9";

static void put_letter(struct made *m)
{
    if (pick(30) == 0)
        put_from(m, "\0\xe9\xff\n", 4);
    else
        put_from(m, letters, sizeof letters - 1);
}

static void put_class(struct made *m)
{
    put(m, '%');
    put_from(m, classes, sizeof classes - 1);
}

static void put_set(struct made *m)
{
    put(m, '[');
    if (pick(3) == 0)
        put(m, '^');
    if (pick(12) == 0)
        put(m, ']');
    for (unsigned n = pick(4); n; n--) {
        if (pick(3) == 0)
            put_class(m);
        else
            put_letter(m);
        if (pick(4) == 0) {
            put(m, '-');
            put_letter(m);
        }
    }
    if (pick(25))
        put(m, ']');
}

static void put_item(struct made *m)
{
    switch (pick(20)) {
    case 0: put(m, '('); return;
    case 1: put(m, ')'); return;
    case 2:
        put(m, '(');
        put(m, ')');
        return;
    case 3:
        put(m, '%');
        put_from(m, "0123", 4);
        return;
    case 4:
        put(m, '%');
        put(m, 'b');
        put_letter(m);
        put_letter(m);
        return;
    case 5:
        put(m, '%');
        put(m, 'f');
        put_set(m);
        return;
    case 6: put_from(m, odd, sizeof odd - 1); return;
    case 7: put_from(m, "^$", 2); return;
    case 8:
    case 9: put(m, '.'); break;
    case 10:
    case 11: put_class(m); break;
    case 12:
    case 13: put_set(m); break;
    case 14: /* a whole capture */
        put(m, '(');
        put_letter(m);
        put_from(m, "*+-?)", 5);
        put(m, ')');
        m->repeats++;
        return;
    default: put_letter(m);
    }
    if (m->repeats < 6 && pick(2)) {
        put_from(m, "*+-?", 4);
        m->repeats++;
    }
}

static struct made make_pattern(void)
{
    struct made m = { .len = 0 };
    if (pick(5) == 0)
        put(&m, '^');
    for (unsigned n = pick(7); n; n--)
        put_item(&m);
    if (pick(8) == 0)
        put(&m, '$');
    if (pick(30) == 0)
        put(&m, '%');
    return m;
}

static struct made make_text(void)
{
    struct made m = { .len = 0 };
    for (unsigned n = pick(16); n; n--)
        put_letter(&m);
    return m;
}

static struct made make_replacement(void)
{
    struct made m = { .len = 0 };
    for (unsigned n = pick(5); n; n--) {
        if (pick(2))
            put(&m, '%');
        put_from(&m, "00112%ax", pick(10) ? 6 : 8);
    }
    return m;
}

/* ---- compared ---- */

static void generated(void)
{
    unsigned long different = 0;
    printf("# seed %llu, %lu pairs\n", (unsigned long long)seed, pairs);
    for (unsigned long i = 0; i < pairs; i++) {
        const struct made text = make_text(), pattern = make_pattern(),
                          replacement = make_replacement();
        struct pair_call c = { .what = (int)pick(4),
                               .text = { text.bytes, text.len },
                               .pattern = { pattern.bytes, pattern.len },
                               .replacement = { replacement.bytes, replacement.len },
                               .start = pick(3) ? 0 : (int)pick(40) - 20,
                               .kind = (int)pick(10),
                               .limit = pick(4) ? 0 : 1 + (int)pick(6),
                               .plain = pick(8) == 0 };
        if (pick(100) == 0)
            c.start *= 30;
        different += !pair_same(&states, &c);
    }
    CHECK(different == 0);
}

/* Where nesting ends, and with it what is "too complex": the same number of each item. */
static void deep(void)
{
    static const char *const items[] = { "a?", "a*", "a-", "a+", "()", "(", "a", "(a)", ".", "%1" };
    for (size_t i = 0; i < sizeof items / sizeof *items; i++)
        for (size_t n = 30; n < 206; n += n == 34 ? 160 : 1) {
            char pattern[700] = "";
            for (size_t k = 0; k < n; k++)
                strcat(pattern, items[i]);
            for (int more = 0; more < 2; more++) {
                strcat(pattern, more ? "b?" : "");
                struct pair_call c = { .what = FIND,
                                       .text = { "aaa", 3 },
                                       .pattern = { pattern, strlen(pattern) } };
                CHECK(pair_same(&states, &c));
            }
        }
}

/* ---- steps ---- */

static int64_t steps_of(const char *pattern, const char *text, size_t len, int64_t most)
{
    struct pattern m;
    pattern_open(&m, text, len, pattern, strlen(pattern), true);
    m.steps = most;
    pattern_search(&m, text, NULL);
    return most - m.steps;
}

static char *filled(char c, size_t len)
{
    char *text = malloc(len + 1);
    if (!text)
        exit(1);
    memset(text, c, len);
    text[len] = 0;
    return text;
}

static void bounded(void)
{
    enum { LEN = 1 << 20, MOST = 20000000 };
    static const char *const patterns[] = {
        "(.-)%s*$", ".-.-.-.-b", "a*a*a*a*b",  "(a*)*b?%1c", ".*.*.*[b]",   "[%w_]+@[%w_]+%.",
        "%bab",     "a-a-$b",    "%f[b]a*%1b", "^(.-)a*$b",  "a?a?a?a?a*b",
    };
    char *text = filled('a', LEN);
    struct timespec before, after;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        int64_t steps = steps_of(patterns[i], text, LEN, MOST);
        CHECK(steps < MOST + LEN + 1000);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    CHECK(after.tv_sec - before.tv_sec < 10); /* without a count: days */
    CHECK(steps_of(".-a*b", text, LEN, MOST) > MOST);
    free(text);
}

/* A step is about one character looked at: a search that goes over the text once takes steps in
 * proportion to it. */
static void proportional(void)
{
    static const char *const patterns[] = { "b",       "%d+x",       "^a*$",  "^.-$",
                                            "^[^b]+b", "^(a*)(b?)$", "%f[b]", "x.y" };
    char *text = filled('a', 200000);
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        int64_t half = steps_of(patterns[i], text, 100000, 1 << 30);
        int64_t whole = steps_of(patterns[i], text, 200000, 1 << 30);
        CHECK(whole > half && whole < half * 2 + 100 && whole < 200000 * 12);
    }
    free(text);
}

int main(int argc, char **argv)
{
    log_open(LOG_OFF);
    if (argc > 1 && strcmp(argv[1], "--long") == 0) {
        pairs *= LONG;
        seed ^= (uint64_t)time(NULL) << 20;
    }
    states = pair_open();
    case_run("patterns give what Lua's own give: results, captures, replacements and the words of "
             "errors",
             generated);
    case_run("patterns nest as deep as Lua's own, and refuse the same depth", deep);
    case_run("a pattern that goes back and forth ends with its steps", bounded);
    case_run("a pattern that goes over the text once takes steps in proportion to the text",
             proportional);
    lua_close(states.theirs);
    lua_close(states.ours);
    return cases_end();
}
