/* Questions to the person at the terminal, and secrets from standard input. */
#ifndef CTL_PROMPT_H
#define CTL_PROMPT_H

#include "base/buf.h"
#include "base/err.h"

/* Both ends of a conversation are a terminal. */
bool prompt_possible(void);

/* One line from standard input, without its newline or CR and newline. On a terminal it is asked
 * for, `twice` if so, without echo; elsewhere nothing may follow it. False: `err` says why; nothing
 * is left in `secret`. */
bool prompt_secret(struct buf *secret, const char *what, bool twice, struct err *err);

/* Asks `question` on stderr. Only y and yes are yes. */
bool prompt_yes(const char *question);

/* The answer must be `name`. */
bool prompt_name(const char *question, const char *name);

#endif
