/* What metrics promises: numbers that survive, text that Prometheus reads, bounds that no script
 * can break; and the counts of work. */
#include "spec/host/work/jobs_case.h"

#include "metrics/metrics.h"

#include <malloc.h>

static struct metrics *m;
static struct buf said;

static struct metric_shape shape(const char *name, enum metric_type type, const char *a,
                                 const char *b)
{
    struct metric_shape s = { .name = (char *)(uintptr_t)name,
                              .help = (char *)(uintptr_t) "Help.",
                              .type = type };
    const char *const labels[] = { a, b };
    for (; s.label_count < 2 && labels[s.label_count]; s.label_count++)
        s.labels[s.label_count] = (char *)(uintptr_t)labels[s.label_count];
    return s;
}

static struct metric_shape times(const char *name, double a, double b)
{
    struct metric_shape s = shape(name, METRIC_HISTOGRAM, NULL, NULL);
    s.bucket_count = 2;
    s.buckets[0] = a;
    s.buckets[1] = b;
    return s;
}

static void add(struct metric *x, double n, const char *a, const char *b)
{
    const struct metric_value values[] = {
        { a, a ? strlen(a) : 0 }, { b, b ? strlen(b) : 0 }, { "", 0 }, { "", 0 }
    };
    metric_add(x, n, values);
}

/* Does the text hold this as whole lines? */
static bool says(const char *lines)
{
    buf_free(&said);
    metrics_text(m, &said);
    const char *at = said.data ? strstr(said.data, lines) : NULL;
    if (!at)
        printf("# %s\n", said.data);
    return at && (at == said.data || at[-1] == '\n');
}

static size_t lines_with(const char *word)
{
    size_t n = 0;
    buf_free(&said);
    metrics_text(m, &said);
    for (const char *p = said.data; p && (p = strstr(p, word)); p++)
        n++;
    return n;
}

static void begin(const struct metric_shape *own, size_t count)
{
    m = metrics_new(own, count);
    CHECK(m);
}

static void end(void)
{
    metrics_free(m);
    buf_free(&said);
}

static void text(void)
{
    const struct metric_shape own[] = { shape("a_total", METRIC_COUNTER, NULL, NULL),
                                        shape("b_total", METRIC_COUNTER, "kind", "code"),
                                        times("c_seconds", 0.5, 2),
                                        shape("d", METRIC_GAUGE, NULL, NULL) };
    begin(own, 4);
    CHECK(says("# HELP a_total Help.\n# TYPE a_total counter\na_total 0\n"));
    CHECK(says("c_seconds_bucket{le=\"0.5\"} 0\n") && lines_with("\nd ") == 0);
    add(metrics_own(m, 0), 2.5, NULL, NULL);
    add(metrics_own(m, 1), 1, "say \"hi\"\\", "2\n\xff");
    add(metrics_own(m, 1), 2, "say \"hi\"\\", "2\n\xff");
    CHECK(says("a_total 2.5\n") && says("b_total{kind=\"say \\\"hi\\\"\\\\\",code=\"2??\"} 3\n"));
    metric_observe(metrics_own(m, 2), 0.5, NULL);
    metric_observe(metrics_own(m, 2), 1, NULL);
    metric_observe(metrics_own(m, 2), 9, NULL);
    CHECK(says("# TYPE c_seconds histogram\nc_seconds_bucket{le=\"0.5\"} 1\n"
               "c_seconds_bucket{le=\"2\"} 2\nc_seconds_bucket{le=\"+Inf\"} 3\n"
               "c_seconds_sum 10.5\nc_seconds_count 3\n"));
    metric_set_to(metrics_own(m, 3), 4, NULL);
    metric_set_to(metrics_own(m, 3), 1e18, NULL);
    CHECK(says("# TYPE d gauge\nd 1e+18\n"));
    metric_clear(metrics_own(m, 3));
    CHECK(says("# TYPE d gauge\n") && lines_with("\nd ") == 0);
    metric_add(NULL, 1, NULL); /* an instance that counts nothing */
    CHECK(!metrics_own(NULL, 0) && !metrics_own(m, 4));
    end();
}

