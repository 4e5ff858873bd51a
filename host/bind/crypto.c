/*
 * crypto: host.crypto, on OpenSSL 3 and the operating system's random generator.
 *
 * Algorithms are fetched once per process, and the contexts of the last few keys are kept, because
 * fetching and keying cost more than hashing a webhook. Both belong to the process, not to a Lua
 * state. A key is overwritten when its slot is used again. No error text holds a secret. The loop
 * thread only.
 */
#include "base/loop.h"
#include "bind/values.h"
#include <errno.h>
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <string.h>
#include <sys/random.h>

enum { DIGEST = 32, KEY_SLOTS = 4, KEY_MAX = 128, RANDOM_MAX = 1024, DATA_MAX = INT_MAX / 2 };

struct key_slot {
    EVP_MAC_CTX *context; /* NULL: unused */
    size_t len;
    unsigned long used; /* the last use, counted in calls */
    unsigned char key[KEY_MAX];
};

static struct {
    EVP_MAC *hmac;
    EVP_MD *sha256;
    EVP_MD_CTX *digest;
    unsigned long calls;
    bool keeps_key; /* initialising again without a key works since 3.0.3 */
    struct key_slot slots[KEY_SLOTS];
} process;

static int fail(lua_State *L, const char *what)
{
    ERR_clear_error();
    return luaL_error(L, "OpenSSL cannot do %s", what);
}

/* The bytes at an argument. A number is refused. */
static const char *check_bytes(lua_State *L, int arg, size_t *len)
{
    luaL_checktype(L, arg, LUA_TSTRING);
    return lua_tolstring(L, arg, len);
}

static EVP_MAC_CTX *keyed_context(const char *key, size_t len, EVP_MAC_CTX *context)
{
    OSSL_PARAM digest[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){ "SHA256" }, 0),
        OSSL_PARAM_construct_end(),
    };

    if (!context && !(context = EVP_MAC_CTX_new(process.hmac)))
        return NULL;
    if (EVP_MAC_init(context, (const unsigned char *)key, len, digest))
        return context;
    EVP_MAC_CTX_free(context);
    return NULL;
}

static void slot_empty(struct key_slot *slot)
{
    EVP_MAC_CTX_free(slot->context); /* overwrites its own copy */
    OPENSSL_cleanse(slot, sizeof *slot);
    slot->context = NULL;
}

/* The slot of this key, ready for data. NULL: failure. Every slot is compared, so the time does not
 * depend on which one holds the key. */
static struct key_slot *slot_of(const char *key, size_t len)
{
    struct key_slot *found = NULL, *oldest = process.slots;

    for (struct key_slot *s = process.slots; s < process.slots + KEY_SLOTS; s++) {
        if (s->context && s->len == len && CRYPTO_memcmp(s->key, key, len) == 0)
            found = s;
        if (!s->context || (oldest->context && s->used < oldest->used))
            oldest = s;
    }
    if (found) {
        found->used = ++process.calls;
        if (process.keeps_key ? EVP_MAC_init(found->context, NULL, 0, NULL) != 0
                              : (found->context = keyed_context(key, len, found->context)) != NULL)
            return found;
        slot_empty(found);
        return NULL;
    }
    slot_empty(oldest);
    if (!(oldest->context = keyed_context(key, len, NULL)))
        return NULL;
    memcpy(oldest->key, key, len);
    oldest->len = len;
    oldest->used = ++process.calls;
    return oldest;
}

/* The HMAC of argument 2 with the key of argument 1. */
static void hmac_of(lua_State *L, unsigned char out[DIGEST])
{
    size_t key_len, len, out_len = 0;
    const char *key = check_bytes(L, 1, &key_len), *data = check_bytes(L, 2, &len);
    struct key_slot *slot = NULL;
    EVP_MAC_CTX *context;
    bool ok;

    luaL_argcheck(L, key_len > 0, 1, "the key is empty; the secret is missing");
    if (key_len <= KEY_MAX)
        slot = slot_of(key, key_len);
    context = slot ? slot->context : key_len > KEY_MAX ? keyed_context(key, key_len, NULL) : NULL;
    ok = context && EVP_MAC_update(context, (const unsigned char *)data, len) &&
         EVP_MAC_final(context, out, &out_len, DIGEST) && out_len == DIGEST;
    if (!slot)
        EVP_MAC_CTX_free(context);
    if (!ok)
        fail(L, "HMAC-SHA256");
}

static int lua_hmac_sha256(lua_State *L)
{
    unsigned char out[DIGEST];

    hmac_of(L, out);
    lua_pushlstring(L, (const char *)out, sizeof out);
    return 1;
}

static const char hex_digits[] = "0123456789abcdef";

/* One call for each webhook: the digest as text, its hex digits and the other's in small letters
 * took a sixth of accepting it. */
static int lua_signed(lua_State *L)
{
    unsigned char out[DIGEST] = { 0 };
    char own[2 * DIGEST], given[2 * DIGEST];
    size_t len;
    const char *hex = check_bytes(L, 3, &len);

    hmac_of(L, out);
    for (size_t i = 0; i < sizeof own && len == sizeof given; i++) {
        own[i] = hex_digits[i % 2 ? out[i / 2] & 15 : out[i / 2] >> 4];
        given[i] = (char)(hex[i] >= 'A' && hex[i] <= 'F' ? hex[i] + 'a' - 'A' : hex[i]);
    }
    lua_pushboolean(L, len == sizeof given && CRYPTO_memcmp(own, given, sizeof own) == 0);
    return 1;
}

