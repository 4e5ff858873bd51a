#include "scripts/names_parts.h"

#include <stdlib.h>

static void add_set(struct scan *p, struct name_text name)
{
    scan_add(p, (struct name_found){ .kind = NAME_SET, .name = name, .var = -1 });
}

static void assigned(struct scan *p, const struct place *place)
{
    if (place->kind == LOCAL) {
        p->vars[place->var].changed = true;
    } else if (place->kind == GLOBAL && place->found >= 0) {
        p->out->list[place->found].kind = NAME_GLOBAL_WRITE;
    } else if (place->kind == FIELD) {
        if (place->found >= 0)
            p->out->list[place->found].kind = NAME_SET;
        else
            add_set(p, place->name);
    } else if (place->kind == INDEX && place->var >= 0 && p->functions) {
        p->vars[place->var].escapes = true;
    }
}

/* The block ends here. */
static bool at_end(const struct scan *p)
{
    return p->now.kind == TOKEN_END || scan_at_word(p, "end") || scan_at_word(p, "else") ||
           scan_at_word(p, "elseif") || scan_at_word(p, "until");
}

static void expression_statement(struct scan *p)
{
    struct place place = scan_suffixed(p);
    if (p->now.kind != '=' && p->now.kind != ',')
        return;
    assigned(p, &place);
    while (!p->broken && scan_accept(p, ',')) {
        place = scan_suffixed(p);
        assigned(p, &place);
    }
    scan_expect(p, scan_accept(p, '='));
    scan_expressions(p);
}

static void local_variables(struct scan *p)
{
    struct name_text names[LIST], modules[LIST];
    size_t count = 0, values = 0;
    memset(modules, 0, sizeof modules);
    do {
        struct name_text name = scan_take_name(p);
        if (scan_accept(p, '<')) {
            scan_take_name(p);
            scan_expect(p, scan_accept(p, '>'));
        }
        if (count < LIST)
            names[count++] = name;
    } while (!p->broken && scan_accept(p, ','));
    if (scan_accept(p, '='))
        do {
            struct place place = scan_expression(p);
            scan_escape(p, &place);
            if (place.kind == REQUIRE && values < LIST)
                modules[values] = place.name;
            values++;
        } while (!p->broken && scan_accept(p, ','));
    for (size_t i = 0; i < count; i++)
        scan_declare(p, names[i], modules[i]);
}

static void function_statement(struct scan *p)
{
    struct place place = scan_name(p);
    bool method = false;
    while (!p->broken && !method && (p->now.kind == '.' || p->now.kind == ':')) {
        method = p->now.kind == ':';
        scan_advance(p);
        place = scan_field(p, &place);
    }
    assigned(p, &place);
    scan_body(p, method);
}

static void scoped_block(struct scan *p)
{
    size_t visible = p->visible;
    scan_block(p);
    p->visible = visible;
}

static void for_statement(struct scan *p)
{
    struct name_text names[LIST];
    size_t count = 0, visible = p->visible;
    do {
        struct name_text name = scan_take_name(p);
        if (count < LIST)
            names[count++] = name;
    } while (!p->broken && scan_accept(p, ','));
    scan_expect(p, scan_accept(p, '=') || scan_accept_word(p, "in"));
    if (!p->broken)
        scan_expressions(p);
    scan_expect(p, scan_accept_word(p, "do"));
    for (size_t i = 0; i < count; i++)
        scan_declare_plain(p, names[i]);
    scan_block(p);
    scan_expect(p, scan_accept_word(p, "end"));
    p->visible = visible;
}

static void if_statement(struct scan *p)
{
    do {
        scan_expression(p);
        scan_expect(p, scan_accept_word(p, "then"));
        scoped_block(p);
    } while (!p->broken && scan_accept_word(p, "elseif"));
    if (scan_accept_word(p, "else"))
        scoped_block(p);
    scan_expect(p, scan_accept_word(p, "end"));
}

