/*
 * services: what the host lends to scripts: bindings reach it through their generation, tasks through theirs. Only the pieces below
 * this folder; what serves, reloads and judges knows of scripts, and they do not know of it. NULL: this instance has none.
 */
#ifndef HOST_SCRIPTS_SERVICES_H
#define HOST_SCRIPTS_SERVICES_H

#include "client/outbound.h"

struct services {
    struct loop *loop;
    struct store *store;
    struct jobs *jobs;
    struct ledger *ledger;
    struct outbound outbound;
    struct metrics *metrics;
};

#endif
