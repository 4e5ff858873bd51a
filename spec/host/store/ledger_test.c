/* What the ledger beside the database promises. The codes: docs/faults.md. */
#include "store/ledger.h"

#include "spec/host/store/store_case.h"

#include <errno.h>
#include <sys/resource.h>

static char why[512];

static struct ledger *open_it(void)
{
    why[0] = 0;
    return ledger_open(case_db, why, sizeof why);
}

static char *file_of(const char *suffix)
{
    static char path[128];
    snprintf(path, sizeof path, "%s%s", case_db, suffix);
    return path;
}

static void write_file(const char *suffix, const char *text)
{
    FILE *f = fopen(file_of(suffix), "w");
    CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static bool holds(struct ledger *l, const char *text)
{
    char bytes[4096];
    long n = ledger_read(l, 0, bytes, sizeof bytes);
    bool right = n == (long)strlen(text) && memcmp(bytes, text, (size_t)n) == 0;
    if (!right)
        printf("# holds %.*s\n", (int)n, bytes);
    return right;
}

static void kept(void)
{
    struct ledger *l = open_it();
    char mark[LEDGER_MARK_BYTES], same[LEDGER_MARK_BYTES], other[LEDGER_MARK_BYTES];
    struct stat st;
    CHECK(l && ledger_size(l) == 0 && access(file_of(".erased"), F_OK) != 0);
    CHECK(stat(file_of(".key"), &st) == 0 && (st.st_mode & 0777) == 0600 && st.st_size == 65);
    CHECK(ledger_mark(l, "16475550123", 11, mark) == 0 && strlen(mark) == 64);
    CHECK(ledger_mark(l, "16475550124", 11, other) == 0 && strcmp(mark, other) != 0);
    CHECK(ledger_add(l, "one\ntwo\n", 8) == 0 && ledger_add(l, "three\n", 6) == 0);
    CHECK(ledger_add(l, "no end", 6) == -1 && ledger_add(l, "", 0) == -1);
    CHECK(stat(file_of(".erased"), &st) == 0 && (st.st_mode & 0777) == 0600);
    ledger_close(l);
    l = open_it();
    CHECK(l && holds(l, "one\ntwo\nthree\n"));
    CHECK(ledger_mark(l, "16475550123", 11, same) == 0);
    CHECK(strcmp(mark, same) == 0);
    char two[3];
    CHECK(ledger_read(l, 4, two, 3) == 3);
    CHECK(memcmp(two, "two", 3) == 0);
    CHECK(ledger_read(l, 14, two, 3) == 0);
    CHECK(ledger_read(l, 99, two, 3) == 0);
    ledger_close(l);
}

static void cut(void)
{
    struct ledger *l = open_it();
    CHECK(l && ledger_add(l, "whole\n", 6) == 0);
    ledger_close(l);
    write_file(".erased", "whole\nhal");
    l = open_it();
    CHECK(l && holds(l, "whole\n"));
    CHECK(ledger_add(l, "next\n", 5) == 0);
    CHECK(holds(l, "whole\nnext\n"));
    ledger_close(l);
    write_file(".erased", "ha");
    l = open_it();
    CHECK(l && ledger_size(l) == 0);
    CHECK(ledger_add(l, "first\n", 6) == 0);
    CHECK(holds(l, "first\n"));
    ledger_close(l);
}

static void refused(void)
{
    struct ledger *l = open_it();
    CHECK(l && ledger_add(l, "line\n", 5) == 0);
    ledger_close(l);
    unlink(file_of(".key"));
    CHECK(!open_it());
    CHECK(strstr(why, ".key is missing"));
    CHECK(strstr(why, "put the key back"));
    CHECK(!strchr(why, '\n'));
    CHECK(access(file_of(".key"), F_OK) != 0);
    write_file(".key", "no key at all\n");
    CHECK(!open_it() && strstr(why, "64 hex digits"));
    unlink(file_of(".key"));
    unlink(file_of(".erased"));
    CHECK(mkdir(file_of(".erased"), 0700) == 0 && !open_it() && strstr(why, ".erased"));
}

static void full_child(void)
{
    struct ledger *l = open_it();
    const struct rlimit small = { 4096, 4096 };
    char text[3001];
    memset(text, 'x', 3000);
    text[2999] = '\n';
    signal(SIGXFSZ, SIG_IGN);
    if (!l || setrlimit(RLIMIT_FSIZE, &small) != 0 || ledger_add(l, text, 3000) != 0)
        _exit(1);
    if (ledger_add(l, text, 3000) != -1 || errno != EFBIG || ledger_size(l) != 3000)
        _exit(2);
    _exit(ledger_add(l, "short\n", 6) == 0 ? 0 : 3);
}

static void full(void)
{
    CHECK(case_child(full_child) == 0);
    struct ledger *l = open_it();
    CHECK(l && ledger_size(l) == 3006);
    ledger_close(l);
}

static void in_memory(void)
{
    struct ledger *l = ledger_open(NULL, why, sizeof why);
    char mark[LEDGER_MARK_BYTES];
    CHECK(l && ledger_mark(l, "a", 1, mark) == 0);
    CHECK(ledger_add(l, "one\n", 4) == 0);
    CHECK(holds(l, "one\n"));
    ledger_close(l);
}

int main(void)
{
    log_open(LOG_OFF);
    case_run("H4: lines and the key of the marks outlive the process, readable by nobody else",
             kept);
    case_run("A10: a last line that was cut short is dropped, and the next one stands alone", cut);
    case_run(
        "A16: lines without their key, a wrong key and what is no file are refused in one line",
        refused);
    case_run("A12: what does not fit on the disk is not added, nor half of it", full);
    case_run("a database in memory has its ledger in memory", in_memory);
    return cases_end();
}
