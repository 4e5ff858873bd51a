#include "client/work.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    PER_HOST_DEFAULT = 4096,
    HOSTS_KEPT = 32,
    ROUTES_KEPT = 8, /* by each host */
    /* Up to so many transfers use one shard, for one TLS connection instead of sixteen. */
    PACK_PLAIN = 32,
    PACK_SECURE = POOL_STREAMS,
    SCARCE = 1024 /* descriptors: with fewer the pool uses less */
};

struct pool_host {
    struct pool_host *next;
    bool secure;
    char where[264]; /* host:port */
    unsigned in_flight, in_shard[POOL_SHARDS], syncing, route_count;
    struct pool_exchanges queue, flight;
    TAILQ_HEAD(pool_routes, pool_route) routes; /* the last used first */
};

/* It is in no multi now: its handle goes, and its place at its host. */
static void exchange_leave(struct pool_work *p, struct pool_exchange *x)
{
    /* Not reused: libcurl 7.88 keeps a pointer to the last header, freed, and joins a folded one to
     * it. */
    curl_easy_cleanup(x->easy);
    x->easy = NULL;
    if (x->rests)
        TAILQ_REMOVE(&p->resting, x, rest);
    x->rests = false;
    struct pool_host *h = x->host;
    if (x->syncing) {
        TAILQ_REMOVE(&p->syncing, x, place);
        h->syncing--;
    } else if (x->shard) {
        TAILQ_REMOVE(&h->flight, x, place);
        h->in_flight--;
        h->in_shard[x->shard - p->shards]--;
    } else if (h) {
        TAILQ_REMOVE(&h->queue, x, place);
    }
}

/* The only end of an exchange. Its transfer holds its answer or error. */
static void exchange_finish(struct pool_work *p, struct pool_exchange *x)
{
    loop_timer_stop(p->shared.loop, &x->deadline);
    exchange_leave(p, x);
    pool_easy_undress(x);
    if (x->route)
        x->route->users--;
    x->finished = true;
    x->transfer->elapsed_ns = loop_now_ns() - x->submitted_ns;
    TAILQ_INSERT_TAIL(&p->leaving, x, place);
}

/* Stops it at any stage, with this error and the right `sent`. */
static void exchange_drop(struct pool_work *p, struct pool_exchange *x, enum pool_error e)
{
    struct pool_transfer *t = x->transfer;
    const char *where = pool_easy_where(x);
    if (x->syncing) {
        pool_easy_forget(t);
        t->status = 0;
    } else if (x->shard) {
        pool_shard_remove(x->shard, x->easy);
        t->sent = pool_easy_sent(x);
    }
    if (e == POOL_CANCELLED)
        pool_easy_fail(t, e, "%.80s: cancelled", where);
    else if (x->syncing)
        pool_easy_fail(t, e, "%.80s: its file was not synced within %u ms", where, t->timeout_ms);
    else if (x->shard)
        pool_easy_fail(t, e, "%.80s: no complete answer within %u ms", where, t->timeout_ms);
    else
        pool_easy_fail(t, e, "%.80s: not started within %u ms, because the queue is full", where,
                       t->timeout_ms);
    exchange_finish(p, x);
}

static struct pool_shard *shard_choose(struct pool_work *p, const struct pool_host *h, bool secure)
{
    unsigned pack = secure ? PACK_SECURE : PACK_PLAIN, best = 0;
    for (unsigned i = 0; i < p->used; i++) {
        if (h->in_shard[i] < pack)
            return &p->shards[i];
        if (h->in_shard[i] < h->in_shard[best])
            best = i;
    }
    return &p->shards[best];
}

static bool exchange_start(struct pool_work *p, struct pool_exchange *x)
{
    struct pool_host *h = x->host;
    x->easy = curl_easy_duphandle(p->pattern[x->secure]);
    if (!x->easy || curl_easy_setopt(x->easy, CURLOPT_SHARE, p->share) != CURLE_OK)
        return false;
    struct pool_shard *s = shard_choose(p, h, x->secure);
    if (!pool_easy_dress(x) || !pool_shard_add(s, x->easy))
        return false;
    x->shard = s;
    TAILQ_REMOVE(&h->queue, x, place);
    TAILQ_INSERT_TAIL(&h->flight, x, place);
    h->in_flight++;
    h->in_shard[s - p->shards]++;
    return true;
}

