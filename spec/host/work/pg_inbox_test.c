/* The inbox of several processes on one PostgreSQL. */
#include "base/needles.h"
#include "spec/host/work/pg_jobs_case.h"

static int64_t arrive(struct one *p, const char *body)
{
    return inbox_put(p->jobs, "reader", body, strlen(body));
}

static int claim_rows(struct one *p, int room)
{
    int n = inbox_claim(p->jobs, room);
    if (n < 0)
        printf("# claim: %s\n", store_error(p->store));
    return commit(p) == STORE_LOST ? -1 : n;
}

/* The next row is this one, and is read; NULL: there is none. */
static bool next_is(struct one *p, const char *body)
{
    struct inbox_row row = { 0 };
    pg_store_mode(p->store, PG_SERIALIZABLE);
    int rc = inbox_next(p->jobs, &row);
    bool right = body ? rc == 1 && strcmp(row.body, body) == 0 && strcmp(row.reader, "reader") == 0
                      : rc == 0;
    if (!right)
        printf("# next is %s (%d)\n", rc == 1 ? row.body : "none", rc);
    right = (rc != 1 || inbox_read(p->jobs, &row) == 0) && right;
    right = commit(p) != STORE_LOST && right;
    pg_store_mode(p->store, PG_READ_COMMITTED);
    inbox_row_free(&row);
    return right;
}

static void read_once(void)
{
    struct inbox_row row = { 0 };
    fresh();
    arrive(&a, "one");
    CHECK(claim_rows(&b, 10) == 0 || commit(&b) == STORE_NOTHING); /* not committed */
    arrive(&a, "two");
    CHECK(commit(&a) == STORE_COMMITTED && claim_rows(&b, 10) == 2);
    arrive(&a, "three");
    commit(&a);
    CHECK(polls(&a) == 0 && inbox_oldest_ms(a.jobs) > 1000000000000);
    CHECK(inbox_unread(a.jobs) == 3 && inbox_backlog(a.jobs) == 0);
    CHECK(claim_rows(&a, 10) == 0); /* b reads */
    CHECK(inbox_backlog(b.jobs) == 2 && next_is(&b, "one"));
    CHECK(inbox_next(b.jobs, &row) == 1 && strcmp(row.body, "two") == 0);
    undo(&b);
    inbox_row_free(&row);
    CHECK(next_is(&b, "two") && next_is(&b, NULL));
    CHECK(claim_rows(&b, 10) == 1 && next_is(&b, "three") && next_is(&b, NULL));
    CHECK(inbox_put(b.jobs, "reader", "a\0b", 3) && commit(&b) == STORE_COMMITTED);
    CHECK(claim_rows(&b, 1) == 1 && inbox_next(b.jobs, &row) == 1);
    CHECK(row.body_len == 3 && memcmp(row.body, "a\0b", 3) == 0);
    CHECK(inbox_read(b.jobs, &row) == 0 && commit(&b) == STORE_COMMITTED);
    inbox_row_free(&row);
    CHECK(ask(&a, "SELECT count(*) FROM inbox") == 0);
    CHECK(polls(&a) == 0 && inbox_unread(a.jobs) == 0 && inbox_oldest_ms(a.jobs) == 0);
    end();
}

static void in_pieces(void)
{
    struct inbox_row row = { 0 };
    fresh();
    arrive(&a, "large");
    arrive(&a, "next");
    commit(&a);
    CHECK(claim_rows(&a, 10) == 2 && inbox_next(a.jobs, &row) == 1 && row.place == 0);
    CHECK(inbox_place(a.jobs, &row, 50) == 0 && commit(&a) == STORE_COMMITTED);
    CHECK(inbox_place(a.jobs, &row, 100) == 0);
    undo(&a);
    CHECK(inbox_backlog(a.jobs) == 1); /* its reader still has the first */
    CHECK(ask(&a, "SELECT value FROM marks WHERE name LIKE 'inbox.place:%'") == 50);
    CHECK(inbox_read(a.jobs, &row) == 0 && commit(&a) == STORE_COMMITTED);
    inbox_row_free(&row);
    CHECK(ask(&a, "SELECT count(*) FROM marks WHERE name LIKE 'inbox.place:%'") == 0);
    CHECK(next_is(&a, "next") && next_is(&a, NULL));
    end();
}

