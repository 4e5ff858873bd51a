/* What versions promises: what is kept, what is not, and what a damaged file does. The codes:
 * docs/faults.md. */
#include "service/versions.h"

#include "base/buf.h"
#include "spec/host/store/store_case.h"

#include <dirent.h>

/* scripts/main.lua and prompts/a.yaml with these contents. */
static struct tree *tree_of(const char *script, const char *prompt)
{
    char folder[128], path[192], why[256];
    const char *const texts[] = { script, prompt };
    const char *const names[] = { "scripts/main.lua", "prompts/a.yaml" };
    for (int i = 0; i < 2; i++) {
        snprintf(folder, sizeof folder, "%s/%.7s", case_folder, names[i]);
        mkdir(folder, 0700);
        snprintf(path, sizeof path, "%s/%s", case_folder, names[i]);
        FILE *f = fopen(path, "w");
        fputs(texts[i], f);
        fclose(f);
    }
    char scripts[128], prompts[128];
    snprintf(scripts, sizeof scripts, "%s/scripts", case_folder);
    snprintf(prompts, sizeof prompts, "%s/prompts", case_folder);
    struct tree *t = tree_read(scripts, prompts, why, sizeof why);
    CHECK(t);
    return t;
}

static struct tree *numbered(int n)
{
    char text[64];
    snprintf(text, sizeof text, "return %d\n", n);
    return tree_of(text, "a: b\n");
}

static unsigned accept(struct versions *v, struct tree *t, const char *good)
{
    versions_accept(v, t, "schema", good);
    tree_drop(t);
    return versions_serving(v) ? versions_serving(v)->number : 0;
}

static struct versions *again(struct versions *v)
{
    versions_close(v);
    return versions_open(case_db, case_db);
}

static unsigned number(const struct version *one)
{
    return one ? one->number : 0;
}

static void same_bytes(void)
{
    struct tree *t = tree_of("return {}\n", "a: \"x\"\n"), *back = NULL;
    struct buf b = { .data = NULL };
    CHECK(tree_pack(t, &b));
    for (size_t n = 1; n < b.len; n++) { /* cut anywhere: refused, or another tree */
        back = tree_unpack(b.data, n);
        CHECK(!back || strcmp(back->hash, t->hash) != 0);
        tree_drop(back);
    }
    back = tree_unpack(b.data, b.len);
    CHECK(back && strcmp(back->hash, t->hash) == 0 && back->count == 2);
    tree_drop(back);
    tree_drop(t);
    buf_free(&b);
}

static void counted(void)
{
    struct versions *v = versions_open(case_db, case_db);
    CHECK(versions_count(v) == 0 && !versions_serving(v));
    CHECK(accept(v, numbered(1), "") == 1 && accept(v, numbered(2), "") == 2);
    CHECK(accept(v, numbered(2), "") == 2); /* a start with the same files */
    CHECK(accept(v, numbered(1), "") == 3 && number(versions_before(v)) == 2);
    v = again(v);
    CHECK(versions_count(v) == 3);
    CHECK(number(versions_serving(v)) == 3);
    CHECK(strcmp(versions_find(v, 1)->changed, "the first version") == 0);
    CHECK(strcmp(versions_find(v, 2)->changed, "changed scripts/main.lua") == 0);
    struct tree *t = versions_tree(v, 2, (char[256]){ 0 }, 256);
    CHECK(t && strcmp(tree_find(t, "scripts/main.lua")->bytes, "return 2\n") == 0);
    tree_drop(t);
    versions_close(v);
    CHECK(!versions_open(":memory:", ":memory:"));
    CHECK(versions_count(NULL) == 0);
    CHECK(!versions_serving(NULL));
    CHECK(!versions_known(NULL, "x"));
    CHECK(versions_held(NULL)->hash[0] == 0);
    versions_accept(NULL, NULL, "", "");
}

static void fifty(void)
{
    struct versions *v = versions_open(case_db, case_db);
    char hash[65];
    struct tree *t = numbered(1);
    memcpy(hash, t->hash, sizeof hash);
    accept(v, t, "");
    for (int n = 2; n <= 60; n++)
        accept(v, numbered(n), hash); /* the first one goes on being the good one */
    v = again(v);
    CHECK(versions_count(v) == VERSIONS_KEPT && number(versions_serving(v)) == 60);
    CHECK(number(versions_good(v)) == 1 && number(versions_at(v, 1)) == 12 &&
          !versions_find(v, 11));
    CHECK(versions_choose(v, 12, "disk", "why") && number(versions_before(v)) == 1);
    versions_close(v);
}

