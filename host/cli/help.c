#include "cli/help.h"
#include "base/near.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANY = 1000 };

struct page {
    const char *name, *words; /* words: what follows the name, as people write it */
    const char *line;         /* in the list of all */
    const char *flags;        /* "--a|--b" that it takes */
    size_t least, most;       /* of its other words */
    const char *text;
};

static const struct page pages[] = {
    { "serve", "", "the service, configured by the environment", "", 0, 0,
      "Answers customers until SIGTERM. Settings come from the environment (.env.example lists "
      "them);\n"
      "at start all problems with them are told at once. Scripts and prompts are read from "
      "SCRIPTS_DIR\n"
      "and PROMPTS_DIR and again whenever a file changes. The log is one JSON object a line on "
      "stdout.\n"
      "\n"
      "Exit codes: 0 stopped, 2 settings, 3 storage, 4 another process has the database, 5 scripts "
      "or\n"
      "prompts do not load.\n"
      "\n"
      "Example:  LISTEN=127.0.0.1:8080 assistant serve\n" },
    { "sandbox", "[--stand-ins]", "the service with its stand-ins; needs no configuration",
      "--stand-ins", 0, 0,
      "The whole product with stand-ins for everything outside, so that it can be tried without an "
      "account\n"
      "or a key: a page with customers' phones and the staff channel. LISTEN and DATABASE_URL are\n"
      "honoured; the database is data/sandbox/db.sqlite otherwise.\n"
      "--stand-ins: the stand-ins alone, for an assistant that runs at SANDBOX_TARGET; both must "
      "have the\n"
      "same secrets.\n"
      "\n"
      "Exit codes: 0 stopped, 2 settings, 3 storage, 4 database in use, 5 scripts or prompts.\n"
      "\n"
      "Example:  assistant sandbox   (then open http://127.0.0.1:8080/sandbox/)\n" },
    { "check", "[DIR]",
      "are settings, scripts and prompts fine? with DIR: its scripts/ and prompts/ alone", "", 0, 1,
      "Loads settings, scripts and prompts exactly as serve would, opens nothing, and says what is "
      "wrong\n"
      "with file, line and what to do. Then the stories of scripts/rehearsal/stories and "
      "prompts/stories are\n"
      "played for two seconds, and each handler of main.lua is called, with nobody outside: a "
      "script that\n"
      "fails or does not end is named; other words than recorded are fine.\n"
      "With DIR: DIR/scripts and DIR/prompts alone, no settings needed.\n"
      "\n"
      "Exit codes: 0 fine (warnings are printed), 2 settings, 5 scripts or prompts (also when both "
      "are\n"
      "wrong).\n"
      "\n"
      "Example:  assistant check .\n" },
    { "chat", "", "talk to the flow in the terminal", "", 0, 0,
      "You write as a customer, and see what a customer would get, from the scripts and prompts as "
      "they\n"
      "are now; a saved change counts from the next line on. Below each answer: what was done, "
      "what is\n"
      "known and missing, what staff would read, and what stopped a model's answer. Nothing is "
      "sent to\n"
      "anybody, nothing is kept, no settings are needed. With the model's settings (.env.example) "
      "the model\n"
      "answers, without its key the fixed questions. Lines may come from a pipe.\n"
      "/help lists what else can be typed; /quit, Ctrl-D and Ctrl-C end it.\n"
      "\n"
      "Exit codes: 0 ended, 2 settings, 5 scripts or prompts do not load.\n"
      "\n"
      "Example:  printf 'I have a couch\\n12 Main St\\n' | assistant chat\n" },
    { "replay", "[--model] [--record] FILE…",
      "recorded conversations through today's scripts; prints what would change",
      "--model|--record", 1, ANY,
      "FILE is a story in YAML or JSON (scripts/rehearsal/stories shows the shape), or what "
      "`assistant "
      "export`\n"
      "printed. Each conversation is played with today's scripts and prompts, nobody outside; "
      "printed is\n"
      "what came out differently, turn by turn: the reply, what was known, the action, the card.\n"
      "The model's answers are the recorded ones; where there are none the fixed questions "
      "answer.\n"
      "--model: asks the configured model there instead.  --record: prints the story with today's "
      "answers.\n"
      "\n"
      "Exit codes: 0 nothing changed, 1 something did, 2 a file that cannot be read, 5 scripts or "
      "prompts.\n"
      "\n"
      "Example:  assistant export 4165551234 > ann.json && assistant replay ann.json\n" },
    { "run", "FILE [ARGS]", "a Lua file as a task on the host", "*", 1, ANY,
      "Runs FILE with the full Lua library and the host's modules, without a time slice: for tools "
      "and\n"
      "specs. ARGS are in `arg` and `...`. The database is in memory unless DATABASE_URL is set.\n"
      "What FILE returns is printed. When it returns nil and a text, it failed: the text goes to "
      "stderr.\n"
      "\n"
      "Exit codes: 0 fine, 1 the file failed, 3 storage, 4 database in use.\n"
      "\n"
      "Example:  assistant run spec/run.lua spec/flow\n" },
    { "status", "[--json]", "how the service is doing, and what to do about it", "--json", 0, 0,
      "Which scripts serve, the last failed reload, work that waits, messages by what became of "
      "them, dead\n"
      "jobs, who refuses us since when, each with its remedy. --json: the same for machines.\n"
      "Without a running service: what its database holds.\n"
      "\n"
      "Exit codes: 0 accepting messages and nobody refuses us, 1 not so (also when no service "
      "runs),\n"
      "2 DATABASE_URL, 3 storage, 4 database in use.\n"
      "\n"
      "Example:  assistant status || mail -s 'The assistant' me@example.com\n" },
    { "reload", "", "load scripts, prompts and secrets again; says what came of it", "", 0, 0,
      "What SIGHUP does: reads scripts, prompts and every X_FILE secret, checks them, and swaps "
      "them in.\n"
      "When they do not load, nothing changes, and it says why. Saved scripts and prompts need no "
      "reload;\n"
      "changed secret files do.\n"
      "\n"
      "Exit codes: 0 loaded, 1 no service is running, 2 a secret's file, 5 scripts or prompts. "
      "Unless it\n"
      "is 0, the previous version is still running.\n"
      "\n"
      "Example:  assistant reload\n" },
    { "versions", "[show N [FILE]]", "the kept versions of scripts and prompts, and what differs",
      "", 0, 3,
      "Without words: the last 50 versions that served, newest first, with time and the files that "
      "changed;\n"
      "* is the one that serves. `show N`: what version N changed, line by line (- before, + in "
      "N).\n"
      "`show disk`: how the files on disk differ from the version that serves. FILE: that file "
      "alone.\n"
      "Also without a running service.\n"
      "\n"
      "Exit codes: 0 printed, 1 there is no such version or file, 2 DATABASE_URL, 3 storage.\n"
      "\n"
      "Example:  assistant versions show 7 prompts/business.yaml\n" },
    { "rollback", "[N]", "an earlier version serves again, at once", "", 0, 1,
      "Version N of the scripts and prompts serves again; without N: the one that served before "
      "this one.\n"
      "The files on disk are not touched, and a restart keeps the version. The next saved file is "
      "loaded\n"
      "as always, with all the other files as they are on disk then. Says which files differ. "
      "Without a\n"
      "running service: for the next start.\n"
      "\n"
      "Exit codes: 0 it serves, 1 there is no such version, 2 settings, 3 storage, 4 database in "
      "use,\n"
      "5 it does not load. Unless it is 0, nothing changed.\n"
      "\n"
      "Example:  assistant rollback\n" },
    { "jobs", "[--dead]", "work that waits, or that died", "--dead", 0, 0,
      "Up to 200 jobs: id, state, kind, lane, tries, when it is due, and the last error. --dead: "
      "those that\n"
      "are not tried any more and wait for somebody.\n"
      "\n"
      "Exit codes: 0 fine, 2 DATABASE_URL, 3 storage, 4 database in use.\n"
      "\n"
      "Example:  assistant jobs --dead\n" },
    { "requeue", "ID", "tries a dead job again", "", 1, 1,
      "Puts one dead job back to work, now. `assistant jobs --dead` shows the ids.\n"
      "\n"
      "Exit codes: 0 it runs again, 1 there is no such dead job.\n"
      "\n"
      "Example:  assistant requeue 1234\n" },
    { "export", "PHONE [--text]", "everything that is stored about a person", "--text", 1, 1,
      "Prints what is stored about the person as one JSON document; --text: for people to read. "
      "PHONE may\n"
      "be written with +, blanks, dashes and brackets, or be a business-scoped id.\n"
      "\n"
      "Exit codes: 0 printed, 1 nobody is known by that number.\n"
      "\n"
      "Example:  assistant export '+1 416 555 1234' > ann.json\n" },
    { "erase", "PHONE", "removes a person's data for good", "", 1, 1,
      "Removes everything the person wrote and everything about them, in every file of the "
      "database. What\n"
      "stays is a keyed mark, so that nothing comes back by a repeated delivery and a STOP stays a "
      "STOP.\n"
      "Says what was removed, and which backups still hold the person.\n"
      "\n"
      "Exit codes: 0 erased, 1 nobody is known by that number, or it failed.\n"
      "\n"
      "Example:  assistant erase '+1 416 555 1234'\n" },
    { "backup", "FILE", "a consistent copy of the database while it runs", "", 1, 1,
      "Writes a copy of the database to FILE, which must not exist yet; the service goes on "
      "meanwhile.\n"
      "The copy is one file, holds all that was acknowledged before it began, and is checked "
      "before\n"
      "this command ends. The service must be able to write to FILE's folder.\n"
      "\n"
      "Exit codes: 0 copied, 1 not copied (it says why).\n"
      "\n"
      "Example:  assistant backup /var/backups/assistant-$(date +%F).sqlite\n" },
    { "health", "", "asks /health on LISTEN; exit 0 or 1", "", 0, 0,
      "Asks the running service over HTTP whether it can accept messages, and waits at most 3 "
      "seconds.\n"
      "For health checks of containers and supervisors.\n"
      "\n"
      "Exit codes: 0 healthy, 1 unhealthy or no answer.\n"
      "\n"
      "Example:  LISTEN=127.0.0.1:8080 assistant health\n" },
    { "version", "", "which version this is", "", 0, 0,
      "Prints the version.\n"
      "\n"
      "Exit codes: 0.\n"
      "\n"
      "Example:  assistant version\n" },
    { "help", "[COMMAND]", "this list, or a command's page", "", 0, 1,
      "Without COMMAND: all commands, a line each. With one: what it does, what it takes, what its "
      "exit\n"
      "codes mean, and an example.\n"
      "\n"
      "Exit codes: 0 printed, 1 there is no such command.\n"
      "\n"
      "Example:  assistant help chat\n" },
};
enum { PAGES = sizeof pages / sizeof *pages };