static void parked(void)
{
    struct inbox_row row = { 0 }, again = { 0 }, none = { 0 };
    bool unread = false;
    fresh();
    int64_t odd = arrive(&a, "odd");
    arrive(&a, "with an odd item");
    commit(&a);
    CHECK(claim_rows(&a, 10) == 2 && inbox_next(a.jobs, &row) == 1);
    CHECK(inbox_park(a.jobs, &row, NULL, 0, "no JSON") == 0);
    CHECK(inbox_park(a.jobs, &row, NULL, 0, "no JSON at all") == 0);
    CHECK(inbox_read(a.jobs, &row) == 0 && commit(&a) == STORE_COMMITTED);
    inbox_row_free(&row);
    CHECK(inbox_next(a.jobs, &row) == 1 && inbox_park(a.jobs, &row, "item", 4, "no text") == 0);
    CHECK(inbox_read(a.jobs, &row) == 0 && commit(&a) == STORE_COMMITTED);
    inbox_row_free(&row);
    CHECK(jobs_parked(a.jobs) == 2 && claim_rows(&a, 10) == 0);
    CHECK(inbox_get(a.jobs, odd, &row, &unread) == 1 && unread && strcmp(row.body, "odd") == 0);
    inbox_row_free(&row);
    CHECK(inbox_parked_next(a.jobs, 0, &again) == 1 && again.parked && again.id == odd);
    CHECK(inbox_parked_next(b.jobs, 0, &none) == 0); /* a reads it */
    CHECK(strcmp(again.body, "odd") == 0 && inbox_parked_next(a.jobs, odd, &none) == 0);
    CHECK(inbox_unpark(a.jobs, &again) == 1 && inbox_unpark(a.jobs, &again) == 0);
    CHECK(commit(&a) == STORE_COMMITTED && jobs_parked(a.jobs) == 1);
    inbox_row_free(&again);
    commit(&a);
    commit(&b);
    CHECK(ask(&a, "SELECT count(*) FROM inbox") == 0);
    end();
}

static void taken_over(void)
{
    struct inbox_row row = { 0 };
    fresh();
    arrive(&a, "one");
    arrive(&a, "two");
    commit(&a);
    CHECK(claim_rows(&a, 1) == 1 && inbox_next(a.jobs, &row) == 1);
    commit(&a);
    CHECK(claim_rows(&b, 10) == 0);
    silent(&a, 11);
    CHECK(polls(&b) == 0 && claim_rows(&b, 10) == 2);
    CHECK(inbox_read(a.jobs, &row) == -1); /* a was only slow */
    undo(&a);
    inbox_row_free(&row);
    CHECK(next_is(&b, "one") && next_is(&b, "two") && next_is(&b, NULL));
    CHECK(jobs_beat(a.jobs) == 0 && inbox_backlog(a.jobs) == 0 && claim_rows(&a, 10) == 0);
    one_down(&b);
    arrive(&a, "three");
    commit(&a);
    CHECK(claim_rows(&a, 10) == 1 && next_is(&a, "three"));
    end();
}

