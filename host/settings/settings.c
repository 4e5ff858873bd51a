#include "settings/settings.h"

#include "base/url.h"

#include "base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_LIMIT = 64 * 1024 };

#define INT(n, d, lo, hi, h)                                                                 \
    {                                                                                        \
        .name = n, .type = SETTING_INTEGER, .fallback = d, .has_min = true, .has_max = true, \
        .min = lo, .max = hi, .help = h                                                      \
    }

#define TEXT(n, d, h)                                             \
    {                                                             \
        .name = n, .type = SETTING_TEXT, .fallback = d, .help = h \
    }

/* The host's own. */
static const struct setting_declared host_settings[] = {
    TEXT("LISTEN", "127.0.0.1:8080", "address:port to serve on"),
    TEXT("DATABASE_URL", "sqlite:data/db.sqlite", "sqlite:PATH"),
    TEXT("STATE_DIR", NULL, "the folder of this process's files; unset: the database's folder"),
    TEXT("MEDIA_DIR", NULL, "the folder of received files; unset: media in STATE_DIR"),
    TEXT("SCRIPTS_DIR", "scripts", "the folder with main.lua"),
    TEXT("PROMPTS_DIR", "prompts", "the folder with the prompt files"),
    INT("REQUEST_DEADLINE_MS", "15000", 100, 600000,
        "one request, from its first byte to its last"),
    INT("DRAIN_MS", "3000", 0, 60000, "how long shutting down may take"),
    INT("WATCHDOG_MS", "2000", 100, 600000, "one slice of Lua that no hook can stop"),
    INT("MAX_BODY_BYTES", "4194304", 1024, 268435456, "one request's body"),
    INT("LUA_MEMORY_MB", "256", 8, 65536, "memory of one generation of scripts"),
    INT("LUA_SLICE_MS", "200", 10, 60000, "how long a script may run without waiting"),
    TEXT("METRICS_LISTEN", NULL, "address:port for Prometheus text; unset: off"),
    { .name = "LOG_LEVEL",
      .type = SETTING_CHOICE,
      .fallback = "info",
      .choices = "debug|info|warn|error|off",
      .help = "what is logged" },
};

static const char *const *defaults;

void settings_defaults(const char *const *pairs)
{
    defaults = pairs;
}

static const char *environment(const char *name)
{
    const char *v = getenv(name);
    size_t n = strlen(name);
    if (v || !defaults)
        return v;
    for (const char *const *p = defaults; *p; p++)
        if (strncmp(*p, name, n) == 0 && (*p)[n] == '=')
            return *p + n + 1;
    return NULL;
}

struct settings *settings_new(void)
{
    struct settings *s = calloc(1, sizeof *s);
    for (size_t i = 0; s && i < sizeof host_settings / sizeof *host_settings; i++)
        if (!settings_declare(s, &host_settings[i])) {
            settings_free(s);
            return NULL;
        }
    return s;
}

static void declared_clear(struct setting_declared *d)
{
    free(d->name);
    free(d->fallback);
    free(d->choices);
    free(d->help);
}

void settings_free(struct settings *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++) {
        if (s->items[i].text && s->items[i].secret)
            explicit_bzero(s->items[i].text, strlen(s->items[i].text));
        free(s->items[i].text);
    }
    for (size_t i = 0; i < s->declared_count; i++)
        declared_clear(&s->declared[i]);
    free(s->items);
    free(s->declared);
    buf_free(&s->problems);
    buf_free(&s->warnings);
    free(s);
}

void settings_problem(struct settings *s, const char *name, const char *format, ...)
{
    char *text = NULL;
    va_list list;
    va_start(list, format);
    if (vasprintf(&text, format, list) < 0)
        text = NULL;
    va_end(list);
    buf_printf(&s->problems, "%s%s%s\n", name ? name : "", name && *name ? ": " : "",
               text ? text : "not enough memory");
    free(text);
}

/* The fault of an opened file that should hold a secret; NULL: none. */
static const char *file_fault(int fd)
{
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0)
        return strerror(errno);
    return S_ISDIR(st.st_mode)       ? "it is a folder"
           : !S_ISREG(st.st_mode)    ? "it is not a regular file"
           : st.st_size > FILE_LIMIT ? "it is larger than 64 KB"
                                     : NULL;
}

/* The secret in a file, less one line end. NULL: a problem was noted. The file is opened again each
 * time, so that one that was put in its place, or a link that was turned, is seen. Its path is not
 * repeated, because people write secrets into X_FILE by mistake. */
