/*
 * ledger: an append-only file beside the database (`<database>.erased`). When an older copy
 * replaces the database, the ledger still says what was erased. The loop thread only.
 *
 * A line is on the disk before ledger_add returns. A last line that a crash cut short is dropped at
 * the next start. `<database>.key` (mode 0600, created once) is the key of the marks: without it
 * the ledger names nobody. Owns both files. Does not read the meaning of the lines. Never rewrites
 * or shortens them.
 */
#ifndef HOST_STORE_LEDGER_H
#define HOST_STORE_LEDGER_H

#include <stddef.h>

struct ledger;

enum { LEDGER_MARK_BYTES = 65, LEDGER_LINE_MOST = 65536 };

/* database NULL: in memory. Answers NULL with cause and remedy in why. */
struct ledger *ledger_open(const char *database, char *why, size_t why_size);
void ledger_close(struct ledger *l);
/* The keyed mark of a text, as 64 hex digits. 0 or -1. */
int ledger_mark(struct ledger *l, const char *text, size_t len, char out[LEDGER_MARK_BYTES]);
/* Adds whole lines: `text` is one or more of them, each ended by a newline. Durable, or -1 with
 * errno and nothing added. */
int ledger_add(struct ledger *l, const char *text, size_t len);
size_t ledger_size(const struct ledger *l);
/* Reads up to size bytes from an offset, up to the last whole line. How many, or -1 with errno. */
long ledger_read(struct ledger *l, size_t from, char *out, size_t size);

#endif
