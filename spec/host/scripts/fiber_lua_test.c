/* Lua on fibers: coroutines of one state whose C calls wait, each on a stack of its own. */
#include "base/fiber.h"

#include "spec/host/store/store_case.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

enum { FIBERS = 4 };

struct slice {
    lua_State *main, *co;
    int anchor;
    struct fiber *fiber;
    int result;
    bool over;
    char text[200];
};

static struct slice slices[FIBERS];

/* wait(): as a call of the database. The fiber waits; Lua does not yield. */
static int l_wait(lua_State *L)
{
    if (!fiber_current())
        return luaL_error(L, "no fiber");
    fiber_wait();
    return 0;
}

static void slice_run(void *arg)
{
    struct slice *s = arg;
    int results = 0;
    s->fiber = fiber_current();
    s->result = lua_resume(s->co, s->main, 0, &results);
    const char *text = lua_tostring(s->co, -1);
    snprintf(s->text, sizeof s->text, "%s", text ? text : "(none)");
    if (s->result != LUA_OK)
        lua_resetthread(s->co);
    s->over = true;
}

static bool slice_start(struct slice *s, lua_State *L, const char *code)
{
    *s = (struct slice){ .main = L, .co = lua_newthread(L) };
    s->anchor = luaL_ref(L, LUA_REGISTRYINDEX);
    if (luaL_loadstring(s->co, code) != LUA_OK) {
        printf("# %s\n", lua_tostring(s->co, -1));
        return false;
    }
    return fiber_start(slice_run, s);
}

static lua_State *state_new(void)
{
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    lua_register(L, "wait", l_wait);
    fiber_most(FIBERS);
    return L;
}

static void state_end(lua_State *L)
{
    lua_close(L);
    fiber_free();
    memset(slices, 0, sizeof slices);
}

/* Waits inside gsub's callback, a metamethod, sort's comparison and pcall, and throws there. */
static const char mixed[] =
    "local seen = {}\n"
    "local meta = setmetatable({}, { __index = function(_, k) wait(); return k .. '!' end })\n"
    "for round = 1, 20 do\n"
    "  local text = ('abc'):gsub('.', function(c) wait(); return c:upper() .. round end)\n"
    "  local list = { 3, 1, 2 }\n"
    "  table.sort(list, function(a, b) wait(); return a < b end)\n"
    "  local ok, err = pcall(function()\n"
    "    local inner = ('x'):gsub('x', function() wait(); error({ round = round }) end)\n"
    "  end)\n"
    "  assert(not ok and err.round == round)\n"
    "  local again, why = pcall(error, meta[tostring(round)])\n"
    "  assert(why == round .. '!' and table.concat(list) == '123')\n"
    "  seen[#seen + 1] = text\n"
    "  for i = 1, 50 do seen.waste = { seen.waste and round, tostring(i) } end\n"
    "end\n"
    "assert(#seen == 20 and seen[7] == 'A7B7C7')\n"
    "return 'fine'\n";

static void interleaves(void)
{
    lua_State *L = state_new();
    for (int i = 0; i < FIBERS; i++)
        CHECK(slice_start(&slices[i], L, mixed));
    unsigned next = 1;
    for (int left = FIBERS, rounds = 0; left > 0 && rounds < 100000; rounds++) {
        next = next * 1103515245u + 12345u;
        struct slice *s = &slices[(next >> 16) % FIBERS];
        if (s->over)
            continue;
        if (rounds % 7 == 0)
            lua_gc(L, LUA_GCCOLLECT);
        fiber_resume(s->fiber);
        left -= s->over;
    }
    for (int i = 0; i < FIBERS; i++) {
        CHECK(slices[i].over && slices[i].result == LUA_OK);
        CHECK(strcmp(slices[i].text, "fine") == 0);
        if (!case_fine)
            printf("# %s\n", slices[i].text);
    }
    state_end(L);
}

static void throws_past_the_other(void)
{
    lua_State *L = state_new();
    CHECK(slice_start(&slices[0], L, "wait() error('first')"));
    CHECK(slice_start(&slices[1], L,
                      "local ok, e = pcall(function() wait() error('second', 0) end) "
                      "wait() return e"));
    fiber_resume(slices[0].fiber); /* throws while the other one is inside its pcall */
    CHECK(slices[0].over && slices[0].result == LUA_ERRRUN && strstr(slices[0].text, "first"));
    lua_gc(L, LUA_GCCOLLECT);
    fiber_resume(slices[1].fiber);
    fiber_resume(slices[1].fiber);
    CHECK(slices[1].result == LUA_OK && strcmp(slices[1].text, "second") == 0);
    state_end(L);
}

/* Each nested gsub takes the most C stack that one level of Lua can take. */
static void holds_the_deepest(void)
{
    lua_State *L = state_new();
    CHECK(slice_start(&slices[0], L,
                      "local function deep(n) return (('a'):gsub('(a)', function()\n"
                      "  wait() return deep(n + 1) end)) end\n"
                      "local ok, err = pcall(deep, 1) return tostring(err)"));
    int levels = 0;
    for (; !slices[0].over && levels < 1000; levels++)
        fiber_resume(slices[0].fiber);
    CHECK(slices[0].over && strstr(slices[0].text, "C stack overflow"));
    CHECK(levels > 150);
    state_end(L);
}

int main(void)
{
    case_run("coroutines that wait in callbacks take turns, throw, and survive full collections",
             interleaves);
    case_run("an error on one fiber does not touch what another one protects",
             throws_past_the_other);
    case_run("a fiber's stack holds the deepest nesting that Lua allows", holds_the_deepest);
    return cases_end();
}
