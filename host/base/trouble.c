#include "base/trouble.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

__attribute__((format(printf, 2, 3))) static void say(char out[TROUBLE_ROOM], const char *format,
                                                      ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(out, TROUBLE_ROOM, format, args);
    va_end(args);
}

/* The folder that path is, or lies in. */
static void folder_of(const char *path, char *out, size_t size)
{
    struct stat st;
    char *copy = strdup(path);
    bool is_one = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    snprintf(out, size, "%s", copy && !is_one ? dirname(copy) : path);
    free(copy);
}

/* Names where they are known; in a container often only numbers are. */
static const char *user_name(uid_t id, char *out, size_t size)
{
    const struct passwd *p = getpwuid(id);
    if (p)
        snprintf(out, size, "%s", p->pw_name);
    else
        snprintf(out, size, "%u", (unsigned)id);
    return out;
}

static const char *group_name(gid_t id, char *out, size_t size)
{
    const struct group *g = getgrgid(id);
    if (g)
        snprintf(out, size, "%s", g->gr_name);
    else
        snprintf(out, size, "%u", (unsigned)id);
    return out;
}

bool trouble_with_rights(struct trouble *out, const char *path)
{
    char at[4096], owner[64], user[64], group[64];
    struct stat st;
    snprintf(at, sizeof at, "%s", path);
    if (stat(path, &st) != 0) {
        if (errno == ENOENT)
            folder_of(path, at, sizeof at);
        while (stat(at, &st) != 0) { /* a folder above it cannot be entered: name that one */
            if (errno != EACCES || strcmp(at, "/") == 0 || strcmp(at, ".") == 0)
                return false;
            const char *up = dirname(at);
            memmove(at, up, strlen(up) + 1);
        }
    }
    int need = S_ISDIR(st.st_mode) ? R_OK | W_OK | X_OK : R_OK | W_OK;
    if (faccessat(AT_FDCWD, at, need, AT_EACCESS) == 0)
        return false;
    if (errno == EROFS) {
        trouble_of(out, EROFS, at);
        return true;
    }
    user_name(geteuid(), user, sizeof user);
    group_name(getegid(), group, sizeof group);
    if (st.st_uid == geteuid()) {
        say(out->cause, "%s must be readable and writable for its user %s, and is not (mode %04o)",
            at, user, (unsigned)(st.st_mode & 07777));
        say(out->remedy, "`chmod u+rw%s %s`", S_ISDIR(st.st_mode) ? "x" : "", at);
    } else {
        say(out->cause,
            "%s belongs to user %s, and this program runs as user %s, which cannot read and write "
            "it",
            at, user_name(st.st_uid, owner, sizeof owner), user);
        say(out->remedy, "as root `chown %s:%s %s`", user, group, at);
    }
    return true;
}

bool trouble_passes(int error)
{
    return error == ENOSPC || error == EDQUOT || error == EFBIG || error == EROFS ||
           error == EPERM || error == EACCES;
}

void trouble_of(struct trouble *out, int error, const char *path)
{
    char folder[256];
    folder_of(path, folder, sizeof folder);
    switch (error) {
    case ENOSPC:
        say(out->cause, "no space is left on the disk of %s", folder);
        say(out->remedy, "make room there (`df -h %s` and `df -i %s` show how full it is)", folder,
            folder);
        return;
    case EDQUOT:
        say(out->cause, "this user's quota on the disk of %s is used up", folder);
        say(out->remedy, "raise it (`quota` shows it), or make room");
        return;
    case EFBIG:
        say(out->cause, "%s has reached the limit for the size of a file", path);
        say(out->remedy, "raise it (`ulimit -f`, or LimitFSIZE of the unit)");
        return;
    case EROFS:
        say(out->cause, "the file system of %s is read-only", folder);
        say(out->remedy, "make it writable (`findmnt -T %s` names it, `dmesg | tail -50` says why)",
            folder);
        return;
    case EIO:
        say(out->cause, "the disk of %s does not work (I/O error)", folder);
        say(out->remedy, "`dmesg | tail -50` says why; move to a good disk and restore a copy");
        return;
    case EACCES:
    case EPERM:
        if (trouble_with_rights(out, path))
            return;
        /* fall through */
    default:
        say(out->cause, "%s cannot be read and written (%s)", path, strerror(error));
        say(out->remedy,
            "look at the file, at its folder and at its disk (`ls -la %s`, `df -h %s`)", folder,
            folder);
    }
}
