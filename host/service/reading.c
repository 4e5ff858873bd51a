#include "service/reading.h"

#include "base/log.h"
#include "bind/bind.h"
#include "service/claims.h"
#include "service/judge.h"

#include <stdlib.h>

enum {
    REFUSALS = 8, /* items of one row, because each delays all other work by a second */
    /* Accepting goes first. While requests arrive, reading gets half of the time, and a tenth in a
     * flood, until the oldest row has waited for READ_LATE_MS. */
    READ_NS_BUSY = 400000, /* between two commits while requests arrive */
    READ_NS = 2000000,
    READ_LATE_MS = 5000,
    LATE_LOOK_NS = 100000000,
    ROW_AGAIN_NS = 1000000000, /* until a row that failed is tried again */
};

/* One instance per process. */
static struct {
    struct loop_timer row_again; /* set: the row that failed must wait */
    bool suspect_goes_on;        /* its next item is read in the next tick */
    int64_t parked_from;         /* parked rows with a larger id are read again; INT64_MAX: none */
    uint64_t requests_before;    /* counted until the last tick */
    bool late;
    uint64_t looked_ns;      /* when `late` was looked at */
    struct loop_timer pause; /* set: accepting has its share of the time first */
} r;

/* ---- one row: read, tried on the good files, refused, parked ---- */

/* Parks the whole row with its reason. 0; 1: the group was lost. */
static int park_whole(struct host *h, struct inbox_row *row, const char *reason)
{
    row->parked_again = true; /* parks the rest of the row */
    row->next = -1;
    if (inbox_park(h->services.jobs, row, NULL, 0, reason) != 0)
        return 1;
    log_event(LOG_WARN, "inbox.parked", log_i("row", row->id), log_s("reason", reason));
    bind_notice(&h->scripts, "parked", reason, NULL, 1);
    return 0;
}

static int read_once(struct host *h, struct generation *g, struct inbox_row *row, char **error)
{
    free(row->set_aside); /* when read again, the row has a reason again */
    row->set_aside = NULL;
    if (g == h->scripts.current)
        row->about[0] = 0;
    return bind_inbox_read(g, row, error);
}

/* Refuses the item at the row's place, so that the others are read, unless too many were refused.
 * good NULL: there are no good files. */
static int refuse(struct host *h, struct generation *good, struct inbox_row *row,
                  const char *reason)
{
    int rc = -1;
    if (row->refusals++ < REFUSALS) {
        char *error = NULL;
        row->refused = reason;
        rc = read_once(h, h->scripts.current, row, &error);
        free(error);
        error = NULL;
        if (rc < 0 && good)
            rc = read_once(h, good, row, &error);
        free(error);
        row->refused = NULL;
        row->singly = false;
    }
    return rc < 0 ? park_whole(h, row, reason) : rc;
}

/* No files can read this piece. A single item is refused: at once with good files to compare with
 * or when the row is parked, else after a second try one second later. A larger piece is read again
 * item by item. */
static int nobody_reads(struct host *h, struct generation *good, struct inbox_row *row,
                        const char *error)
{
    bool tried = good || row->parked || ++row->tries >= JUDGE_TRIES;
    if (row->singly)
        return tried ? refuse(h, good, row, error) : -1;
    row->singly = true;
    return tried ? reading_row(h, row) : -1;
}

/* The process died three times with the item at the row's place. Parks that item, or leaves the row
 * parked. */
static int pass_over(struct host *h, struct inbox_row *row)
{
    char *error = NULL;
    row->refused = "the process died three times while reading it";
    int rc = read_once(h, h->scripts.current, row, &error);
    row->refused = NULL;
    row->parked_again |= rc < 0;
    free(error);
    return rc < 0 ? 0 : rc;
}

int reading_row(struct host *h, struct inbox_row *row)
{
    char *error = NULL, *second = NULL;
    int rc = row->crashes < JOBS_CRASH_LIMIT ? read_once(h, h->scripts.current, row, &error)
                                             : pass_over(h, row);
    if (rc == BIND_NO_READER)
        return park_whole(h, row, "main.lua has no reader of this name");
    struct generation *good = rc < 0 ? judge_row_failed(h, error) : NULL;
    if (good && (rc = read_once(h, good, row, &second)) == 0)
        judge_row_read(h, row, error);
    if (rc < 0)
        rc = nobody_reads(h, good, row, error);
    if (rc == 0 && row->set_aside) {
        log_event(LOG_WARN, "inbox.parked", log_i("row", row->id), log_s("reason", row->set_aside));
        bind_notice(&h->scripts, "parked", row->set_aside, NULL, 1);
        free(row->set_aside);
        row->set_aside = NULL;
    }
    free(second);
    free(error);
    return rc;
}

/* ---- the rows of a tick ---- */

/* true: requests arrive, and reading may wait for them. */
static bool is_busy(struct host *h, uint64_t now)
{
    bool busy = h->requests_seen != r.requests_before;
    r.requests_before = h->requests_seen;
    if (now - r.looked_ns >= LATE_LOOK_NS) {
        r.looked_ns = now;
        int64_t oldest = inbox_oldest_ms(h->services.jobs);
        r.late = oldest && loop_wall_ms() - oldest > READ_LATE_MS;
    }
    return busy && !r.late;
}

