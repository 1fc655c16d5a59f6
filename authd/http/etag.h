/* If-Match (RFC 9110 sections 8.8.3 and 13.1.1): a change is made only to the object that its
 * sender has seen. Pure.
 *
 * Threat: two administrators who overwrite each other. A condition that cannot be read refuses the
 * request: to ignore it would make the change that its sender did not want. */
#ifndef HTTP_ETAG_H
#define HTTP_ETAG_H

#include "base/arena.h"
#include "base/span.h"

#define ETAG_LIST_MAX 16

enum etag_result {
    ETAG_ANY = 0, /* "*": whatever there is */
    ETAG_LIST,
    ETAG_MALFORMED,
};

/* `list` are the strong tags without their quotes, separated by commas. Weak ones are left out,
 * because If-Match compares strongly; a tag that is none of ours (32 hexadecimal digits) is left
 * out, too. Empty: nothing matches. */
enum etag_result etag_condition(struct span header, struct arena *arena, const char **list);

#endif