static void bounds(void)
{
    const struct metric_shape own[] = { shape("a_total", METRIC_COUNTER, "who", NULL) };
    char name[300];
    begin(own, 1);
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "k%d", i);
        add(metrics_own(m, 0), 1, name, NULL);
    }
    CHECK(lines_with("\na_total{") == METRIC_SERIES_MAX + 1);
    CHECK(says("a_total{who=\"other\"} 4900\n") && metrics_overflowed(m) == 4900);
    add(metrics_own(m, 0), 1, "k7", NULL); /* who was there stays */
    CHECK(says("a_total{who=\"k7\"} 2\n"));
    end();
    begin(own, 1);
    add(metrics_own(m, 0), 1, "14165551234", NULL);
    add(metrics_own(m, 0), 1, "wamid.1416555", NULL);
    add(metrics_own(m, 0), 1, "131047", NULL);
    CHECK(says("a_total{who=\"other\"} 2\na_total{who=\"131047\"} 1\n") && !metrics_overflowed(m));
    memset(name, 'x', sizeof name);
    const struct metric_value longs[] = { { name, sizeof name } };
    metric_add(metrics_own(m, 0), 1, longs);
    CHECK(lines_with("x") == METRIC_VALUE_BYTES);
    end();
}

static void wrong(void)
{
    struct metric_shape s = shape("assistant_a_total", METRIC_COUNTER, "kind", NULL);
    CHECK(!metric_wrong(&s));
    const char *const names[] = {
        "a_total",           "assistant_Total", "assistant_a",
        "assistant_a-total", "assistant_",      "assistant_\xc3\xa9_total"
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        s = shape(names[i], METRIC_COUNTER, NULL, NULL);
        CHECK(metric_wrong(&s));
    }
    s = shape("assistant_a_total", METRIC_GAUGE, NULL, NULL);
    CHECK(metric_wrong(&s));
    s = shape("assistant_a_total", METRIC_COUNTER, "kind", "kind");
    CHECK(metric_wrong(&s));
    s = shape("assistant_a_total", METRIC_COUNTER, "le", NULL);
    CHECK(metric_wrong(&s));
    s = times("assistant_a_seconds", 1, 2);
    CHECK(!metric_wrong(&s));
    s = times("assistant_a_seconds", 2, 2);
    CHECK(metric_wrong(&s));
    s = shape("assistant_a_seconds", METRIC_HISTOGRAM, NULL, NULL);
    CHECK(metric_wrong(&s));
    s = times("assistant_a_sum", 1, 2);
    CHECK(metric_wrong(&s));
    s = shape("assistant_a", METRIC_GAUGE, NULL, NULL);
    s.help = (char *)(uintptr_t) "two\nlines";
    CHECK(metric_wrong(&s));
}

static struct metric_set set_of(struct metric_shape a, struct metric_shape b)
{
    struct metric_set set = { .shapes = NULL };
    CHECK(metric_set_add(&set, &a) && metric_set_add(&set, &b));
    return set;
}

static void reloads(void)
{
    begin(NULL, 0);
    struct metric_shape kept = shape("kept_total", METRIC_COUNTER, "kind", NULL);
    struct metric_set first = set_of(kept, times("changed_seconds", 1, 2));
    CHECK(!first.live);
    metrics_adopt(m, &first);
    add(first.live[0], 3, "a", NULL);
    metric_observe(first.live[1], 1, NULL);
    struct metric_set second = set_of(times("changed_seconds", 1, 3), kept);
    metrics_adopt(m, &second);
    CHECK(says("kept_total{kind=\"a\"} 3\n") && says("changed_seconds_count 0\n"));
    add(first.live[0], 1, "a", NULL); /* the old scripts finish their work, and it counts … */
    metric_observe(first.live[1], 1, NULL); /* … where there is a place for it */
    CHECK(says("kept_total{kind=\"a\"} 4\n") && says("changed_seconds_count 0\n"));
    metric_set_free(&first);
    CHECK(says("kept_total{kind=\"a\"} 4\n") && lines_with("# TYPE") == 2);
    struct metric_set none = { .shapes = NULL };
    metrics_adopt(m, &none);
    metric_set_free(&second);
    CHECK(lines_with("# TYPE") == 0);
    metric_set_free(&none);
    end();
}

