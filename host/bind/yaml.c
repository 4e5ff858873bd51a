/*
 * yaml: host.yaml, libyaml's events → Lua values, for files that people write.
 *
 * YAML 1.2's core schema without anchors, aliases, tags, directives, merge keys, second documents
 * or doubled keys. Each of these is an error that says to the owner where it is and what to do.
 * libyaml's memory belongs to a userdata, so an error leaks nothing. Size and bytes are checked
 * before libyaml reads, and depth while it reads. Without aliases nothing can grow. The loop
 * thread.
 */
#include "bind/values.h"
#include "bind/yaml_words.h"
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { YAML_DEPTH = 32, YAML_TEXT_MAX = 1 << 20, YAML_NODES_MAX = 50000, YAML_PATH_MAX = 200 };
enum { ARG_TEXT = 1, ARG_NAME = 2, AT_MARKS = 3, AT_COMMENTS = 4 }; /* indexes on the Lua stack */

struct reader {
    yaml_parser_t parser;
    yaml_event_t event;
    bool parser_lives, event_lives;
    int depth, nodes;
    const char *text, *end; /* a Lua string, after the byte order mark */
    const char *line;       /* the first byte of line `line_number`: marks only go forward */
    size_t line_number;
    const char *name;
    size_t path_len; /* past YAML_PATH_MAX no mark is made */
    char path[YAML_PATH_MAX];
    char error[600];
};

static bool read_node(lua_State *L, struct reader *r);

static void reader_close(struct reader *r)
{
    if (r->event_lives)
        yaml_event_delete(&r->event);
    if (r->parser_lives)
        yaml_parser_delete(&r->parser);
    r->event_lives = r->parser_lives = false;
}

static int reader_gc(lua_State *L)
{
    reader_close(lua_touserdata(L, 1));
    return 0;
}

/* line and column count from 0, as in libyaml. Always false. */
__attribute__((format(printf, 4, 5))) static bool refuse(struct reader *r, size_t line,
                                                         size_t column, const char *format, ...)
{
    int at = snprintf(r->error, sizeof r->error, "%.150s:%zu:%zu: ", r->name, line + 1, column + 1);
    va_list args;

    va_start(args, format);
    vsnprintf(r->error + at, sizeof r->error - (size_t)at, format, args);
    va_end(args);
    return false;
}

#define refuse_event(r, ...) \
    refuse(r, (r)->event.start_mark.line, (r)->event.start_mark.column, __VA_ARGS__)

static bool refuse_syntax(struct reader *r)
{
    yaml_mark_t at;
    size_t opened;
    const char *words = yaml_words(&r->parser, r->text, r->end, &at, &opened);

    if (opened)
        return refuse(r, at.line, at.column,
                      "there is text after the closing quotation mark of a text that begins on "
                      "line %zu. Close that text on line %zu, or write \\\" inside \" \" and '' "
                      "inside ' ' for a quotation mark.",
                      opened, opened);
    return refuse(r, at.line, at.column, "%s", words);
}

static bool next_event(struct reader *r)
{
    if (r->event_lives)
        yaml_event_delete(&r->event);
    r->event_lives = false;
    if (!yaml_parser_parse(&r->parser, &r->event))
        return refuse_syntax(r);
    r->event_lives = true;
    return true;
}

/* Refuses bytes that no text may hold, before libyaml sees them. */
static bool check_bytes(struct reader *r)
{
    size_t line = 0, column = 0, n;
    bool valid;

    if (r->end - r->text > YAML_TEXT_MAX)
        return refuse(r, 0, 0, "the file is larger than 1 MiB. Make it smaller.");
    for (const char *p = r->text; p < r->end; p += n, column++) {
        const unsigned char *u = (const unsigned char *)p;

        n = 1;
        if (*p == '\n') {
            line++;
            column = (size_t)-1;
        } else if (*u < ' ' && *p != '\t' && *p != '\r') {
            return refuse(r, line, column, "an invisible character (code %d). Delete it.", *u);
        } else if (*u == 0x7F) {
            return refuse(r, line, column, "an invisible character (code 127). Delete it.");
        } else if (*u >= 0x80) {
            n = utf8_sequence(u, (size_t)(r->end - p), &valid);
            if (!valid)
                return refuse(r, line, column,
                              "this is not UTF-8. Save the file with the encoding UTF-8.");
            if ((u[0] == 0xC2 && u[1] < 0xA0 && u[1] != 0x85) ||
                (u[0] == 0xEF && u[1] == 0xBF && u[2] >= 0xBE) || memcmp(p, "\xEF\xBB\xBF", 3) == 0)
                return refuse(r, line, column, "an invisible character. Delete it.");
        }
    }
    return true;
}

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

