/*
 * yaml_words: a table from libyaml's sentences to the owner's. It looks at the line where libyaml's
 * sentence is not enough. Never calls Lua, keeps nothing.
 */
#include "bind/yaml_words.h"
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct saying {
    const char *problem, *context; /* parts of libyaml's sentences; NULL: any */
    bool at_context;               /* show where the context began, not where libyaml stopped */
    const char *words;
};

/* The first match counts. */
static const struct saying sayings[] = {
    { "unexpected end of stream", "quoted", true,
      "a quotation mark is opened here and never closed. Close it at the end of the text." },
    { "unexpected document indicator", NULL, true,
      "a quotation mark is opened here and never closed. Close it at the end of the text." },
    { "unknown escape character", NULL, false,
      "a backslash inside double quotes. Write \\\\ for a backslash, or use single quotes around "
      "the text." },
    { "hexdecimal number", NULL, false,
      "a backslash code that is not complete. Use single quotes around the text." },
    { "Unicode character escape code", NULL, false,
      "a backslash code of no character. Use single quotes around the text." },
    { "mapping values are not allowed", NULL, false,
      "a second ':' or wrong indentation. Put the text after the first ':' in quotes, or line the "
      "key up with its neighbours." },
    { "block sequence entries are not allowed", NULL, false,
      "a list item \"- \" cannot stand here. Begin the list on a line of its own." },
    { "could not find expected ':'", NULL, true,
      "a ':' is missing after this key, or a quotation mark is not closed on a line above. Write "
      "key: value." },
    { NULL, "alias", true, "a text cannot begin with *. Put it in quotes." },
    { NULL, "anchor", true, "a text cannot begin with &. Put it in quotes." },
    { NULL, "tag", true, "a text cannot begin with !. Put it in quotes." },
    { "undefined tag handle", NULL, false, "a text cannot begin with !. Put it in quotes." },
    { "comment or line break", "block scalar", false,
      "a text cannot begin with | or >. Put it in quotes, or begin it on the next line, "
      "indented." },
    { NULL, "block scalar", false,
      "a text after | or > that is not indented well. Indent all its lines by the same number of "
      "spaces." },
    { NULL, "directive", true, "a line cannot begin with %. Put the text in quotes." },
    { "',' or ']'", NULL, true,
      "a [ is opened here and not closed, or a comma is missing. Write [one, two]." },
    { "',' or '}'", NULL, true,
      "a { is opened here and not closed, or a comma is missing. Put a text that begins with { in "
      "quotes." },
    { "'-' indicator", NULL, false,
      "this line does not fit the list above it. Begin it with \"- \", lined up with the other "
      "items, or check the quotes." },
    { "expected key", NULL, false,
      "this line does not fit the lines above it. Line it up with the other keys, or check the "
      "quotes." },
    { "expected <document start>", NULL, false,
      "this line does not fit the lines above it. Line it up with them." },
    { "mapping keys are not allowed", NULL, false,
      "a text cannot begin with \"? \". Put it in quotes." },
    { "node content", NULL, false,
      "a value is missing or misplaced here. Put the text in quotes." },
};

const char *yaml_line(const char *text, const char *end, size_t line)
{
    for (; line > 0 && text < end; text++)
        if (*text == '\n' || (*text == '\r' && text[1] != '\n'))
            line--;
    return text;
}

const char *yaml_column(const char *line, const char *end, size_t column)
{
    for (; column > 0 && line < end && *line != '\n'; column--)
        for (line++; line < end && (*line & 0xC0) == 0x80; line++)
            ;
    return line;
}

static bool has(const char *sentence, const char *part)
{
    return !part || (sentence && strstr(sentence, part));
}

