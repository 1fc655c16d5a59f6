/* What a request says, checked against its route's fields and put together for the function behind
 * it. Pure: of `core` only the keys for cursors and digests are used, which nothing else needs.
 *
 * Threat: a request that means something else to us than to its sender. Every member is known and
 * typed before anything runs; all flaws are told at once, each by the name of its field. */
#ifndef HTTP_INPUT_H
#define HTTP_INPUT_H

#include "http/admit.h"

struct core;

struct input {
    json_t *arguments; /* of the function behind the route, under the names that it has for them */
    json_t *filters;   /* of a list: what its cursors are bound to; else NULL */
};

/* The arguments are the members of the body, the parameters of query and path, and of a list the
 * position of its cursor, as "after". NULL: `input` is set, and the caller's. Else both members are
 * NULL, and the request is to be refused. */
const struct problem *input_arguments(const struct core *core, const struct request *request,
                                      const struct admission *admission, struct input *input);

/* How the request is to be run: authd.manage()'s context, with If-Match and Idempotency-Key. NULL:
 * `context` is set, and the caller's. Else it is NULL, and the request is to be refused. */
const struct problem *input_context(const struct core *core, const struct request *request,
                                    const struct admission *admission, bool dry_run,
                                    json_t **context);

/* The page of a list as it is answered: its "next" as a cursor. Changes `page`. */
void input_page(const struct core *core, const struct request *request, const json_t *filters,
                json_t *page);

#endif
