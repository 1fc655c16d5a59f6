/* Where a list goes on: an opaque text that the client hands back. Pure; fuzzed.
 *
 * Threat: a forged position would be an argument that no request schema has checked, and a position
 * of one list used in another would mean another place there. So a cursor carries a MAC over the
 * list that it belongs to (route and filters) and the position; any other text is refused. A cursor
 * is base64url of 16 octets MAC and the position's JSON. */
#ifndef HTTP_CURSOR_H
#define HTTP_CURSOR_H

#include <jansson.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/span.h"

#define CURSOR_KEY_LENGTH 32
#define CURSOR_MAX        2048 /* octets of the text */

/* The list that a cursor belongs to: two lists are the same when routes and filters are equal. */
struct cursor_list {
    const uint8_t *key;    /* CURSOR_KEY_LENGTH octets */
    const char *route;     /* its pattern: "/v1/users" */
    const json_t *filters; /* what was asked beside the cursor and the page's size */
};

/* The text for `position`; NULL: it would be longer than CURSOR_MAX. */
const char *cursor_make(const struct cursor_list *list, const json_t *position,
                        struct arena *arena);
/* The position in `text`; NULL: cursor_make() has not made the text for this list. */
json_t *cursor_read(const struct cursor_list *list, const char *text);

#endif