/* The line, from 1, where the last quoted text before this place begins. 0: on the same line. */
static size_t opened_above(const char *text, const char *end, const yaml_mark_t *at)
{
    yaml_parser_t p;
    yaml_token_t token;
    size_t line = at->line;
    bool going = yaml_parser_initialize(&p) != 0;
    if (!going)
        return 0;
    yaml_parser_set_input_string(&p, (const unsigned char *)text, (size_t)(end - text));
    while (going && yaml_parser_scan(&p, &token)) {
        going = token.type != YAML_STREAM_END_TOKEN && token.end_mark.index <= at->index;
        if (going && token.type == YAML_SCALAR_TOKEN &&
            token.data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
            line = token.start_mark.line;
        yaml_token_delete(&token);
    }
    yaml_parser_delete(&p);
    return line < at->line ? line + 1 : 0;
}

/* What is wrong with a line that YAML takes for a text because a blank is missing, or NULL. */
static const char *missing_blank(const char *line, const char *end)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    line += strspn(line, " ");
    if (line < end && *line == '-' && line[1] && !strchr(" \n\r-", line[1]))
        return "a blank is missing after the \"-\" of this line. Write \"- \" and then the text.";
    size_t key = strspn(line, letters);
    if (key > 0 && line + key < end && line[key] == ':' && line[key + 1] &&
        !strchr(" \n\r/:", line[key + 1]))
        return "a blank is missing after the ':' of this line. Write key: value.";
    return NULL;
}

/* Looks at this line and, past a few blank lines and comments, at the one above. Moves `at`. */
static const char *blank_above(const char *text, const char *end, yaml_mark_t *at)
{
    size_t n = at->line;
    for (int looked = 0, tried = 0; looked < 2 && tried < 50; n--, tried++) {
        const char *line = yaml_line(text, end, n), *first = line + strspn(line, " ");
        if (first < end && *first != '\n' && *first != '\r' && *first != '#') {
            const char *words = missing_blank(line, end);
            if (words) {
                at->line = n;
                at->column = (size_t)(first - line);
                return words;
            }
            looked++;
        }
        if (n == 0)
            break;
    }
    return NULL;
}

const char *yaml_words(const yaml_parser_t *parser, const char *text, const char *end,
                       yaml_mark_t *at, size_t *opened)
{
    const char *line = yaml_line(text, end, parser->problem_mark.line), *tab = line, *before, *here;

    *at = parser->problem_mark;
    *opened = 0;
    if (parser->error == YAML_MEMORY_ERROR || !parser->problem)
        return "not enough memory to read it. Make the file smaller.";
    while (*tab == ' ')
        tab++;
    if (*tab == '\t') {
        at->column = (size_t)(tab - line);
        return "uses a tab; YAML wants spaces. Indent this line with spaces.";
    }
    before = here = yaml_column(line, end, at->column);
    while (before > line && before[-1] == ' ')
        before--;
    if (has(parser->problem, "did not find expected") && before > line &&
        (before[-1] == '"' || before[-1] == '\'')) {
        *opened = opened_above(text, end, at);
        return "there is text after the closing quotation mark. Inside \" \" write \\\", inside ' "
               "' write '' for a quotation mark.";
    }
    if (has(parser->problem, "cannot start any token"))
        return *here && strchr("@`%", *here)
                   ? "a text cannot begin with @, ` or %. Put it in quotes."
                   : "a tab or another character that cannot stand here. Use spaces.";
    if (has(parser->problem, "expected ':'") || has(parser->problem, "did not find expected") ||
        has(parser->problem, "mapping values are not allowed")) {
        yaml_mark_t place = has(parser->problem, "expected ':'") ? parser->context_mark : *at;
        const char *words = blank_above(text, end, &place);
        if (words) {
            *at = place;
            return words;
        }
    }
    for (size_t i = 0; i < sizeof sayings / sizeof *sayings; i++) {
        const struct saying *s = &sayings[i];

        if (!has(parser->problem, s->problem) || (s->context && !has(parser->context, s->context)))
            continue;
        if (s->at_context && parser->context)
            *at = parser->context_mark;
        if (has(parser->problem, "expected key") && *here == '-')
            return "this item does not stand under the other items of its list. Line its \"-\" up "
                   "with theirs.";
        return s->words;
    }
    return "YAML cannot read this. Put the text in quotes.";
}
