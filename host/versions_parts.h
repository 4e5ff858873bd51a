/*
 * versions_parts: what the units of `versions` share. See versions.h.
 */
#ifndef HOST_VERSIONS_PARTS_H
#define HOST_VERSIONS_PARTS_H

#include "versions.h"

/* The build id of this program, which is another one whenever its code is; "": it has none. */
void versions_program(char hex[65]);
void versions_name(unsigned number, char name[32]);
char *versions_path(const char *folder, const char *name);
/* Logs errno. Always false. */
bool versions_trouble(const char *path, const char *step);
/* Whole, synced, then renamed. */
bool versions_write(const char *folder, const char *name, const struct buf *b);
/* At most `limit` bytes of a regular file. */
bool versions_read(const char *folder, const char *name, size_t limit, struct buf *out);
/* The value of a line "key value" before the empty line that ends the head. "" and 0 when there is none. */
void versions_value(const char *head, const char *key, char *out, size_t size);
int64_t versions_number(const char *head, const char *key);
/* A line for people: which files differ (was NULL: "the first version"). Free it. */
char *versions_changed(const struct tree *was, const struct tree *is);

#endif
