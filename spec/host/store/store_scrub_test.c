/* No byte of what was deleted stays in the file. The codes: docs/faults.md. */
#include "base/needles.h"
#include "spec/host/store/store_case.h"

#include <sqlite3.h>
#include <stdarg.h>

enum { PEOPLE = 400, ROUNDS = 24 };

static uint32_t seed = 20261122;

static unsigned any(unsigned below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

static struct store *open_tables(void)
{
    static const char *const steps[] = {
        "CREATE TABLE c (id TEXT PRIMARY KEY, name TEXT) WITHOUT ROWID;"
        "CREATE TABLE m (id TEXT PRIMARY KEY, c TEXT, content TEXT, seq INTEGER);"
        "CREATE INDEX m_c ON m (c, seq);"
        "CREATE TABLE q (c TEXT PRIMARY KEY, json TEXT) WITHOUT ROWID;"
    };
    struct store *s = case_open();
    char why[256];
    CHECK(store_migrate(s, "scripts", steps, 1, why, sizeof why) == 0);
    return s;
}

static void run(struct store *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *sql = sqlite3_vmprintf(format, args);
    va_end(args);
    CHECK(store_exec(s, sql) == 0);
    sqlite3_free(sql);
}

/* Rows of many lengths, now and then one that overflows its page. */
static void write_rows(struct store *s, unsigned person, int n)
{
    int len = any(40) == 0 ? 3000 + (int)any(9000) : (int)any(200);
    run(s,
        "INSERT INTO c VALUES ('p%06u', 'Name of p%06u %.*c') ON CONFLICT DO UPDATE SET name = "
        "excluded.name",
        person, person, (int)any(40), 'n');
    run(s, "INSERT INTO m VALUES ('w%d.p%06u', 'p%06u', 'said by p%06u %.*c', %d)", n, person,
        person, person, len, 'x', n);
    run(s, "REPLACE INTO q VALUES ('p%06u', 'known of p%06u %.*c')", person, person, (int)any(300),
        'q');
}

static void erase(struct store *s, unsigned person)
{
    run(s, "DELETE FROM m WHERE c = 'p%06u'", person);
    run(s, "DELETE FROM q WHERE c = 'p%06u'", person);
    run(s, "DELETE FROM c WHERE id = 'p%06u'", person);
}

static int64_t hits_of(struct store *s, const bool *gone)
{
    struct needles *n = needles_new();
    int64_t at = 0, hits = 0;
    size_t count = 0;
    for (unsigned i = 0; i < PEOPLE; i++) {
        char word[16];
        snprintf(word, sizeof word, "p%06u", i);
        if (gone[i]) {
            CHECK(needles_add(n, word, strlen(word)));
            count++;
        }
    }
    int rc;
    while ((rc = store_look_for(s, n, &at, 1000000)) == 1)
        ;
    CHECK(rc == 0);
    while (count--)
        hits += needles_sum(n, count);
    needles_free(n);
    return hits;
}

/* Thousands of rows come and go; some people are erased on the way. */
static void live(struct store *s, bool *gone)
{
    for (int round = 0, n = 0; round < ROUNDS; round++) {
        for (int i = 0; i < PEOPLE * 2; i++) {
            unsigned person = any(PEOPLE);
            if (!gone[person])
                write_rows(s, person, n++);
            if (any(3) == 0)
                run(s,
                    "DELETE FROM m WHERE rowid = (SELECT rowid FROM m WHERE rowid >= %u LIMIT 1)",
                    any((unsigned)n + 1));
        }
        for (int i = 0; i < 10; i++) {
            unsigned person = any(PEOPLE);
            erase(s, person);
            gone[person] = true;
        }
        CHECK(store_commit(s) == STORE_COMMITTED);
    }
}

static int pieces(struct store *s, struct store_scrub *w, uint64_t budget_ns)
{
    enum store_scrub_result r;
    int count = 1;
    while ((r = store_scrub(s, w, budget_ns)) == STORE_SCRUB_MORE)
        count++;
    CHECK(r == STORE_SCRUBBED);
    return count;
}

static void scrubbed(void)
{
    static bool gone[PEOPLE];
    struct store *s = open_tables();
    struct store_scrub w = { .next = 0 };
    live(s, gone);
    store_close(s); /* with its checkpoint: what is left is in the file alone */
    s = open_tables();
    int64_t before = hits_of(s, gone), rows = case_number(s, "SELECT count(*) FROM m");
    CHECK(before > 0); /* else secure_delete alone would do, and this unit is for nothing */
    int count = pieces(s, &w, 1);
    CHECK(count > 4 && w.cleaned > 0);
    printf("# %lld copies of erased text before, in %lld of %lld pages; %d pieces\n",
           (long long)before, (long long)w.cleaned, (long long)w.pages, count);
    CHECK(hits_of(s, gone) == 0);
    CHECK(case_sound(s) && case_number(s, "SELECT count(*) FROM m") == rows);
    w = (struct store_scrub){ .next = 0 };
    pieces(s, &w, UINT64_MAX / 2);
    CHECK(w.cleaned == 0);
    store_close(s);
}

/* Pages that were in the cache must not come back with what they held. */
static void goes_on(void)
{
    static bool gone[PEOPLE];
    struct store *s = open_tables();
    struct store_scrub w = { .next = 0 };
    live(s, gone);
    CHECK(store_commit(s) != STORE_LOST);
    pieces(s, &w, UINT64_MAX / 2);
    CHECK(w.cleaned > 0 && hits_of(s, gone) == 0);
    for (int i = 0; i < 4000; i++) {
        unsigned person = any(PEOPLE);
        if (!gone[person])
            write_rows(s, person, 1000000 + i);
    }
    CHECK(store_commit(s) == STORE_COMMITTED && hits_of(s, gone) == 0);
    CHECK(case_sound(s));
    store_close(s);
    s = open_tables();
    CHECK(hits_of(s, gone) == 0 && case_sound(s));
    store_close(s);
}

static void busy(void)
{
    struct store *s = open_tables();
    struct store_scrub w = { .next = 0 };
    write_rows(s, 1, 1);
    CHECK(store_scrub(s, &w, UINT64_MAX / 2) == STORE_SCRUB_BUSY);
    CHECK(store_commit(s) == STORE_COMMITTED);
    sqlite3 *other = NULL;
    CHECK(sqlite3_open(case_db, &other) == SQLITE_OK &&
          sqlite3_exec(other, "BEGIN; SELECT * FROM m", NULL, NULL, NULL) == SQLITE_OK);
    CHECK(store_scrub(s, &w, UINT64_MAX / 2) == STORE_SCRUB_BUSY);
    CHECK(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL) == SQLITE_OK);
    sqlite3_close(other);
    pieces(s, &w, UINT64_MAX / 2);
    CHECK(case_sound(s));
    store_close(s);
}

