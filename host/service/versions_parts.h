/*
 * versions_parts: what the units of `versions` share. See versions.h.
 */
#ifndef HOST_SERVICE_VERSIONS_PARTS_H
#define HOST_SERVICE_VERSIONS_PARTS_H

#include "service/versions.h"

/* Where the files are, and what kept the last one from being written ("" cause: nothing). */
struct versions_place {
    char *folder, *database;
    struct trouble unwritten;
};

/* The build id of this program, which is another one whenever its code is; "": it has none. */
void versions_program(char hex[65]);
void versions_name(unsigned number, char name[32]);
char *versions_path(const char *folder, const char *name);
/* errno, met with this file in the folder: cause and remedy. */
void versions_trouble_of(struct trouble *out, const char *folder, const char *path);
/* The same, kept and logged. Always false. */
bool versions_trouble(struct versions_place *at, const char *path, const char *step);
/* Whole, synced, then renamed. What root writes belongs to the database's owner, because the
 * service must be able to read it. */
bool versions_write(struct versions_place *at, const char *name, const struct buf *b);
/* At most `limit` bytes of a regular file. false: errno. */
bool versions_read(const char *folder, const char *name, size_t limit, struct buf *out);
/* The value of a line "key value" before the empty line that ends the head. "" and 0 when there is
 * none. */
void versions_value(const char *head, const char *key, char *out, size_t size);
int64_t versions_number(const char *head, const char *key);
/* A line for people: which files differ (was NULL: "the first version"). Free it. */
char *versions_changed(const struct tree *was, const struct tree *is);

#endif
