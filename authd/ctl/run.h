/* Runs a verb of the usual shape from its row in the command table. Verbs with code of their own
 * use the same steps. */
#ifndef CTL_RUN_H
#define CTL_RUN_H

#include "ctl/context.h"
#include "ctl/request.h"

/* Builds the request by the verb's row, asks for confirmation if something would be lost, makes the
 * call, and prints the answer. Returns the exit status. */
int run_command(struct context *context);

/* Builds the request, with a secret from standard input where the verb takes one. Returns false
 * after a failure, which is reported; `status` is set. */
bool run_prepare(struct context *context, struct request *request, int *status);

/* ---- confirm.c ----------------------------------------------------------------------------- */

/* Asks for confirmation, by the severity of the command. Returns false without a
 * confirmation; `status` is set. */
bool confirm(struct context *context, const struct request *request, int *status);

/* Prints "3 app passwords, 1 session": what the answer lists as ended or, without such a member,
 * the sizes of the answer's lists. */
void confirm_counts(struct buf *out, const json_t *answer);

#endif
