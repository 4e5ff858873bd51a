/*
 * chat_replay: the instance of `assistant chat`, `replay` and `check`: a database in memory, no
 * listener, no lock, no socket; it sends nothing (`check --online` asks the platforms, and changes
 * nothing there). It runs commands of the scripts, one after the other. The first line of a
 * command's result is its exit code; the rest is printed. Runs on the main thread, which becomes
 * the loop thread.
 */
#ifndef HOST_CLI_CHAT_REPLAY_H
#define HOST_CLI_CHAT_REPLAY_H

#include "base/buf.h"
#include "service/instance.h"

struct rehearsal {
    struct service service;
    const char *style; /* "color" or "plain" */
    bool busy;
    int code;
    /* The lines of chat. */
    struct buf in;
    bool ended, polled; /* no more to read; epoll watches it */
    bool file;          /* it is a file, which epoll does not take */
};

/* Folders: NULL: those of the settings. check: no word about settings, and every outbound request
 * fails at once. 0, or the exit code with problems. End it in any case. */
int rehearsal_begin(struct rehearsal *r, const struct serve_mode *m, const char *scripts,
                    const char *prompts, bool check, struct buf *problems, struct buf *warnings);
/* Returns code. */
int rehearsal_end(struct rehearsal *r, int code);

/* `assistant chat`: lines from stdin, until it ends. */
int serve_chat(void);
/* `assistant check --online`, after the check without it: asks each service that the settings name.
 * 0: all answer and take our keys; 2: something is wrong. */
int serve_online(void);
/* `assistant replay`: flags: "model", "record", blanks between. */
int serve_replay(const char *flags, char *const *files, size_t count);

#endif