static const struct page *find(const char *name)
{
    for (size_t i = 0; i < PAGES; i++)
        if (strcmp(pages[i].name, name) == 0)
            return &pages[i];
    return NULL;
}

bool help_knows(const char *name)
{
    return find(name) != NULL;
}

void help_all(void)
{
    char head[80];
    for (size_t i = 0; i < PAGES; i++) {
        const struct page *p = &pages[i];
        snprintf(head, sizeof head, "assistant %s%s%s", p->name, *p->words ? " " : "", p->words);
        printf(strlen(head) < 32 ? "%-31s %s\n" : "%s\n%32s%s\n", head,
               strlen(head) < 32 ? p->line : "", p->line);
    }
    printf("\n"
           "`assistant help COMMAND` says more about one.\n"
           "Exit codes: 0 fine, 1 failed, 2 settings, 3 storage, 4 database in use, 5 scripts or "
           "prompts.\n");
}

void help_unknown(const char *name)
{
    struct near near = near_to(name, strlen(name));
    for (size_t i = 0; i < PAGES; i++)
        near_offer(&near, pages[i].name, strlen(pages[i].name));
    fprintf(stderr, "There is no command \"%s\".", name);
    if (near.best)
        fprintf(stderr, " Did you mean `assistant %s`?", near.best);
    fprintf(stderr, " `assistant help` lists them.\n");
}

