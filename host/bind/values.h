/*
 * values: the modules of plain values (json, yaml, crypto, time, url, words), and their functions
 * for other bindings.
 *
 * They use nothing of the host above base/. Every function may throw a Lua error, also for memory,
 * and leaks nothing then: what is not a Lua value is in a userdata with a finalizer, or belongs to
 * the process (crypto's contexts). The loop thread.
 */
#ifndef HOST_BIND_VALUES_H
#define HOST_BIND_VALUES_H

#include "base/buf.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    JSON_DEPTH = 64,
    JSON_TEXT_MAX = 8 << 20,    /* bytes to decode */
    JSON_OUTPUT_MAX = 16 << 20, /* bytes encoded */
    JSON_NODES_MAX = 1000000    /* values encoded; a shared table counts each time */
};

int luaopen_host_json(lua_State *L);
int luaopen_host_yaml(lua_State *L);
int luaopen_host_crypto(lua_State *L);
int luaopen_host_time(lua_State *L);
int luaopen_host_url(lua_State *L);
int luaopen_host_words(lua_State *L);

/* Decodes the string at index. true: pushes the value. false: pushes the cause with its position,
 * but none of the text. */
bool json_decode(lua_State *L, int index, bool null_as_nil);
/* Pushes the value at index as JSON text. Calls no metamethod. Throws, with the place, for what
 * JSON cannot hold. */
void json_encode(lua_State *L, int index);
/* Encodes the text at index once, for all values that hold it afterwards. */
void json_keep(lua_State *L, int index);
/* The same as bytes that end with the next encoding in this state: a request's body is 8 KB, which
 * need not become a string of Lua that is garbage at once. */
const char *json_encode_bytes(lua_State *L, int index, size_t *len);
/* Sets up what json_decode, json_mark_array and null's name need. luaopen of json and of yaml calls
 * it; calling it again is fine. */
void json_setup(lua_State *L);
void json_push_null(lua_State *L);
/* Marks the table at index as an array, and replaces its metatable. */
void json_mark_array(lua_State *L, int index);
bool json_marked_array(lua_State *L, int index);
/* true: the table has the keys 1..n and no other. n = 0: it is empty. */
bool json_list_keys(lua_State *L, int index, lua_Integer *n);

/* Pushes text with %XX and + decoded. false: it holds a NUL, and nothing is pushed. */
bool url_push_decoded(lua_State *L, const char *text, size_t n);

/* Sets a field of the table on top. text NULL: nothing. */
static inline void set_integer_field(lua_State *L, const char *name, lua_Integer value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, name);
}

static inline void set_flag_field(lua_State *L, const char *name, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, name);
}

static inline void set_bytes_field(lua_State *L, const char *name, const char *bytes, size_t len)
{
    lua_pushlstring(L, bytes, len);
    lua_setfield(L, -2, name);
}

static inline void set_text_field(lua_State *L, const char *name, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
}

#define UTF8_REPLACEMENT "\xEF\xBF\xBD"

#endif
