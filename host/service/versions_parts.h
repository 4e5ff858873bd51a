/* versions_parts: what the units of `versions` share. For them alone. See versions.h. */
#ifndef HOST_SERVICE_VERSIONS_PARTS_H
#define HOST_SERVICE_VERSIONS_PARTS_H

#include "service/versions.h"

/* Where the files are, and why the last one could not be written (cause "": it could). */
struct versions_place {
    char *folder, *database;
    struct trouble unwritten;
};

/* The build id of this program, which changes with its code. "": it has none. */
void versions_program(char hex[65]);
void versions_name(unsigned number, char name[32]);
char *versions_path(const char *folder, const char *name);
/* Cause and remedy of errno for this file in the folder. */
void versions_trouble_of(struct trouble *out, const char *folder, const char *path);
/* The same, kept and logged. Always false. */
bool versions_trouble(struct versions_place *at, const char *path, const char *step);
/* Writes, syncs and renames the file. As root it gives the file to the database's owner, because
 * the service must be able to read it. */
bool versions_write(struct versions_place *at, const char *name, const struct buf *b);
/* Reads at most `limit` bytes of a regular file. false: errno. */
bool versions_read(const char *folder, const char *name, size_t limit, struct buf *out);
/* The value of a line "key value" of the head, which an empty line ends. "" and 0: there is
 * none. */
void versions_value(const char *head, const char *key, char *out, size_t size);
int64_t versions_number(const char *head, const char *key);
/* A line for people: which files differ (was NULL: "the first version"). The caller frees it. */
char *versions_changed(const struct tree *was, const struct tree *is);

#endif
