/* main: reads argv and runs the mode or command. */
#include "service/admin.h"
#include "cli/chat_replay.h"
#include "cli/check.h"
#include "cli/help.h"
#include "cli/media_get.h"
#include "cli/offline.h"
#include "service/serve.h"
#include "service/trial.h"
#include "base/trouble.h"
#include "base/timezone.h"
#include "store/store.h"

#include <curl/curl.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* HEAD /health on LISTEN, within 3 s. */
static int health(void)
{
    const char *listen = getenv("LISTEN");
    char host[64], url[128];
    uint16_t port;
    long status = 0;
    if (!settings_address(listen && *listen ? listen : "127.0.0.1:8080", host, sizeof host,
                          &port)) {
        fprintf(stderr, "assistant: LISTEN must be address:port\n");
        return 1;
    }
    bool any = strcmp(host, "0.0.0.0") == 0;
    snprintf(url, sizeof url, strchr(host, ':') ? "http://[%s]:%u/health" : "http://%s:%u/health",
             any ? "127.0.0.1" : host, port);
    CURL *e = curl_easy_init();
    curl_easy_setopt(e, CURLOPT_URL, url);
    curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(e, CURLOPT_PROXY, ""); /* also when the environment names a proxy */
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, 3000L);
    curl_easy_perform(e);
    curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(e);
    printf(status == 200 ? "healthy\n" : status ? "unhealthy\n" : "no answer\n");
    return status == 200 ? 0 : 1;
}

/* The service may run in another folder than this command. NULL: no memory, or no folder. */
static char *from_here(const char *path)
{
    char *folder = getcwd(NULL, 0), *whole = NULL;
    if (folder && asprintf(&whole, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, path) < 0)
        whole = NULL;
    free(folder);
    return whole;
}

static int no_such(const char *name)
{
    help_unknown(name);
    return 1;
}

/* The database is missing, or this user cannot see it. */
static int no_database(const char *path, int error)
{
    struct trouble t;
    if (error == ENOENT) {
        fprintf(stderr,
                "assistant: no service is running, and there is no database at %s. Set "
                "DATABASE_URL as the service has it.\n",
                path);
        return 1;
    }
    trouble_of(&t, error, path);
    fprintf(stderr,
            "assistant: the database %s cannot be used: %s. Run the command as the user of the "
            "service. If the service has this trouble too: %s.\n",
            path, t.cause, t.remedy);
    return 3;
}

/* Sends a command to the running service, or runs it on the database when no service is running. */
static int command(char **args, size_t count)
{
    char why[256];
    if (count == 2 && strcmp(args[0], "backup") == 0 && args[1][0] != '/' &&
        !(args[1] = from_here(args[1]))) {
        fprintf(
            stderr,
            "assistant: the current folder was removed. Give the full path of FILE, from / on.\n");
        return 1;
    }
    struct settings *s = settings_new();
    char *path = s ? settings_database(s, why, sizeof why) : NULL;
    bool known = help_knows(args[0]);
    if (!path && !known) {
        settings_free(s);
        return no_such(args[0]);
    }
    if (!path) {
        fprintf(stderr, "assistant: %s\n", why);
        settings_free(s);
        return 2;
    }
    char *place = settings_state(s, path);
    int code = place ? admin_call(place, args, count) : 1;
    free(place);
    bool server = settings_is_server(path);
    int error = server || access(path, F_OK) == 0 ? 0 : errno;
    settings_free(s);
    if (code < 0 && !known && !serve_knows(args[0])) {
        code = no_such(args[0]);
    } else if (code < 0 && error) {
        code = no_database(path, error);
    } else if (code < 0 && server) {
        fprintf(stderr, "assistant: with PostgreSQL a command is carried out by a process that "
                        "runs. Start `assistant sandbox`, then try again.\n");
        code = 1;
    }
    free(path);
    return code >= 0 ? code : serve_offline(args, count);
}

static bool is(const char *word, const char *name)
{
    return strcmp(word, name) == 0;
}

/* `assistant replay`: its flags as one word, then its files. */
static int replay(char **args, size_t count)
{
    char flags[64] = "";
    size_t files = 0;
    for (size_t i = 0; i < count; i++) {
        size_t n = strlen(flags);
        if (strncmp(args[i], "--", 2) == 0)
            snprintf(flags + n, sizeof flags - n, " %s", args[i] + 2);
        else
            args[files++] = args[i];
    }
    return serve_replay(flags, args, files);
}

/* `assistant check`: DIR has no settings, so there is nobody to ask. */
static int check(char **args, size_t count)
{
    bool online = false;
    const char *dir = NULL;
    for (size_t i = 0; i < count; i++) {
        if (is(args[i], "--online"))
            online = true;
        else
            dir = args[i];
    }
    if (online && dir) {
        fprintf(stderr,
                "assistant check: --online asks with the settings of the environment, so it "
                "takes no DIR.\n");
        return 1;
    }
    return serve_check(dir, online);
}

static int version(void)
{
    printf("assistant %s\n", ASSISTANT_VERSION);
    return 0;
}

static int help(const char *name)
{
    if (name)
        return help_page(name) ? 0 : 1;
    help_all();
    return 0;
}

/* The words are valid for their command. */
static int act(char **args, size_t count)
{
    const char *name = args[0], *word = count > 1 ? args[1] : NULL;
    if (is(name, "serve"))
        return serve_run(&serve_modes[0]);
    if (is(name, "sandbox"))
        return serve_run(&serve_modes[word ? 2 : 1]);
    if (is(name, "check"))
        return check(args + 1, count - 1);
    if (is(name, "chat"))
        return serve_chat();
    if (is(name, "replay"))
        return replay(args + 1, count - 1);
    if (is(name, "run"))
        return serve_file(args + 1, count - 1);
    if (is(name, "health"))
        return health();
    if (is(name, "version"))
        return version();
    if (is(name, "help"))
        return help(word);
    if (is(name, "media") && is(word, "get"))
        return media_get(count == 4 ? args[2] : "", count == 4 ? args[3] : NULL);
    return command(args, count);
}

/* For every command: no core dump, which would hold secrets, and other processes of the same user
 * cannot read this one's memory or environment. (Not with LeakSanitizer, which must attach to its
 * own process.) */
static void keep_secrets(void)
{
    const struct rlimit none = { 0, 0 };
    setrlimit(RLIMIT_CORE, &none);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    prctl(PR_SET_DUMPABLE, 0);
#endif
}

int main(int argc, char **argv)
{
    keep_secrets();
    const char *name = argc > 1 ? argv[1] : "--help";
    const char *second = argc == 3 ? argv[2] : "";
    setlocale(LC_ALL, "C.UTF-8");
    timezone_settle();
    store_keep_blocks();
    if (is(name, "--version"))
        return version();
    if (is(name, "--help") || is(name, "-h"))
        return help(NULL);
    if (help_knows(name) && (is(second, "--help") || is(second, "-h")))
        return help(name);
    if (is(name, TRIAL_ARGUMENT) && argc == 3)
        return trial_child(second);
    if (name[0] == '-')
        return no_such(name);
    return help_fits(argv + 1, (size_t)(argc - 1)) ? act(argv + 1, (size_t)(argc - 1)) : 1;
}