static void repeat_statement(struct scan *p)
{
    size_t visible = p->visible;
    scan_block(p);
    scan_expect(p, scan_accept_word(p, "until"));
    p->want = NAME_TESTED;
    if (!p->broken)
        scan_expression(p); /* sees the block's variables */
    p->visible = visible;
}

static void return_statement(struct scan *p)
{
    bool whole = p->ahead.kind == TOKEN_END || p->ahead.kind == ';';
    if (!p->functions && scan_at_name(p) && whole) {
        p->returned = scan_lookup(p, p->now.text);
        if (p->returned >= 0) {
            scan_advance(p);
            scan_accept(p, ';');
            return;
        }
    }
    if (p->now.kind != ';' && !at_end(p))
        scan_expressions(p);
    scan_accept(p, ';');
}

static void local_statement(struct scan *p)
{
    if (scan_accept_word(p, "function")) {
        scan_declare_plain(p, scan_take_name(p));
        scan_body(p, false);
    } else {
        local_variables(p);
    }
}

static void statement(struct scan *p)
{
    if (scan_accept(p, ';') || scan_accept_word(p, "break"))
        return;
    if (scan_accept(p, TOKEN_COLONS)) {
        scan_take_name(p);
        scan_expect(p, scan_accept(p, TOKEN_COLONS));
    } else if (scan_accept_word(p, "goto")) {
        scan_take_name(p);
    } else if (scan_accept_word(p, "local")) {
        local_statement(p);
    } else if (scan_accept_word(p, "function")) {
        function_statement(p);
    } else if (scan_accept_word(p, "if")) {
        if_statement(p);
    } else if (scan_accept_word(p, "for")) {
        for_statement(p);
    } else if (scan_accept_word(p, "repeat")) {
        repeat_statement(p);
    } else if (scan_accept_word(p, "return")) {
        return_statement(p);
    } else if (scan_accept_word(p, "do")) {
        scoped_block(p);
        scan_expect(p, scan_accept_word(p, "end"));
    } else if (scan_accept_word(p, "while")) {
        scan_expression(p);
        scan_expect(p, scan_accept_word(p, "do"));
        scoped_block(p);
        scan_expect(p, scan_accept_word(p, "end"));
    } else {
        expression_statement(p);
    }
}

void scan_block(struct scan *p)
{
    if (++p->levels > LEVELS)
        p->broken = true;
    while (!p->broken && !at_end(p))
        statement(p);
    p->levels--;
}

/* true: the field belongs to a variable that kept its module, or to the table that the file
 * returns. */
static bool lasting(const struct scan *p, const struct name_found *f)
{
    if (f->kind != NAME_FIELD || f->var < 0)
        return true;
    return !p->vars[f->var].changed && (f->module.text || f->var == p->returned);
}

static void settle(struct scan *p, size_t from)
{
    struct names *n = p->out;
    size_t kept = from;
    for (size_t i = from; i < n->count; i++)
        if (lasting(p, &n->list[i]))
            n->list[kept++] = n->list[i];
    n->count = kept;
    if (p->returned >= 0 && (p->vars[p->returned].escapes || p->vars[p->returned].changed))
        scan_add(p, (struct name_found){ .kind = NAME_OPEN, .var = -1 });
}

void names_scan(struct names *n, const char *path, const char *text, size_t len)
{
    struct scan p = { .out = n, .path = path, .returned = -1, .want = NAME_VALUE };
    size_t from = n->count;
    lexer_open(&p.lexer, text, len);
    scan_advance(&p);
    scan_advance(&p);
    scan_block(&p);
    if (p.broken || p.now.kind != TOKEN_END)
        n->count = from;
    else
        settle(&p, from);
    free(p.vars);
    free(p.scope);
}

void names_free(struct names *n)
{
    free(n->list);
    n->list = NULL;
    n->count = n->cap = 0;
}
