/*
 * Identity of the file: each opening gives the database a new number, its life, and the lock file
 * stores it. See store.h.
 *
 * The number is the application_id in the file's header, so it can be read before SQLite applies a
 * write-ahead log to the file, which cannot be undone. The lock file says which numbers this
 * folder's database may have (two, while one follows the other), and names the newest copy, because
 * a damaged database cannot.
 */
#include "store/sqlite/parts.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { RECORD_BYTES = 4400, WAL_HEAD = 32, FRAME_HEAD = 24, LIFE_AT = 68, FRAMES_MAX = 1 << 20 };

static uint32_t big_endian(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* ---- the lock file's text ---- */

void store_record_read(struct store *s)
{
    char text[RECORD_BYTES];
    ssize_t n = s->lock_fd < 0 ? -1 : pread(s->lock_fd, text, sizeof text - 1, 0);
    struct store_record *r = &s->record;
    *r = (struct store_record){ .known = false };
    if (n <= 0)
        return;
    text[n] = 0;
    char *end = strchr(text, '\n');
    r->known = end && sscanf(text, "lives %8" SCNx32 " %8" SCNx32, &r->was, &r->now) == 2;
    int at = 0;
    if (r->known && sscanf(end + 1, "copy %" SCNd64 " %n", &r->copied_at, &at) == 1 && at > 0) {
        char *path = end + 1 + at;
        path[strcspn(path, "\n")] = 0;
        snprintf(r->copy, sizeof r->copy, "%s", path);
    }
}

/* 0 or -1 with errno. Durable: the lock file must not be older than the database. */
static int record_write(struct store *s)
{
    char text[RECORD_BYTES];
    const struct store_record *r = &s->record;
    int n = snprintf(text, sizeof text, "lives %08" PRIx32 " %08" PRIx32 "\n", r->was, r->now);
    if (r->copy[0])
        n += snprintf(text + n, sizeof text - (size_t)n, "copy %" PRId64 " %s\n", r->copied_at,
                      r->copy);
    return pwrite(s->lock_fd, text, (size_t)n, 0) == n && ftruncate(s->lock_fd, n) == 0 &&
                   fdatasync(s->lock_fd) == 0
               ? 0
               : -1;
}

void sqlite_note_copy(struct store *s, const char *path, int64_t made_at_ms)
{
    if (s->lock_fd < 0 || strchr(path, '\n'))
        return;
    snprintf(s->record.copy, sizeof s->record.copy, "%s", path);
    s->record.copied_at = made_at_ms;
    if (s->record.known && record_write(s) != 0)
        log_event(LOG_WARN, "store.record", log_s("error", strerror(errno)));
}

/* ---- copies, for words ---- */

int sqlite_step_copies(const struct store *s,
                       void (*each)(void *arg, const char *path, int64_t made_at_ms), void *arg)
{
    glob_t found = { .gl_pathc = 0 };
    char *pattern = NULL;
    int count = 0;
    if (!s->path)
        return 0;
    size_t len = strlen(s->path), at = 0;
    if (!(pattern = malloc(2 * len + 32)))
        return 0;
    for (size_t i = 0; i < len; i++) { /* the path must not be read as a pattern */
        if (strchr("*?[\\", s->path[i]))
            pattern[at++] = '\\';
        pattern[at++] = s->path[i];
    }
    strcpy(pattern + at, ".before-*step-*");
    if (glob(pattern, 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++) {
            struct stat st;
            size_t n = strlen(found.gl_pathv[i]);
            if (n > 5 && strcmp(found.gl_pathv[i] + n - 5, ".part") == 0)
                continue;
            if (stat(found.gl_pathv[i], &st) != 0 || !S_ISREG(st.st_mode))
                continue;
            each(arg, found.gl_pathv[i],
                 (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000);
            count++;
        }
    globfree(&found);
    free(pattern);
    return count;
}

static void newer(void *arg, const char *path, int64_t made_at_ms)
{
    struct store_record *best = arg;
    if (made_at_ms <= best->copied_at)
        return;
    snprintf(best->copy, sizeof best->copy, "%s", path);
    best->copied_at = made_at_ms;
}

const char *store_newest_copy(struct store *s, char *text, size_t size)
{
    struct store_record best = { .copied_at = 0 };
    char when[32] = "";
    if (s->record.copy[0] && access(s->record.copy, F_OK) == 0)
        best = s->record;
    sqlite_step_copies(s, newer, &best);
    if (!best.copy[0]) {
        snprintf(text, size, "restore a copy that `assistant backup` made");
        return text;
    }
    time_t at = (time_t)(best.copied_at / 1000);
    struct tm tm;
    gmtime_r(&at, &tm);
    strftime(when, sizeof when, "%Y-%m-%d %H:%M UTC", &tm);
    snprintf(text, size, "restore a copy (the newest known here is %s, of %s)", best.copy, when);
    return text;
}

/* ---- before SQLite looks at the file ---- */

/* The life that the write-ahead log belongs to: that of the first page 1 in it. 1: found, 0: it has
 * frames but no page 1, -1: nothing in it that SQLite would apply. */
static int log_life(const char *path, uint32_t *life)
{
    unsigned char head[WAL_HEAD], frame[FRAME_HEAD], number[4];
    int result = -1, fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || pread(fd, head, sizeof head, 0) != sizeof head ||
        (big_endian(head) & ~1u) != 0x377f0682)
        goto out;
    uint32_t page = big_endian(head + 8);
    for (off_t i = 0, at = WAL_HEAD; i < FRAMES_MAX; i++, at += FRAME_HEAD + (off_t)page) {
        if (pread(fd, frame, sizeof frame, at) != sizeof frame ||
            memcmp(frame + 8, head + 16, 8) != 0) /* the salts: left by an older log */
            break;
        result = 0;
        if (big_endian(frame) != 1)
            continue;
        if (pread(fd, number, sizeof number, at + FRAME_HEAD + LIFE_AT) == sizeof number) {
            *life = big_endian(number);
            result = 1;
        }
        break;
    }
out:
    if (fd >= 0)
        close(fd);
    return result;
}

bool store_log_is_ours(struct store *s, const unsigned char head[STORE_HEAD])
{
    const struct store_record *r = &s->record;
    uint32_t life = 0;
    s->life = big_endian(head + LIFE_AT);
    bool ours = r->known && (s->life == r->was || s->life == r->now);
    s->strange = r->known && !ours;
    s->brought = !r->known;
    switch (log_life(s->wal_path, &life)) {
    case 1: return life == s->life || (ours && (life == r->was || life == r->now));
    case 0: return ours || !r->known;
    }
    return true;
}

/* ---- a new life ---- */

bool sqlite_strange(const struct store *s)
{
    return s->strange;
}

bool sqlite_restored(const struct store *s)
{
    return !s->created && (s->strange || s->brought);
}

int store_set_life(sqlite3 *db, uint32_t life)
{
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA application_id=%" PRId32, (int32_t)life);
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

uint32_t store_new_life(void)
{
    uint32_t life;
    sqlite3_randomness(sizeof life, &life);
    return life | 1; /* never 0, the value of a file that was never opened here */
}

static int one_number(void *arg, int columns, char **values, char **names)
{
    (void)columns, (void)names;
    *(uint32_t *)arg = values[0] ? (uint32_t)strtoll(values[0], NULL, 10) : 0;
    return 0;
}

static int say(const struct store *s, int error, char *why, size_t why_size)
{
    struct trouble trouble;
    trouble_of(&trouble, error, s->path);
    snprintf(why, why_size, "the database %s cannot be written: %s: %s, and start again", s->path,
             trouble.cause, trouble.remedy);
    return -1;
}

int store_first_life(struct store *s, const char *path)
{
    uint32_t life = store_new_life();
    const unsigned char number[4] = { (unsigned char)(life >> 24), (unsigned char)(life >> 16),
                                      (unsigned char)(life >> 8), (unsigned char)life };
    int fd = open(path, O_RDWR | O_CLOEXEC);
    int rc = fd >= 0 && pwrite(fd, number, sizeof number, LIFE_AT) == sizeof number ? 0 : -1;
    if (fd >= 0)
        close(fd);
    s->record.was = s->record.now = s->life = life;
    s->record.known = true;
    return rc == 0 ? record_write(s) : -1;
}

int sqlite_live(struct store *s, char *why, size_t why_size)
{
    uint32_t was = 0;
    store_read_end(s);
    if (!s->path || s->open || s->lost)
        return 0;
    if (s->created) { /* so that its log has a page with the number */
        if (store_set_life(s->db, s->record.now) != SQLITE_OK)
            goto fail;
        return 0;
    }
    /* A crash may have cut short what is in the log. */
    store_checkpoint(s, SQLITE_CHECKPOINT_PASSIVE);
    if (sqlite3_exec(s->db, "PRAGMA application_id", one_number, &was, NULL) != SQLITE_OK)
        goto fail;
    bool home = s->wal_moved == s->wal_pages;
    s->record.was = home ? was : s->life;
    s->record.now = home ? store_new_life() : was;
    s->record.known = true;
    if (record_write(s) != 0) {
        return say(s, errno, why, why_size);
    }
    if (!home) /* a reader in another program prevents it: the previous life stays valid */
        return 0;
    if (store_set_life(s->db, s->record.now) != SQLITE_OK)
        goto fail;
    store_checkpoint(s, SQLITE_CHECKPOINT_PASSIVE);
    if (s->wal_moved == s->wal_pages) { /* all of it is in the file: the previous life is over */
        s->record.was = s->record.now;
        if (record_write(s) != 0)
            s->record.was = was; /* the longer text is also valid */
    }
    return 0;
fail:
    return say(s, store_errno(s->db), why, why_size);
}
