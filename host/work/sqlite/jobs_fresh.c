/* Jobs that are due as they are put. See jobs_parts.h. */
#include "work/sqlite/jobs_parts.h"

#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

/* Without memory the process ends: the group is lost with it. */
static char *copied(const void *bytes, size_t len)
{
    char *copy = buf_copy(bytes ? bytes : "", len);
    if (!copy)
        abort();
    return copy;
}

static char *copied_text(const char *text)
{
    return text ? copied(text, strlen(text)) : NULL;
}

void jobs_fresh_add(struct jobs *j, const struct jobs_put *p, int64_t id, int64_t run_at,
                    int64_t now)
{
    int at = j->fresh_count++;
    if (!j->fresh_from)
        j->fresh_from = id;
    for (; at > 0 && j->fresh[at - 1].job.run_at > run_at; at--)
        j->fresh[at] = j->fresh[at - 1];
    j->fresh[at] = (struct jobs_fresh){
        .job = { .id = id, .run_at = run_at, .created_at = now, .payload_len = p->payload_len },
        .mark = copied_text(p->unique),
    };
    j->fresh[at].job.kind = copied_text(p->kind);
    j->fresh[at].job.lane = copied_text(p->lane);
    j->fresh[at].job.payload = copied(p->payload, p->payload_len);
}

int64_t jobs_fresh_due(const struct jobs *j, const char *kind)
{
    for (int i = 0; i < j->fresh_count; i++)
        if (strcmp(j->fresh[i].job.kind, kind) == 0)
            return j->fresh[i].job.run_at;
    return INT64_MAX;
}

bool jobs_fresh_marked(const struct jobs *j, const char *mark)
{
    for (int i = 0; i < j->fresh_count; i++)
        if (j->fresh[i].mark && strcmp(j->fresh[i].mark, mark) == 0)
            return true;
    return false;
}

static void forget(struct jobs_fresh *f)
{
    job_free(&f->job);
    free(f->mark);
}

int jobs_fresh_claim(struct jobs *j, const char *kind, int64_t now_ms, int64_t claim,
                     struct job *out, int room)
{
    int count = 0, left = 0, rc = 0;
    for (int i = 0; i < j->fresh_count; i++) {
        struct jobs_fresh f = j->fresh[i];
        if (rc < 0 || count == room || f.job.run_at > now_ms || strcmp(f.job.kind, kind) != 0) {
            j->fresh[left++] = f;
            continue;
        }
        rc = jobs_run(j, "UPDATE jobs SET state = 2, claim = ? WHERE id = ? AND claim = -1", "ii",
                      claim, f.job.id);
        if (rc == 1) {
            out[count] = f.job;
            out[count++].claim = claim;
            free(f.mark);
        } else {
            forget(&f); /* its row was removed, or the group is lost */
        }
    }
    j->fresh_count = left;
    while (rc < 0 && count > 0)
        job_free(&out[--count]);
    return rc < 0 ? -1 : count;
}

static int list_one(struct jobs *j, const struct jobs_fresh *f)
{
    int rc = jobs_run(j, "UPDATE jobs SET claim = 0, ukey = mark WHERE id = ? AND claim = -1", "i",
                      f->job.id);
    if (rc == JOBS_TWIN)
        rc = jobs_run(j, "UPDATE jobs SET claim = 0, mark = NULL WHERE id = ? AND claim = -1", "i",
                      f->job.id);
    if (rc == 1)
        jobs_set_due(j, f->job.kind, f->job.run_at);
    return rc;
}

int jobs_list(struct jobs *j)
{
    for (; j->fresh_count > 0; j->fresh_count--) {
        struct jobs_fresh *last = &j->fresh[j->fresh_count - 1];
        if (list_one(j, last) < 0)
            return -1;
        forget(last);
    }
    return 0;
}

void jobs_fresh_drop(struct jobs *j)
{
    while (j->fresh_count > 0)
        forget(&j->fresh[--j->fresh_count]);
}

void jobs_fresh_forget(struct jobs *j)
{
    jobs_fresh_drop(j);
    if (!store_dirty(j->store))
        j->fresh_from = 0; /* the group was lost, and all of them with it */
    if (!j->fresh_from)
        return;
    /* Rows from outside of the savepoint are there. Those that were listed inside are not listed
     * any more, and nobody would run them or what waits behind them. */
    if (jobs_run(j, "UPDATE OR IGNORE jobs SET claim = 0, ukey = mark WHERE id >= ? AND claim = -1",
                 "i", j->fresh_from) >= 0)
        jobs_run(j, "UPDATE jobs SET claim = 0, mark = NULL WHERE id >= ? AND claim = -1", "i",
                 j->fresh_from);
}
