/*
 * versions_tell: the kept versions for people: the list, the difference, and what a rollback means.
 * See versions.h.
 */
#ifndef HOST_SERVICE_VERSIONS_TELL_H
#define HOST_SERVICE_VERSIONS_TELL_H

#include "settings/settings.h"
#include "service/versions.h"

/* `assistant versions […]`: an exit code, text in out. s says where the files on disk are. */
int versions_command(const struct versions *v, const struct settings *s, char *const *args,
                     size_t count, struct buf *out);
/* The number that `assistant rollback [N]` means. 0: why, in out. It must be kept, be readable, and
 * have the schema steps of the version that serves. */
unsigned versions_wanted(const struct versions *v, char *const *args, size_t count,
                         struct buf *out);
/* "Version 6 serves now …": which files on disk differ, and what the next save does. disk NULL:
 * they cannot be read. */
void versions_tell_rollback(const struct version *one, const struct tree *t,
                            const struct tree *disk, bool later, struct buf *out);
/* "Nothing changed: CAUSE: REMEDY.": the rollback could not be written. */
void versions_tell_unwritten(const struct versions *v, struct buf *out);
/* What the judge's rollback from the files of hash `bad` to those of `good` came to: how often they
 * failed, which version runs and which are not in it. One line, because it is kept with the
 * version. */
void versions_tell_way_back(const struct versions *v, const char *bad, const char *good,
                            unsigned failures, const char *error, struct buf *out);
/* More of it, when it could not be written. */
void versions_tell_until_restart(const struct versions *v, struct buf *out);
/* "version 7 of 2026-11-28 13:05:10 EST"; begins: a sentence, with "Version". */
void versions_tell_name(const struct version *one, bool begins, struct buf *out);

#endif