static void dies(void)
{
    struct store *s = open_tables();
    struct store_scrub w = { .next = 0 };
    for (int i = 0; i < 3; i++)
        store_scrub(s, &w, 1);
    raise(SIGKILL);
}

static void killed(void)
{
    static bool gone[PEOPLE];
    struct store *s = open_tables();
    struct store_scrub w = { .next = 0 };
    live(s, gone);
    store_close(s);
    CHECK(case_child(dies) == -SIGKILL);
    s = open_tables();
    CHECK(case_sound(s));
    pieces(s, &w, UINT64_MAX / 2);
    CHECK(hits_of(s, gone) == 0 && case_sound(s));
    store_close(s);
}

/* A value of so many bytes goes on in pages of its own after `here` bytes and each SEAM bytes from
 * there. */
enum { VALUE = 9000, SEAM = 4092, AROUND = 16 };

static int missed(struct store *s, unsigned count)
{
    int missing = 0;
    for (unsigned i = 0; i < count; i++) {
        char word[20];
        int64_t at = 0;
        struct needles *n = needles_new();
        snprintf(word, sizeof word, "straddle%06u", i);
        CHECK(needles_add(n, word, strlen(word)));
        CHECK(store_look_for(s, n, &at, UINT64_MAX / 2) == 0);
        missing += needles_sum(n, 0) == 0;
        needles_free(n);
    }
    return missing;
}

