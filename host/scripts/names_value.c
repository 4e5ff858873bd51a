#include "scripts/names_parts.h"
#include "base/near.h"

#include <stdlib.h>
#include <string.h>

static const struct place other = { .kind = OTHER, .var = -1, .found = -1 };

void scan_advance(struct scan *p)
{
    p->now = p->ahead;
    p->ahead = lexer_next(&p->lexer);
}

bool scan_accept(struct scan *p, int kind)
{
    if (p->now.kind != kind)
        return false;
    scan_advance(p);
    return true;
}

void scan_expect(struct scan *p, bool there)
{
    if (!there)
        p->broken = true;
}

bool scan_at_name(const struct scan *p)
{
    return p->now.kind == TOKEN_NAME && !p->now.keyword;
}

struct name_text scan_take_name(struct scan *p)
{
    struct name_text name = p->now.text;
    scan_expect(p, scan_at_name(p));
    scan_advance(p);
    return name;
}

/* ---- what is found, and what is visible ---- */

ssize_t scan_add(struct scan *p, struct name_found found)
{
    struct names *n = p->out;
    if (n->count == n->cap) {
        size_t cap = n->cap ? 2 * n->cap : 256;
        struct name_found *list = realloc(n->list, cap * sizeof *list);
        if (!list) {
            n->failed = p->broken = true;
            return -1;
        }
        n->list = list;
        n->cap = cap;
    }
    found.path = p->path;
    n->list[n->count] = found;
    return (ssize_t)n->count++;
}

void scan_declare(struct scan *p, struct name_text name, struct name_text module)
{
    struct var *vars = realloc(p->vars, (p->var_count + 1) * sizeof *vars);
    if (vars)
        p->vars = vars;
    int *scope = realloc(p->scope, (p->visible + 1) * sizeof *scope);
    if (scope)
        p->scope = scope;
    if (!vars || !scope) {
        p->out->failed = p->broken = true;
        return;
    }
    p->broken |= name_is(name, "_ENV"); /* its globals are not ours to judge */
    p->vars[p->var_count] = (struct var){ .name = name, .module = module };
    p->scope[p->visible++] = (int)p->var_count++;
}

void scan_declare_plain(struct scan *p, struct name_text name)
{
    scan_declare(p, name, (struct name_text){ NULL, 0 });
}

int scan_lookup(const struct scan *p, struct name_text name)
{
    for (size_t i = p->visible; i-- > 0;)
        if (name_same(p->vars[p->scope[i]].name, name))
            return p->scope[i];
    return -1;
}

void scan_escape(struct scan *p, const struct place *place)
{
    if (place->kind == LOCAL && p->functions && !p->quiet)
        p->vars[place->var].escapes = true;
}

void scan_expressions(struct scan *p)
{
    do {
        struct place place = scan_expression(p);
        scan_escape(p, &place);
    } while (!p->broken && scan_accept(p, ','));
}

static void arguments(struct scan *p, bool quiet)
{
    bool before = p->quiet;
    p->quiet = quiet;
    if (p->now.kind == TOKEN_STRING) {
        scan_advance(p);
    } else if (p->now.kind == '{') {
        scan_expression(p);
    } else if (scan_accept(p, '(')) {
        if (p->now.kind != ')')
            scan_expressions(p);
        scan_expect(p, scan_accept(p, ')'));
    } else {
        p->broken = true;
    }
    p->quiet = before;
}

static bool at_arguments(const struct scan *p)
{
    return p->now.kind == '(' || p->now.kind == '{' || p->now.kind == TOKEN_STRING;
}

/* `require "x"` or `require("x")`, with `require` just taken. */
static bool take_require(struct scan *p, struct place *place)
{
    bool bracket = p->now.kind == '(' && p->ahead.kind == TOKEN_STRING;
    struct token name = bracket ? p->ahead : p->now;
    if (name.kind != TOKEN_STRING || name.text.len == 0)
        return false;
    if (bracket) {
        struct lexer after = p->lexer;
        if (lexer_next(&after).kind != ')') /* computed: `require("x" .. y)` */
            return false;
        scan_advance(p);
    }
    scan_advance(p);
    if (bracket)
        scan_advance(p);
    scan_add(p, (struct name_found){
                    .kind = NAME_MODULE, .name = name.text, .line = name.line, .var = -1 });
    *place = (struct place){ .kind = REQUIRE, .var = -1, .found = -1, .name = name.text };
    return true;
}

