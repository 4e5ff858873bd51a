/*
 * trouble: what keeps a file from being read or written, as a cause and a remedy for people. One place for both, so that a start
 * that is refused, the log, `status` and the word to staff name the same command. Any thread; owns nothing.
 */
#ifndef HOST_BASE_TROUBLE_H
#define HOST_BASE_TROUBLE_H

#include <stdbool.h>
#include <stddef.h>

/* Parts of one sentence: "CAUSE: REMEDY". */
enum { TROUBLE_ROOM = 400 };
struct trouble {
    char cause[TROUBLE_ROOM], remedy[TROUBLE_ROOM];
};

/* errno `error`, met with this file (or its folder, where the file is not there yet). */
void trouble_of(struct trouble *out, int error, const char *path);
/*
 * May this user read and write what is at path? A path where nothing is may be made: then its folder is looked at. true: no, and
 * out says whose it is. Where a folder above it must not be entered, that folder is looked at.
 */
bool trouble_with_rights(struct trouble *out, const char *path);
/* Is this errno one of no room and no permission, and not one of a broken disk? */
bool trouble_passes(int error);

#endif
