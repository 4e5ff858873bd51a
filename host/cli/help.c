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
    { "serve", "", "run the service with the settings of the environment", "", 0, 0,
      "Runs the service until SIGTERM. Settings come from the environment; .env.example lists\n"
      "them. At the start it prints all problems with the settings at once. It reads scripts\n"
      "from SCRIPTS_DIR and prompts from PROMPTS_DIR, and reads them again when a file\n"
      "changes. The log goes to stdout, one JSON object per line.\n"
      "\n"
      "Exit codes: 0 stopped, 2 settings, 3 storage, 4 database in use, 5 scripts or prompts.\n"
      "\n"
      "Example:  LISTEN=127.0.0.1:8080 assistant serve\n" },
    { "sandbox", "[--stand-ins]", "run the service with stand-ins; needs no settings",
      "--stand-ins", 0, 0,
      "Runs the service with a stand-in for each platform and for the model. You need no\n"
      "account and no key. Its page shows customers' phones and the staff channel. LISTEN and\n"
      "DATABASE_URL are used when set; otherwise the database is data/sandbox/db.sqlite.\n"
      "--stand-ins: runs the stand-ins alone, for an assistant that runs at SANDBOX_TARGET,\n"
      "which must be set.\n"
      "Both must have the same secrets.\n"
      "\n"
      "Exit codes: 0 stopped, 2 settings, 3 storage, 4 database in use, 5 scripts or prompts.\n"
      "\n"
      "Example:  assistant sandbox   (then open http://127.0.0.1:8080/sandbox/)\n" },
    { "check", "[DIR] [--online]",
      "check settings, scripts and prompts; with DIR: DIR/scripts and DIR/prompts alone",
      "--online", 0, 1,
      "Loads settings, scripts and prompts as `serve` would, and names each mistake with file,\n"
      "line and remedy. It opens no database. Then it plays the stories of\n"
      "scripts/rehearsal/stories and prompts/stories for two seconds and calls each handler of\n"
      "main.lua; nothing is sent. A script that fails or does not end is a problem. A reply\n"
      "that differs from the recorded one is not.\n"
      "With DIR: checks DIR/scripts and DIR/prompts alone. It needs no settings.\n"
      "--online: then asks the model and each other service that the settings name whether\n"
      "they answer and take our keys. Nothing is posted. Each line names its setting.\n"
      "\n"
      "Exit codes: 0 fine (warnings are printed), 2 settings, 5 scripts or prompts (or both).\n"
      "\n"
      "Example:  assistant check --online\n" },
    { "chat", "", "play a chat in the terminal", "", 0, 0,
      "You write as a customer and see what a customer would get. Scripts and prompts are the\n"
      "files on disk; a saved change is used from the next line on. Below each answer you see\n"
      "what was done, what is known, what is missing, what staff would read, and why a model's\n"
      "answer was refused. Nothing is sent or stored. No settings are needed. The model\n"
      "answers when its settings are there (.env.example); without its key the fixed questions\n"
      "answer. Lines may come from a pipe.\n"
      "/help lists what else you can type. /quit, Ctrl-D and Ctrl-C end the chat.\n"
      "\n"
      "Exit codes: 0 ended, 2 settings, 5 scripts or prompts.\n"
      "\n"
      "Example:  printf 'I have a couch\\n12 Main St\\n' | assistant chat\n" },
    { "replay", "[--model] [--record] FILE…",
      "play recorded chats with today's files; print what differs", "--model|--record", 1, ANY,
      "FILE is a story in YAML or JSON (see scripts/rehearsal/stories), or the output of\n"
      "`assistant export`. Each chat is played with today's scripts and prompts; nothing is\n"
      "sent. The output lists each turn whose reply, known facts, action or card differs. The\n"
      "recorded answers of the model are used; where there is none, the fixed questions\n"
      "answer.\n"
      "--model: asks the configured model where no answer is recorded.\n"
      "--record: prints the story with today's answers.\n"
      "\n"
      "Exit codes: 0 nothing differs, 1 something differs, 2 a file cannot be read, 5 scripts\n"
      "or prompts.\n"
      "\n"
      "Example:  assistant export 4165551234 > ann.json && assistant replay ann.json\n" },
    { "run", "FILE [ARGS]", "run a Lua file with the host's modules", "*", 1, ANY,
      "Runs FILE with the full Lua library and the host's modules, and without a time limit:\n"
      "for tools and specs. FILE gets ARGS in `arg` and `...`. The database is in memory\n"
      "unless DATABASE_URL is set. What FILE returns is printed. When it returns nil and a\n"
      "text, it failed, and the text goes to stderr.\n"
      "\n"
      "Exit codes: 0 fine, 1 FILE failed, 3 storage, 4 database in use.\n"
      "\n"
      "Example:  assistant run spec/run.lua spec/flow\n" },
    { "status", "[--json]", "show how the service is, and the remedy for each problem", "--json", 0,
      0,
      "Shows the version that is running, the last failed reload, waiting work, messages by\n"
      "state, dead jobs, and which provider refuses us since when. Each problem has its\n"
      "remedy. --json: prints one JSON object. When no service is running it shows what the\n"
      "database holds.\n"
      "\n"
      "Exit codes: 0 messages are accepted and no provider refuses us, 1 otherwise (also when\n"
      "no service is running), 2 DATABASE_URL, 3 storage, 4 database in use.\n"
      "\n"
      "Example:  assistant status || mail -s 'The assistant' me@example.com\n" },
    { "reload", "", "load scripts, prompts and secret files again", "", 0, 0,
      "Does what SIGHUP does: reads scripts, prompts and each secret in a file named by\n"
      "X_FILE, checks them, and uses them. When the reload fails, the previous version is\n"
      "still running, and the output says why. Saved scripts and prompts are loaded without\n"
      "this command; changed secret files are not.\n"
      "\n"
      "Exit codes: 0 loaded, 1 no service is running, 2 a secret's file, 5 scripts or prompts.\n"
      "\n"
      "Example:  assistant reload\n" },
    { "versions", "[show N [FILE]]",
      "list the kept versions of scripts and prompts, or show a difference", "", 0, 3,
      "Lists the last 50 versions that were in use, newest first, with the time and the\n"
      "changed files. * marks the version in use. It works without a running service.\n"
      "show N: what version N changed, line by line (- before, + in N).\n"
      "show disk: how the files on disk differ from the version in use.\n"
      "FILE: shows that file alone.\n"
      "\n"
      "Exit codes: 0 printed, 1 there is no such version or file, 2 DATABASE_URL, 3 storage.\n"
      "\n"
      "Example:  assistant versions show 7 prompts/business.yaml\n" },
    { "rollback", "[N]", "use an earlier version of scripts and prompts, at once", "", 0, 1,
      "Uses version N of scripts and prompts; without N, the version before the one in use.\n"
      "The output says which files on disk differ. The files on disk do not change. A restart\n"
      "keeps the version. When a file is saved, all files on disk are loaded again. When no\n"
      "service is running, the next start uses the version.\n"
      "\n"
      "Exit codes: 0 done, 1 there is no such version, 2 settings, 3 storage, 4 database in\n"
      "use, 5 scripts or prompts. When it is not 0, nothing changed.\n"
      "\n"
      "Example:  assistant rollback\n" },
    { "jobs", "[--dead]", "list waiting or dead jobs", "--dead", 0, 0,
      "Lists up to 200 jobs: id, state, kind, lane, tries, due time, and the last error.\n"
      "--dead: lists dead jobs. They are not tried any more; `assistant requeue ID` tries one\n"
      "again.\n"
      "\n"
      "Exit codes: 0 fine, 2 DATABASE_URL, 3 storage, 4 database in use.\n"
      "\n"
      "Example:  assistant jobs --dead\n" },
    { "requeue", "ID", "run a dead job again", "", 1, 1,
      "Runs one dead job again, now. `assistant jobs --dead` shows the ids.\n"
      "\n"
      "Exit codes: 0 it runs again, 1 there is no such dead job.\n"
      "\n"
      "Example:  assistant requeue 1234\n" },
    { "export", "PHONE [--text]", "print everything that is stored about a person", "--text", 1, 1,
      "Prints one JSON document with everything that is stored about the person. --text:\n"
      "prints it for people to read. PHONE may have +, blanks, dashes and brackets, or be a\n"
      "business-scoped id.\n"
      "\n"
      "Exit codes: 0 printed, 1 nobody is known by that number.\n"
      "\n"
      "Example:  assistant export '+1 416 555 1234' > ann.json\n" },
    { "erase", "PHONE", "remove a person's data for good", "", 1, 1,
      "Removes everything that the person wrote and everything about them from all files of\n"
      "the database. A keyed mark stays, so that a repeated delivery brings nothing back and\n"
      "an opt-out stays an opt-out. The output says what was removed and which backups still\n"
      "hold the person.\n"
      "\n"
      "Exit codes: 0 erased, 1 nobody is known by that number, or it failed.\n"
      "\n"
      "Example:  assistant erase '+1 416 555 1234'\n" },
    { "media", "list PHONE | get HASH FILE", "list a person's files, or write one to FILE", "", 2,
      3,
      "list prints the photos, voice notes and documents of a person, each with the hash of\n"
      "its bytes. get writes the file with this hash to FILE, which must not exist yet; it reads\n"
      "MEDIA_DIR and needs no service.\n"
      "\n"
      "Exit codes: 0 done, 1 nobody is known by that number, there is no such file, or FILE\n"
      "cannot be written.\n"
      "\n"
      "Example:  assistant media list '+1 416 555 1234'\n" },
    { "block", "[PHONE | --platform]", "block a person, or list who is blocked", "--platform", 0, 1,
      "Blocks a person: what they write is stored, and nothing follows from it: no answer, no\n"
      "word to staff, only a count. The platform is asked to block them too. Without PHONE: lists\n"
      "who is blocked here, by whom and since when; with --platform: who is blocked there.\n"
      "\n"
      "Exit codes: 0 done, 1 PHONE is no number or id, or the platform did not answer.\n"
      "\n"
      "Example:  assistant block '+1 416 555 1234'\n" },
    { "unblock", "PHONE", "end a person's block", "", 1, 1,
      "The person's next message is answered again. What they wrote meanwhile is stored and\n"
      "stays unanswered. The platform is asked to unblock them too.\n"
      "\n"
      "Exit codes: 0 done, 1 the person is not blocked.\n"
      "\n"
      "Example:  assistant unblock '+1 416 555 1234'\n" },
    { "audit", "PHONE", "list what staff did in a person's chat", "", 1, 1,
      "Prints who took the chat over, wrote, sent a quote, corrected a fact, closed or blocked,\n"
      "and when (on the clock of TZ). `assistant export` holds the same.\n"
      "\n"
      "Exit codes: 0 printed, 1 nobody is known by that number.\n"
      "\n"
      "Example:  assistant audit '+1 416 555 1234'\n" },
    { "leads", "[--since DAY] [--csv]", "list the leads and what became of each", "--since|--csv",
      0, 3,
      "Prints every lead (a case) since the first of this month: when it came, who it is, why,\n"
      "who took it, the quote and its answer, the visit, how it was closed. --since counts from\n"
      "another day, like 2026-11-01. --csv prints one line a lead for a spreadsheet.\n"
      "\n"
      "Exit codes: 0 printed, 1 DAY is not a date like 2026-11-01.\n"
      "\n"
      "Example:  assistant leads --since 2026-10-01 --csv\n" },
    { "costs", "[--since DAY]", "say what the model and the messages cost", "--since", 0, 2,
      "Prints what the model and the messages cost since the first of this month, and the\n"
      "ten chats that cost most. --since counts from another day, like 2026-11-01. Days are\n"
      "those of TZ; prices are model_prices and message_prices of prompts/business.yaml.\n"
      "\n"
      "Exit codes: 0 printed, 1 DAY is not a date like 2026-11-01.\n"
      "\n"
      "Example:  assistant costs --since 2026-10-01\n" },
    { "backup", "FILE", "copy the database while the service is running", "", 1, 1,
      "Copies the database to FILE, which must not exist yet. The service keeps running. The\n"
      "copy is one file with everything that was acknowledged before the command began. It is\n"
      "checked before the command ends. The service must be able to write to FILE's folder.\n"
      "Received files go to the folder FILE.media, which must not exist yet either: by hard\n"
      "links on the same disk, else by bytes.\n"
      "\n"
      "Exit codes: 0 copied, 1 not copied (the output says why).\n"
      "\n"
      "Example:  assistant backup /var/backups/assistant-$(date +%F).sqlite\n" },
    { "health", "", "ask /health on LISTEN; exit 0 or 1", "", 0, 0,
      "Asks the running service over HTTP whether it accepts messages, and waits at most 3\n"
      "seconds. It is the health check for containers and supervisors.\n"
      "\n"
      "Exit codes: 0 healthy, 1 unhealthy or no answer.\n"
      "\n"
      "Example:  LISTEN=127.0.0.1:8080 assistant health\n" },
    { "version", "", "print the version", "", 0, 0,
      "Prints the version.\n"
      "\n"
      "Exit codes: 0.\n"
      "\n"
      "Example:  assistant version\n" },
    { "help", "[COMMAND]", "list the commands, or explain one", "", 0, 1,
      "Without COMMAND: lists the commands, one per line. With COMMAND: says what it does,\n"
      "which arguments it takes, what its exit codes mean, and gives an example.\n"
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
        needed += strcspn(needed, " ") + 1; /* required words follow optional ones */
    if (words < p->least)
        fprintf(stderr, "assistant %s: %.*s is missing.\n", p->name, (int)strcspn(needed, " "),
                needed);
    else
        fprintf(stderr, "assistant %s does not take \"%s\".\n", p->name, args[count - 1]);
    print_usage(stderr, p);
    return false;
}
