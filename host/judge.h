/*
 * judge: what a script error means.
 *
 * A request gets 500. A job is tried once more; then its kind's `failed` handler decides (the customer gets an answer,
 * staff the case), or it dies. Five errors in a row make the generation fall: the last good tree is loaded
 * again, and the one that fell is not loaded again until it changes. While a generation has never done anything well, its jobs
 * wait up to ten tries a second apart for a better one. The loop thread only.
 */
#ifndef HOST_JUDGE_H
#define HOST_JUDGE_H

#include "task.h"

enum { JUDGE_ROW = 5, JUDGE_TRIES = 2, JUDGE_TRIES_UNPROVEN = 10, JUDGE_AGAIN_MS = 1000 };

/* The task ended with t->error: answers its request, decides on its job. */
void judge_failed(struct task *t);
void judge_fine(struct task *t);
/* An inbox row ended with a script error. true: it has had its tries, park it. */
bool judge_row_failed(struct generation *g, const char *error, unsigned tries);

#endif
