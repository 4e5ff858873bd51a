/*
 * names: names in the environment that are nearly ours. See settings.h.
 *
 * Without this warning the program would use the default, or say that the right name is missing. It
 * is no problem, because the environment also belongs to other programs. Values are not read.
 */
#include "base/near.h"
#include "settings/settings.h"

#include <stdio.h>
#include <string.h>

extern char **environ;

/* The setting with nearly this name: one letter differs in a short name, two in a long one. */
static const struct setting *nearest(const struct settings *s, const char *name)
{
    const struct setting *found = NULL;
    unsigned best = strlen(name) >= 10 ? 3 : 2;
    for (size_t i = 0; i < s->count; i++) {
        const char *other = s->items[i].name;
        size_t len = strlen(other);
        unsigned d = len >= 6 ? near_distance(name, strlen(name), other, len) : NEAR_FAR;
        if (d < best) {
            best = d;
            found = &s->items[i];
        }
    }
    return found;
}

/* true: it begins like one of our secrets ("META_…"). */
static bool ours(const struct settings *s, const char *name)
{
    size_t prefix = strcspn(name, "_") + 1;
    for (size_t i = 0; prefix > 4 && i < s->count; i++)
        if (s->items[i].secret && strncmp(s->items[i].name, name, prefix) == 0)
            return true;
    return false;
}

void settings_unknown(struct settings *s)
{
    for (char **e = environ; *e; e++) {
        size_t n = strcspn(*e, "=");
        char name[128];
        if (n == 0 || n >= sizeof name)
            continue;
        memcpy(name, *e, n);
        name[n] = 0;
        bool file = n > 5 && strcmp(name + n - 5, "_FILE") == 0;
        if (file)
            name[n - 5] = 0;
        const struct setting *known = settings_find(s, name);
        if (known && file && !known->secret)
            buf_printf(&s->warnings,
                       "%s_FILE: is not read, only secrets may come from a file. Set %s itself.\n",
                       name, name);
        if (known)
            continue;
        const struct setting *near = nearest(s, name);
        if (near)
            buf_printf(&s->warnings, "%s%s: is not a setting of this program. Did you mean %s%s?\n",
                       name, file ? "_FILE" : "", near->name, file ? "_FILE" : "");
        else if (ours(s, name))
            buf_printf(&s->warnings, "%s%s: is not a setting of this program. A typing mistake?\n",
                       name, file ? "_FILE" : "");
    }
}
