/* The ledger's file as it may lie there after a crash or a mistake: any bytes. It opens or says
 * why; only whole lines are read. */
#include "fuzz.h"

#include "../host/store/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In memory where there is such a place: a line that is added is synced. */
static char folder[] = "/dev/shm/fuzz-ledger-XXXXXX";
static char database[64], lines[80], key[80];

static void remove_folder(void)
{
    unlink(lines);
    unlink(key);
    rmdir(folder);
}

static void make_folder(void)
{
    if (database[0])
        return;
    if (!mkdtemp(folder) && !mkdtemp(strcpy(folder, "/tmp/fuzz-ledger-XXXXXX")))
        fuzz_fail("no folder: %s", strerror(errno));
    snprintf(database, sizeof database, "%s/db.sqlite", folder);
    snprintf(lines, sizeof lines, "%s.erased", database);
    snprintf(key, sizeof key, "%s.key", database);
    atexit(remove_folder);
}

static void put(const char *path, const uint8_t *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || (size && write(fd, data, size) != (ssize_t)size))
        fuzz_fail("%s: %s", path, strerror(errno));
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[512] = "", out[256], mark[LEDGER_MARK_BYTES];
    long n;
    size_t at = 0;
    make_folder();
    if (size && data[0] == 'k') /* the key is odd */
        put(key, data + 1, size - 1);
    else
        unlink(key);
    if (!size || data[0] != 'k')
        put(lines, data, size);
    struct ledger *l = ledger_open(database, why, sizeof why);
    if (!l) {
        if (!why[0])
            fuzz_fail("refused without a reason");
        return 0;
    }
    if (ledger_mark(l, "14165551234", 11, mark) != 0 || strlen(mark) != 64)
        fuzz_fail("no mark");
    if (ledger_add(l, "one line\n", 9) != 0)
        fuzz_fail("a line could not be added: %s", strerror(errno));
    char last = 0;
    while ((n = ledger_read(l, at, out, sizeof out)) > 0) {
        at += (size_t)n;
        last = out[n - 1];
    }
    if (n < 0 || at != ledger_size(l) || last != '\n')
        fuzz_fail("read %zu of %zu, the last byte is %d", at, ledger_size(l), last);
    ledger_close(l);
    return 0;
}
