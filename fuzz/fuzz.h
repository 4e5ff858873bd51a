/*
 * fuzz: what the fuzz targets share. A target is one file NAME_fuzz.c with LLVMFuzzerTestOneInput;
 * it feeds bytes to one parser of the host, or to a whole instance, and ends the process
 * (fuzz_fail) where something that must hold does not.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <lua.h>
#include <stddef.h>
#include <stdint.h>

struct host;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Says what does not hold, and aborts: libFuzzer keeps the input. */
void fuzz_fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* A copy in a block of exactly this size, without a NUL behind it: reading past it is seen. free()
 * it. */
char *fuzz_exact(const uint8_t *data, size_t size);
/* A copy as a C string, cut at the first NUL. free() it. */
char *fuzz_text(const uint8_t *data, size_t size);
/* The library that open makes, as the only value on a state of its own. Made once, collected now
 * and then. */
lua_State *fuzz_state(lua_CFunction open);

/* A whole instance with the business's scripts, a database in memory and a listener; no job of it
 * runs. Made once. */
struct host *fuzz_instance(void);
/* Sends bytes to its listener, and reads what comes. The status of the first answer; 0: the
 * connection was closed without one. */
unsigned fuzz_send(const void *bytes, size_t size);
/* Reads what the inbox took. Fails where a reader throws. */
void fuzz_read_inbox(void);

#endif
