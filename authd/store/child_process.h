/* A helper program (pg_ctl, initdb). The program gets only its arguments from authd, and authd
 * polls for its end without SIGCHLD.
 *
 * Threats: a server that inherits a socket of authd keeps the socket open after authd is gone; a
 * terminal's Ctrl-C, or a kill of authd's process group, must not reach the server. The program
 * therefore has only the descriptors 0-2, a session of its own, default signals and a small fixed
 * environment.
 */
#ifndef STORE_CHILD_PROCESS_H
#define STORE_CHILD_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct child_process { /* zeroed: not started */
    pid_t pid;         /* 0: the program was not started, or its end was noticed */
    int status;
    /* A file in memory, because a server that the program leaves behind could hold a pipe open. */
    int output;
    const char *name;
};

/* `argv[0]` is a path and must stay valid until child_process_finish(). False: the program could
 * not be started. */
bool child_process_start(struct child_process *program, const char *const *argv, struct err *err);
/* Whether the program still runs; returns at once. */
bool child_process_running(struct child_process *program);
/* Waits for the end. False: the exit status is not 0, and `err` has the end of the program's
 * output. */
bool child_process_finish(struct child_process *program, struct err *err);

#endif
