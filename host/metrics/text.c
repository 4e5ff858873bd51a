/* The text that Prometheus reads, format 0.0.4. See metrics.h. */
#include "metrics/parts.h"

#include <math.h>
#include <string.h>

static void text_number(struct buf *out, double v)
{
    if (isfinite(v) && fabs(v) < 1e15 && v == trunc(v))
        buf_printf(out, "%.0f", v);
    else if (isnan(v))
        buf_text(out, "NaN");
    else if (isinf(v))
        buf_text(out, v > 0 ? "+Inf" : "-Inf");
    else
        buf_printf(out, "%.12g", v);
}

static void text_value(struct buf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t n = buf_utf8(text + i, len - i);
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (n == 0 || c < 0x20)
            buf_text(out, "?");
        else
            buf_add(out, text + i, n);
        i += n ? n : 1;
    }
}

/* name_suffix{labels,le="…"} */
static void text_start(struct buf *out, const struct metric *x, const struct series *s,
                       const char *suffix, const double *le)
{
    const char *value = s->key;
    buf_printf(out, "%s%s", x->shape.name, suffix);
    for (size_t i = 0; i < x->shape.label_count; i++) {
        const char *end = memchr(value, 0, s->key_len - (size_t)(value - s->key));
        buf_printf(out, "%s%s=\"", i ? "," : "{", x->shape.labels[i]);
        text_value(out, value, (size_t)(end - value));
        buf_text(out, "\"");
        value = end + 1;
    }
    if (le) {
        buf_printf(out, "%sle=\"", x->shape.label_count ? "," : "{");
        text_number(out, *le);
        buf_text(out, "\"");
    }
    buf_text(out, x->shape.label_count || le ? "} " : " ");
}

static void text_histogram(struct buf *out, const struct metric *x, const struct series *s)
{
    uint64_t sum = 0;
    const double all = INFINITY;
    for (size_t i = 0; i < x->shape.bucket_count; i++) {
        sum += s->buckets[i];
        text_start(out, x, s, "_bucket", &x->shape.buckets[i]);
        buf_printf(out, "%llu\n", (unsigned long long)sum);
    }
    text_start(out, x, s, "_bucket", &all);
    buf_printf(out, "%llu\n", (unsigned long long)s->count);
    text_start(out, x, s, "_sum", NULL);
    text_number(out, s->value);
    buf_text(out, "\n");
    text_start(out, x, s, "_count", NULL);
    buf_printf(out, "%llu\n", (unsigned long long)s->count);
}

static void text_metric(struct buf *out, const struct metric *x)
{
    static const char *const types[] = { "counter", "gauge", "histogram" };
    buf_printf(out, "# HELP %s ", x->shape.name);
    for (const char *p = x->shape.help; *p; p++)
        buf_add(out, *p == '\\' ? "\\\\" : p, *p == '\\' ? 2 : 1);
    buf_printf(out, "\n# TYPE %s %s\n", x->shape.name, types[x->shape.type]);
    for (size_t i = 0; i < x->count; i++) {
        const struct series *s = x->series[i];
        if (x->shape.type == METRIC_HISTOGRAM) {
            text_histogram(out, x, s);
        } else {
            text_start(out, x, s, "", NULL);
            text_number(out, s->value);
            buf_text(out, "\n");
        }
    }
}

void metrics_text(const struct metrics *m, struct buf *out)
{
    for (size_t i = 0; i < m->own_count; i++)
        text_metric(out, m->own[i]);
    for (size_t i = 0; i < m->script_count; i++)
        text_metric(out, m->scripts[i]);
}