static void host_start(struct pool_work *p, struct pool_host *h)
{
    struct pool_exchange *x;
    while (h->in_flight < p->per_host && (x = TAILQ_FIRST(&h->queue)))
        if (!exchange_start(p, x)) {
            pool_easy_fail(x->transfer, POOL_CONNECT, "not enough memory");
            exchange_finish(p, x);
        }
}

static void on_deadline(void *arg)
{
    struct pool_exchange *x = arg;
    struct pool_host *h = x->host;
    struct pool_work *p = x->work;
    exchange_drop(p, x, POOL_TIMEOUT);
    host_start(p, h);
}

static void on_synced(void *arg, int error)
{
    struct pool_exchange *x = arg;
    x->download = NULL;
    if (error)
        pool_easy_unsynced(x, error);
    exchange_finish(x->work, x);
}

/* The answer is whole; it goes back when its file is on disk. */
static void exchange_sync(struct pool_work *p, struct pool_exchange *x)
{
    if (!p->syncer)
        p->syncer = syncer_new(p->shared.loop);
    exchange_leave(p, x);
    x->syncing = true;
    x->host->syncing++;
    TAILQ_INSERT_TAIL(&p->syncing, x, place);
    pool_download_finish(x->download, p->syncer, on_synced, x);
}

/* An HTTP/2 peer left (GOAWAY) before it answered: libcurl asks again by itself only over HTTP/1.1
 * and after REFUSED_STREAM. */
static bool exchange_again(struct pool_work *p, struct pool_exchange *x, CURLcode code)
{
    if (code != CURLE_HTTP2 || x->transfer->once || x->again || x->verdict || x->header_lines)
        return false;
    exchange_leave(p, x);
    pool_easy_undress(x);
    x->shard = NULL;
    x->again = true;
    TAILQ_INSERT_HEAD(&x->host->queue, x, place);
    return true;
}

static void on_done(void *arg, CURL *easy, CURLcode code)
{
    struct pool_work *p = arg;
    struct pool_exchange *x = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&x);
    struct pool_host *h = x->host;
    if (!exchange_again(p, x, code)) {
        if (pool_easy_close(x, code))
            exchange_sync(p, x);
        else
            exchange_finish(p, x);
    }
    host_start(p, h);
}

/* ---- hosts ---- */

static void route_free(struct pool_host *h, struct pool_route *r)
{
    TAILQ_REMOVE(&h->routes, r, place);
    h->route_count--;
    curl_url_cleanup(r->parsed);
    free(r);
}

static void host_free(struct pool_host *h)
{
    struct pool_route *r;
    while ((r = TAILQ_FIRST(&h->routes)))
        route_free(h, r);
    free(h);
}

static void hosts_trim(struct pool_work *p)
{
    struct pool_host **at = &p->hosts;
    while (*at && p->host_count > HOSTS_KEPT) {
        struct pool_host *h = *at;
        if (TAILQ_EMPTY(&h->queue) && TAILQ_EMPTY(&h->flight) && !h->syncing) {
            *at = h->next;
            p->host_count--;
            host_free(h);
        } else {
            at = &h->next;
        }
    }
}

static struct pool_host *host_of(struct pool_work *p, const struct url *url)
{
    char where[sizeof p->hosts->where];
    snprintf(where, sizeof where, "%s:%u", url->host, url->port);
    for (struct pool_host *h = p->hosts; h; h = h->next)
        if (h->secure == url->secure && strcmp(h->where, where) == 0)
            return h;
    hosts_trim(p);
    struct pool_host *h = calloc(1, sizeof *h);
    if (!h)
        return NULL;
    h->secure = url->secure;
    memcpy(h->where, where, sizeof where);
    TAILQ_INIT(&h->queue);
    TAILQ_INIT(&h->flight);
    TAILQ_INIT(&h->routes);
    h->next = p->hosts;
    p->hosts = h;
    p->host_count++;
    return h;
}

