/*
 * media: host.media, files by what is in them. A download belongs to the task that asked for it,
 * until that task keeps it, drops it or ends. Contract: host/api/media.lua. The loop thread.
 */
#include "bind/bind.h"

#include "store/media.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A download of a task. */
struct download {
    struct task_held held;
    struct media *media;
    char name[33], hash[65];
};

static struct media *media_of(lua_State *L, const char *what)
{
    bind_not_loading(L, what);
    struct media *m = generation_of(L)->services->media;
    if (!m)
        luaL_error(L, "%s cannot be used here: there is no MEDIA_DIR", what);
    return m;
}

static void release(void *arg)
{
    struct download *d = arg;
    media_drop(d->media, d->name);
    free(d);
}

void bind_media_push(lua_State *L, struct task *t, struct pool_file *file)
{
    lua_createtable(L, 0, 4);
    set_text_field(L, "hash", file->hash);
    set_integer_field(L, "bytes", (lua_Integer)file->bytes);
    set_bytes_field(L, "head", (const char *)file->head, file->head_len);
    set_text_field(L, "name", file->name);
    struct download *d = malloc(sizeof *d);
    if (!d) {
        luaL_error(L, "not enough memory");
        return;
    }
    *d = (struct download){ .media = t->gen->services->media };
    memcpy(d->name, file->name, sizeof d->name);
    memcpy(d->hash, file->hash, sizeof d->hash);
    task_defer(t, &d->held, release, d);
    file->made = false;
}

/* The running task's download that the table at index 1 names. NULL: it has none of this name. */
static struct download *download_at(lua_State *L, struct task *t)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_getfield(L, 1, "name");
    const char *name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    for (struct task_held *h = t ? t->held : NULL; h; h = h->next) {
        struct download *d = h->arg;
        if (h->release == release && strcmp(d->name, name) == 0)
            return d;
    }
    return NULL;
}

/* ---- keep and remove: the task waits while the folder is synced ---- */

/* A change can outlive its task. */
struct change {
    struct media_change of; /* the first member: `ended` gets its address */
    struct task *task;      /* NULL: it ended */
    struct task_held held;
    bool over;
};

static void change_free(struct change *c)
{
    media_settled(&c->of);
    free(c);
}

static void ended(struct media_change *of)
{
    struct change *c = (struct change *)of;
    c->over = true;
    if (c->task)
        task_ready(c->task);
    else
        change_free(c);
}

static void abandon(void *arg)
{
    struct change *c = arg;
    c->task = NULL;
    if (c->over)
        change_free(c);
}

static struct change *change_new(lua_State *L)
{
    struct change *c = calloc(1, sizeof *c);
    if (!c)
        luaL_error(L, "not enough memory");
    else
        c->of.ended = ended;
    return c;
}

static int change_wait(lua_State *L, struct task *t, struct change *c, lua_KFunction k)
{
    c->task = t;
    t->wait = c;
    task_defer(t, &c->held, abandon, c);
    return task_wait(L, t, NULL, k);
}

/* The task goes on, and what it does in this slice comes before any removal. */
static int change_over(struct task *t)
{
    struct change *c = t->wait;
    int error = c->of.error;
    task_undefer(t, &c->held);
    change_free(c);
    return error;
}

static int not_kept(lua_State *L, int error)
{
    lua_pushnil(L);
    lua_pushfstring(L, "the file cannot be kept in MEDIA_DIR: %s", strerrordesc_np(error));
    return 2;
}

static int kept(lua_State *L, int status, lua_KContext ctx)
{
    struct task *t = (struct task *)ctx;
    (void)status;
    lua_pushstring(L, ((struct change *)t->wait)->of.hash);
    int error = change_over(t);
    return error ? not_kept(L, error) : 1;
}

static int keep(lua_State *L)
{
    struct media *m = media_of(L, "media.keep");
    struct task *t = task_may_wait(L, "media.keep");
    struct download *d = download_at(L, t);
    if (!d)
        return luaL_error(L, "media.keep: this task has no such file (a file is kept once, by the "
                             "task that downloaded it)");
    struct change *c = change_new(L);
    if (media_keep(m, &c->of, d->name, d->hash) != 0) {
        int error = errno;
        free(c);
        return not_kept(L, error);
    }
    task_undefer(t, &d->held);
    free(d);
    return change_wait(L, t, c, kept);
}

static int drop(lua_State *L)
{
    media_of(L, "media.drop");
    struct task *t = task_of(L);
    struct download *d = download_at(L, t);
    if (d) {
        task_undefer(t, &d->held);
        release(d);
    }
    return 0;
}

static const char *check_hash(lua_State *L)
{
    size_t n = 0;
    const char *hash = luaL_checklstring(L, 1, &n);
    luaL_argcheck(L, media_is_hash(hash, n), 1, "must be 64 lower hex digits");
    return hash;
}

static int bytes(lua_State *L)
{
    struct media *m = media_of(L, "media.bytes");
    uint64_t size = 0;
    int fd = media_read(m, check_hash(L), &size);
    if (fd < 0)
        return 0;
    close(fd);
    lua_pushinteger(L, (lua_Integer)size);
    return 1;
}

static int not_removed(lua_State *L, int error)
{
    return luaL_error(L, "media.remove: the file cannot be removed from MEDIA_DIR: %s",
                      strerrordesc_np(error));
}

static int removed(lua_State *L, int status, lua_KContext ctx)
{
    int error = change_over((struct task *)ctx);
    (void)status;
    if (error)
        return not_removed(L, error);
    lua_pushboolean(L, 1);
    return 1;
}

static int remove_file(lua_State *L)
{
    struct media *m = media_of(L, "media.remove");
    struct task *t = task_may_wait(L, "media.remove");
    const char *hash = check_hash(L);
    struct change *c = change_new(L);
    int rc = media_remove(m, &c->of, hash);
    if (rc == 1)
        return change_wait(L, t, c, removed);
    int error = errno;
    free(c);
    if (rc < 0)
        return not_removed(L, error);
    lua_pushboolean(L, 0);
    return 1;
}

struct found {
    size_t count;
    char hashes[MEDIA_PAGE][MEDIA_HASH + 1];
};

static void found_one(void *arg, const char *hash)
{
    struct found *f = arg;
    memcpy(f->hashes[f->count++], hash, MEDIA_HASH + 1);
}

static int list(lua_State *L)
{
    struct media *m = media_of(L, "media.list");
    const char *after = luaL_optstring(L, 1, "");
    struct found *f = lua_newuserdatauv(L, sizeof *f, 0);
    f->count = 0;
    bool more = media_list(m, after, found_one, f);
    lua_createtable(L, (int)f->count, 0);
    for (size_t i = 0; i < f->count; i++) {
        lua_pushstring(L, f->hashes[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    if (more)
        lua_pushstring(L, f->hashes[f->count - 1]);
    else
        lua_pushnil(L);
    return 2;
}

int luaopen_host_media(lua_State *L)
{
    static const luaL_Reg functions[] = { { "keep", keep },   { "drop", drop },
                                          { "bytes", bytes }, { "remove", remove_file },
                                          { "list", list },   { NULL, NULL } };
    luaL_newlib(L, functions);
    return 1;
}
