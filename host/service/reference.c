#include "service/reference.h"

#include "base/log.h"
#include "service/reload.h"

#include <string.h>

enum { KEEP_MS = 60000 };

static uint64_t again_ns; /* it could not be built before this time, and is tried again then */

struct generation *reference_get(struct host *h)
{
    struct generation *g = h->scripts.reference;
    uint64_t now = loop_now_ns();
    if (!h->good || !h->scripts.current || strcmp(h->good->hash, h->scripts.current->hash) == 0)
        return NULL;
    if (!g) {
        if (now < again_ns)
            return NULL;
        g = reload_build(h, h->good);
        if (!g) {
            again_ns = now + KEEP_MS * 1000000ull;
            return NULL;
        }
        metrics_share(h->services.metrics, &g->metrics);
        g->older = h->scripts.draining;
        h->scripts.draining = h->scripts.reference = g;
        log_event(LOG_INFO, "generation.reference", log_i("number", (int64_t)g->number),
                  log_n("hash", g->hash, 12));
    }
    g->drained_ns = now;
    return g;
}

void reference_drop(struct host *h)
{
    if (h->scripts.reference)
        h->scripts.reference->drained_ns = loop_now_ns();
    h->scripts.reference = NULL;
    again_ns = 0;
}

bool reference_idle(const struct generation *g)
{
    return g->task_count == 0 && loop_now_ns() - g->drained_ns > KEEP_MS * 1000000ull;
}
