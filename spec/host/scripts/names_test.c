/* Which names a script uses: what the owner mistyped, found before anything runs. */
#include "scripts/names.h"

#include "spec/host/store/store_case.h"

/* "G x" global read, "W x" written, "M x" required, "F m.x" field, with ! used and ? asked for; "S
 * x" field set; "O" open. */
static const char *found(const char *text)
{
    static char out[1024];
    struct names n = { .list = NULL };
    size_t at = 0;
    out[0] = 0;
    names_scan(&n, "scripts/x.lua", text, strlen(text));
    for (size_t i = 0; i < n.count; i++) {
        const struct name_found *f = &n.list[i];
        at += (size_t)snprintf(out + at, sizeof out - at, "%s%c", at ? " " : "", "GWMFSO"[f->kind]);
        if (f->kind == NAME_FIELD)
            at += (size_t)snprintf(out + at, sizeof out - at, " %.*s.%.*s%s", (int)f->module.len,
                                   f->module.text, (int)f->name.len, f->name.text,
                                   f->use == NAME_USED     ? "!"
                                   : f->use == NAME_TESTED ? "?"
                                                           : "");
        else if (f->kind != NAME_OPEN)
            at += (size_t)snprintf(out + at, sizeof out - at, " %.*s", (int)f->name.len,
                                   f->name.text);
    }
    names_free(&n);
    return out;
}

struct source {
    const char *text, *names;
};

static void all(const struct source *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(found(list[i].text), list[i].names) != 0) {
            printf("# %s\n#   is     %s\n#   wanted %s\n", list[i].text, found(list[i].text),
                   list[i].names);
            CHECK(!"these names");
        }
}

static void scopes(void)
{
    static const struct source list[] = {
        { "x = y", "W x G y" },
        { "local x = x", "G x" },
        { "local function f() return f end", "" },
        { "local f = function() return f end", "G f" },
        { "do local a end return a", "G a" },
        { "for i = i, 2 do local j = i end return i, j", "G i G i G j" },
        { "for k, v in pairs(t) do k = v end", "G pairs G t" },
        { "repeat local done = 1 until done", "" },
        { "while a do local a end if b then elseif c then else d() end", "G a G b G c G d" },
        { "local t = {} function t.a.b:c(x, ...) self.y = x return ... end", "S c S y" },
        { "local a <const>, b <close> = 1, 2 return a, b", "" },
        { "::top:: goto top", "" },
        { "local a = { x = 1, [y] = 2; z } return a", "G y G z" },
        { "return 'x', \"y\", [[z]], [==[]]]==], 0x1p-4, 3e+2, .5, 1 .. 2", "" },
        { "--[[ a ]] --[==[ b ]] ]==] -- c\nreturn d", "G d" },
        { "local _ENV = {} x = 1", "" },
        { "local x = = 1", "" },
    };
    all(list, sizeof list / sizeof *list);
}

static void fields(void)
{
    static const struct source list[] = {
        { "local q = require 'm' q.a()", "G require M m F m.a!" },
        { "local q = require('m') return q.a.b, q.c", "G require M m F m.a! F m.c" },
        { "local q = require 'm' q:a 'x'", "G require M m F m.a!" },
        { "local q = require('m' .. x) q.a()", "G require G x" },
        { "return require 'm'.a, require('m').b {}", "G require M m F m.a G require M m F m.b!" },
        { "local a, b = require 'm', require 'n' return a.x, b.y",
          "G require M m G require M n F m.x F n.y" },
        { "local q = require 'm' local function f(q) return q.a end", "G require M m" },
        { "local q = require 'm' q = other q.a()", "G require M m G other" },
        { "local q = require 'm' if q.a then end return q.b and 1, not q.c, q.d == 1, 1 ~= q.e",
          "G require M m F m.a? F m.b? F m.c? F m.d? F m.e?" },
        { "local q = require 'm' return x and q.a, q.b or 1, type(q.c), #q.d, q.e + 1, 1 < q.f",
          "G require M m G x F m.a F m.b? G type F m.c? F m.d! F m.e! F m.f!" },
        { "local q = require 'm' q.a = 1 q.b, q['c'] = 1 function q.d() end",
          "G require M m S a S b S c S d" },
        { "local M, t = {}, {} function M.a() return M.b(t.x) end return M", "S a F .b!" },
        { "return string.rep('a', 2), ('x'):rep(2)", "G string F string.rep!" },
        { "local function require(x) return x end local q = require 'm' q.a()", "" },
    };
    all(list, sizeof list / sizeof *list);
}

static void open_tables(void)
{
    static const struct source list[] = {
        { "local M = {} M[x] = 1 return M", "G x" }, /* while loading: it is there afterwards */
        { "local M = {} function M.f(k) M[k] = 1 end return M", "S f O" },
        { "local M = {} function M.f() fill.all(M) end return M", "S f G fill F fill.all! O" },
        { "local M = {} function M.f() rawset(M, k, 1) end return M", "S f G rawset G k O" },
        { "local M = {} function M.f() return setmetatable({}, M), pairs(M), M.x end return M",
          "S f G setmetatable G pairs F .x" },
        { "local M = {} local function f() local T = M end return M;", "O" },
    };
    all(list, sizeof list / sizeof *list);
}

int main(void)
{
    log_open(LOG_OFF);
    case_run("globals are told from variables in every scope that Lua has", scopes);
    case_run("a module's field is found under its variable, with how it is used", fields);
    case_run("a module that sets fields by computed names while it works is known", open_tables);
    return cases_end();
}
