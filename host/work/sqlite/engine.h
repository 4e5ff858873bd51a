/*
 * sqlite: jobs and inbox of one process on its own database. What only it writes it also keeps in
 * memory: what is due, the watermark of the inbox, jobs that are claimed in the group that put
 * them.
 */
#ifndef HOST_WORK_SQLITE_ENGINE_H
#define HOST_WORK_SQLITE_ENGINE_H

#include "work/engine.h"

extern const struct jobs_engine sqlite_jobs;

#endif
