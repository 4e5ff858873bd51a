#include "service/backup.h"

#include "base/log.h"
#include "store/media_copy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    BUDGET_NS = 1500000,     /* copying per tick, because other work waits meanwhile */
    BUDGET_BUSY_NS = 500000, /* while tasks are ready */
};

/* In the database and in the copy: an erasure names the copy, also after the copy was restored. */
static const char note_sql[] = "REPLACE INTO backups (path, made_at) VALUES (?, ?)";

struct backup {
    struct store_copy *copy;
    struct media_copy *media; /* of what is in MEDIA_DIR, once the database is copied */
    uint64_t files;
    char media_problem[1024]; /* "": the files are copied */
    char *path, *media_path;
    uint64_t began_ns;
    bool noted; /* its row is in the next group to be committed */
    int64_t made_at;
    void (*ended)(void *arg, int code, const char *words);
    void *arg;
};

static void let_go(struct host *h)
{
    struct backup *b = h->backup;
    h->backup = NULL;
    store_copy_end(b->copy);
    media_copy_end(b->media);
    free(b->media_path);
    free(b->path);
    free(b);
}

static void answer(struct host *h, int code, const char *words)
{
    struct backup *b = h->backup;
    void (*ended)(void *arg, int code, const char *words) = b->ended;
    void *arg = b->arg;
    log_event(
        code ? LOG_ERROR : LOG_INFO, code ? "backup.failed" : "backup.made", log_s("path", b->path),
        log_i("ms", (int64_t)((loop_now_ns() - b->began_ns) / 1000000)), log_s("words", words));
    let_go(h);
    ended(arg, code, words);
}

static void wake(void *arg)
{
    loop_wake(arg);
}

void backup_begin(struct host *h, const char *path,
                  void (*ended)(void *arg, int code, const char *words), void *arg)
{
    char why[1024] = "not enough memory";
    if (h->backup || path[0] != '/') {
        snprintf(why, sizeof why, "%s",
                 h->backup ? "Another backup is still running. Wait until it ends, then try again."
                           : "The path of the copy must begin with a slash.");
        ended(arg, 1, why);
        return;
    }
    struct stat st;
    struct backup *b = calloc(1, sizeof *b);
    if (b && asprintf(&b->media_path, "%s.media", path) < 0)
        b->media_path = NULL;
    if (b && b->media_path && lstat(b->media_path, &st) == 0)
        snprintf(why, sizeof why, "%s exists already: name a file that does not exist",
                 b->media_path);
    else if (b && b->media_path && (b->path = strdup(path)))
        b->copy = store_copy_begin(h->services.store, path, wake, h->services.loop, why,
                                   sizeof why);
    if (!b || !b->copy) {
        if (b) {
            free(b->path);
            free(b->media_path);
        }
        free(b);
        ended(arg, 1, why);
        return;
    }
    store_copy_note(b->copy, note_sql);
    b->began_ns = loop_now_ns();
    b->ended = ended;
    b->arg = arg;
    h->backup = b;
}

/* Writes the row in the open group. STORE_DONE, or an error code. */
static int note(struct host *h, struct backup *b)
{
    const char *error = NULL;
    struct store_statement *statement = store_prepare(h->services.store, note_sql,
                                                      sizeof note_sql - 1, &error);
    if (!statement)
        return STORE_MISUSE;
    store_bind_text(statement, 1, b->path, strlen(b->path));
    store_bind_integer(statement, 2, b->made_at);
    int rc = store_step(h->services.store, statement);
    store_done(h->services.store, statement);
    return rc;
}

/* Writes the row, again when another program held the lock or the group was lost. */
static void made(struct host *h, struct backup *b)
{
    int rc = note(h, b);
    b->noted = rc == STORE_DONE;
    if (rc == STORE_DONE || rc == STORE_BUSY)
        return;
    answer(h, 1,
           "The copy is whole, but the database could not record it, so `assistant erase` will not "
           "name it. `assistant status` says why.");
}

/* After the database, so that no row of the copy names a file that came later. true: they are
 * copied, or media_problem says why not. */
static bool files_copied(struct backup *b)
{
    if (b->media && media_copy_look(b->media, &b->files, b->media_problem,
                                    sizeof b->media_problem) == MEDIA_COPYING)
        return false;
    return true;
}

static void say_made(const struct backup *b, char *words, size_t size)
{
    if (b->media_problem[0])
        snprintf(
            words, size,
            "The database was copied to %s, checked, and is whole. The received files were not "
            "copied: %.600s.",
            b->path, b->media_problem);
    else if (b->files)
        snprintf(words, size,
                 "Copied to %s. The copy was checked and is whole. Received files: %llu, in %s.",
                 b->path, (unsigned long long)b->files, b->media_path);
    else
        snprintf(words, size, "Copied to %s. The copy was checked and is whole.", b->path);
}

void backup_go_on(struct host *h, bool lost, bool busy)
{
    struct backup *b = h->backup;
    char why[1024] = "", words[4400];
    if (!b)
        return;
    if (b->noted && !lost) {
        say_made(b, words, sizeof words);
        answer(h, b->media_problem[0] ? 1 : 0, words);
        return;
    }
    if (b->made_at) {
        if (files_copied(b))
            made(h, b);
        return;
    }
    switch (store_copy_go_on(b->copy, busy ? BUDGET_BUSY_NS : BUDGET_NS, why, sizeof why)) {
    case STORE_COPYING:
    case STORE_CHECKING: break;
    case STORE_COPIED:
        b->made_at = loop_wall_ms();
        store_note_copy(h->services.store, b->path, b->made_at);
        b->media = media_copy_begin(h->services.media, b->media_path, wake, h->services.loop,
                                    b->media_problem, sizeof b->media_problem);
        if (!b->media)
            made(h, b);
        break;
    case STORE_NOT_COPIED: answer(h, 1, why); break;
    }
}

bool backup_copies(const struct host *h)
{
    return h->backup && store_copy_copies(h->backup->copy);
}

void backup_stop(struct host *h)
{
    if (h->backup)
        answer(
            h, 1,
            "The service stopped before the copy was complete. The incomplete copy was removed.");
}