static void across(void)
{
    static const struct {
        const char *table;
        int here; /* of a table with row ids, and of one without */
    } kinds[] = { { "m", 489 + (VALUE - 489) % SEAM }, { "c", 489 + (VALUE - 489) % SEAM } };
    struct store *s = open_tables();
    unsigned count = 0;
    for (int k = 0; k < 2; k++)
        for (int seam = 0; seam < 2; seam++)
            for (int i = -AROUND; i < AROUND; i++, count++) {
                int before = kinds[k].here + seam * SEAM + i;
                run(s, "INSERT INTO %s (id, %s) VALUES ('r%06u', '%.*c%s%06u%.*c')", kinds[k].table,
                    k ? "name" : "content", count, before, 'x', "straddle", count,
                    VALUE - before - 14, 'x');
            }
    CHECK(store_commit(s) == STORE_COMMITTED && missed(s, count) == 0); /* in the log */
    store_close(s);
    s = open_tables();
    CHECK(missed(s, count) == 0); /* in the file */
    run(s, "DELETE FROM m");
    run(s, "DELETE FROM c");
    CHECK(store_commit(s) == STORE_COMMITTED);
    struct store_scrub w = { .next = 0 };
    pieces(s, &w, UINT64_MAX / 2);
    CHECK(missed(s, count) == (int)count && case_sound(s));
    store_close(s);
}

static void found(void)
{
    struct needles *n = needles_new();
    CHECK(!needles_add(n, "abc", 3));
    CHECK(needles_add(n, "16475550123", 11));
    CHECK(needles_add(n, "wamid.A", 7));
    CHECK(needles_add(n, "wamid.B", 7));
    CHECK(needles_in(n, "\"from\":\"16475550123\"", 20));
    CHECK(!needles_in(n, "116475550123 164755501234 a16475550123", 38));
    CHECK(needles_in(n, "16475550123", 11));
    CHECK(!needles_in(n, "1647555012", 10) && !needles_in(n, "", 0));
    needles_tally(n, "116475550123wamid.Awamid.Bwamid.Cwamid.A", 40, 1);
    needles_tally(n, "wamid.A", 7, -1);
    CHECK(needles_sum(n, 0) == 1 && needles_sum(n, 1) == 1 && needles_sum(n, 2) == 1);
    needles_free(n);
}

/* Against a search at each place, over texts of few letters, so that parts of words are common. */
static void as_a_slow_search_does(void)
{
    for (unsigned round = 0; round < 300; round++) {
        struct needles *n = needles_new();
        char text[600], words[12][20];
        size_t count = 1 + (size_t)(rand() % 12);
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = (char)('a' + rand() % 2);
        for (size_t i = 0; i < count; i++) {
            size_t len = NEEDLE_LEAST + (size_t)rand() % 12;
            memcpy(words[i], text + (size_t)rand() % (sizeof text - len), len);
            words[i][len] = 0;
            CHECK(needles_add(n, words[i], len));
        }
        needles_tally(n, text, sizeof text, 1);
        for (size_t i = 0; i < count; i++) {
            int64_t hits = 0;
            for (size_t at = 0; at + strlen(words[i]) <= sizeof text; at++)
                hits += memcmp(text + at, words[i], strlen(words[i])) == 0;
            CHECK(hits > 0 && needles_sum(n, i) == hits);
        }
        needles_free(n);
    }
}

int main(void)
{
    log_open(LOG_OFF);
    case_run("H4: many words are looked for at once, and a number is not found inside another",
             found);
    case_run("H4: it finds in random texts what a search at each place finds",
             as_a_slow_search_does);
    case_run("H4: after thousands of rows came and went, nothing of the deleted ones is left in "
             "the file",
             scrubbed);
    case_run(
        "H4: a word that runs on from one page to the next is found, in the file and in its log",
        across);
    case_run("H4: nothing comes back with what is written afterwards", goes_on);
    case_run("H4: a group that is open and a reader elsewhere are waited for", busy);
    case_run("A10: killed half way, the file is sound and the next time does the rest", killed);
    return cases_end();
}
