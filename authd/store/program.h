/* A helper program (pg_ctl, initdb): started with nothing of ours but its arguments, waited for by
 * asking, never by SIGCHLD.
 *
 * Threat: a server that inherits a socket of authd's keeps it open after authd is gone; a
 * terminal's Ctrl-C or a kill of authd's process group must not reach the server. So: no descriptor
 * but 0-2, a session of its own, default signals, a small fixed environment. */
#ifndef STORE_PROGRAM_H
#define STORE_PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct program { /* zeroed: not started */
    pid_t pid;   /* 0: not started, or its end was taken note of */
    int status;
    int output; /* a file in memory: a pipe could be held open by a server that it leaves behind */
    const char *name;
};

/* `argv[0]` is a path; it must live until the end. False: it could not be started. */
bool program_start(struct program *program, const char *const *argv, struct err *err);
/* Does not wait. */
bool program_running(struct program *program);
/* Waits for the end. True: exit status 0; otherwise the end of its output is in `err`. */
bool program_finish(struct program *program, struct err *err);

#endif
