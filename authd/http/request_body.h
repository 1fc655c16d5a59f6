/* The JSON of a request's body, within bounds. Pure.
 *
 * Threat: a body that two parsers read differently (a member twice, invalid UTF-8, a NUL), and a
 * body that costs authd more than its sender (nesting). */
#ifndef HTTP_REQUEST_BODY_H
#define HTTP_REQUEST_BODY_H

#include <jansson.h>

#include "base/arena.h"
#include "base/span.h"

#define REQUEST_BODY_DEPTH_MAX 16

/* An object, which the caller owns; no octets are an empty object. NULL: `flaw` is a sentence about
 * what is wrong, and holds nothing of the body but the name of a member. */
json_t *request_body_parse(struct span text, struct arena *arena, const char **flaw);

#endif