static void only_ours(void)
{
    char folder[128], path[400];
    struct stat st;
    umask(0);
    struct versions *v = versions_open(case_db, case_db);
    accept(v, numbered(1), "");
    umask(022);
    versions_close(v);
    snprintf(folder, sizeof folder, "%s/versions", case_folder);
    CHECK(stat(folder, &st) == 0 && (st.st_mode & 0777) == 0700);
    DIR *d = opendir(folder);
    int files = 0;
    for (struct dirent *e; d && (e = readdir(d));) {
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && ++files)
            CHECK((st.st_mode & 0777) == 0600);
    }
    closedir(d);
    CHECK(files == 2);
}

static void damaged(void)
{
    char command[256], why[256] = "";
    struct versions *v = versions_open(case_db, case_db);
    for (int n = 1; n <= 4; n++)
        accept(v, numbered(n), "");
    snprintf(command, sizeof command,
             "cd %s/versions && sed -i 's/return 2/return 8/' 000002.version && "
             "truncate -s 40 000003.version",
             case_folder);
    case_shell(command);
    v = again(v);
    CHECK(!versions_find(v, 3) && number(versions_serving(v)) == 4);
    CHECK(!versions_tree(v, 2, why, sizeof why) && strstr(why, "000002.version is damaged"));
    CHECK(number(versions_before(v)) == 2);
    snprintf(command, sizeof command, "echo nonsense > %s/versions/serving", case_folder);
    case_shell(command);
    v = again(v);
    CHECK(versions_count(v) == 3 && !versions_serving(v));
    CHECK(accept(v, numbered(9), "") == 5);
    versions_close(v);
}

static void kept_back(void)
{
    struct versions *v = versions_open(case_db, case_db);
    struct tree *one = numbered(1), *two = numbered(2);
    tree_keep(one);
    tree_keep(two);
    accept(v, one, "");
    accept(v, two, one->hash);
    CHECK(number(versions_good(v)) == 1);
    versions_refuse(v, two->hash, one->hash, "It failed.\nThe second line.");
    v = again(v);
    CHECK(number(versions_serving(v)) == 1);
    CHECK(strcmp(versions_held(v)->hash, two->hash) == 0);
    CHECK(versions_held(v)->by == VERSIONS_JUDGE);
    CHECK(strcmp(versions_held(v)->why, "It failed.") == 0);
    CHECK(accept(v, tree_keep(one), "") == 1 && *versions_held(v)->hash); /* a restart keeps it */
    CHECK(accept(v, numbered(3), "") == 3 && !*versions_held(v)->hash); /* a saved file leads on */
    CHECK(number(versions_before(v)) == 1);
    CHECK(versions_choose(v, 2, versions_find(v, 3)->hash, "by hand"));
    v = again(v);
    CHECK(number(versions_serving(v)) == 2 && versions_held(v)->by == VERSIONS_OWNER);
    CHECK(versions_choose(v, 2, two->hash, "") && !*versions_held(v)->hash); /* what is on disk */
    versions_close(v);
    tree_drop(one);
    tree_drop(two);
}

static void known(void)
{
    char command[256];
    struct versions *v = versions_open(case_db, case_db);
    struct tree *t = numbered(1);
    accept(v, tree_keep(t), "");
    CHECK(versions_known(v, t->hash));
    snprintf(command, sizeof command, "sed -i 's/^program .*/program 0123/' %s/versions/0*",
             case_folder);
    case_shell(command);
    v = again(v);
    CHECK(versions_count(v) == 1 && !versions_known(v, t->hash));
    accept(v, tree_keep(t), "");
    v = again(v);
    CHECK(versions_count(v) == 1 && versions_known(v, t->hash));
    versions_close(v);
    tree_drop(t);
}

int main(void)
{
    log_open(LOG_OFF);
    case_run("a tree that was packed and unpacked has the same hash, and a part of it has not",
             same_bytes);
    case_run("a tree that takes over gets the next number, and says which files changed", counted);
    case_run("50 versions are kept, and the one that served well before is one of them", fifty);
    case_run("nobody else can read the kept versions", only_ours);
    case_run("a damaged version is named and skipped; the others are there", damaged);
    case_run("G15: what was rolled back stays back until a file is saved, also after a restart",
             kept_back);
    case_run("a tree that another program accepted is not known to this one", known);
    return cases_end();
}