static bool is_known(const struct names *n, struct name_text name)
{
    for (size_t i = 0; i < n->known_count; i++)
        if (name_same(n->known[i], name))
            return true;
    return false;
}

/* The visible variable or known global that may have been meant. */
static struct name_text nearest(const struct scan *p, struct name_text name)
{
    struct near near = near_to(name.text, name.len);
    for (size_t i = p->visible; i-- > 0;)
        near_offer(&near, p->vars[p->scope[i]].name.text, p->vars[p->scope[i]].name.len);
    for (size_t i = 0; i < p->out->known_count; i++)
        near_offer(&near, p->out->known[i].text, p->out->known[i].len);
    return (struct name_text){ near.best, near.best_len };
}

static struct place global(struct scan *p, struct name_text name, int line)
{
    struct place place = { .kind = GLOBAL, .var = -1, .found = -1, .name = name };
    p->broken |= name_is(name, "_ENV");
    if (!is_known(p->out, name))
        place.found = scan_add(p, (struct name_found){ .kind = NAME_GLOBAL,
                                                       .name = name,
                                                       .line = line,
                                                       .var = -1,
                                                       .near = nearest(p, name) });
    if (name_is(name, "require"))
        take_require(p, &place);
    return place;
}

static void used(struct scan *p, const struct place *place, enum name_use use)
{
    if (place->kind == FIELD && place->found >= 0)
        p->out->list[place->found].use = use;
}

struct place scan_name(struct scan *p)
{
    struct token t = p->now;
    scan_take_name(p);
    int var = p->broken ? -1 : scan_lookup(p, t.text);
    if (var >= 0)
        return (struct place){ .kind = LOCAL, .var = var, .found = -1, .name = t.text };
    return p->broken ? other : global(p, t.text, t.line);
}

struct place scan_field(struct scan *p, const struct place *of)
{
    struct token t = p->now;
    struct place place = { .kind = FIELD, .var = -1, .found = -1, .name = scan_take_name(p) };
    struct name_found f = {
        .kind = NAME_FIELD, .use = NAME_VALUE, .name = t.text, .line = t.line, .var = -1
    };
    used(p, of, NAME_USED);
    if (of->kind == LOCAL) { /* without a module: kept if it is what the file returns */
        f.module = p->vars[of->var].module;
        f.as = p->vars[of->var].name;
        f.var = of->var;
    } else if (of->kind == REQUIRE || of->kind == GLOBAL) {
        f.module = f.as = of->name;
        f.library = of->kind == GLOBAL;
    } else {
        return place;
    }
    place.found = scan_add(p, f);
    return place;
}

static struct place index_of(struct scan *p, const struct place *of)
{
    struct place place = { .kind = INDEX, .var = of->kind == LOCAL ? of->var : -1, .found = -1 };
    struct token first = p->now;
    used(p, of, NAME_USED);
    bool constant = first.kind == TOKEN_STRING && first.text.len && p->ahead.kind == ']';
    scan_expression(p);
    scan_expect(p, scan_accept(p, ']'));
    if (constant)
        place = (struct place){ .kind = FIELD, .var = -1, .found = -1, .name = first.text };
    return place;
}

struct place scan_suffixed(struct scan *p)
{
    struct place place = other;
    if (scan_accept(p, '(')) {
        scan_expression(p);
        scan_expect(p, scan_accept(p, ')'));
    } else {
        place = scan_name(p);
    }
    while (!p->broken) {
        if (scan_accept(p, '.')) {
            place = scan_field(p, &place);
        } else if (scan_accept(p, '[')) {
            place = index_of(p, &place);
        } else if (scan_accept(p, ':')) {
            place = scan_field(p, &place);
            used(p, &place, NAME_USED);
            arguments(p, false);
            place = other;
        } else if (at_arguments(p)) {
            used(p, &place, NAME_USED);
            bool type = place.kind == GLOBAL && name_is(place.name, "type");
            p->want = type ? NAME_TESTED : NAME_VALUE;
            arguments(p, place.kind == GLOBAL && !name_is(place.name, "rawset"));
            p->want = NAME_VALUE;
            place = other;
        } else {
            break;
        }
    }
    return place;
}

