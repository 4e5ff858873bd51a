/*
 * shipped: the scripts that came with the program: compiled when it was built, and part of it.
 *
 * Of the 578 million instructions of a first start, compiling took 190, looking for names that do
 * not exist 113 and the schema's steps 60. All of it was done for these bytes at build time
 * (cli/ship.c), so a script that still has exactly these bytes is not compiled again: 17 are left.
 * A changed file is compiled as ever. The compiled code is read from the program alone, never from
 * a folder, because Lua does not check it. A program without it (tests, a Lua that is not linked
 * in) compiles everything. Constants; any thread.
 */
#ifndef HOST_SCRIPTS_SHIPPED_H
#define HOST_SCRIPTS_SHIPPED_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* One script. Offsets count from the beginning of all. */
struct shipped_file {
    uint64_t path, source, source_len, code, code_len;
};

/* The script whose path and bytes are these. NULL: none. */
const struct shipped_file *shipped_find(const char *path, const char *bytes, size_t len);
const char *shipped_source(const struct shipped_file *f);
/* How many scripts there are. 0: none, or a name in them is unknown. */
size_t shipped_count(void);
/* Pushes the script's function, or an error. Returns lua_load's result. */
int shipped_load(lua_State *L, const struct shipped_file *f);
/* An empty database after the schema steps with this hash. NULL: none. */
const void *shipped_database(const char *schema_hash, size_t *len);

/* For the build: what the program gets. */
struct shipped_script {
    const char *path, *source;
    size_t source_len;
    struct buf *code;
};
bool shipped_write(const struct shipped_script *list, size_t count, bool checked,
                   const char *schema_hash, const struct buf *database, struct buf *out);

#endif
