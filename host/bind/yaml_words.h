/*
 * yaml_words: what libyaml found wrong, as a sentence for the owner, with the place where the
 * mistake is. Pure; any thread.
 */
#ifndef HOST_BIND_YAML_WORDS_H
#define HOST_BIND_YAML_WORDS_H

#include <yaml.h>

/* "CAUSE. REMEDY." for a parser that has just failed on this text, and the place (from 0). The text
 * is a constant. opened: the line (from 1) of an earlier quotation mark that is closed at the
 * place; 0: none. */
const char *yaml_words(const yaml_parser_t *parser, const char *text, const char *end,
                       yaml_mark_t *at, size_t *opened);
/* The first byte of the line that is `line` lines further on. Lines end in \n, \r\n or \r. */
const char *yaml_line(const char *text, const char *end, size_t line);
/* The character at this column, or the line's end. */
const char *yaml_column(const char *line, const char *end, size_t column);

#endif