static char *from_file(struct settings *s, const char *name, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* a pipe does not block */
    const char *fault = file_fault(fd);
    char *value = fault ? NULL : calloc(1, FILE_LIMIT + 1);
    ssize_t n = value ? read(fd, value, FILE_LIMIT) : 0;
    if (n < 0)
        fault = strerror(errno);
    size_t len = n > 0 ? (size_t)n : 0;
    if (fault) {
        settings_problem(s, name,
                         "the file it names cannot be used (%s). Name a readable file that holds "
                         "only the secret.",
                         fault);
    } else if (value && memchr(value, 0, len)) {
        fault = "the file it names holds a NUL byte. Write the secret as plain text.";
        settings_problem(s, name, "%s", fault);
    } else if (len >= 3 && memcmp(value, "\xef\xbb\xbf", 3) == 0) {
        fault = "the file it names begins with a byte order mark. Save it as plain text.";
        settings_problem(s, name, "%s", fault);
    }
    if (value && fault) {
        explicit_bzero(value, len);
        free(value);
        value = NULL;
    } else if (value) {
        if (len && value[len - 1] == '\n')
            len--;
        if (len && value[len - 1] == '\r')
            len--;
        value[len] = 0;
    }
    if (fd >= 0)
        close(fd);
    return value;
}

static bool blank(const char *v)
{
    return v[strspn(v, " \t\r\n")] == 0;
}

static bool loopback(const char *host)
{
    struct in_addr a; /* a name may begin with 127. too: only an address counts */
    return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
           (inet_pton(AF_INET, host, &a) == 1 && ntohl(a.s_addr) >> 24 == 127);
}

static void check_url(struct settings *s, const struct setting_declared *d, const char *v)
{
    struct url url;
    const char *wrong = url_read(v, &url);
    if (wrong) {
        settings_problem(s, d->name,
                         "is not a URL (%s). It must begin with https:// and name a host, without "
                         "a user or blanks.",
                         wrong);
    } else if (!url.secure && !loopback(url.host)) {
        if (d->insecure_warn)
            buf_printf(&s->warnings,
                       "%s: is http:// and not this machine, so others can read what is sent. Use "
                       "https://.\n",
                       d->name);
        else
            settings_problem(s, d->name,
                             "is http:// and not this machine. Use https://, so that others cannot "
                             "read what is sent.");
    }
}

static void check_value(struct settings *s, const struct setting_declared *d, struct setting *item)
{
    const char *v = item->text;
    if (d->type == SETTING_INTEGER) {
        char *end = NULL;
        errno = 0;
        long long n = strtoll(v, &end, 10);
        if (errno || end == v || *end || v[0] == ' ' || (d->has_min && n < d->min) ||
            (d->has_max && n > d->max))
            settings_problem(s, d->name, "must be a whole number from %lld to %lld (%s).",
                             (long long)d->min, (long long)d->max, d->help ? d->help : "");
        item->integer = n;
    } else if (d->type == SETTING_CHOICE) {
        size_t n = strlen(v);
        bool found = false;
        for (const char *p = d->choices ? d->choices : ""; *p;) {
            size_t len = strcspn(p, "|");
            found |= len == n && strncmp(p, v, n) == 0;
            p += len + (p[len] == '|');
        }
        if (!found)
            settings_problem(s, d->name, "must be one of %s.", d->choices ? d->choices : "");
    } else if (d->type == SETTING_URL) {
        check_url(s, d, v);
    }
    if (item->secret && *v && (strchr(" \t", v[0]) || strchr(" \t", v[strlen(v) - 1])))
        buf_printf(&s->warnings, "%s%s: begins or ends with a blank. Delete the blank.\n", d->name,
                   item->from_file ? "_FILE" : "");
    for (const char *p = v; *p; p++)
        if ((unsigned char)*p < 0x20) {
            settings_problem(
                s, d->name,
                "holds a control character (a line break inside, perhaps). Write it on one line.");
            break;
        }
}

char *settings_filler(enum setting_type type)
{
    const char *text = type == SETTING_URL ? "https://missing.invalid" : "missing";
    return buf_copy(text, strlen(text));
}

static void resolve(struct settings *s, const struct setting_declared *d, struct setting *item)
{
    char file_name[200];
    snprintf(file_name, sizeof file_name, "%s_FILE", d->name);
    bool secret = item->secret;
    const char *plain = s->made_up ? NULL : environment(d->name);
    const char *file = secret && !s->made_up ? environment(file_name) : NULL;
    if (plain && file) {
        settings_problem(s, d->name, "and %s are both set. Keep one of them.", file_name);
        return;
    }
    if (file) {
        item->text = blank(file) ? NULL : from_file(s, file_name, file);
        item->from_file = true;
        if (blank(file))
            settings_problem(s, file_name,
                             "is set but empty. Name the file that holds the secret, or unset it.");
        else if (item->text && blank(item->text))
            settings_problem(s, file_name, "names a file that is empty. Write the secret into it.");
        if (!item->text)
            return;
    } else if (plain && !blank(plain)) {
        item->text = buf_copy(plain, strlen(plain));
    } else if (d->required) {
        settings_problem(
            s, d->name, "is %s: %s.%s", plain ? "empty" : "missing", d->help ? d->help : "set it",
            secret ? " (Or name a file that holds it in the variable with _FILE at its end.)" : "");
        return;
    } else if (plain && secret) {
        settings_problem(s, d->name, "is set but empty. Give it its value, or unset it.");
        return;
    } else if (d->fallback) {
        item->text = buf_copy(d->fallback, strlen(d->fallback));
    } else if (s->made_up && d->type != SETTING_INTEGER) {
        item->text = settings_filler(d->type);
    }
    if (item->text && !blank(item->text))
        check_value(s, d, item);
}