static int lua_sha256(lua_State *L)
{
    size_t len;
    const char *data = check_bytes(L, 1, &len);
    unsigned char out[DIGEST];

    if (!EVP_DigestInit_ex2(process.digest, process.sha256, NULL) ||
        !EVP_DigestUpdate(process.digest, data, len) ||
        !EVP_DigestFinal_ex(process.digest, out, NULL))
        return fail(L, "SHA-256");
    lua_pushlstring(L, (const char *)out, sizeof out);
    return 1;
}

static int lua_hex(lua_State *L)
{
    size_t len;
    const unsigned char *data = (const unsigned char *)check_bytes(L, 1, &len);
    luaL_Buffer b;
    char *out;

    luaL_argcheck(L, len <= DATA_MAX, 1, "too long");
    out = luaL_buffinitsize(L, &b, len * 2);
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = hex_digits[data[i] >> 4];
        out[2 * i + 1] = hex_digits[data[i] & 15];
    }
    luaL_pushresultsize(&b, len * 2);
    return 1;
}

static int lua_unhex(lua_State *L)
{
    size_t len, n = 0;
    const char *text = check_bytes(L, 1, &len);
    luaL_Buffer b;

    if (len % 2 != 0 || strlen(text) != len)
        return 0;
    unsigned char *out = (unsigned char *)luaL_buffinitsize(L, &b, len / 2 + 1);
    if (len && !OPENSSL_hexstr2buf_ex(out, len / 2 + 1, &n, text, '\0')) {
        ERR_clear_error();
        return 0;
    }
    luaL_pushresultsize(&b, n);
    return 1;
}

static int lua_base64(lua_State *L)
{
    size_t len;
    const char *data = check_bytes(L, 1, &len);
    luaL_Buffer b;
    char *out;

    luaL_argcheck(L, len <= DATA_MAX, 1, "too long");
    out = luaL_buffinitsize(L, &b, (len + 2) / 3 * 4 + 1);
    luaL_pushresultsize(
        &b, (size_t)EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)data, (int)len));
    return 1;
}

/* OpenSSL also accepts blanks, misplaced padding and unused bits that are not zero. So the result
 * must encode to the same text. */
static int lua_unbase64(lua_State *L)
{
    size_t len;
    const char *text = check_bytes(L, 1, &len);
    luaL_Buffer b;

    if (len % 4 != 0 || len > DATA_MAX)
        return 0;
    size_t padding = len && text[len - 1] == '=' ? 1 + (text[len - 2] == '=') : 0;
    unsigned char *again = lua_newuserdatauv(L, len + 1, 0);
    unsigned char *out = (unsigned char *)luaL_buffinitsize(L, &b, len / 4 * 3 + 1);
    int n = EVP_DecodeBlock(out, (const unsigned char *)text, (int)len) - (int)padding;
    if (n < 0)
        return 0;
    EVP_EncodeBlock(again, out, n);
    if (memcmp(again, text, len) != 0)
        return 0;
    luaL_pushresultsize(&b, (size_t)n);
    return 1;
}

static int lua_equal(lua_State *L)
{
    size_t left_len, right_len;
    const char *left = check_bytes(L, 1, &left_len), *right = check_bytes(L, 2, &right_len);

    lua_pushboolean(L, left_len == right_len && CRYPTO_memcmp(left, right, left_len) == 0);
    return 1;
}

static void fill_random(lua_State *L, unsigned char *out, size_t count)
{
    while (count > 0) {
        ssize_t n = getrandom(out, count, 0);

        if (n < 0 && errno != EINTR)
            luaL_error(L, "the operating system gives no random bytes: %s", strerror(errno));
        if (n > 0) {
            out += n;
            count -= (size_t)n;
        }
    }
}

static int lua_random(lua_State *L)
{
    lua_Integer count = luaL_checkinteger(L, 1);
    unsigned char out[RANDOM_MAX];

    luaL_argcheck(L, count >= 1 && count <= RANDOM_MAX, 1, "1 to 1024 expected");
    fill_random(L, out, (size_t)count);
    lua_pushlstring(L, (const char *)out, (size_t)count);
    return 1;
}

/* Version 7 (RFC 9562). The milliseconds come first, so rows stored together are neighbours in an
 * index. */
static int lua_uuid(lua_State *L)
{
    unsigned char raw[16];
    char out[36];
    size_t at = 0;
    int64_t now = loop_wall_ms();

    fill_random(L, raw, sizeof raw);
    for (int i = 0; i < 6; i++)
        raw[i] = (unsigned char)(now >> (40 - 8 * i));
    raw[6] = (unsigned char)((raw[6] & 0x0F) | 0x70);
    raw[8] = (unsigned char)((raw[8] & 0x3F) | 0x80);
    for (size_t i = 0; i < sizeof raw; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        out[at++] = hex_digits[raw[i] >> 4];
        out[at++] = hex_digits[raw[i] & 15];
    }
    lua_pushlstring(L, out, sizeof out);
    return 1;
}

static bool fetch_algorithms(void)
{
    if (!process.hmac)
        process.hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (!process.sha256)
        process.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (!process.digest)
        process.digest = EVP_MD_CTX_new();
    process.keeps_key = OpenSSL_version_num() >= 0x30000030UL;
    return process.hmac && process.sha256 && process.digest;
}

int luaopen_host_crypto(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "hmac_sha256", lua_hmac_sha256 },
        { "signed", lua_signed },
        { "sha256", lua_sha256 },
        { "hex", lua_hex },
        { "unhex", lua_unhex },
        { "base64", lua_base64 },
        { "unbase64", lua_unbase64 },
        { "equal", lua_equal },
        { "random", lua_random },
        { "uuid", lua_uuid },
        { NULL, NULL },
    };

    if (!fetch_algorithms())
        return fail(L, "HMAC and SHA-256");
    luaL_newlib(L, functions);
    return 1;
}
