/* If-Match (RFC 9110 sections 8.8.3 and 13.1.1): a change is made only to the object that its
 * sender has seen. Pure.
 *
 * Threat: two administrators who overwrite each other. A condition that cannot be read refuses the
 * request: ignoring it would make a change that its sender did not want. */
#ifndef HTTP_ETAG_H
#define HTTP_ETAG_H

#include "base/arena.h"
#include "base/span.h"

#define ETAG_LIST_MAX 16

enum etag_result {
    ETAG_ANY = 0,   /* "*": any object that there is */
    ETAG_LIST,      /* the tags that the object may have */
    ETAG_MALFORMED, /* neither */
};

/* `list` has the strong tags without their quotes, separated by commas. Weak tags are left out,
 * because If-Match compares strongly, and so are tags that authd does not make (32 hexadecimal
 * digits). An empty list matches no object. */
enum etag_result etag_condition(struct span header, struct arena *arena, const char **list);

#endif
