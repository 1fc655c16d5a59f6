/* Refuses requests whose end two programs could see in different places. Pure.
 *
 * Threat: request smuggling through a proxy. libmicrohttpd 0.9.75 takes the first of two
 * Content-Lengths, ignores Transfer-Encoding beside one, and passes odd header names on. Such a
 * request is answered 400 and its connection closed, because where it ends is anybody's guess
 * (RFC 9112 section 6.3). Not seen here, because libmicrohttpd hides it: a line that ends in a bare
 * LF, and a NUL in a header's value, which it cuts there. The proxy in front has to refuse those.
 *
 * It also notes what shows that a request did not come from a local tool: headers that proxies and
 * browsers add. */
#ifndef HTTP_GUARD_H
#define HTTP_GUARD_H

#include "base/span.h"

struct guard {
    const char *flaw; /* the first one found, as the end of "the request ..."; NULL: none */
    bool relayed;     /* came through a proxy or from a browser */
    unsigned lengths; /* Content-Length */
    unsigned codings; /* Transfer-Encoding */
    unsigned hosts;
    unsigned types;       /* Content-Type */
    unsigned credentials; /* Authorization, Cookie */
};

/* Once for each header, on a zeroed guard; then once the end, with the version of the request line.
 */
void guard_header(struct guard *guard, struct span name, struct span value);
void guard_end(struct guard *guard, const char *version);

#endif
