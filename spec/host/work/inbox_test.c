/* What the inbox promises. The codes: docs/faults.md. */
#include "spec/host/work/jobs_case.h"
#include "work/jobs_purge.h"

static bool next_is(const char *body)
{
    struct inbox_row row = { 0 };
    int rc = inbox_next(jobs, &row);
    if (rc != 1)
        return !body && rc == 0;
    bool right = body && row.body_len == strlen(body) &&
                 memcmp(row.body, body, row.body_len) == 0 && strcmp(row.reader, "reader") == 0;
    if (!right)
        printf("# next is %s\n", row.body);
    right = inbox_read(jobs, &row) == 0 && right;
    inbox_row_free(&row);
    return right;
}

static int64_t arrive(const char *body)
{
    return inbox_put(jobs, "reader", body, strlen(body));
}

static void inbox(void)
{
    up();
    int64_t first = arrive("one");
    CHECK(first > 0 && arrive("two") == first + 1 && next_is(NULL)); /* not durable yet */
    CHECK(commit() == STORE_COMMITTED && inbox_backlog(jobs) == 2 &&
          inbox_oldest_ms(jobs) > 1000000000000);
    CHECK(arrive("three"));
    CHECK(next_is("one"));
    CHECK(next_is("two"));
    CHECK(next_is(NULL));
    CHECK(inbox_backlog(jobs) == 0);
    CHECK(commit() == STORE_COMMITTED && inbox_backlog(jobs) == 1);
    down();
    up();
    CHECK(inbox_backlog(jobs) == 1);
    CHECK(next_is("three"));
    CHECK(next_is(NULL));
    CHECK(inbox_oldest_ms(jobs) == 0);
    CHECK(commit() == STORE_COMMITTED && commit() == STORE_NOTHING);
    CHECK(store_exec(store, "DELETE FROM inbox") == 0 && commit() == STORE_COMMITTED);
    down();
    up();
    CHECK(arrive("four") == first + 3 && commit() == STORE_COMMITTED &&
          next_is("four")); /* ids go on */
    CHECK(inbox_put(jobs, "reader", "a\0b", 3) && commit() == STORE_COMMITTED);
    struct inbox_row row = { 0 };
    CHECK(inbox_next(jobs, &row) == 1 && row.body_len == 3 && memcmp(row.body, "a\0b", 3) == 0);
    inbox_row_free(&row);
    down();
}

static void inbox_lost(void)
{
    up();
    arrive("one");
    arrive("two");
    commit();
    CHECK(next_is("one"));
    arrive("never stored");
    lose();
    CHECK(next_is("one") && commit() == STORE_COMMITTED);
    CHECK(arrive("three") && commit() == STORE_COMMITTED && next_is("two"));
    CHECK(store_savepoint(store) == 0 && next_is("three") && store_rollback(store) == 0);
    jobs_forget(jobs);
    CHECK(next_is("three"));
    CHECK(next_is(NULL));
    CHECK(inbox_backlog(jobs) == 0);
    CHECK(commit() == STORE_COMMITTED);
    down();
    up();
    CHECK(next_is(NULL));
    down();
}

static void parked(void)
{
    struct inbox_row row, again;
    up();
    arrive("odd");
    arrive("with an odd item");
    commit();
    CHECK(inbox_next(jobs, &row) == 1 && inbox_park(jobs, &row, NULL, 0, "no JSON") == 0 &&
          inbox_park(jobs, &row, NULL, 0, "no JSON at all") == 0);
    CHECK(inbox_read(jobs, &row) == 0);
    inbox_row_free(&row);
    CHECK(inbox_next(jobs, &row) == 1 &&
          inbox_park(jobs, &row, "item", 4, "from is no text") == 0 && inbox_read(jobs, &row) == 0);
    inbox_row_free(&row);
    CHECK(counts().parked == 2 && commit() == STORE_COMMITTED);
    CHECK(inbox_parked_next(jobs, 0, &again) == 1);
    CHECK(again.parked);
    CHECK(strcmp(again.body, "odd") == 0);
    CHECK(strcmp(again.reader, "reader") == 0);
    struct inbox_row none;
    CHECK(inbox_parked_next(jobs, again.id, &none) == 0);
    CHECK(inbox_read(jobs, &again) == 0);
    CHECK(inbox_unpark(jobs, &again) == 1);
    CHECK(inbox_unpark(jobs, &again) == 0);
    CHECK(counts().parked == 1);
    inbox_row_free(&again);
    CHECK(next_is(NULL) && commit() == STORE_COMMITTED);
    down();
}

