/* command: runs a command of main.lua, or a file (assistant run), as a task. The loop thread. */
#include "bind/bind.h"

#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

/* On the task's stack: the argument of its entry. */
struct call {
    struct task_held held_by;
    int ref;
    size_t count;
    char *args[];
};

static struct call *new_call(char *const *args, size_t count)
{
    struct call *c = calloc(1, sizeof *c + count * sizeof(char *));
    for (size_t i = 0; c && i < count; i++)
        c->args[c->count++] = strdup(args[i]);
    return c;
}

static void free_call(void *arg)
{
    struct call *c = arg;
    for (size_t i = 0; c && i < c->count; i++)
        free(c->args[i]);
    free(c);
}

/* The first one at this index. */
static void push_args(lua_State *L, const struct call *c, lua_Integer first)
{
    lua_createtable(L, (int)c->count, 0);
    for (size_t i = 0; i < c->count; i++) {
        lua_pushstring(L, c->args[i] ? c->args[i] : "");
        lua_rawseti(L, -2, (lua_Integer)i + first);
    }
}

static int command_done(lua_State *L, int status, lua_KContext ctx)
{
    struct task *t = (struct task *)ctx;
    size_t n = 0;
    (void)status;
    if (lua_istable(L, -1)) {
        lua_getfield(L, LUA_REGISTRYINDEX, "host.json.encode");
        lua_insert(L, -2);
        lua_call(L, 1, 1);
    } else if (lua_isnil(L, -1)) {
        lua_pushliteral(L, "");
    }
    const char *text = luaL_tolstring(L, -1, &n);
    t->said = buf_copy(text, n);
    t->said_len = t->said ? n : 0;
    return 0;
}

/* The command returned nil and a text: it failed, and the text is for people. */
static int command_said(lua_State *L, int status, lua_KContext ctx)
{
    struct task *t = (struct task *)ctx;
    size_t n = 0;
    if (lua_isnil(L, -2) && lua_type(L, -1) == LUA_TSTRING) {
        const char *words = lua_tolstring(L, -1, &n);
        t->error = buf_copy(words, n);
        return 0;
    }
    lua_pop(L, 1);
    return command_done(L, status, ctx);
}

static int command_main(lua_State *L)
{
    struct task *t = task_of(L);
    struct call *c = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, c->ref);
    push_args(L, c, 1);
    lua_callk(L, 1, 2, (lua_KContext)t, command_said);
    return command_said(L, LUA_OK, (lua_KContext)t);
}

static bool start(struct generation *g, lua_CFunction entry, struct call *c, task_ended ended,
                  void *arg)
{
    struct task *t = c ? task_new(g, TASK_COMMAND, entry) : NULL;
    if (!t) {
        free_call(c);
        return false;
    }
    task_defer(t, &c->held_by, free_call, c);
    lua_pushlightuserdata(t->co, c);
    t->ended = ended;
    t->arg = arg;
    task_ready(t);
    return true;
}

static bool start_ref(struct generation *g, int ref, struct call *c, task_ended ended, void *arg)
{
    if (c)
        c->ref = ref;
    return start(g, command_main, c, ended, arg);
}

bool bind_command(struct generation *g, const char *name, char *const *args, size_t count,
                  task_ended ended, void *arg)
{
    const struct named *command = named_find(g->commands, g->command_count, name);
    return command && start_ref(g, command->ref, new_call(args, count), ended, arg);
}

bool bind_prepare(struct generation *g, task_ended ended, void *arg)
{
    return start_ref(g, g->prepare, new_call(NULL, 0), ended, arg);
}

bool bind_start(struct generation *g)
{
    return start_ref(g, g->start, new_call(NULL, 0), NULL, NULL);
}

static int file_main(lua_State *L)
{
    struct task *t = task_of(L);
    struct call *c = lua_touserdata(L, 1);
    if (luaL_loadfile(L, c->args[0]) != LUA_OK)
        return lua_error(L);
    push_args(L, c, 0);
    lua_setglobal(L, "arg");
    luaL_checkstack(L, (int)c->count, "arguments");
    for (size_t i = 1; i < c->count; i++)
        lua_pushstring(L, c->args[i]);
    lua_callk(L, (int)c->count - 1, 2, (lua_KContext)t, command_said);
    return command_said(L, LUA_OK, (lua_KContext)t);
}

bool bind_file(struct generation *g, char *const *args, size_t count, task_ended ended, void *arg)
{
    return start(g, file_main, new_call(args, count), ended, arg);
}
