/* One run of authctl: the command line, the client for authd, and the form of the output. Facts
 * go to stdout, messages to stderr. With --json stdout gets exactly one JSON value, also on
 * failure; a command that streams prints one value on each line. */
#ifndef CTL_CONTEXT_H
#define CTL_CONTEXT_H

#include "ctl/client.h"
#include "ctl/columns.h"
#include "ctl/command.h"
#include "ctl/print.h"
#include "ctl/request.h"

struct context {
    const struct invocation *invocation;
    struct client *client;
    bool json;
    size_t width;     /* the width of tables on stdout; 0: print lines with tabs */
    struct view view; /* the form of values on stdout */
    bool terminal;    /* stdout is a terminal */
    bool input;       /* authctl may ask questions */
    bool dry_run;
    bool changed; /* authd has changed something */
};

/* ---- messages, which go to stderr ---------------------------------------------------------- */

void context_say(const struct context *context, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- failures: each reports one and returns the exit status --------------------------------- */

int context_usage(const struct context *context, const char *text);
/* Reports the problem of an answer, and releases it. */
int context_fail(const struct context *context, const struct answer *answer);

/* ---- calls: they return NULL after a failure, which is reported; `status` is set ----------- */

json_t *context_get(struct context *context, struct buf *path, int *status);
/* Makes a call that changes nothing, by any method. */
json_t *context_call(struct context *context, const char *method, struct buf *path,
                     const json_t *body, int *status);

/* Makes a call that changes something. With --dry-run the call is a dry run. */
json_t *context_change(struct context *context, const char *method, struct buf *path,
                       const json_t *body, int *status);

/* Makes a dry run of a change, which tells if the change is allowed and what would be lost. */
json_t *context_dry_run(struct context *context, const char *method, const struct buf *path,
                        const json_t *body, int *status);

/* Reads a list, page by page, up to `limit` items; 0 means all. `paged` tells if the route takes a
 * limit. */
json_t *context_list(struct context *context, const struct buf *path, size_t limit, bool paged,
                     int *status);

/* Returns the answer of a GET, or NULL. A failure is not reported: the caller can do without the
 * answer. */
json_t *context_get_optional(struct context *context, const char *path);

#endif
