/* What a request says, checked against its route's fields and put together for the function behind
 * it.
 *
 * Threat: a request that means something else to us than to its sender. Every member is known and
 * typed before anything runs; all flaws are told at once, each by the name of its field. */
#ifndef HTTP_INPUT_H
#define HTTP_INPUT_H

#include <jansson.h>

struct exchange;

/* The body's members, the query's and the path's parameters, under the names of arguments; of a
 * list also its cursor's position, as "after". NULL: refused. The caller owns it. */
json_t *input_arguments(struct exchange *exchange);

/* How the request is to be run: authd.manage()'s context, with If-Match and Idempotency-Key. NULL:
 * refused. The caller owns it. */
json_t *input_context(struct exchange *exchange);

/* The page of a list as it is answered: its "next" as a cursor. Changes `page`. */
void input_page(struct exchange *exchange, json_t *page);

#endif
