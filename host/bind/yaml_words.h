/*
 * yaml_words: what libyaml found wrong, in words for the owner of a business, where they would look
 * for it.
 */
#ifndef HOST_BIND_YAML_WORDS_H
#define HOST_BIND_YAML_WORDS_H

#include <yaml.h>

/* "what. What to do." for a parser that has just failed on this text, and the place (counted from
 * 0). A constant. */
const char *yaml_words(const yaml_parser_t *parser, const char *text, const char *end,
                       yaml_mark_t *at);

#endif