/* [-+]? ( . digits | digits ( . digits? )? ) ( [eE] [-+]? digits )? whole: only digits. */
static bool is_number(const char *p, bool *whole)
{
    size_t digits = strspn(p += *p == '-' || *p == '+', "0123456789"), more = 0;

    p += digits;
    *whole = *p == '\0' && digits > 0;
    if (*p == '.') {
        more = strspn(p + 1, "0123456789");
        p += 1 + more;
    }
    if (digits + more == 0)
        return false;
    if (*p == 'e' || *p == 'E') {
        p += 1 + (p[1] == '-' || p[1] == '+');
        digits = strspn(p, "0123456789");
        p += digits;
        if (digits == 0)
            return false;
    }
    return *p == '\0';
}

/* Pushes the value of a text without quotes. */
static bool push_plain(lua_State *L, struct reader *r)
{
    static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
    static const char *const yes[] = { "true", "True", "TRUE", NULL }, *const no[] = {
        "false", "False", "FALSE", NULL
    };
    static const char *const odd[] = { ".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN", NULL };
    const char *text = (const char *)r->event.data.scalar.value;
    bool octal = strncmp(text, "0o", 2) == 0 && text[2] && !text[2 + strspn(text + 2, "01234567")];
    bool hex = strncmp(text, "0x", 2) == 0 && text[2] &&
               !text[2 + strspn(text + 2, "0123456789abcdefABCDEF")];
    bool whole = octal || hex;

    if (is_one_of(text, nulls)) {
        json_push_null(L);
    } else if (is_one_of(text, yes) || is_one_of(text, no)) {
        lua_pushboolean(L, text[0] == 't' || text[0] == 'T');
    } else if (is_one_of(text + (text[0] == '-' || text[0] == '+'), odd)) {
        return refuse_event(r, "%s is no number to work with. Put it in quotes if it is a text.",
                            text);
    } else if (whole || is_number(text, &whole)) {
        errno = 0;
        long long integer = whole ? strtoll(text + (octal ? 2 : 0), NULL,
                                            octal ? 8
                                            : hex ? 16
                                                  : 10)
                                  : 0;
        double real = whole ? 0 : strtod(text, NULL);

        if ((whole && errno == ERANGE) || !isfinite(real))
            return refuse_event(r, "a number too large to hold. Put it in quotes if it is a text.");
        if (whole)
            lua_pushinteger(L, integer);
        else
            lua_pushnumber(L, real);
    } else {
        lua_pushlstring(L, text, r->event.data.scalar.length);
    }
    return true;
}

static bool refuse_extras(struct reader *r, const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor)
        return refuse_event(
            r, "a text cannot begin with & (anchors are not used here). Put it in quotes.");
    if (tag)
        return refuse_event(
            r, "a text cannot begin with ! (tags are not used here). Put it in quotes.");
    return true;
}

/* An item of a list goes on in the next line with "-": YAML joins the two, and nobody meant that.
 */
static bool refuse_joined(struct reader *r)
{
    const yaml_mark_t *from = &r->event.start_mark, *to = &r->event.end_mark;
    if (r->path_len == 0 || r->path_len > YAML_PATH_MAX || r->path[r->path_len - 1] != ']')
        return true;
    for (size_t n = from->line + 1; n <= to->line; n++) {
        for (; r->line_number < n; r->line_number++)
            r->line = yaml_line(r->line, r->end, 1);
        size_t column = strspn(r->line, " ");
        if (r->line[column] == '-' && (n < to->line || column < to->column))
            return refuse(
                r, n, column,
                "this line begins with \"-\" but stands further right than the item "
                "above, so YAML reads both as one text. Line it up with the other items, "
                "with a blank after the \"-\". If the \"-\" belongs to the text, put all of it "
                "in quotes, on one line.");
    }
    return true;
}

/* comments[path] = { line =, text = } when a comment follows a text without quotes, because it may
 * be the rest of the sentence. */
