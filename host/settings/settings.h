/*
 * settings: reads the environment once and checks it against the declarations of the host and of
 * the scripts.
 *
 * A snapshot never changes; each generation holds one, so that a reload reads X_FILE secrets again
 * and a bad one fails the reload. Problems name the variable and the remedy and never repeat a
 * value. The loop thread.
 */
#ifndef HOST_SETTINGS_SETTINGS_H
#define HOST_SETTINGS_SETTINGS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum setting_type {
    SETTING_TEXT,
    SETTING_SECRET,
    SETTING_URL,
    SETTING_INTEGER,
    SETTING_CHOICE,
    SETTING_LIST
};

struct setting_declared {
    char *name;
    enum setting_type type;
    bool required, insecure_warn, secret; /* secret: never shown; type SECRET implies it */
    char *fallback; /* the default as it would stand in the environment, or NULL */
    bool has_min, has_max;
    int64_t min, max;
    char *choices; /* "a|b|c", or NULL */
    char *help;
};

struct setting {
    const char *name;
    enum setting_type type;
    char *text; /* NULL: unset */
    int64_t integer;
    bool secret, from_file;
};

struct settings {
    struct setting *items;
    size_t count;
    struct setting_declared *declared; /* owned copies, the host's first */
    size_t declared_count;
    struct buf problems; /* one line each */
    struct buf warnings;
    bool made_up; /* of what is declared from here on: see generation_options.make_up_settings */
};

/* Something of the right type where there is no value. The caller frees it. */
char *settings_filler(enum setting_type type);
/* Defaults for `assistant sandbox` and other modes: "NAME=value", used where the environment has
 * nothing; NULL-terminated. The caller keeps them alive. */
void settings_defaults(const char *const *pairs);

/* With the host's own settings. NULL: no memory. */
struct settings *settings_new(void);
void settings_free(struct settings *s);
/* Copies the declaration and resolves it against the environment. A name declared twice is a
 * problem. false: no memory. */
bool settings_declare(struct settings *s, const struct setting_declared *d);
/* After the last declaration: warns of environment names near ours, and names the nearest. */
void settings_unknown(struct settings *s);
/* From now on the log shows none of its secrets. */
void settings_hide(const struct settings *s);
__attribute__((format(printf, 3, 4))) void settings_problem(struct settings *s, const char *name,
                                                            const char *format, ...);
/* NULL: not declared. */
const struct setting *settings_find(const struct settings *s, const char *name);
const char *settings_text(const struct settings *s, const char *name);
int64_t settings_integer(const struct settings *s, const char *name);
/* Splits host:port of LISTEN. false: not an address. */
bool settings_address(const char *text, char *host, size_t size, uint16_t *port);
/* DATABASE_URL → path (free it); NULL: why. ":memory:" for memory. */
char *settings_database(const struct settings *s, char *why, size_t size);
/* A database that is asked over a network: its URL takes the place of a path. */
bool settings_is_server(const char *database);
/* A path beside which the files of this process are: in STATE_DIR with the database's name, or else
 * the database's own path (free it). ":memory:" stays. NULL: no memory. */
char *settings_state(const struct settings *s, const char *database);
/* MEDIA_DIR (free it). NULL: it is unset and the database is in memory, or no memory. */
char *settings_media(const struct settings *s, const char *database);

#endif
