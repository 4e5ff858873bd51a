/*
 * trouble: why a file cannot be read or written, and the remedy. One place for both, so that a
 * refused start, the log, `status` and the message to staff name the same command. Any thread; owns
 * nothing.
 */
#ifndef HOST_BASE_TROUBLE_H
#define HOST_BASE_TROUBLE_H

#include <stdbool.h>

/* Parts of one sentence: "CAUSE: REMEDY". */
enum { TROUBLE_ROOM = 400 };
struct trouble {
    char cause[TROUBLE_ROOM], remedy[TROUBLE_ROOM];
};

/* errno `error`, met with this file (or its folder, where the file is not there yet). */
void trouble_of(struct trouble *out, int error, const char *path);
/* true: this user must not read and write the file at path, and out names its owner. When there
 * is no file, its folder is checked. When a folder above it cannot be entered, that folder is
 * named. */
bool trouble_with_rights(struct trouble *out, const char *path);
/* true: this errno means no space or no permission, not a broken disk. */
bool trouble_passes(int error);

#endif