static void note_comment(lua_State *L, struct reader *r)
{
    const yaml_mark_t *at = &r->event.end_mark;
    for (; r->line_number < at->line; r->line_number++)
        r->line = yaml_line(r->line, r->end, 1);
    const char *p = yaml_column(r->line, r->end, at->column), *from = p;
    while (p < r->end && (*p == ' ' || *p == '\t'))
        p++;
    if (p == from || p == r->end || *p != '#' || r->path_len > YAML_PATH_MAX)
        return;
    while (p < r->end && *p != '\n' && *p != '\r')
        p++;
    lua_pushlstring(L, r->path, r->path_len);
    lua_createtable(L, 0, 2);
    set_integer_field(L, "line", (lua_Integer)at->line + 1);
    set_bytes_field(L, "text", from, (size_t)(p - from));
    lua_rawset(L, AT_COMMENTS);
}

static bool push_scalar(lua_State *L, struct reader *r)
{
    if (!refuse_extras(r, r->event.data.scalar.anchor, r->event.data.scalar.tag))
        return false;
    if (r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
        bool fine = refuse_joined(r) && push_plain(L, r);
        if (fine && lua_type(L, -1) == LUA_TSTRING)
            note_comment(L, r);
        return fine;
    }
    if (memchr(r->event.data.scalar.value, 0, r->event.data.scalar.length))
        return refuse_event(r, "a text with the code \\0 in it. Delete the code.");
    lua_pushlstring(L, (const char *)r->event.data.scalar.value, r->event.data.scalar.length);
    return true;
}

static void add_path(struct reader *r, const char *separator, const char *text, size_t len,
                     const char *after)
{
    size_t more = strlen(separator) + len + strlen(after);

    if (r->path_len + more > YAML_PATH_MAX) {
        r->path_len = YAML_PATH_MAX + 1;
        return;
    }
    memcpy(r->path + r->path_len, separator, strlen(separator));
    memcpy(r->path + r->path_len + strlen(separator), text, len);
    memcpy(r->path + r->path_len + strlen(separator) + len, after, strlen(after));
    r->path_len += more;
}

/* marks[path] = the line of the current event. */
static void set_mark(lua_State *L, struct reader *r)
{
    if (r->path_len > YAML_PATH_MAX)
        return;
    lua_pushlstring(L, r->path, r->path_len);
    lua_pushinteger(L, (lua_Integer)r->event.start_mark.line + 1);
    lua_rawset(L, AT_MARKS);
}

/* Pushes the current event as a key of the table on top. */
static bool push_key(lua_State *L, struct reader *r)
{
    const yaml_event_t *e = &r->event;
    const char *text = (const char *)e->data.scalar.value;
    size_t len = e->data.scalar.length;
    bool plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

    if (e->type == YAML_ALIAS_EVENT)
        return refuse_event(r, "a key cannot begin with *. Put it in quotes.");
    if (e->type != YAML_SCALAR_EVENT)
        return refuse_event(r, "a key must be a text. Put it in quotes.");
    if (plain && strcmp(text, "<<") == 0)
        return refuse_event(r, "merging with << is not used here. Write the keys out.");
    if (!push_scalar(L, r))
        return false;
    if (lua_isboolean(L, -1) || lua_islightuserdata(L, -1))
        return len == 0 ? refuse_event(r, "a key is missing before the ':'. Write key: value.")
                        : refuse_event(r, "%s cannot be a key as it is. Put it in quotes.", text);
    lua_pop(L, 1);
    lua_pushlstring(L, text, len); /* the key of `24:` is "24" */
    lua_pushvalue(L, -1);
    if (lua_rawget(L, -3) != LUA_TNIL)
        return refuse_event(r, "the key \"%.60s\" is there twice. Keep one of them.", text);
    lua_pop(L, 1);
    add_path(r, r->path_len > 0 ? "." : "", text, len, "");
    return true;
}

static bool read_mapping(lua_State *L, struct reader *r)
{
    size_t path_len = r->path_len;

    if (!refuse_extras(r, r->event.data.mapping_start.anchor, r->event.data.mapping_start.tag))
        return false;
    lua_newtable(L);
    for (;;) {
        if (!next_event(r))
            return false;
        if (r->event.type == YAML_MAPPING_END_EVENT)
            return true;
        if (!push_key(L, r))
            return false;
        set_mark(L, r);
        if (!next_event(r) || !read_node(L, r))
            return false;
        lua_rawset(L, -3);
        r->path_len = path_len;
    }
}

