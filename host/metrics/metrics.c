#include "metrics/parts.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS_MAX = 7, KEY_MAX = METRIC_LABELS_MAX * (METRIC_VALUE_BYTES + 1) };

/* ---- shapes ---- */

static void shape_clear(struct metric_shape *s)
{
    free(s->name);
    free(s->help);
    for (size_t i = 0; i < s->label_count; i++)
        free(s->labels[i]);
    *s = (struct metric_shape){ .name = NULL };
}

static char *copy(const char *text, bool *ok)
{
    char *c = text ? buf_copy(text, strlen(text)) : NULL;
    *ok &= c != NULL;
    return c;
}

static bool shape_copy(struct metric_shape *to, const struct metric_shape *from)
{
    bool ok = true;
    *to = *from;
    to->name = copy(from->name, &ok);
    to->help = copy(from->help, &ok);
    for (size_t i = 0; i < from->label_count; i++)
        to->labels[i] = copy(from->labels[i], &ok);
    if (!ok)
        shape_clear(to);
    return ok;
}

static bool same_shape(const struct metric_shape *a, const struct metric_shape *b)
{
    if (strcmp(a->name, b->name) != 0 || a->type != b->type || a->label_count != b->label_count ||
        a->bucket_count != b->bucket_count)
        return false;
    for (size_t i = 0; i < a->label_count; i++)
        if (strcmp(a->labels[i], b->labels[i]) != 0)
            return false;
    return memcmp(a->buckets, b->buckets, a->bucket_count * sizeof *a->buckets) == 0;
}

static bool plain_name(const char *name)
{
    if (!islower((unsigned char)*name))
        return false;
    for (; *name; name++)
        if (!islower((unsigned char)*name) && !isdigit((unsigned char)*name) && *name != '_')
            return false;
    return true;
}

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n > m && strcmp(name + n - m, end) == 0;
}

static const char *labels_wrong(const struct metric_shape *s)
{
    for (size_t i = 0; i < s->label_count; i++) {
        if (!plain_name(s->labels[i]) || strcmp(s->labels[i], "le") == 0)
            return "has a label whose name is not small letters, digits and _ (or is le)";
        for (size_t j = 0; j < i; j++)
            if (strcmp(s->labels[i], s->labels[j]) == 0)
                return "names a label twice";
    }
    return NULL;
}

const char *metric_wrong(const struct metric_shape *s)
{
    static const char *const taken[] = { "_bucket", "_count", "_sum" };
    if (strncmp(s->name, "assistant_", 10) != 0 || !plain_name(s->name) || strlen(s->name) > 100)
        return "must be named like assistant_turns_total: assistant_, then small letters, digits "
               "and _";
    if (!s->help || !*s->help || strpbrk(s->help, "\n\r"))
        return "needs a `help` of one line";
    if ((s->type == METRIC_COUNTER) != ends_with(s->name, "_total"))
        return "must end in _total when it is a counter, and only then";
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (ends_with(s->name, taken[i]))
            return "ends in _bucket, _count or _sum, which histograms make themselves";
    if ((s->type == METRIC_HISTOGRAM) != (s->bucket_count > 0))
        return s->bucket_count ? "has `buckets` and is not a histogram"
                               : "is a histogram and needs `buckets`, a list of upper bounds";
    for (size_t i = 0; i < s->bucket_count; i++)
        if (!isfinite(s->buckets[i]) || (i && s->buckets[i] <= s->buckets[i - 1]))
            return "needs `buckets` in ascending order";
    return labels_wrong(s);
}

/* ---- metrics ---- */

static void series_free(struct series *s)
{
    if (s)
        free(s->key);
    free(s);
}

static void metric_leave(struct metric *x)
{
    if (!x || --x->users > 0)
        return;
    for (size_t i = 0; i < x->count; i++)
        series_free(x->series[i]);
    shape_clear(&x->shape);
    free(x);
}

static struct metric *metric_new(struct metrics *m, const struct metric_shape *shape)
{
    struct metric *x = calloc(1, sizeof *x);
    if (!x)
        return NULL;
    if (!shape_copy(&x->shape, shape)) {
        free(x);
        return NULL;
    }
    x->owner = m;
    x->users = 1;
    if (!shape->label_count && shape->type != METRIC_GAUGE) /* shown from the start, as 0 */
        metric_add(x, 0, NULL);
    return x;
}

struct metrics *metrics_new(const struct metric_shape *own, size_t count)
{
    struct metrics *m = calloc(1, sizeof *m);
    if (!m || !(m->own = calloc(count + 1, sizeof(struct metric *))))
        goto fail;
    for (; m->own_count < count; m->own_count++)
        if (!(m->own[m->own_count] = metric_new(m, &own[m->own_count])))
            goto fail;
    return m;
fail:
    metrics_free(m);
    return NULL;
}

void metrics_free(struct metrics *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->own_count; i++)
        metric_leave(m->own[i]);
    for (size_t i = 0; i < m->script_count; i++)
        metric_leave(m->scripts[i]);
    free(m->own);
    free(m->scripts);
    free(m);
}

bool metric_set_add(struct metric_set *set, const struct metric_shape *shape)
{
    struct metric_shape *more = realloc(set->shapes, (set->count + 1) * sizeof *more);
    if (!more)
        return false;
    set->shapes = more;
    if (!shape_copy(&set->shapes[set->count], shape))
        return false;
    set->count++;
    return true;
}

