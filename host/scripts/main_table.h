/*
 * main_table: reads the table that main.lua returns (host/api/request.lua, class host.Main) into
 * its generation. Runs protected, so it may throw; what it allocates hangs on the generation at
 * once, which frees it whatever happens.
 */
#ifndef HOST_SCRIPTS_MAIN_TABLE_H
#define HOST_SCRIPTS_MAIN_TABLE_H

#include "scripts/generation.h"

/* Takes the table at the top of the stack (throws, naming what is wrong). */
int main_table_take(lua_State *L);

#endif
