/*
 * sqlite: the engine of one file, for one process. One connection, on the loop thread.
 *
 * The group is one transaction: BEGIN IMMEDIATE is taken before its first write, and its commit is
 * durable by WAL and synchronous=FULL. Owns the database file, its lock file (`<path>.lock`, flock
 * held for life), the statement cache, schema steps, checkpoints, the health of the file. Never:
 * waits for a lock longer than 50 ms, deletes a database.
 *
 * IOERR, CORRUPT, NOTADB and a failed sync are fatal: it logs one line and ends the process with
 * exit code 3, because after a failed sync the kernel's cache cannot be trusted. FULL and BUSY are
 * not fatal: the caller gets an error.
 */
#ifndef HOST_STORE_SQLITE_ENGINE_H
#define HOST_STORE_SQLITE_ENGINE_H

#include "store/engine.h"

extern const struct store_engine sqlite_engine;

#endif