static void print_usage(FILE *to, const struct page *p)
{
    fprintf(to, "Usage: assistant %s%s%s\n", p->name, *p->words ? " " : "", p->words);
}

bool help_page(const char *name)
{
    const struct page *p = find(name);
    if (!p) {
        help_unknown(name);
        return false;
    }
    print_usage(stdout, p);
    printf("\n%s", p->text);
    return true;
}

/* Is word one of "--a|--b"? */
static bool has_flag(const char *flags, const char *word)
{
    size_t n = strlen(word);
    for (const char *f = flags; *f;) {
        size_t len = strcspn(f, "|");
        if (len == n && strncmp(f, word, n) == 0)
            return true;
        f += len + (f[len] == '|');
    }
    return false;
}

bool help_fits(char *const *args, size_t count)
{
    const struct page *p = find(args[0]);
    size_t words = 0;
    if (!p)
        return true;
    bool free_words = *p->flags == '*';
    for (size_t i = 1; i < count; i++) {
        bool flag = args[i][0] == '-' && args[i][1] && !free_words;
        if (flag && !has_flag(p->flags, args[i])) {
            fprintf(stderr, "assistant %s does not know %s.\n", p->name, args[i]);
            print_usage(stderr, p);
            return false;
        }
        words += !flag;
    }
    if (words >= p->least && words <= p->most)
        return true;
    const char *needed = p->words;
    while (words < p->least && *needed == '[')
        needed += strcspn(needed, " ") + 1; /* what must be there stands behind what may */
    if (words < p->least)
        fprintf(stderr, "assistant %s: %.*s is missing.\n", p->name, (int)strcspn(needed, " "),
                needed);
    else
        fprintf(stderr, "assistant %s takes %s \"%s\".\n", p->name, p->most ? "no further" : "no",
                args[count - 1]);
    print_usage(stderr, p);
    return false;
}
