/* The blocks of memory that SQLite takes, with those that are kept for it. */
#include "spec/host/store/store_case.h"

#include <pthread.h>
#include <sqlite3.h>

enum { MANY = 3000 };

static char *blocks[MANY];

static int size_of(int i)
{
    return i % 1500 * (i % 8 + 1) + 1;
}

static void fill(int i)
{
    blocks[i] = sqlite3_malloc(size_of(i));
    memset(blocks[i], i % 251, (size_t)size_of(i));
}

static bool whole(int i)
{
    for (int n = 0; n < size_of(i); n++)
        if ((unsigned char)blocks[i][n] != i % 251)
            return false;
    return sqlite3_msize(blocks[i]) >= (sqlite3_uint64)size_of(i);
}

static void apart(void)
{
    for (int i = 0; i < MANY; i++)
        fill(i);
    for (int round = 0; round < 5; round++) {
        for (int i = round; i < MANY; i += 3)
            sqlite3_free(blocks[i]);
        for (int i = round; i < MANY; i += 3)
            fill(i);
    }
    for (int i = 0; i < MANY; i++)
        CHECK(whole(i));
    for (int i = 0; i < MANY; i += 2) {
        blocks[i] = sqlite3_realloc(blocks[i], size_of(i) + i % 700);
        CHECK(whole(i));
    }
    for (int i = 0; i < MANY; i++)
        sqlite3_free(blocks[i]);
}

static void *elsewhere(void *arg)
{
    (void)arg;
    for (int i = 0; i < MANY; i++)
        sqlite3_free(blocks[i]);
    for (int i = 0; i < MANY; i++)
        fill(i);
    return NULL;
}

static void of_threads(void)
{
    pthread_t thread;
    for (int i = 0; i < MANY; i++)
        fill(i);
    CHECK(pthread_create(&thread, NULL, elsewhere, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    for (int i = 0; i < MANY; i++) {
        CHECK(whole(i));
        sqlite3_free(blocks[i]);
    }
}

int main(void)
{
    store_keep_blocks();
    log_open(LOG_OFF);
    case_run("blocks that were given back are given again, and none is two things at once", apart);
    case_run("a block can be given back by another thread", of_threads);
    return cases_end();
}