static bool read_sequence(lua_State *L, struct reader *r)
{
    size_t path_len = r->path_len;
    char number[24];

    if (!refuse_extras(r, r->event.data.sequence_start.anchor, r->event.data.sequence_start.tag))
        return false;
    lua_newtable(L);
    json_mark_array(L, -1);
    for (lua_Integer i = 1;; i++) {
        if (!next_event(r))
            return false;
        if (r->event.type == YAML_SEQUENCE_END_EVENT)
            return true;
        add_path(r, "[", number, (size_t)snprintf(number, sizeof number, "%lld", (long long)i),
                 "]");
        set_mark(L, r);
        if (!read_node(L, r))
            return false;
        lua_rawseti(L, -2, i);
        r->path_len = path_len;
    }
}

/* Pushes the value that begins with the current event. */
static bool read_node(lua_State *L, struct reader *r)
{
    bool ok;

    if (++r->nodes > YAML_NODES_MAX)
        return refuse_event(r, "more than 50,000 values. Make the file smaller.");
    switch (r->event.type) {
    case YAML_SCALAR_EVENT: return push_scalar(L, r);
    case YAML_ALIAS_EVENT:
        return refuse_event(
            r, "a text cannot begin with * (aliases are not used here). Put it in quotes.");
    case YAML_MAPPING_START_EVENT:
    case YAML_SEQUENCE_START_EVENT:
        if (r->depth == YAML_DEPTH)
            return refuse_event(r, "more than 32 levels, one inside the other. Make it flatter.");
        r->depth++;
        ok = r->event.type == YAML_MAPPING_START_EVENT ? read_mapping(L, r) : read_sequence(L, r);
        r->depth--;
        return ok;
    default: return refuse_event(r, "a value is missing here. Write one.");
    }
}

static bool read_document(lua_State *L, struct reader *r)
{
    if (!check_bytes(r))
        return false;
    if (!yaml_parser_initialize(&r->parser))
        return refuse(r, 0, 0, "not enough memory to read it. Try again.");
    r->parser_lives = true;
    yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r->parser, (const unsigned char *)r->text,
                                 (size_t)(r->end - r->text));
    if (!next_event(r) || !next_event(r))
        return false;
    if (r->event.type == YAML_STREAM_END_EVENT)
        return refuse(r, 0, 0, "the file is empty. Write at least one key: value.");
    if (r->event.data.document_start.version_directive ||
        r->event.data.document_start.tag_directives.start !=
            r->event.data.document_start.tag_directives.end)
        return refuse_event(r,
                            "a line cannot begin with %%. Delete it, or put the text in quotes.");
    if (!next_event(r))
        return false;
    set_mark(L, r);
    if (!read_node(L, r))
        return false;
    if (lua_islightuserdata(L, -1))
        return refuse(r, 0, 0, "the file is empty. Write at least one key: value.");
    if (!next_event(r) || !next_event(r))
        return false;
    return r->event.type == YAML_STREAM_END_EVENT ||
           refuse_event(r, "a second document begins here (---). Keep one, and put a text that is "
                           "only --- in quotes.");
}

static int lua_decode(lua_State *L)
{
    struct reader *r;
    size_t len;
    bool ok;

    luaL_checktype(L, ARG_TEXT, LUA_TSTRING);
    luaL_optstring(L, ARG_NAME, "yaml");
    lua_settop(L, ARG_NAME);
    lua_newtable(L);
    lua_newtable(L);
    luaL_checkstack(L, 4 * YAML_DEPTH + LUA_MINSTACK, "not enough memory");
    r = lua_newuserdatauv(L, sizeof *r, 0);
    memset(r, 0, sizeof *r);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_setmetatable(L, -2);
    r->name = luaL_optstring(L, ARG_NAME, "yaml");
    r->text = lua_tolstring(L, ARG_TEXT, &len);
    r->end = r->text + len;
    if (strncmp(r->text, "\xEF\xBB\xBF", 3) == 0)
        r->text += 3;
    r->line = r->text;
    ok = read_document(L, r);
    reader_close(r);
    if (!ok) {
        lua_pushnil(L);
        lua_pushstring(L, r->error);
        return 2;
    }
    lua_pushvalue(L, AT_MARKS);
    lua_pushvalue(L, AT_COMMENTS);
    return 3;
}

int luaopen_host_yaml(lua_State *L)
{
    json_setup(L);
    lua_createtable(L, 0, 1);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, reader_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushcclosure(L, lua_decode, 1);
    lua_setfield(L, -2, "decode");
    return 1;
}