/* NULL: not enough memory. */
static struct pool_route *route_new(struct pool_host *h, const char *text)
{
    size_t n = strlen(text) + 1;
    struct pool_route *r = malloc(sizeof *r + n), *old, *before;
    if (!r)
        return NULL;
    *r = (struct pool_route){ .host = h, .parsed = curl_url() };
    memcpy(r->text, text, n);
    TAILQ_INSERT_HEAD(&h->routes, r, place);
    h->route_count++;
    if (!r->parsed ||
        curl_url_set(r->parsed, CURLUPART_URL, text, CURLU_DISALLOW_USER) != CURLUE_OK) {
        route_free(h, r);
        return NULL;
    }
    for (old = TAILQ_LAST(&h->routes, pool_routes); h->route_count > ROUTES_KEPT && old != r;
         old = before) {
        before = TAILQ_PREV(old, pool_routes, place);
        if (old->users == 0)
            route_free(h, old);
    }
    return r;
}

/* NULL, with the transfer's error. */
static struct pool_route *route_of(struct pool_work *p, struct pool_transfer *t)
{
    struct pool_route *r;
    for (struct pool_host *h = p->hosts; h && t->url; h = h->next)
        TAILQ_FOREACH(r, &h->routes, place)
            if (strcmp(r->text, t->url) == 0) {
                TAILQ_REMOVE(&h->routes, r, place);
                TAILQ_INSERT_HEAD(&h->routes, r, place);
                return r;
            }
    struct url url;
    if (!pool_easy_read_url(t, &url))
        return NULL;
    struct pool_host *h = host_of(p, &url);
    r = h ? route_new(h, t->url) : NULL;
    if (!r)
        pool_easy_fail(t, POOL_CONNECT, "not enough memory");
    return r;
}

const char *pool_easy_where(const struct pool_exchange *x)
{
    return x->host ? x->host->where : "the request";
}

void pool_easy_rests(struct pool_exchange *x)
{
    x->rests = true;
    TAILQ_INSERT_TAIL(&x->work->resting, x, rest);
}

/* Their sockets are read in this round again; what arrived meanwhile is written at once. */
static void go_on(struct pool_work *p)
{
    struct pool_exchanges rested = TAILQ_HEAD_INITIALIZER(rested);
    struct pool_exchange *x;
    TAILQ_CONCAT(&rested, &p->resting, rest);
    while ((x = TAILQ_FIRST(&rested))) {
        TAILQ_REMOVE(&rested, x, rest);
        x->rests = false;
        CURLcode code = curl_easy_pause(x->easy, CURLPAUSE_CONT);
        if (code != CURLE_OK) { /* a callback stopped it, and libcurl would only wait */
            pool_shard_remove(x->shard, x->easy);
            on_done(p, x->easy, code);
        }
    }
}

void pool_work_arrive(struct pool_work *p, struct pool_exchange *x)
{
    struct pool_transfer *t = x->transfer;
    struct pool_route *r = pool_easy_check(t) ? route_of(p, t) : NULL;
    if (!r) {
        exchange_finish(p, x);
        return;
    }
    struct pool_host *h = r->host;
    x->route = r;
    x->secure = h->secure;
    r->users++;
    if (!loop_timer_set(p->shared.loop, &x->deadline, t->due_ns, on_deadline, x)) {
        pool_easy_fail(t, POOL_CONNECT, "not enough memory");
        exchange_finish(p, x);
        return;
    }
    x->host = h;
    TAILQ_INSERT_TAIL(&h->queue, x, place);
    host_start(p, h);
}

void pool_work_cancel(struct pool_work *p, struct pool_exchange *x)
{
    if (x->finished)
        return;
    struct pool_host *h = x->host;
    exchange_drop(p, x, POOL_CANCELLED);
    host_start(p, h);
}

bool pool_work_run(struct pool_work *p)
{
    p->shared.kicked = false;
    go_on(p);
    for (unsigned i = 0; i < p->used; i++)
        pool_shard_run(&p->shards[i], on_done, p);
    return p->shared.kicked || !TAILQ_EMPTY(&p->resting);
}