static void deadly(void)
{
    struct inbox_row row = { 0 };
    fresh();
    arrive(&a, "deadly");
    commit(&a);
    for (int death = 1; death <= 2; death++) {
        c = one_up();
        CHECK(claim_rows(&c, 10) == 1);
        silent(&c, 11);
        one_dies(&c);
        c = (struct one){ 0 };
        CHECK(polls(&b) == 0);
    }
    arrive(&a, "fine");
    commit(&a);
    CHECK(claim_rows(&b, 10) == 2 && next_is(&b, "fine") && next_is(&b, NULL));
    CHECK(polls(&b) == 0 && jobs_suspects(b.jobs) == 1 && jobs_parked(b.jobs) == 1);
    CHECK(inbox_parked_next(b.jobs, 0, &row) == 0 && inbox_suspect_next(b.jobs, 1, &row) == 1);
    CHECK(row.singly && row.crashes == 1 && inbox_crashed(b.jobs) == 0);
    CHECK(inbox_set_crashes(b.jobs, &row, INBOX_GIVEN_UP) == 0 && inbox_crashed(b.jobs) == 1 &&
          inbox_crashed(b.jobs) == 0);
    CHECK(commit(&b) == STORE_COMMITTED && polls(&b) == 0 && jobs_suspects(b.jobs) == 0);
    inbox_row_free(&row);
    int64_t id = arrive(&b, "never read");
    CHECK(inbox_give_up(b.jobs, id) == 0 && commit(&b) == STORE_COMMITTED);
    CHECK(claim_rows(&b, 10) == 1 && next_is(&b, NULL) && inbox_crashed(b.jobs) == 1);
    commit(&b);
    end();
}

static void purged(void)
{
    struct inbox_row row = { 0 };
    struct needles *n = needles_new();
    int64_t ids[8], after = 0;
    bool more = false;
    fresh();
    needles_add(n, "491701234567", 12);
    int64_t first = arrive(&a, "{\"from\":\"491701234567\"}"), other = arrive(&a, "{}");
    struct jobs_put p = { .kind = "work", .payload = "\"491701234567\"", .payload_len = 14 };
    int64_t job = jobs_put(a.jobs, &p);
    for (int i = 0; i < 300; i++)
        put(&a, NULL, NULL, "nobody", false);
    commit(&a);
    CHECK(jobs_look_for(a.jobs, LOOK_INBOX, n, &after, ids, 8, 1000000000, &more) == 1);
    CHECK(ids[0] == first && !more && after == other);
    after = 0;
    CHECK(jobs_look_for(a.jobs, LOOK_JOBS, n, &after, ids, 8, 60000000000, &more) == 1);
    CHECK(ids[0] == job && !more && after == job + 300);
    CHECK(inbox_replace(a.jobs, other, "[]", 2) == 1 && jobs_erase(a.jobs, job) == 1);
    CHECK(inbox_erase(a.jobs, first) == 1 && inbox_erase(a.jobs, first) == 0);
    CHECK(commit(&a) == STORE_COMMITTED && claim_rows(&a, 10) == 1);
    CHECK(inbox_next(a.jobs, &row) == 1 && inbox_park(a.jobs, &row, NULL, 0, "x") == 0);
    CHECK(inbox_park(a.jobs, &row, "item", 4, "x") == 0 && inbox_place(a.jobs, &row, 3) == 0);
    commit(&a);
    inbox_row_free(&row);
    CHECK(inbox_purge(a.jobs, 1000, 10) == 0 && inbox_purge(a.jobs, INT64_MAX, 10) == 2);
    CHECK(commit(&a) == STORE_COMMITTED && jobs_parked(a.jobs) == 0);
    commit(&a);
    CHECK(ask(&a, "SELECT count(*) FROM inbox") == 0 &&
          ask(&a, "SELECT count(*) FROM marks WHERE name LIKE 'inbox.place:%'") == 0);
    needles_free(n);
    end();
}

int main(void)
{
    begin();
    case_run("an accepted row is read once, in order, by the one process that reads", read_once);
    case_run("a row goes on where it was left by the last commit", in_pieces);
    case_run("what cannot be read is parked, and read again by one process", parked);
    case_run("the rows of a process without a heartbeat are read by another, and not by both",
             taken_over);
    case_run("a row that was claimed at two deaths is read after all others", deadly);
    case_run("rows and jobs are found by a word, replaced, erased and purged by age", purged);
    return cases_end();
}
