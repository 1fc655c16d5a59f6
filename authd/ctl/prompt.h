/* Asks the person at the terminal, and reads secrets from standard input. */
#ifndef CTL_PROMPT_H
#define CTL_PROMPT_H

#include "base/buf.h"
#include "base/err.h"

/* True if standard input and standard error are terminals. */
bool prompt_possible(void);

/* Reads a secret: one line of standard input, without its newline or CR and newline. On a
 * terminal the person is asked for `what` without echo, and a second time if `twice`. In a pipe
 * or file the line must be the only one. Returns false after a failure: `err` says why, and
 * `secret` is wiped. */
bool prompt_secret(struct buf *secret, const char *what, bool twice, struct err *err);

/* Asks `question` on stderr. Returns true only for the answers y and yes. */
bool prompt_yes(const char *question);

/* Asks `question` on stderr. Returns true only if the answer is `name`. */
bool prompt_name(const char *question, const char *name);

#endif