void pool_work_empty(struct pool_work *p)
{
    struct pool_exchange *x;
    while ((x = TAILQ_FIRST(&p->syncing)))
        exchange_drop(p, x, POOL_CANCELLED);
    for (struct pool_host *h = p->hosts; h; h = h->next) {
        while ((x = TAILQ_FIRST(&h->flight)) || (x = TAILQ_FIRST(&h->queue)))
            exchange_drop(p, x, POOL_CANCELLED);
    }
}

/* ---- open and close ---- */

static void limits_set(struct pool_work *p, const struct pool_options *o)
{
    struct rlimit files = { 0 };
    getrlimit(RLIMIT_NOFILE, &files);
    /* Limited, so that the rest of the process has descriptors left. */
    rlim_t most = files.rlim_cur - files.rlim_cur / 4;
    p->used = POOL_SHARDS;
    if (files.rlim_cur < SCARCE) { /* each shard needs two */
        most = files.rlim_cur / 8 > 4 ? files.rlim_cur / 8 : 4;
        p->used = 1 + (unsigned)(files.rlim_cur / 128);
    }
    p->per_host = o && o->per_host ? o->per_host : PER_HOST_DEFAULT;
    if (p->per_host > most)
        p->per_host = (unsigned)most;
    unsigned kept = 2 * p->per_host / p->used;
    if (kept < 4 * PACK_PLAIN)
        kept = 4 * PACK_PLAIN;
    if (kept > most / p->used)
        kept = (unsigned)(most / p->used);
    p->shared.max_connections = kept < 4 ? 4 : (long)kept;
}

/* The kernel's table of descriptors grows by doubling, and in a process with threads each step
 * waits for an RCU grace period: the pool blocks for 10 to 40 ms, five times up to 4,000
 * connections. So it grows once, at the start. */
static void descriptors_reserve(const struct pool_work *p)
{
    struct rlimit files = { 0 };
    getrlimit(RLIMIT_NOFILE, &files);
    rlim_t wanted = (rlim_t)p->per_host + 2048;
    if (wanted >= files.rlim_cur)
        wanted = files.rlim_cur - 1;
    int fd = eventfd(0, EFD_CLOEXEC);
    int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, (int)wanted);
    if (high >= 0)
        close(high);
    if (fd >= 0)
        close(fd);
}

static bool libcurl_fits(char *why, size_t why_size)
{
    const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
    if (!(v->features & CURL_VERSION_ASYNCHDNS) || !(v->features & CURL_VERSION_SSL)) {
        snprintf(why, why_size, "libcurl %s has no TLS or no asynchronous DNS", v->version);
        return false;
    }
    return true;
}

bool pool_work_open(struct pool_work *p, const struct pool_options *o, char *why, size_t why_size)
{
    TAILQ_INIT(&p->resting);
    TAILQ_INIT(&p->syncing);
    TAILQ_INIT(&p->leaving);
    limits_set(p, o);
    descriptors_reserve(p);
    snprintf(why, why_size, "not enough memory or file descriptors");
    p->shared.loop = loop_new();
    p->share = curl_share_init();
    p->pattern[0] = pool_easy_pattern(false);
    p->pattern[1] = pool_easy_pattern(true);
    if (!p->shared.loop || !p->share || !p->pattern[0] || !p->pattern[1] ||
        !libcurl_fits(why, why_size))
        return false;
    /* One thread uses all of them, so the share needs no locks. */
    curl_share_setopt(p->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
    curl_share_setopt(p->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    for (unsigned i = 0; i < p->used; i++)
        if (!pool_shard_open(&p->shards[i], &p->shared))
            return false;
    return true;
}

void pool_work_close(struct pool_work *p)
{
    syncer_stop(p->syncer); /* of what was cancelled meanwhile, nothing is left then */
    for (unsigned i = 0; i < p->used; i++)
        pool_shard_close(&p->shards[i]);
    curl_easy_cleanup(p->pattern[0]);
    curl_easy_cleanup(p->pattern[1]);
    if (p->share)
        curl_share_cleanup(p->share);
    while (p->hosts) {
        struct pool_host *h = p->hosts;
        p->hosts = h->next;
        host_free(h);
    }
    loop_free(p->shared.loop);
    free(p->shared.sockets);
}
