/* Health of the file: is it in its place, does it take writes, checkpoints. See store.h. */
#include "store/sqlite/parts.h"
#include "store/sqlite/vfs.h"

#include "base/log.h"
#include "base/loop.h"

#include <stdio.h>
#include <sys/stat.h>

#define MS 1000000ull

enum {
    IDLE_PAGES = 1000,                     /* a passive checkpoint is worth it: about 5 ms */
    BOUND_PAGES = 48 * 1024 * 1024 / 4096, /* one is due, or the file grows past 64 MB */
    BOUND_LEAST = BOUND_PAGES / 6, /* more often than that, its syncs cost more than they save */
    PIECE_LEAST = 128,             /* … where a thread does them */
    SLOWER = 8,                    /* so much less often on a disk that is slow to sync */
    FULL_PAGES = 24 * 1024 * 1024 / 4096, /* where a thread syncs: the log begins again */
    FRAME_BYTES = 4096 + 24,
    PROBE_BYTES = 16384,
};
/* After this time without a commit a checkpoint delays nobody. */
static const uint64_t quiet_ns = 50 * MS;
/* Wait after a checkpoint that a reader prevented. */
static const uint64_t checkpoint_pause_ns = 1000 * MS;
/* Time of a checkpoint under load; the loop blocks meanwhile. With a thread for its syncs it is
 * only the copying of pages. */
static const uint64_t stall_ns = 8 * MS, piece_ns = MS;

bool sqlite_healthy(const struct store *s)
{
    return s->healthy && !s->gone;
}

void sqlite_trouble(struct store *s, struct trouble *out)
{
    struct store_holder w;
    if (sqlite_locked(s, &w))
        store_lock_trouble(s, &w, out);
    else if (s->gone)
        *out = (struct trouble){
            "the database or a file beside it was moved, removed or replaced while in use",
            "put the files back as they were, or restore a backup, and start again"
        };
    else
        trouble_of(out, s->refused_errno, s->path ? s->path : "memory");
}

void sqlite_probe(struct store *s)
{
    if (sqlite_healthy(s) || s->open || s->lost || !sqlite_in_place(s))
        return;
    if (!s->relieved) { /* lets the WAL start again in the space it already has */
        s->relieved = true;
        store_checkpoint(s, SQLITE_CHECKPOINT_PASSIVE);
    }
    char sql[96];
    snprintf(sql, sizeof sql, "REPLACE INTO probe (id, filler) VALUES (1, zeroblob(%d))",
             PROBE_BYTES);
    if (sqlite_exec(s, sql) == 0 || s->lost)
        sqlite_commit(s);
    else if (s->open)
        store_lose(s);
}

static bool same_file(const char *path, const struct store_inode *was)
{
    struct stat st;
    return stat(path, &st) == 0 && st.st_dev == was->dev && st.st_ino == was->ino &&
           st.st_nlink > 0;
}

bool sqlite_in_place(struct store *s)
{
    if (!s->path)
        return true;
    if (!s->gone && !(same_file(s->path, &s->inode) && same_file(s->wal_path, &s->wal_inode) &&
                      same_file(s->shm_path, &s->shm_inode))) {
        s->gone = true;
        struct trouble why;
        sqlite_trouble(s, &why);
        log_event(LOG_ERROR, "store.gone", log_s("path", s->path), log_s("error", why.cause),
                  log_s("remedy", why.remedy));
    }
    return !s->gone;
}

/* How many pages make a checkpoint that does not take too long. In a small database the WAL holds
 * the same few pages many times, and 48 MB take 4 ms. With a million messages each page differs,
 * and 48 MB take 100 ms. Uses the better of the last two, because a disk is sometimes slow. */
static void learn(struct store *s, uint64_t pages, uint64_t took_ns)
{
    if (pages < (s->sync ? PIECE_LEAST : IDLE_PAGES) / 2 || !took_ns)
        return;
    uint64_t fit = pages * (s->sync ? piece_ns : stall_ns) / took_ns;
    uint64_t best = fit > s->checkpoint_fit ? fit : s->checkpoint_fit;
    uint64_t least = s->sync ? PIECE_LEAST : BOUND_LEAST, most = s->sync ? FULL_PAGES : BOUND_PAGES;
    s->checkpoint_fit = fit;
    s->bound_pages = best < least ? least : best > most ? most : best;
}