static void inbox_crashes(void)
{
    struct inbox_row row = { 0 };
    up();
    arrive("deadly");
    arrive("fine");
    commit();
    down();
    on_cpu = "inbox";
    CHECK(case_child(dies_child) == -SIGKILL);
    up();
    CHECK(next_is("fine"));
    CHECK(next_is(NULL));
    CHECK(counts().parked == 1);
    CHECK(commit() == STORE_COMMITTED);
    CHECK(inbox_parked_next(jobs, 0, &row) == 0 && jobs_suspects(jobs) == 1);
    CHECK(inbox_suspect_next(jobs, 1, &row) == 1);
    CHECK(row.crashes == 1);
    CHECK(row.parked);
    CHECK(strcmp(row.body, "deadly") == 0);
    inbox_row_free(&row);
    down();
    on_cpu = "suspect";
    CHECK(case_child(dies_child) == -SIGKILL);
    up();
    CHECK(inbox_suspect_next(jobs, 1, &row) == 0 && inbox_suspect_next(jobs, 2, &row) == 1 &&
          inbox_crashed(jobs) == 0);
    inbox_row_free(&row);
    down();
    CHECK(case_child(dies_child) == -SIGKILL);
    up();
    CHECK(inbox_suspect_next(jobs, 2, &row) == 0);
    CHECK(inbox_suspect_next(jobs, 3, &row) == 1);
    CHECK(row.singly);
    CHECK(jobs_suspects(jobs) == 1);
    CHECK(inbox_crashed(jobs) == 0);
    inbox_row_free(&row);
    down();
    CHECK(case_child(dies_child) == -SIGKILL); /* while its item is parked */
    up();
    CHECK(inbox_suspect_next(jobs, 3, &row) == 0);
    CHECK(inbox_parked_next(jobs, 0, &row) == 0);
    CHECK(jobs_suspects(jobs) == 0);
    CHECK(inbox_crashed(jobs) == 1);
    CHECK(inbox_crashed(jobs) == 0);
    lose(); /* the group in which staff were told */
    CHECK(inbox_crashed(jobs) == 1 && commit() == STORE_COMMITTED);
    down();
    up();
    CHECK(inbox_crashed(jobs) == 0 && counts().parked == 1);
    down();
}

static void suspect_rows(void)
{
    struct inbox_row row = { 0 };
    up();
    arrive("unlucky");
    arrive("odd");
    commit();
    down();
    on_cpu = "inbox";
    CHECK(case_child(dies_child) == -SIGKILL);
    up();
    CHECK(next_is("odd") && inbox_suspect_next(jobs, 2, &row) == 1 && commit() == STORE_COMMITTED);
    CHECK(inbox_unpark(jobs, &row) == 1 && jobs_suspects(jobs) == 0 && counts().parked == 0);
    inbox_row_free(&row);
    CHECK(commit() == STORE_COMMITTED);
    arrive("odd again");
    commit();
    CHECK(inbox_next(jobs, &row) == 1);
    CHECK(inbox_park(jobs, &row, NULL, 0, "no JSON") == 0);
    CHECK(inbox_read(jobs, &row) == 0);
    CHECK(commit() == STORE_COMMITTED);
    inbox_row_free(&row);
    down();
    on_cpu = "parked";
    CHECK(case_child(dies_child) == -SIGKILL);
    up();
    CHECK(inbox_parked_next(jobs, 0, &row) == 0 && inbox_suspect_next(jobs, 2, &row) == 1);
    CHECK(inbox_set_crashes(jobs, &row, 0) == 0 && jobs_suspects(jobs) == 0);
    inbox_row_free(&row);
    CHECK(inbox_parked_next(jobs, 0, &row) == 1 && row.crashes == 0);
    inbox_row_free(&row);
    down();
}

/* The place of the row that comes next, or -1. */
static int64_t next_place(struct inbox_row *row)
{
    inbox_row_free(row);
    return inbox_next(jobs, row) == 1 ? row->place : -1;
}

static void in_pieces(void)
{
    struct inbox_row row = { 0 };
    up();
    CHECK(arrive("large"));
    CHECK(arrive("next"));
    CHECK(commit() == STORE_COMMITTED);
    CHECK(next_place(&row) == 0);
    CHECK(inbox_place(jobs, &row, 50) == 0 && commit() == STORE_COMMITTED);
    CHECK(inbox_place(jobs, &row, 100) == 0 && next_place(&row) == 100);
    lose();
    CHECK(next_place(&row) == 50);
    down();
    up();
    CHECK(next_place(&row) == 50 && strcmp(row.body, "large") == 0);
    CHECK(inbox_replace(jobs, row.id, "less", 4) == 1 && next_place(&row) == 0);
    CHECK(inbox_place(jobs, &row, 1) == 0 && inbox_park(jobs, &row, NULL, 0, "the rest") == 0);
    row.parked_again = true;
    CHECK(inbox_read(jobs, &row) == 0 && commit() == STORE_COMMITTED && next_is("next"));
    inbox_row_free(&row);
    CHECK(inbox_parked_next(jobs, 0, &row) == 1 && row.place == 1 && inbox_unpark(jobs, &row) == 1);
    CHECK(case_number(store, "SELECT count(*) FROM marks WHERE name LIKE 'inbox.place%'") == 0);
    inbox_row_free(&row);
    down();
}

int main(void)
{
    log_open(LOG_OFF);
    case_run("A1: the inbox is read in order, after it is durable, once", inbox);
    case_run("A13: the watermark goes back with a lost group or savepoint", inbox_lost);
    case_run("B4: what cannot be read is parked with its reason and can be read again", parked);
    case_run(
        "B7: a row goes on where it was left by the last commit, and from its beginning when its "
        "bytes have changed",
        in_pieces);
    case_run("A32: a row on the CPU at three deaths, and once more while its item is parked, is "
             "parked whole, and the next ones are read",
             inbox_crashes);
    case_run(
        "A32: a row on the CPU at a death is read after the others, and is an ordinary one when "
        "that goes well",
        suspect_rows);
    return cases_end();
}
