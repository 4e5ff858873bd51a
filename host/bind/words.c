/*
 * words: host.words. Contract: host/api/words.lua. A map of words is one userdata: slots by hash,
 * and the bytes of all words behind them. The loop thread.
 */
#include "base/near.h"
#include "bind/values.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#define MAP "host.words.Map"

/* What a byte can be in a word: of letters and digits; the first of one of letters; a later one of
 * it, which may be an apostrophe; of a run of small ASCII letters. */
enum { DIGITS = 1, LETTERS = 2, INSIDE = 4, SMALL = 8 };
enum { ROOM = 512, WORD_MAX = 255, MAP_MAX = 1 << 20, BITS = 64 };

static unsigned char kinds[256], small[256]; /* small: in small letters */

static void know_bytes(void)
{
    for (int c = 0; c < 256; c++) {
        bool capital = c >= 'A' && c <= 'Z', low = c >= 'a' && c <= 'z';
        bool letter = capital || low || c >= 128, digit = c >= '0' && c <= '9';
        small[c] = (unsigned char)(capital ? c + 'a' - 'A' : c);
        kinds[c] = (unsigned char)((letter || digit ? DIGITS : 0) | (letter ? LETTERS : 0) |
                                   (letter || c == '\'' ? INSIDE : 0) | (low ? SMALL : 0));
    }
}

struct runs {
    unsigned first, next;
};

/* The argument that names the kind of word. */
static struct runs check_runs(lua_State *L, int arg)
{
    static const char *const names[] = { "words", "letters", "small", NULL };
    static const struct runs all[] = { { DIGITS, DIGITS }, { LETTERS, INSIDE }, { SMALL, SMALL } };
    return all[lua_isnoneornil(L, arg) ? 0 : luaL_checkoption(L, arg, NULL, names)];
}

static inline bool is(char c, unsigned kind)
{
    return kinds[(unsigned char)c] & kind;
}

/* ---- list ---- */

static int list(lua_State *L)
{
    char room[ROOM];
    size_t len = 0, at = 0, end = 0;
    lua_Integer count = 0;
    const char *text = luaL_checklstring(L, 1, &len);
    const struct runs runs = check_runs(L, 2);
    char *copy = len <= sizeof room ? room : lua_newuserdatauv(L, len, 0);
    bool inside = false;
    for (size_t i = 0; i < len; i++) {
        bool begins = !inside && is(text[i], runs.first);
        count += begins;
        inside = begins || (inside && is(text[i], runs.next));
        copy[i] = (char)small[(unsigned char)text[i]];
    }
    lua_createtable(L, count < INT_MAX ? (int)count : 0, 0);
    for (lua_Integer n = 1; n <= count; n++) {
        for (at = end; !is(text[at], runs.first);)
            at++;
        for (end = at + 1; end < len && is(text[end], runs.next);)
            end++;
        lua_pushlstring(L, copy + at, end - at);
        lua_rawseti(L, -2, n);
    }
    return 1;
}

/* ---- lists that are written as one text ---- */

static inline bool blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static int set(lua_State *L)
{
    size_t len = 0, end = 0;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_newtable(L);
    for (size_t at = 0; at < len; at = end) {
        while (at < len && blank(text[at]))
            at++;
        for (end = at; end < len && !blank(text[end]);)
            end++;
        if (end == at)
            break;
        lua_pushlstring(L, text + at, end - at);
        lua_pushboolean(L, 1);
        lua_rawset(L, -3);
    }
    return 1;
}

static int pieces(lua_State *L)
{
    size_t len = 0;
    const char *text = luaL_checklstring(L, 1, &len), *signs = luaL_checkstring(L, 2);
    lua_Integer n = 0;
    lua_newtable(L);
    for (size_t at = 0, next = 0; at <= len; at = next + 1) {
        for (next = at; next < len && !(text[next] && strchr(signs, text[next]));)
            next++;
        size_t end = next;
        while (at < end && blank(text[at]))
            at++;
        while (end > at && blank(text[end - 1]))
            end--;
        if (end == at)
            continue;
        lua_pushlstring(L, text + at, end - at);
        lua_rawseti(L, -2, ++n);
    }
    return 1;
}