void store_checkpoint(struct store *s, int mode)
{
    int log = 0, home = 0;
    uint64_t began = loop_now_ns(), moved = s->wal_moved;
    store_read_end(s);
    if (!s->path || s->open || s->lost)
        return;
    if (mode != STORE_PIECE)
        store_home_wait(s);
    /* What is on the disk already need not be synced again. */
    store_vfs_sync_later(s->sync && mode <= SQLITE_CHECKPOINT_PASSIVE &&
                         sqlite_durable(s) == s->group);
    store_home_later(s, mode == STORE_PIECE);
    int rc = sqlite3_wal_checkpoint_v2(
        s->db, "main", mode == STORE_PIECE ? SQLITE_CHECKPOINT_PASSIVE : mode, &log, &home);
    store_home_later(s, false);
    store_vfs_sync_later(false);
    if (rc != SQLITE_OK && rc != SQLITE_BUSY && rc != SQLITE_LOCKED)
        store_failed(s, "checkpoint");
    s->figures.checkpoints++;
    if (rc == SQLITE_OK && log >= 0) {
        s->wal_pages = (uint64_t)log;
        s->wal_moved = (uint64_t)home;
        if (s->wal_moved > moved)
            learn(s, s->wal_moved - moved, loop_now_ns() - began);
    }
    if (rc != SQLITE_OK || home < log) /* a reader elsewhere holds it up: not again at once */
        s->checkpoint_after_ns = loop_now_ns() + checkpoint_pause_ns;
}

static bool worth_it(struct store *s, uint64_t pages, uint64_t now)
{
    return s->wal_pages - s->wal_moved >= pages && !s->open && !s->lost && !s->gone &&
           now >= s->checkpoint_after_ns;
}

bool sqlite_idle(struct store *s)
{
    if (s->wal_pages - s->wal_moved < IDLE_PAGES)
        return false;
    uint64_t now = loop_now_ns();
    if (now - s->last_commit_ns < quiet_ns || !worth_it(s, IDLE_PAGES, now))
        return false;
    store_checkpoint(s, s->sync ? STORE_PIECE : SQLITE_CHECKPOINT_PASSIVE);
    return true;
}

static uint64_t bound_of(const struct store *s)
{
    return s->bound_pages ? s->bound_pages : s->sync ? PIECE_LEAST : BOUND_PAGES / 2;
}

/* Where a thread syncs, most checkpoints copy a piece, and when the log is long one more syncs by
 * itself, so that the log begins again: with little to sync, since the pieces are synced. */
static bool is_due(struct store *s, uint64_t pages)
{
    if (s->wal_pages - s->wal_moved < pages && (!s->sync || s->wal_pages < FULL_PAGES))
        return false;
    return !s->lost && !s->gone && !store_home_owed(s) && loop_now_ns() >= s->checkpoint_after_ns;
}

/* A checkpoint waits until all is durable. When that takes long, it comes less often, and copies
 * about as long. */
bool sqlite_bound_due(struct store *s)
{
    uint64_t syncs = s->sync ? s->sync_took_ns / piece_ns : 1;
    return is_due(s, bound_of(s) * (syncs < 1 ? 1 : syncs > SLOWER ? SLOWER : syncs));
}

void sqlite_bound(struct store *s)
{
    if (!s->open && is_due(s, bound_of(s)))
        store_checkpoint(s, s->sync && s->wal_pages < FULL_PAGES ? STORE_PIECE
                                                                 : SQLITE_CHECKPOINT_PASSIVE);
}

struct store_figures sqlite_figures(const struct store *s)
{
    struct store_figures f = s->figures;
    f.wal_bytes = s->wal_pages * FRAME_BYTES;
    return f;
}
