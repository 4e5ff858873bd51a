#include "cli/check.h"

#include "bind/bind.h"
#include "scripts/cpu_guard.h"
#include "base/log.h"
#include "cli/chat_replay.h"
#include "service/tick.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* No story begins after STORIES_MS, because owners run `check` before each save. A story that does
 * not end in WAIT_MS never ends. */
enum { STORIES_MS = 2000, WAIT_MS = 5000 };

struct told {
    bool done, ok;
    char *text;
};

static void ended(struct task *t, bool ok, const char *text, size_t len)
{
    struct told *told = t->arg;
    told->done = true;
    told->ok = ok;
    told->text = buf_copy(text, len);
}

/* Runs a command, adds its output. false, with why: it or another script failed, or did not end. */
static bool run(struct host *h, const char *name, char *const *words, size_t count,
                struct buf *said, char *why, size_t size)
{
    /* Outlive a command that does not end. Two: the one before may end while this one runs. */
    static struct told both[2];
    static unsigned last;
    struct told *told = &both[last ^= 1];
    uint64_t errors = h->script_errors, until = loop_now_ns() + WAIT_MS * 1000000ull;
    free(told->text);
    *told = (struct told){ .done = false };
    if (!bind_command(h->scripts.current, name, words, count, ended, told)) {
        snprintf(why, size, "scripts/rehearsal/main.lua: has no command \"%s\"", name);
        told->done = true;
        return false;
    }
    while (!told->done && !h->stopping && h->script_errors == errors && loop_now_ns() < until)
        tick(h);
    bool fine = told->done && told->ok && h->script_errors == errors;
    size_t len = strcspn(h->script_error, "\n");
    if (fine && told->text)
        buf_text(said, told->text);
    else if (!fine && h->script_errors != errors)
        snprintf(why, size, "%.*s", (int)(len && h->script_error[len - 1] == '.' ? len - 1 : len),
                 h->script_error);
    else if (!fine)
        snprintf(why, size, "a script still waits after %d s", WAIT_MS / 1000);
    free(told->text);
    told->text = NULL;
    return fine;
}

static bool is_story(const char *path)
{
    const char *end = strrchr(path, '.');
    return (strncmp(path, "scripts/rehearsal/stories/", 26) == 0 ||
            strncmp(path, "prompts/stories/", 16) == 0) &&
           end && (strcmp(end, ".yaml") == 0 || strcmp(end, ".json") == 0);
}

/* Runs a command and reports what fails. false: it still runs, so no other command can follow. */
static bool act(struct host *h, const char *name, char *const *words, size_t count,
                struct buf *said, struct buf *problems)
{
    struct buf doing = { .data = NULL };
    char why[600], unused[600];
    bool over = true;
    if (!run(h, name, words, count, said, why, sizeof why)) {
        over = h->scripts.current->task_count == 0;
        run(h, "doing", NULL, 0, &doing, unused, sizeof unused);
        if (!problems->data ||
            !strstr(problems->data, why)) /* the same fault in many stories is reported once */
            buf_printf(problems, "%s, while %s.\n", why, doing.data ? doing.data : "it was tried");
    }
    buf_free(&doing);
    return over;
}

/* Calls the handlers of main.lua, also without a story. answered: see outbound.h. false: as act. */
static bool try_handlers(struct host *h, bool answered, struct buf *problems)
{
    bool more = true, going = true;
    h->services.outbound.answered = answered;
    for (int i = 1; more && going; i++) {
        struct buf said = { .data = NULL };
        char number[16], *words[] = { number, answered ? "answered" : "alone" };
        size_t before = problems->len;
        uint64_t errors = h->script_errors;
        snprintf(number, sizeof number, "%d", i);
        going = act(h, "handler", words, 2, &said, problems);
        more = said.len > 0 || problems->len > before || h->script_errors != errors;
        buf_free(&said);
    }
    return going;
}

