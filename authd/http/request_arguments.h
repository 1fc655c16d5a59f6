/* What a request says, checked against its route's request schema and put together for the function
 * behind the route. Pure: `core` is only asked for the keys of cursors and digests.
 *
 * Threat: a request that means something else to authd than to its sender. Every member is known
 * and typed before anything runs; all flaws are reported at once, each by the name of its member.
 */
#ifndef HTTP_REQUEST_ARGUMENTS_H
#define HTTP_REQUEST_ARGUMENTS_H

#include "http/admission.h"

struct core;

struct request_arguments {
    json_t *arguments; /* of the function behind the route, under that function's names */
    json_t *filters;   /* what the cursors of a list are bound to; NULL: the route is no list */
};

/* The arguments are the members of the body, the parameters of query and path, and for a list the
 * position of its cursor, as "after". NULL: the caller owns what `input` holds. A problem: `input`
 * holds nothing. */
const struct problem *request_arguments_read(const struct core *core, const struct request *request,
                                             const struct admission *admission,
                                             struct request_arguments *input);

/* How the request is to be run: authd.manage()'s context, with If-Match and Idempotency-Key. NULL:
 * the caller owns `context`. A problem: `context` is NULL. */
const struct problem *request_arguments_context(const struct core *core,
                                                const struct request *request,
                                                const struct admission *admission, bool dry_run,
                                                json_t **context);

/* Makes a page ready to be answered: "next" becomes a cursor of the list with these filters. */
void request_arguments_page(const struct core *core, const struct request *request,
                            const json_t *filters, json_t *page);

#endif