static void no_allocation(void)
{
    const struct metric_shape own[] = { shape("a_total", METRIC_COUNTER, "kind", "code"),
                                        times("c_seconds", 0.5, 2) };
    begin(own, 2);
    const struct metric_value values[] = { { "turn", 4 }, { "200", 3 } };
    metric_add(metrics_own(m, 0), 1, values);
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < 10000; i++) {
        metric_add(metrics_own(m, 0), 1, values);
        metric_observe(metrics_own(m, 1), i, NULL);
    }
    CHECK(mallinfo2().uordblks == before);
    end();
}

/* ---- the counts of work ---- */

static struct jobs_kind_counts seen[8];
static char seen_names[8][32];
static int seen_count;

static void on_kind(void *arg, const struct jobs_kind_counts *c)
{
    (void)arg;
    snprintf(seen_names[seen_count], sizeof *seen_names, "%s", c->kind);
    seen[seen_count++] = *c;
}

static void work(void)
{
    struct job job = { .id = 0 };
    up();
    const struct jobs_put puts[] = {
        { .kind = "send", .lane = "a", .run_at = 10 },
        { .kind = "send", .lane = "a", .run_at = 20 },
        { .kind = "send", .lane = "b", .run_at = 30 },
        { .kind = "later", .run_at = 5000 },
        { .kind = "turn", .lane = "a2", .run_at = 40 },
        { .kind = "turn", .lane = "b", .run_at = 50 },
        { .kind = "gone", .run_at = 60 },
    };
    for (size_t i = 0; i < sizeof puts / sizeof *puts; i++)
        CHECK(jobs_put(jobs, &puts[i]) > 0);
    CHECK(jobs_claim(jobs, "gone", 1000, &job, 1) == 1 && jobs_die(jobs, &job, "why") == 1);
    job_free(&job);
    CHECK(jobs_claim(jobs, "turn", 1000, &job, 1) == 1);
    job_free(&job);
    seen_count = 0;
    CHECK(jobs_kinds(jobs, 1000, on_kind, NULL) == 0 && seen_count == 4);
    CHECK(strcmp(seen_names[0], "gone") == 0 && seen[0].dead == 1 && seen[0].due == 0);
    CHECK(strcmp(seen_names[1], "later") == 0 && seen[1].later == 1 && seen[1].due == 0);
    CHECK(strcmp(seen_names[2], "send") == 0);
    CHECK(seen[2].due == 2);
    CHECK(seen[2].waiting == 1);
    CHECK(seen[2].oldest_run_at == 10);
    CHECK(strcmp(seen_names[3], "turn") == 0 && seen[3].running == 1 && seen[3].waiting == 1);
    CHECK(jobs_lanes_waiting(jobs) == 2);
    down();
}

int main(void)
{
    log_open(LOG_OFF);
    case_run("metrics: reads as Prometheus reads it, whatever a label holds", text);
    case_run("metrics: a hundred series a metric, no number of anybody, no endless value", bounds);
    case_run("metrics: a name, a label or buckets against the habits are refused", wrong);
    case_run("metrics: a reload keeps what keeps its shape; old scripts harm nothing", reloads);
    case_run("metrics: counting allocates nothing", no_allocation);
    case_run("work: kinds are counted by what they wait for, lanes by those that wait", work);
    return cases_end();
}