/* After reading while requests arrive. */
static void pause_for_requests(struct host *h, uint64_t took_ns, bool flood)
{
    loop_timer_set(h->services.loop, &r.pause, loop_now_ns() + took_ns * (flood ? 9 : 1), NULL,
                   NULL);
}

/* Moves past what was read. false: the group was lost. */
static bool row_done(struct host *h, struct inbox_row *row)
{
    if (row->next >= 0 && !row->replaced)
        return inbox_place(h->services.jobs, row, row->next) == 0;
    /* The row's bytes were replaced, so they are read from their beginning. */
    if (row->next < 0 && inbox_read(h->services.jobs, row) != 0)
        return false;
    inbox_row_free(row);
    return true;
}

static bool rows_wait(const struct host *h)
{
    return h->scripts.queue.row.id ? !r.row_again.index
                                   : !r.pause.index && inbox_backlog(h->services.jobs) > 0;
}

/* Reads while time is left and the group is small, large rows in pieces, up to one to try again. */
static void read_rows(struct host *h, uint64_t until, bool (*is_over)(struct host *h))
{
    do {
        if (!h->scripts.queue.row.id && inbox_next(h->services.jobs, &h->scripts.queue.row) != 1)
            return;
        if (reading_row(h, &h->scripts.queue.row) != 0) {
            loop_timer_set(h->services.loop, &r.row_again, loop_now_ns() + ROW_AGAIN_NS, NULL,
                           NULL);
            return;
        }
        if (!row_done(h, &h->scripts.queue.row))
            return;
    } while (loop_now_ns() < until && !is_over(h));
}

void reading_inbox(struct host *h, bool flood, bool (*is_over)(struct host *h))
{
    uint64_t start = loop_now_ns();
    bool busy = is_busy(h, start);
    if (!claims_takes_work(h) || h->scripts.next || !rows_wait(h))
        return;
    /* What has begun goes first, so that a kill finds few sends whose answer is not stored: 1 to 6
     * of 2,000 under overload, 15 to 213 without this. */
    if (h->scripts.queue.ready.count && !r.late)
        return;
    read_rows(h, start + (busy ? READ_NS_BUSY : READ_NS), is_over);
    if (busy)
        pause_for_requests(h, loop_now_ns() - start, flood);
}

void reading_passed_over(struct host *h)
{
    int rows = claims_takes_work(h) ? inbox_crashed(h->services.jobs) : 0;
    if (rows)
        bind_notice(&h->scripts, "parked", "the process died three times while reading it", NULL,
                    rows);
}

/* Reads a piece of a parked row. false: it stays parked. */
static bool read_parked_row(struct host *h, struct inbox_row *row)
{
    if (reading_row(h, row) != 0) { /* the group was lost */
        row->next = -1;
        return true;
    }
    if (row->parked_again)
        return false;
    if (row->next < 0)
        inbox_unpark(h->services.jobs, row);
    else if (!row->replaced)
        inbox_place(h->services.jobs, row, row->next);
    return true;
}

/* A row with which the process died twice is read when it is quiet (claims.h). A row with which it
 * died once is read as soon as the work that the last process left is done: most often it was on
 * the CPU by chance, and must stay before its customer's next message. One item per tick, because
 * the commit makes the place durable. So another crash counts against that item alone, and other
 * customers' items are read. */
void reading_suspect(struct host *h)
{
    struct inbox_row row = { .id = 0 };
    bool goes_on = r.suspect_goes_on;
    r.suspect_goes_on = false;
    if (!claims_takes_work(h) || h->scripts.next || h->scripts.queue.row.id ||
        !jobs_suspects(h->services.jobs))
        return;
    int most_crashes = claims_quiet(h) ? JOBS_CRASH_LIMIT
                       : inbox_caught_up(h->services.jobs) && h->scripts.queue.ready.count == 0 ? 1
                                                                                                : 0;
    if (!most_crashes || inbox_suspect_next(h->services.jobs, most_crashes, &row) != 1)
        return;
    if (!goes_on)
        log_event(LOG_INFO, "inbox.suspect", log_i("row", row.id), log_i("crashes", row.crashes),
                  log_i("place", row.place));
    claims_suspect_ran();
    if (!read_parked_row(h, &row))
        inbox_set_crashes(h->services.jobs, &row,
                          row.crashes < JOBS_CRASH_LIMIT ? 0 : INBOX_GIVEN_UP);
    else if ((r.suspect_goes_on = row.next >= 0) && row.crashes > 1 && !row.replaced)
        inbox_set_crashes(h->services.jobs, &row, 1); /* not for the items that are left */
    inbox_row_free(&row);
}

void reading_parked(struct host *h)
{
    struct inbox_row row = { .id = 0 };
    if (!claims_takes_work(h) || r.parked_from == INT64_MAX)
        return;
    if (inbox_parked_next(h->services.jobs, r.parked_from, &row) != 1) {
        r.parked_from = INT64_MAX;
        return;
    }
    r.parked_from = row.id;
    read_parked_row(h, &row);
    if (row.next >= 0)
        r.parked_from = row.id - 1; /* its next piece is read in the next tick */
    inbox_row_free(&row);
}

bool reading_waits(const struct host *h)
{
    return r.parked_from != INT64_MAX || r.suspect_goes_on || rows_wait(h);
}

void reading_swapped(struct host *h)
{
    h->scripts.queue.row.tries = 0;
    loop_timer_stop(h->services.loop, &r.row_again);
    r.parked_from = 0;
}
