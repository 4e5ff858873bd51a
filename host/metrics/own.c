#include "metrics/own.h"

#include "base/loop.h"

#include <string.h>

#define COUNTER(id, n, h, ...) \
    [id] = { .name = n, .help = h, .type = METRIC_COUNTER, .labels = { __VA_ARGS__ } }
#define GAUGE(id, n, h, ...) \
    [id] = { .name = n, .help = h, .type = METRIC_GAUGE, .labels = { __VA_ARGS__ } }
#define SECONDS(id, n, h, ...) \
    [id] = { .name = n, .help = h, .type = METRIC_HISTOGRAM, .buckets = { __VA_ARGS__ } }

static const struct metric_shape shapes[OWN_COUNT] = {
    COUNTER(OWN_REQUESTS, "assistant_http_requests_total",
            "Answers of the public listener, by the route of main.lua that gave them.", "route",
            "method", "code"),
    COUNTER(OWN_ACCEPTS, "assistant_inbox_accepted_total",
            "Authentic webhooks that were put in the inbox.", "reader"),
    SECONDS(OWN_COMMIT, "assistant_commit_duration_seconds",
            "How long a commit of the database took, its sync included.", 0.0001, 0.00025, 0.0005,
            0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
    COUNTER(OWN_COMMITS_LOST, "assistant_commits_lost_total",
            "Transactions that could not be stored. Their requests were answered with 503."),
    COUNTER(OWN_LOCKS, "assistant_database_locks_total",
            "Times that another program held the database's write lock for more than a second."),
    COUNTER(OWN_CHECKPOINTS, "assistant_checkpoints_total",
            "Times that the write-ahead log was copied into the database."),
    SECONDS(OWN_LOOP, "assistant_loop_lag_seconds", "How long the loop was busy between two waits.",
            0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
    COUNTER(OWN_RELOADS, "assistant_reloads_total",
            "Reloads of scripts, prompts and secrets: ok, failed, rolled_back.", "result"),
    COUNTER(OWN_SCRIPT_ERRORS, "assistant_script_errors_total", "Errors that scripts threw."),
    COUNTER(OWN_LOG_DROPPED, "assistant_log_lines_dropped_total",
            "Log lines that were lost because stdout was not read fast enough."),
    COUNTER(OWN_SERIES_OVERFLOWED, "assistant_metrics_overflowed_total",
            "Values put under the label \"other\" because a metric had too many series."),
    GAUGE(OWN_HEALTHY, "assistant_healthy",
          "1 while messages can be accepted durably, which is what /health says."),
    GAUGE(OWN_LOCKED, "assistant_database_locked_seconds",
          "How long another program has held the database's write lock; no series while none has.",
          "program"),
    GAUGE(OWN_CONNECTIONS, "assistant_http_connections",
          "Open connections of the public listener."),
    GAUGE(OWN_REQUESTS_OPEN, "assistant_http_requests_in_progress",
          "Requests that have no answer yet."),
    GAUGE(OWN_OUTBOUND_OPEN, "assistant_outbound_requests_in_progress",
          "Outbound requests that have no answer yet."),
    GAUGE(OWN_TASKS, "assistant_tasks", "Requests, jobs and commands that scripts are working on."),
    GAUGE(OWN_INBOX_UNREAD, "assistant_inbox_unread", "Accepted webhooks that are not read yet."),
    GAUGE(OWN_INBOX_AGE, "assistant_inbox_oldest_age_seconds",
          "How long the oldest unread webhook has waited; 0 when there is none."),
    GAUGE(OWN_INBOX_PARKED, "assistant_inbox_parked",
          "Webhooks, or parts of them, that could not be read and are parked."),
    GAUGE(OWN_JOBS, "assistant_jobs",
          "Jobs in the database by state: ready (due now), later, waiting (behind another job of "
          "its lane), running, dead.",
          "kind", "state"),
    GAUGE(OWN_JOBS_AGE, "assistant_jobs_oldest_due_age_seconds",
          "How long the oldest due job has waited to be started; 0 when none is due."),
    GAUGE(OWN_LANES_WAITING, "assistant_lanes_waiting",
          "Lanes in which a job waits behind another job."),
    GAUGE(OWN_WAL, "assistant_wal_bytes", "Size of the database's write-ahead log."),
    GAUGE(OWN_DATABASE, "assistant_database_bytes", "Size of the database without that log."),
    GAUGE(OWN_DISK_FREE, "assistant_disk_free_bytes",
          "Free space on the disk that holds the database."),
    GAUGE(OWN_RELOAD_FINE, "assistant_last_reload_successful",
          "0 while a previous version is running because the files on disk could not be loaded."),
    GAUGE(OWN_GENERATION, "assistant_generation", "Number of the running generation of scripts."),
    GAUGE(OWN_GENERATION_INFO, "assistant_generation_info",
          "1, with the content hash of the running scripts and prompts.", "hash"),
    GAUGE(OWN_GENERATION_LOADED, "assistant_generation_loaded_timestamp_seconds",
          "When the running generation was loaded."),
    GAUGE(OWN_DRAINING, "assistant_generations_draining",
          "Older generations that still have running tasks."),
    GAUGE(OWN_LUA_MEMORY, "assistant_lua_memory_bytes", "Lua memory of the running generation."),
    GAUGE(OWN_LUA_LIMIT, "assistant_lua_memory_limit_bytes",
          "Limit of the Lua memory (LUA_MEMORY_MB)."),
    GAUGE(OWN_GAUGES_FINE, "assistant_script_gauges_successful",
          "1 when the gauges of the scripts could be read for this scrape."),
    GAUGE(OWN_BUILD, "assistant_build_info", "1, with the program's version.", "version"),
    GAUGE(OWN_START_TIME, "process_start_time_seconds",
          "Start time of the process since unix epoch in seconds."),
    COUNTER(OWN_CPU, "process_cpu_seconds_total", "Total user and system CPU time spent."),
    GAUGE(OWN_RESIDENT, "process_resident_memory_bytes", "Resident memory size in bytes."),
    GAUGE(OWN_FDS, "process_open_fds", "Number of open file descriptors."),
    GAUGE(OWN_FDS_MAX, "process_max_fds", "Maximum number of open file descriptors."),
};

struct metrics *metrics_own_new(void)
{
    struct metric_shape all[OWN_COUNT];
    memcpy(all, shapes, sizeof all);
    for (size_t i = 0; i < OWN_COUNT; i++) { /* the lists above end with an empty entry */
        while (all[i].label_count < METRIC_LABELS_MAX && all[i].labels[all[i].label_count])
            all[i].label_count++;
        while (all[i].bucket_count < METRIC_BUCKETS_MAX && all[i].buckets[all[i].bucket_count] > 0)
            all[i].bucket_count++;
    }
    struct metrics *m = metrics_new(all, OWN_COUNT);
    metric_set_to(metrics_own(m, OWN_START_TIME), (double)loop_wall_ms() / 1000, NULL);
    return m;
}

bool metrics_own_has(const char *name)
{
    for (size_t i = 0; i < OWN_COUNT; i++)
        if (strcmp(shapes[i].name, name) == 0)
            return true;
    return false;
}

static struct metric_value value_of(const char *text)
{
    return (struct metric_value){ text ? text : "", text ? strlen(text) : 0 };
}

void metrics_own_add(struct metrics *m, enum metrics_own_id id, double n, const char *a,
                     const char *b, const char *c)
{
    const struct metric_value values[] = { value_of(a), value_of(b), value_of(c), value_of("") };
    metric_add(metrics_own(m, id), n, values);
}

void metrics_own_set(struct metrics *m, enum metrics_own_id id, double value, const char *a,
                     const char *b)
{
    const struct metric_value values[] = { value_of(a), value_of(b), value_of(""), value_of("") };
    metric_set_to(metrics_own(m, id), value, values);
}

void metrics_own_observe_ns(struct metrics *m, enum metrics_own_id id, uint64_t ns)
{
    metric_observe(metrics_own(m, id), (double)ns / 1e9, NULL);
}
