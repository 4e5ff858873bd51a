/*
 * postgres: store.h's engine of a server, over pg.h. A path that begins with postgres:// leads to
 * it.
 *
 * The group is one SERIALIZABLE transaction. It begins with the first statement, which may wait for
 * the server, and its commit is durable. Where commit answers STORE_UNKNOWN, it may be stored. Each
 * fiber has a group of its own, and the loop's own stack one that blocks.
 */
#ifndef HOST_STORE_POSTGRES_ENGINE_H
#define HOST_STORE_POSTGRES_ENGINE_H

#include "store/engine.h"

extern const struct store_engine postgres_engine;

#endif