static char *copy(const char *text)
{
    return text ? buf_copy(text, strlen(text)) : NULL;
}

bool settings_declare(struct settings *s, const struct setting_declared *d)
{
    if (settings_find(s, d->name)) {
        settings_problem(s, d->name,
                         "is declared twice in the settings of the scripts. Remove one.");
        return true;
    }
    struct setting *items = realloc(s->items, (s->count + 1) * sizeof *items);
    if (!items)
        return false;
    s->items = items;
    struct setting_declared *all = realloc(s->declared, (s->declared_count + 1) * sizeof *all);
    if (!all)
        return false;
    s->declared = all;
    struct setting_declared *mine = &all[s->declared_count++];
    *mine = *d;
    mine->name = copy(d->name);
    mine->fallback = copy(d->fallback);
    mine->choices = copy(d->choices);
    mine->help = copy(d->help);
    struct setting *item = &s->items[s->count++];
    *item = (struct setting){ .name = mine->name,
                              .type = d->type,
                              .secret = d->secret || d->type == SETTING_SECRET };
    if (!mine->name)
        return false;
    resolve(s, mine, item);
    return true;
}

const struct setting *settings_find(const struct settings *s, const char *name)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->items[i].name, name) == 0)
            return &s->items[i];
    return NULL;
}

const char *settings_text(const struct settings *s, const char *name)
{
    const struct setting *item = settings_find(s, name);
    return item ? item->text : NULL;
}

int64_t settings_integer(const struct settings *s, const char *name)
{
    const struct setting *item = settings_find(s, name);
    return item ? item->integer : 0;
}

bool settings_address(const char *text, char *host, size_t size, uint16_t *port)
{
    const char *colon = text ? strrchr(text, ':') : NULL;
    if (!colon || colon == text || (size_t)(colon - text) >= size)
        return false;
    char *end = NULL;
    long p = strtol(colon + 1, &end, 10);
    if (end == colon + 1 || *end || p < 1 || p > 65535)
        return false;
    size_t n = (size_t)(colon - text);
    memcpy(host, text, n);
    host[n] = 0;
    if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
        memmove(host, host + 1, n - 2);
        host[n - 2] = 0;
    }
    struct in6_addr a;
    *port = (uint16_t)p;
    return inet_pton(AF_INET, host, &a) == 1 || inet_pton(AF_INET6, host, &a) == 1;
}

void settings_hide(const struct settings *s)
{
    for (size_t i = 0; i < s->count; i++) {
        const char *p = s->items[i].secret ? s->items[i].text : NULL;
        while (p && *p) { /* each item of a list */
            p += strspn(p, " \t,");
            size_t n = s->items[i].type == SETTING_LIST ? strcspn(p, ",") : strlen(p), len = n;
            while (len && strchr(" \t", p[len - 1]))
                len--;
            log_hide(p, len);
            p += n;
        }
    }
}

bool settings_is_server(const char *database)
{
    return strncmp(database, "postgres://", 11) == 0 || strncmp(database, "postgresql://", 13) == 0;
}

char *settings_state(const struct settings *s, const char *database)
{
    char *path = NULL;
    const char *given = settings_text(s, "STATE_DIR"), *slash = strrchr(database, '/');
    if (settings_is_server(database))
        return asprintf(&path, "%s/postgres", given && !blank(given) ? given : "data") < 0 ? NULL
                                                                                           : path;
    if (!given || blank(given) || strcmp(database, ":memory:") == 0)
        return strdup(database);
    return asprintf(&path, "%s/%s", given, slash ? slash + 1 : database) < 0 ? NULL : path;
}

char *settings_media(const struct settings *s, const char *database)
{
    char *path = NULL, *state = settings_state(s, database);
    const char *given = settings_text(s, "MEDIA_DIR"), *slash = state ? strrchr(state, '/') : NULL;
    if (given && !blank(given))
        path = strdup(given);
    else if (state && strcmp(state, ":memory:") != 0 &&
             asprintf(&path, "%.*smedia", slash ? (int)(slash - state + 1) : 0, state) < 0)
        path = NULL;
    free(state);
    return path;
}

char *settings_database(const struct settings *s, char *why, size_t size)
{
    const char *url = settings_text(s, "DATABASE_URL");
#ifndef ASSISTANT_POSTGRES
    if (url && strncmp(url, "postgres", 8) == 0) {
        snprintf(why, size,
                 "DATABASE_URL: this program was built without PostgreSQL (libpq). Use "
                 "sqlite:PATH.");
        return NULL;
    }
#else
    if (url && settings_is_server(url))
        return strdup(url);
#endif
    if (!url || strncmp(url, "sqlite:", 7) != 0 || !url[7]) {
        snprintf(why, size, "DATABASE_URL: must be sqlite:PATH, like sqlite:data/db.sqlite.");
        return NULL;
    }
    return strdup(url + 7);
}