/* Plays what the tree holds. false: as act. */
static bool play(struct host *h, struct buf *problems, struct buf *notes)
{
    const struct tree *t = h->scripts.current->tree;
    uint64_t until = loop_now_ns() + STORIES_MS * 1000000ull;
    size_t played = 0, all = 0;
    bool going = true;
    for (size_t i = 0; i < t->count; i++)
        all += is_story(t->files[i].path);
    for (size_t i = 0; i < t->count && going && loop_now_ns() < until; i++)
        if (is_story(t->files[i].path)) {
            char *text = buf_copy(t->files[i].bytes, t->files[i].len);
            char *words[] = { t->files[i].path, text };
            going = act(h, "check", words, 2, problems, problems);
            free(text);
            played++;
        }
    if (going && played < all && !problems->len)
        buf_printf(notes, "%zu of %zu stories were played in %d s; the others were left out.\n",
                   played, all, STORIES_MS / 1000);
    else if (all == 0)
        buf_text(notes, "There are no stories in scripts/rehearsal/stories, so none was played.\n");
    return going;
}

static int play_stories(const char *scripts, const char *prompts, struct buf *problems,
                        struct buf *notes)
{
    static struct rehearsal r;
    struct buf unused = { .data = NULL };
    const char *set = getenv("SCRIPTS_DIR");
    char stage[4200];
    snprintf(stage, sizeof stage, "%s/rehearsal/main.lua",
             scripts       ? scripts
             : set && *set ? set
                           : "scripts");
    if (access(stage, F_OK) != 0) {
        buf_printf(notes, "%s is not there, so no stories were played.\n", stage);
        return 0;
    }
    int code = rehearsal_begin(&r, &serve_modes[3], scripts, prompts, true, problems, &unused);
    buf_free(&unused);
    char none[600];
    if (code == 0) /* scripts of an older version have no notes */
        run(&r.service.host, "notes", NULL, 0, notes, none, sizeof none);
    if (code == 0 && play(&r.service.host, problems, notes) &&
        try_handlers(&r.service.host, false, problems) && !problems->len)
        try_handlers(&r.service.host, true, problems);
    return rehearsal_end(&r, code ? code : problems->len ? GENERATION_SCRIPTS : 0);
}

static int load_folder(const char *scripts, const char *prompts, struct buf *problems,
                       struct buf *warnings)
{
    struct scripts all = { .memory_cap = 256u << 20 };
    struct generation *g = NULL;
    struct generation_options o = mode_options(&serve_modes[0]);
    cpu_guard_start(200, 2000);
    o.ignore_settings = true;
    int code = instance_load(&all, &o, scripts, prompts, &g, problems, warnings);
    generation_close(g);
    cpu_guard_stop();
    return code;
}

/* DIR has both folders; the settings are ignored. */
static bool holds_both(const char *dir, const char *scripts, const char *prompts,
                       struct buf *problems)
{
    if (access(scripts, F_OK) == 0 && access(prompts, F_OK) == 0)
        return true;
    buf_printf(problems,
               "%s: DIR must be a folder that holds scripts/ and prompts/. %s is not there.\n", dir,
               access(scripts, F_OK) != 0 ? scripts : prompts);
    return false;
}

int serve_check(const char *dir, bool online)
{
    struct host h = { .scripts.memory_cap = 256u << 20 };
    struct buf problems = { .data = NULL }, warnings = { .data = NULL };
    struct generation *g = NULL;
    char scripts[4096], prompts[4096];
    int code, played = 0;
    log_open(LOG_OFF);
    if (dir) {
        snprintf(scripts, sizeof scripts, "%s/scripts", dir);
        snprintf(prompts, sizeof prompts, "%s/prompts", dir);
        code = holds_both(dir, scripts, prompts, &problems)
                   ? load_folder(scripts, prompts, &problems, &warnings)
                   : GENERATION_SCRIPTS;
    } else {
        code = instance_generation(&h, &serve_modes[0], false, &g);
        generation_close(g);
        cpu_guard_stop();
    }
    if (code != GENERATION_SCRIPTS) /* wrong settings do not mean wrong scripts */
        played = play_stories(dir ? scripts : NULL, dir ? prompts : NULL, &problems, &warnings);
    log_mask(problems.data);
    fprintf(stderr, "%s%s", warnings.data ? warnings.data : "", problems.data ? problems.data : "");
    code = played ? played : code;
    if (code == 0 && dir)
        printf("Scripts and prompts in %s are fine.\n", dir);
    else if (code == 0)
        printf("Settings, scripts and prompts are fine.\n");
    buf_free(&problems);
    buf_free(&warnings);
    fflush(stdout);
    return code == 0 && online ? serve_online() : code;
}
