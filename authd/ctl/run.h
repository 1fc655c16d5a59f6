/* What a verb of the usual shape does, and the pieces of it for the verbs that differ. */
#ifndef CTL_RUN_H
#define CTL_RUN_H

#include "ctl/request.h"
#include "ctl/session.h"

/* Builds the request that the table says, asks if it destroys, makes the call, prints. */
int run_command(struct session *session);

/* Builds the request, a secret from standard input included. False: reported, `status` is set. */
bool run_prepare(struct session *session, struct request *request, int *status);

const struct kind *run_kind(const struct session *session);

/* ---- confirm.c ----------------------------------------------------------------------------- */

/* Asks as severely as the command says. False: not confirmed, `status` is set. */
bool confirm(struct session *session, const struct request *request, int *status);

/* "3 app passwords, 1 session": what an answer says has ended, or else all that it counts. */
void confirm_counts(struct buf *out, const json_t *answer);

#endif
