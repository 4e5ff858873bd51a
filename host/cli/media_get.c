#include "cli/media_get.h"

#include "settings/settings.h"
#include "store/media.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* 0, or an errno. */
static int copy(int from, int to)
{
    char piece[65536];
    ssize_t n;
    while ((n = read(from, piece, sizeof piece)) > 0)
        for (ssize_t at = 0, put; at < n; at += put)
            if ((put = write(to, piece + at, (size_t)(n - at))) <= 0)
                return errno;
    return n < 0 || fsync(to) != 0 ? errno : 0;
}

static int write_file(int from, const char *file)
{
    int to = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (to < 0) {
        fprintf(stderr,
                errno == EEXIST
                    ? "assistant: %s exists already. Name a file that does not exist.\n"
                    : "assistant: %s cannot be made (%s). Name a file in a folder that you may "
                      "write to.\n",
                file, strerror(errno));
        return 1;
    }
    int error = copy(from, to);
    if (close(to) != 0 && !error)
        error = errno;
    if (error) {
        unlink(file);
        fprintf(stderr, "assistant: %s cannot be written: %s\n", file, strerror(error));
        return 1;
    }
    printf("Written to %s.\n", file);
    return 0;
}

int media_get(const char *hash, const char *file)
{
    char why[256];
    uint64_t bytes = 0;
    if (!file || !media_is_hash(hash, strlen(hash))) {
        fprintf(stderr, "assistant: Usage: assistant media get HASH FILE. HASH is 64 digits of 0-9 "
                        "and a-f, as `assistant media list PHONE` prints them. FILE must not exist "
                        "yet.\n");
        return 1;
    }
    struct settings *s = settings_new();
    char *database = s ? settings_database(s, why, sizeof why) : NULL;
    char *folder = database ? settings_media(s, database) : NULL;
    settings_free(s);
    if (!folder) {
        fprintf(stderr, "assistant: %s\n", database ? "MEDIA_DIR is not set." : why);
        free(database);
        return 2;
    }
    struct media *m = access(folder, F_OK) == 0 ? media_open(folder, NULL) : NULL;
    int code = 1, fd = m ? media_read(m, hash, &bytes) : -1;
    if (fd >= 0) {
        code = write_file(fd, file);
        close(fd);
    } else {
        fprintf(stderr,
                "assistant: %s holds no such file (%s). Set DATABASE_URL and MEDIA_DIR as the "
                "service has them, and run the command as its user.\n",
                folder, strerror(errno));
    }
    media_close(m);
    free(folder);
    free(database);
    return code;
}
