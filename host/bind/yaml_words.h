/*
 * yaml_words: what libyaml found wrong, in words for the owner of a business, where they would look
 * for it.
 */
#ifndef HOST_BIND_YAML_WORDS_H
#define HOST_BIND_YAML_WORDS_H

#include <yaml.h>

/* "what. What to do." for a parser that has just failed on this text, and the place (counted from
 * 0). A constant. opened: the line (from 1) above the place where the quotation mark stands that is
 * closed there; 0: there is none. */
const char *yaml_words(const yaml_parser_t *parser, const char *text, const char *end,
                       yaml_mark_t *at, size_t *opened);
/* The first byte of the line that is so many lines on; lines end in \n, \r\n or \r. */
const char *yaml_line(const char *text, const char *end, size_t line);
/* The character at this column of a line, or the line's end. */
const char *yaml_column(const char *line, const char *end, size_t column);

#endif
