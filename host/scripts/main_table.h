/*
 * main_table: reads the table that main.lua returns (host/api/request.lua, class host.Main) into
 * its generation. It must run protected, because it throws. The generation owns each allocation at
 * once, so an error leaks nothing. The loop thread.
 */
#ifndef HOST_SCRIPTS_MAIN_TABLE_H
#define HOST_SCRIPTS_MAIN_TABLE_H

#include "scripts/generation.h"

/* Takes the table at the top of the stack. Throws with the cause. */
int main_table_take(lua_State *L);

#endif
