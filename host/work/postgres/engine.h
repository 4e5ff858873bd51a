/*
 * postgres: jobs and inbox of several processes on one database of PostgreSQL. It uses store.h's
 * statements alone. On a fiber each call waits for the server. A store that several processes share
 * (store_shared) gets it.
 *
 * A claim is a row in state 2 with its process (owner) and its number (claim). A put reads nothing
 * of its lane, so that two slices with jobs of one lane do not conflict. A job behind another of
 * its lane is found by the claims, which mark it as waiting (state 1, out of the index of what is
 * due). State 1 only says where a claim need not look: whether a job may run is read from the lane
 * each time. When a lane's job has ended and that is committed, the next claim looks at the lane
 * again. What was missed so (a process died, two of them looked at once) is found within seconds by
 * jobs_poll.
 */
#ifndef HOST_WORK_POSTGRES_ENGINE_H
#define HOST_WORK_POSTGRES_ENGINE_H

#include "work/engine.h"

extern const struct jobs_engine postgres_jobs;

#endif
