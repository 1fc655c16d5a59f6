/* One run of authctl: what was asked, whom it talks to, how it speaks. Facts go to stdout, talk to
 * stderr; with --json stdout is exactly one value, also on failure. */
#ifndef CTL_SESSION_H
#define CTL_SESSION_H

#include "ctl/client.h"
#include "ctl/command.h"
#include "ctl/kind.h"
#include "ctl/print.h"
#include "ctl/request.h"

struct session {
    const struct invocation *invocation;
    struct client *client;
    bool json;
    size_t width;     /* of the table that stdout shows; 0: lines with tabs */
    struct view view; /* how values look on stdout */
    bool terminal;    /* stdout is one */
    bool input;       /* questions may be asked */
    bool dry_run;
    bool changed; /* something was, and that cannot be taken back */
};

/* ---- talk: on stderr, and there only -------------------------------------------------------- */

void session_say(const struct session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- failures: each reports one and returns the exit status --------------------------------- */

int session_usage(const struct session *session, const char *text);
/* Takes the problem. */
int session_fail(const struct session *session, const struct answer *answer);

/* ---- calls: NULL after a failure, which is reported; `status` is set ------------------------- */

json_t *session_get(struct session *session, struct buf *path, int *status);
/* Any method, for a call that changes nothing. */
json_t *session_call(struct session *session, const char *method, struct buf *path,
                     const json_t *body, int *status);

/* With --dry-run the call is one, too. */
json_t *session_change(struct session *session, const char *method, struct buf *path,
                       const json_t *body, int *status);

/* A call that only looks whether the change would be made, and what it would take away. */
json_t *session_preview(struct session *session, const char *method, const struct buf *path,
                        const json_t *body, int *status);

/* All pages of a list, at most `limit` items; 0: all. `paged`: the route takes a limit. */
json_t *session_list(struct session *session, const struct buf *path, size_t limit, bool paged,
                     int *status);

/* The answer or NULL, without a word: for what is only pleasant to know. */
json_t *session_peek(struct session *session, const char *path);

#endif