/* ---- maps ---- */

struct slot {
    lua_Integer bits;
    uint32_t hash, at; /* at: in the bytes of the words */
    uint8_t len;       /* 0: free */
};

struct map {
    struct runs runs;
    uint32_t mask; /* slots, less one */
    struct slot slots[];
};

enum { HASH_START = 0x811C9DC5, HASH_STEP = 0x01000193 };

static inline uint32_t hash_of(const char *word, size_t len)
{
    uint32_t hash = HASH_START;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)word[i]) * HASH_STEP;
    return hash;
}

static inline const char *bytes_of(const struct map *m)
{
    return (const char *)(m->slots + m->mask + 1);
}

static bool same(const char *word, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)word[i] != small[(unsigned char)text[i]])
            return false;
    return true;
}

/* The slot of a word, or the free one where it would stand. */
static inline const struct slot *slot_of(const struct map *m, uint32_t hash, const char *text,
                                         size_t len)
{
    for (uint32_t i = hash ^ hash >> 15;; i++) {
        const struct slot *s = &m->slots[i & m->mask];
        if (!s->len || (s->hash == hash && s->len == len && same(bytes_of(m) + s->at, text, len)))
            return s;
    }
}

/* Words that cannot stand in a text, or are longer than WORD_MAX, are never found. */
static int map(lua_State *L)
{
    size_t count = 0, bytes = 0, slots = 8;
    luaL_checktype(L, 1, LUA_TTABLE);
    const struct runs runs = check_runs(L, 2);
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
        luaL_argcheck(L, lua_type(L, -2) == LUA_TSTRING && lua_isinteger(L, -1), 1,
                      "words with integers expected");
        bytes += lua_rawlen(L, -2);
        count++;
    }
    luaL_argcheck(L, count < MAP_MAX && bytes < MAP_MAX, 1, "too many words");
    while (slots < 2 * count)
        slots *= 2;
    size_t size = sizeof(struct map) + slots * sizeof(struct slot) + bytes;
    struct map *m = lua_newuserdatauv(L, size, 0);
    memset(m, 0, size);
    luaL_setmetatable(L, MAP);
    m->runs = runs;
    m->mask = (uint32_t)(slots - 1);
    char *room = (char *)(m->slots + slots);
    uint32_t at = 0;
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
        size_t len = 0;
        const char *word = lua_tolstring(L, -2, &len);
        uint32_t hash = hash_of(word, len);
        if (len == 0 || len > WORD_MAX)
            continue;
        struct slot *s = (struct slot *)slot_of(m, hash, word, len);
        *s = (struct slot){ lua_tointeger(L, -1), hash, at, (uint8_t)len };
        memcpy(room + at, word, len);
        at += (uint32_t)len;
    }
    return 1;
}

static void push_small(lua_State *L, const char *word, size_t len)
{
    luaL_Buffer b;
    char *room = luaL_buffinitsize(L, &b, len);
    for (size_t i = 0; i < len; i++)
        room[i] = (char)small[(unsigned char)word[i]];
    luaL_pushresultsize(&b, len);
}

struct walk {
    const struct map *map;
    const char *text;
    size_t len, at, end; /* the text's length; the word's place */
};

static struct walk check_walk(lua_State *L)
{
    struct walk w = { luaL_checkudata(L, 2, MAP), NULL, 0, 0, 0 };
    w.text = luaL_checklstring(L, 1, &w.len);
    return w;
}

