/*
 * tree: the scripts and prompts of one generation. All files are read into memory before any is
 * loaded.
 *
 * It owns the bytes. It reads only regular files (so it never blocks on a FIFO), follows no link
 * out of its folder, skips editors' temporary files, and refuses files that are too large. What is
 * hashed is what is loaded. The loop thread.
 */
#ifndef HOST_SCRIPTS_TREE_H
#define HOST_SCRIPTS_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct shipped_file;

struct tree_file {
    char *path;  /* "scripts/flow/quote.lua", "prompts/replies.yaml" */
    char *bytes; /* with a NUL behind them; the program's own, when it is shipped */
    size_t len;
    const struct shipped_file *shipped; /* it came with the program, unchanged; NULL: it did not */
};

struct tree {
    struct tree_file *files; /* sorted by path */
    size_t count;
    char hash[65]; /* hex SHA-256 of all paths and contents */
    unsigned refs;
};

/* NULL: why, with the file and the remedy. */
struct tree *tree_read(const char *scripts_dir, const char *prompts_dir, char *why,
                       size_t why_size);
/* Packs a tree into bytes, and unpacks it, to keep it or to pass it to another process. NULL:
 * damaged, or no memory. */
bool tree_pack(const struct tree *t, struct buf *out);
struct tree *tree_unpack(const char *bytes, size_t len);
struct tree *tree_keep(struct tree *t);
void tree_drop(struct tree *t);
const struct tree_file *tree_find(const struct tree *t, const char *path);
/* The file of a module, which `require` names like "flow.quote". NULL: none. path: where it
 * would be. */
enum { TREE_PATH = 512 };
const struct tree_file *tree_module(const struct tree *t, const char *name, size_t len,
                                    char path[TREE_PATH]);
/* true: its scripts are those that came with the program, no more and no fewer, and no name in them
 * is unknown. */
bool tree_checked(const struct tree *t);
/* true: the tree reads files of this name. (It ignores dot files, ~, .swp, 4913 and sed's.) */
bool tree_wants(const char *name);

#endif
