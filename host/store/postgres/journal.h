/*
 * journal: the statements of a transaction and what they were answered, so that it can run again.
 *
 * Of transactions that meet (SERIALIZABLE), the server undoes one. Whoever ran it may have gone on
 * with what it read. So its statements run once more, in a new transaction: when every answer is
 * the same, all that was done with the answers holds, and it goes on as if nothing had happened.
 * When one differs, it is for the caller to run its work again.
 *
 * A statement that begins with "SELECT nextval(" is not run again: its number is taken once.
 *
 * Not kept after a statement that failed, a savepoint that was rolled back, and past JOURNAL_MOST.
 */
#ifndef HOST_STORE_POSTGRES_JOURNAL_H
#define HOST_STORE_POSTGRES_JOURNAL_H

#include "store/postgres/inside.h"

enum { JOURNAL_MOST = 1024 * 1024 };

/* Zero-initialise; journal_end frees it. */
struct journal {
    struct buf entries;
    bool gone; /* it cannot run again */
};

enum journal_mark { JOURNAL_SAVEPOINT = 's', JOURNAL_RELEASE = 'r' };

void journal_mark(struct journal *j, enum journal_mark what);
/* Right after the first step of a statement that was carried out. */
void journal_add(struct journal *j, const struct pg_statement *st);
/* It cannot run again. */
void journal_give_up(struct journal *j);
/* Runs all of it in the session's next transaction. 0: the answers are the same. Else a code;
 * PG_MISUSE: one differs. */
int journal_run(struct journal *j, struct pg_session *s);
void journal_end(struct journal *j);

#endif
