/* A request target, taken apart once and strictly. Pure.
 *
 * Threat: a target that a proxy, a log and the router read differently. So octets are decoded after
 * the path was split (%2F never makes a segment), a NUL, a control character, a bad escape or
 * invalid UTF-8 in any form spoils the whole target, and a query parameter may come only once. RFC
 * 9112 section 3.2.1 (origin-form), RFC 3986 section 2.1. */
#ifndef HTTP_URI_H
#define HTTP_URI_H

#include "base/arena.h"
#include "base/span.h"

#define URI_SEGMENTS_MAX   8
#define URI_PARAMETERS_MAX 16

struct uri_parameter {
    const char *name;
    const char *value;
};

/* All texts are decoded, NUL-terminated, and live in the arena. */
struct uri {
    const char *segments[URI_SEGMENTS_MAX]; /* "/v1/users": "v1", "users"; "/": none */
    size_t segment_count;
    struct uri_parameter query[URI_PARAMETERS_MAX];
    size_t query_count;
};

/* NULL, or what is wrong, as the end of a sentence that begins with "the request target". */
const char *uri_parse(struct uri *uri, const char *target, struct arena *arena);

#endif