void scan_body(struct scan *p, bool method)
{
    size_t visible = p->visible;
    bool quiet = p->quiet;
    p->quiet = false;
    p->functions++;
    if (method)
        scan_declare_plain(p, (struct name_text){ "self", 4 });
    scan_expect(p, scan_accept(p, '('));
    while (!p->broken && p->now.kind != ')') {
        if (!scan_accept(p, TOKEN_VARARG))
            scan_declare_plain(p, scan_take_name(p));
        if (!scan_accept(p, ','))
            break;
    }
    scan_expect(p, scan_accept(p, ')'));
    scan_block(p);
    scan_expect(p, scan_accept_word(p, "end"));
    p->visible = visible;
    p->functions--;
    p->quiet = quiet;
}

static void constructor(struct scan *p)
{
    while (!p->broken && p->now.kind != '}') {
        if (scan_at_name(p) && p->ahead.kind == '=') {
            scan_advance(p);
            scan_advance(p);
        } else if (scan_accept(p, '[')) {
            scan_expression(p);
            scan_expect(p, scan_accept(p, ']') && scan_accept(p, '='));
        }
        struct place place = scan_expression(p);
        scan_escape(p, &place);
        if (!scan_accept(p, ',') && !scan_accept(p, ';'))
            break;
    }
    scan_expect(p, scan_accept(p, '}'));
}

static struct place simple(struct scan *p)
{
    if (scan_accept_word(p, "nil") || scan_accept_word(p, "true") || scan_accept_word(p, "false") ||
        scan_accept(p, TOKEN_STRING) || scan_accept(p, TOKEN_NUMBER) ||
        scan_accept(p, TOKEN_VARARG))
        return other;
    if (scan_accept(p, '{')) {
        constructor(p);
        return other;
    }
    if (scan_accept_word(p, "function")) {
        scan_body(p, false);
        return other;
    }
    return scan_suffixed(p);
}

/* true: this token continues the expression. use: how it uses the operands beside it. */
static bool binary(const struct token *t, enum name_use *use)
{
    bool logical = t->keyword && (token_is(t, "and") || token_is(t, "or"));
    *use = logical || t->kind == TOKEN_EQUAL || t->kind == TOKEN_UNEQUAL ? NAME_TESTED : NAME_USED;
    return logical || t->kind == TOKEN_EQUAL || t->kind == TOKEN_UNEQUAL || t->kind == TOKEN_DOTS ||
           t->kind == TOKEN_OPERATOR ||
           (t->kind && t->kind < 128 && strchr("+-*/%^<>&|~", t->kind));
}

struct place scan_expression(struct scan *p)
{
    enum name_use want = p->want, use;
    struct place place;
    bool single = true;
    p->want = NAME_VALUE;
    if (++p->levels > LEVELS)
        p->broken = true;
    for (;;) {
        while (!p->broken) {
            if (scan_accept_word(p, "not"))
                want = NAME_TESTED;
            else if (scan_accept(p, '-') || scan_accept(p, '#') || scan_accept(p, '~'))
                want = NAME_USED;
            else
                break;
            single = false;
        }
        place = p->broken ? other : simple(p);
        if (p->broken)
            break;
        bool more = binary(&p->now, &use);
        if (!more && (scan_at_word(p, "then") || scan_at_word(p, "do")))
            want = NAME_TESTED;
        if (place.found >= 0 && place.kind == FIELD && p->out->list[place.found].use == NAME_VALUE)
            used(p, &place, more ? use : want);
        if (!more)
            break;
        scan_escape(p, &place);
        want = p->now.keyword ? NAME_VALUE : use; /* the right side of `and` and `or` is a value */
        single = false;
        scan_advance(p);
    }
    p->levels--;
    return single ? place : other;
}
