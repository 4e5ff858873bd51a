/*
 * What trial says of a child that dies, and what it gives a child. This program is both: as a child
 * it does what the script in the tree says, instead of loading it. The codes: docs/faults.md.
 */
#include "service/trial.h"

#include "spec/host/store/store_case.h"

#include <dirent.h>
#include <sys/mman.h>
#include <sys/resource.h>

enum { PAGE = 4096 };

static struct loop *loop;
static bool over;
static int said_code;
static struct buf said;

static void on_end(void *arg, int code, struct buf *problems)
{
    (void)arg;
    over = true;
    said_code = code;
    buf_free(&said);
    said = *problems;
    buf_text(&said, "");
}

/* Runs a child that does this. */
static void try_child(const char *what)
{
    char folder[128], path[160], why[256];
    static const char *const folders[] = { "scripts", "prompts" };
    for (int i = 0; i < 2; i++) {
        snprintf(folder, sizeof folder, "%s/%s", case_folder, folders[i]);
        mkdir(folder, 0700);
    }
    snprintf(path, sizeof path, "%s/scripts/main.lua", case_folder);
    FILE *f = fopen(path, "w");
    fputs(what, f);
    fclose(f);
    snprintf(path, sizeof path, "%s/scripts", case_folder);
    struct tree *t = tree_read(path, folder, why, sizeof why);
    over = false;
    CHECK(t && trial_begin(loop, t, "serve", on_end, NULL));
    tree_drop(t);
    while (!over)
        loop_wait(loop, 10000000000ULL);
}

/* ---- the child ---- */

static int open_files(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (d && readdir(d))
        n++;
    return n - 3; /* "." and ".." and the folder's own */
}

static int as_child(void)
{
    struct stat st;
    struct sigaction pipe_action;
    sigset_t blocked;
    if (fstat(3, &st) != 0)
        return 1;
    char *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, 3, 0);
    struct tree *t = tree_unpack(bytes + PAGE, (size_t)st.st_size - PAGE);
    const char *what = t->files[0].bytes;
    strcpy(bytes, "scripts/turn.lua:7"); /* the note */
    if (strcmp(what, "abort") == 0)
        abort();
    if (strcmp(what, "spin") == 0)
        for (volatile unsigned i = 0;; i++)
            ;
    if (strcmp(what, "seven") == 0)
        return 7;
    if (strcmp(what, "words") == 0)
        return write(4, "scripts/a.lua:1: wrong\n", 23) == 23 ? 5 : 1;
    if (strcmp(what, "flood") == 0)
        for (int i = 0; i < 1000; i++)
            if (write(4, bytes, 1000) < 0)
                return 1;
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    sigaction(SIGPIPE, NULL, &pipe_action);
    bool clean = open_files() == 5 && sigisemptyset(&blocked) && pipe_action.sa_handler == SIG_DFL;
    return strcmp(what, "clean") == 0 && !clean ? 7 : 0;
}

/* ---- the sentences ---- */

static void dies(void)
{
    try_child("abort");
    CHECK(said_code == 5 && strstr(said.data, "scripts/turn.lua:7: loading the files ended the "
                                              "process that tried them (Aborted)"));
    try_child("seven");
    CHECK(said_code == 5 && strstr(said.data, "exit code 7"));
}

static void spins(void)
{
    double began = case_now_ms();
    try_child("spin");
    CHECK(said_code == 5 && strstr(said.data, "scripts/turn.lua:7: the files did not load within"));
    CHECK(case_now_ms() - began > 1500);
}

static void answers(void)
{
    try_child("words");
    CHECK(said_code == 5 && strcmp(said.data, "scripts/a.lua:1: wrong\n") == 0);
    try_child("flood");
    CHECK(said_code == 0 && said.len <= 64 * 1024);
}

static void inherits_nothing(void)
{
    sigset_t blocked;
    int leaky = dup(1); /* without close-on-exec */
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    try_child("clean");
    CHECK(said_code == 0);
    close(leaky);
}

static void given_up(void)
{
    char path[160];
    struct trial *t;
    try_child("seven"); /* makes the folders */
    snprintf(path, sizeof path, "%s/scripts", case_folder);
    struct tree *tree = tree_read(path, path, (char[256]){ 0 }, 256);
    over = false;
    t = trial_begin(loop, tree, "serve", on_end, NULL);
    tree_drop(tree);
    trial_end(t);
    CHECK(t && !over && waitpid(-1, NULL, WNOHANG) < 0); /* no child is left */
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], TRIAL_ARGUMENT) == 0)
        _exit(as_child()); /* as the real one: nothing is freed */
    const struct rlimit none = { 0, 0 };
    setrlimit(RLIMIT_CORE, &none);
    log_open(LOG_OFF);
    loop = loop_new();
    case_run("G5: a child that aborts is told with the line where it was", dies);
    case_run("G5: a child that does not end is ended, with the line where it was", spins);
    case_run("what a child says is passed on, with a bound", answers);
    case_run("a child has its two descriptors, no blocked signal and no ignored one",
             inherits_nothing);
    case_run("a trial that is cancelled leaves no process", given_up);
    loop_free(loop);
    return cases_end();
}