void metric_set_free(struct metric_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->live)
            metric_leave(set->live[i]);
        shape_clear(&set->shapes[i]);
    }
    free(set->live);
    free(set->shapes);
    *set = (struct metric_set){ .shapes = NULL };
}

/* Adds a user to the metric of this shape; NULL: no memory. */
static struct metric *of_shape(struct metrics *m, const struct metric_shape *shape)
{
    for (size_t i = 0; i < m->script_count; i++)
        if (same_shape(&m->scripts[i]->shape, shape)) {
            m->scripts[i]->users++;
            return m->scripts[i];
        }
    return metric_new(m, shape);
}

bool metrics_share(struct metrics *m, struct metric_set *set)
{
    if (!m || set->live)
        return false;
    set->live = calloc(set->count + 1, sizeof(struct metric *));
    for (size_t i = 0; set->live && i < set->count; i++)
        set->live[i] = of_shape(m, &set->shapes[i]);
    return set->live;
}

void metrics_adopt(struct metrics *m, struct metric_set *set)
{
    struct metric **list = NULL;
    size_t listed = 0;
    if (!metrics_share(m, set) || !(list = calloc(set->count + 1, sizeof(struct metric *))))
        return;
    for (size_t i = 0; i < set->count; i++)
        if (set->live[i]) {
            set->live[i]->users++;
            list[listed++] = set->live[i];
        }
    for (size_t i = 0; i < m->script_count; i++)
        metric_leave(m->scripts[i]);
    free(m->scripts);
    m->scripts = list;
    m->script_count = listed;
}

struct metric *metrics_own(struct metrics *m, size_t index)
{
    return m && index < m->own_count ? m->own[index] : NULL;
}

uint64_t metrics_overflowed(const struct metrics *m)
{
    return m->overflowed;
}

/* ---- series ---- */

static const struct metric_value other = { "other", 5 };

/* Seven digits in a row are probably a phone number. */
static bool tells_too_much(const char *text, size_t len)
{
    unsigned run = 0;
    for (size_t i = 0; i < len; i++) {
        run = text[i] >= '0' && text[i] <= '9' ? run + 1 : 0;
        if (run >= DIGITS_MAX)
            return true;
    }
    return false;
}

static size_t make_key(char out[KEY_MAX], const struct metric *x, const struct metric_value *values,
                       uint64_t *hash)
{
    size_t n = 0;
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < x->shape.label_count; i++) {
        const struct metric_value *v = values ? &values[i] : &other;
        if (tells_too_much(v->text, v->len))
            v = &other;
        size_t len = v->len > METRIC_VALUE_BYTES ? METRIC_VALUE_BYTES : v->len;
        memcpy(out + n, v->text, len);
        n += len;
        out[n++] = 0;
    }
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)out[i]) * 1099511628211u;
    *hash = h;
    return n;
}

static bool is_series(const struct series *s, uint64_t hash, const char *key, size_t len)
{
    return s->hash == hash && s->key_len == len && memcmp(s->key, key, len) == 0;
}

static struct series *series_new(struct metric *x, uint64_t hash, const char *key, size_t len)
{
    struct series *s = calloc(1, sizeof *s + x->shape.bucket_count * sizeof(uint64_t));
    if (!s || !(s->key = buf_copy(key, len))) {
        free(s);
        return NULL;
    }
    s->hash = hash;
    s->key_len = len;
    x->series[x->count++] = s;
    return s;
}

static struct series *find(struct metric *x, uint64_t hash, const char *key, size_t len)
{
    if (x->last && is_series(x->last, hash, key, len))
        return x->last;
    for (size_t i = 0; i < x->count; i++)
        if (is_series(x->series[i], hash, key, len))
            return x->last = x->series[i];
    return NULL;
}

/* NULL: no memory, and the value is not counted. */
static struct series *series_of(struct metric *x, const struct metric_value *values)
{
    char key[KEY_MAX];
    uint64_t hash;
    if (!x)
        return NULL;
    size_t len = make_key(key, x, values, &hash);
    struct series *s = find(x, hash, key, len);
    if (s)
        return s;
    if (x->count >= METRIC_SERIES_MAX) {
        x->owner->overflowed++;
        len = make_key(key, x, NULL, &hash);
        if ((s = find(x, hash, key, len)) || x->count > METRIC_SERIES_MAX)
            return s;
    }
    return x->last = series_new(x, hash, key, len);
}

void metric_add(struct metric *x, double n, const struct metric_value *values)
{
    struct series *s = series_of(x, values);
    if (s)
        s->value += n;
}

void metric_set_to(struct metric *x, double value, const struct metric_value *values)
{
    struct series *s = series_of(x, values);
    if (s)
        s->value = value;
}

void metric_observe(struct metric *x, double value, const struct metric_value *values)
{
    struct series *s = series_of(x, values);
    if (!s)
        return;
    s->value += value;
    s->count++;
    for (size_t i = 0; i < x->shape.bucket_count; i++)
        if (value <= x->shape.buckets[i]) {
            s->buckets[i]++;
            return;
        }
}

void metric_clear(struct metric *x)
{
    if (!x)
        return;
    for (size_t i = 0; i < x->count; i++)
        series_free(x->series[i]);
    x->count = 0;
    x->last = NULL;
}
