/* One run of authctl: what was asked, whom it talks to, how it speaks. Facts go to stdout, talk to
 * stderr; with --json stdout is exactly one value, also on failure. */
#ifndef CTL_SESSION_H
#define CTL_SESSION_H

#include "ctl/client.h"
#include "ctl/command.h"
#include "ctl/print.h"

struct session {
    const struct invocation *invocation;
    struct client *client;
    bool json;
    size_t width; /* of the terminal that stdout is; 0: it is none */
    bool changed; /* something was, and that cannot be taken back */
};

/* ---- failures: each reports one and returns the status status
 * -------------------------------------- */

int session_usage(const struct session *session, const char *text);
/* Takes the problem. */
int session_fail(const struct session *session, const struct answer *answer);

/* ---- successes ----------------------------------------------------------------------------- */

/* On stderr, and on stderr only. */
void session_say(const struct session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Makes the call that changes something and reports a failure: NULL, and `status` is set. */
json_t *session_change(struct session *session, const char *method, struct buf *path,
                       const json_t *body, int *status);
json_t *session_get(struct session *session, struct buf *path, int *status);

/* "/v1/users/USER" + `tail`, USER being the first argument. */
void session_user_path(const struct session *session, struct buf *path, const char *tail);

#endif
