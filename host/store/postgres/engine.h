/*
 * postgres: store.h's engine of a server, over pg.h. Nothing opens it yet but its spec: a store's
 * path names SQLite's file.
 *
 * The group is one SERIALIZABLE transaction. It begins with the first statement, which may wait for
 * the server, and its commit is durable. Where commit answers STORE_UNKNOWN, whoever runs slices on
 * this must look whether it was stored. Each fiber has a group of its own, and the loop's own stack
 * one that blocks.
 */
#ifndef HOST_STORE_POSTGRES_ENGINE_H
#define HOST_STORE_POSTGRES_ENGINE_H

#include "store/engine.h"

extern const struct store_engine postgres_engine;

#endif