/* The slot of the next word, a free one when the map has it not; NULL: the text has no more. */
static inline const struct slot *next_word(struct walk *w)
{
    const unsigned first = w->map->runs.first, next = w->map->runs.next;
    uint32_t hash = HASH_START;
    size_t i = w->end;
    while (i < w->len && !is(w->text[i], first))
        i++;
    if (i == w->len)
        return NULL;
    w->at = i;
    do
        hash = (hash ^ small[(unsigned char)w->text[i]]) * HASH_STEP;
    while (++i < w->len && is(w->text[i], next));
    w->end = i;
    return slot_of(w->map, hash, w->text + w->at, i - w->at);
}

static int look(lua_State *L)
{
    struct walk w = check_walk(L);
    lua_Integer bits = 0;
    for (const struct slot *s; (s = next_word(&w));)
        bits |= s->bits;
    lua_pushinteger(L, bits);
    return 1;
}

static int only(lua_State *L)
{
    struct walk w = check_walk(L);
    const struct slot *s;
    while ((s = next_word(&w)) && s->len)
        ;
    lua_pushboolean(L, !s);
    if (!s)
        return 1;
    push_small(L, w.text + w.at, w.end - w.at);
    return 2;
}

static int found(lua_State *L)
{
    struct walk w = check_walk(L);
    lua_Integer count = 0, n = 0;
    lua_newtable(L);
    for (const struct slot *s; (s = next_word(&w)); count++) {
        if (!s->len)
            continue;
        lua_pushlstring(L, bytes_of(w.map) + s->at, s->len);
        lua_rawseti(L, -2, ++n);
    }
    lua_pushinteger(L, count);
    return 2;
}

/* Adds the word's bits, the first time that it stands there, to what each bit counts. */
static int count(lua_State *L)
{
    struct walk w = check_walk(L);
    lua_Integer all = 0, counts[BITS] = { 0 };
    uint64_t room[ROOM / sizeof(uint64_t)], *seen = room;
    size_t size = (w.map->mask / BITS + 1) * sizeof *seen;
    if (size > sizeof room)
        seen = lua_newuserdatauv(L, size, 0);
    memset(seen, 0, size);
    for (const struct slot *s; (s = next_word(&w)); all++) {
        size_t i = (size_t)(s - w.map->slots);
        if (!s->len || seen[i / BITS] >> i % BITS & 1)
            continue;
        seen[i / BITS] |= UINT64_C(1) << i % BITS;
        for (uint64_t bits = (uint64_t)s->bits; bits; bits &= bits - 1)
            counts[__builtin_ctzll(bits)]++;
    }
    lua_newtable(L);
    for (int i = 0; i < BITS; i++) {
        if (counts[i]) {
            lua_pushinteger(L, counts[i]);
            lua_rawseti(L, -2, i + 1);
        }
    }
    lua_pushinteger(L, all);
    return 2;
}

/* A turn asks this of five texts; ten searches with a pattern took 5,000 instructions each time. */
static int digits(lua_State *L)
{
    size_t len = 0;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_Integer most = luaL_checkinteger(L, 2), n = 0;
    for (size_t i = 0; i < len && n < most; i++)
        n += text[i] >= '0' && text[i] <= '9';
    lua_pushinteger(L, n);
    return 1;
}

static int distance(lua_State *L)
{
    size_t n = 0, m = 0;
    const char *a = luaL_checklstring(L, 1, &n), *b = luaL_checklstring(L, 2, &m);
    unsigned d = near_distance(a, n, b, m);
    lua_pushinteger(L, d == NEAR_FAR ? (lua_Integer)(n > m ? n : m) : (lua_Integer)d);
    return 1;
}

int luaopen_host_words(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "list", list },     { "map", map },       { "look", look },         { "only", only },
        { "found", found },   { "count", count },   { "distance", distance }, { "set", set },
        { "pieces", pieces }, { "digits", digits }, { NULL, NULL },
    };
    know_bytes();
    luaL_newmetatable(L, MAP);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    luaL_newlib(L, functions);
    return 1;
}
