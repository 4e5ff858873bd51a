/* What store.h says that an engine without files answers: a stand-in that has only what each has.
 */
#include "store/engine.h"

#include "spec/host/store/store_case.h"

static uint64_t group_is_7(const struct store *s)
{
    (void)s;
    return 7;
}

static const struct store_engine bare = { .group = group_is_7 };

struct store {
    const struct store_engine *engine;
};

static void never(void *arg, const char *path, int64_t made_at_ms)
{
    (void)arg, (void)path, (void)made_at_ms;
    CHECK(!"called");
}

static void without_files(void)
{
    struct store s = { &bare };
    struct store_holder holder;
    struct trouble trouble;
    struct store_scrub work = { 0 };
    char why[200] = "";
    int64_t at = 0;
    CHECK(!store_path(&s) && store_in_place(&s));
    CHECK(store_live(&s, why, sizeof why) == 0 && !store_strange(&s) && !store_restored(&s));
    CHECK(!store_locked(&s, &holder) && !store_busy(&s, &trouble));
    CHECK(!store_heavy(&s) && !store_idle(&s) && !store_bound_due(&s));
    store_bound(&s);
    CHECK(store_scrub(&s, &work, 0) == STORE_SCRUBBED && work.pages == 0);
    CHECK(store_look_for(&s, NULL, &at, 0) == 0);
    CHECK(!store_copy_begin(&s, "/tmp/copy", NULL, NULL, why, sizeof why) && strstr(why, "server"));
    store_note_copy(&s, "/tmp/copy", 1);
    CHECK(store_step_copies(&s, never, NULL) == 0);
}

static void durable(void)
{
    struct store s = { &bare };
    store_sync_apart(&s, NULL, NULL);
    store_sync(&s);
    CHECK(!store_syncing(&s) && store_durable(&s) == 7);
    store_sync_together(&s);
}

int main(void)
{
    case_run("an engine without files has no copies, no checkpoints and nothing to clean",
             without_files);
    case_run("what it committed is durable", durable);
    return cases_end();
}
