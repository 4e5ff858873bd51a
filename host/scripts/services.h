/*
 * services: the pieces of the host that scripts may use. Bindings reach them through their
 * generation, and tasks through theirs. All of them are below this folder, so they know nothing of
 * scripts. A pointer is NULL when this instance has no such piece. The loop thread.
 */
#ifndef HOST_SCRIPTS_SERVICES_H
#define HOST_SCRIPTS_SERVICES_H

#include "client/outbound.h"

struct services {
    struct loop *loop;
    struct store *store;
    struct jobs *jobs;
    struct ledger *ledger;
    struct media *media;
    struct outbound outbound;
    struct metrics *metrics;
};

#endif
