/*
 * ledger: lines that are only ever added, in a file of their own beside the database (`<database>.erased`), so that a database
 * which is replaced by an older copy of itself meets what was promised meanwhile. The loop thread only.
 *
 * A line is on the disk before ledger_add returns. A last line that was cut short by a crash is dropped at the next start.
 * `<database>.key` (mode 0600, made once) keys the marks: the ledger alone, without this file, says nothing. Owns both files; knows
 * nothing of what the lines mean. Never: rewrites or shortens what was added.
 */
#ifndef HOST_STORE_LEDGER_H
#define HOST_STORE_LEDGER_H

#include <stddef.h>

struct ledger;

enum { LEDGER_MARK_BYTES = 65, LEDGER_LINE_MOST = 65536 };

/* database NULL: in memory. NULL: why says in one line what and what to do. */
struct ledger *ledger_open(const char *database, char *why, size_t why_size);
void ledger_close(struct ledger *l);
/* The keyed mark of a text, as 64 hex digits. 0 or -1. */
int ledger_mark(struct ledger *l, const char *text, size_t len, char out[LEDGER_MARK_BYTES]);
/* Adds whole lines: `text` is one or more of them, each ended by a newline. Durable, or -1 with errno and nothing added. */
int ledger_add(struct ledger *l, const char *text, size_t len);
size_t ledger_size(const struct ledger *l);
/* Reads up to size bytes from an offset; what lies past the last whole line is never seen. How many, or -1 with errno. */
long ledger_read(struct ledger *l, size_t from, char *out, size_t size);

#endif
