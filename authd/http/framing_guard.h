/* Refuses headers from which two programs could tell different ends of a request. Pure.
 *
 * Threat: request smuggling through a proxy. libmicrohttpd 0.9.75 takes the first of two
 * Content-Lengths, ignores Transfer-Encoding beside Content-Length, and passes odd header names on.
 * http/framing, which reads the octets, shows each header to the guard before libmicrohttpd gets
 * any of the request (RFC 9112 section 6.3). */
#ifndef HTTP_FRAMING_GUARD_H
#define HTTP_FRAMING_GUARD_H

#include "base/span.h"

struct framing_guard {
    const char *flaw;     /* the first one found, as the end of "the request ..."; NULL: none */
    unsigned lengths;     /* how many Content-Length there are */
    uint64_t length;      /* the value of Content-Length; UINT64_MAX: it has too many digits */
    unsigned codings;     /* how many Transfer-Encoding */
    unsigned hosts;       /* how many Host */
    unsigned types;       /* how many Content-Type */
    unsigned credentials; /* how many Authorization and Cookie together */
};

/* A token of RFC 9110 section 5.6.2: a method, a header's name. */
bool framing_guard_is_token(struct span text);
/* Looks at one header; the guard was zeroed before the first. */
void framing_guard_header(struct framing_guard *guard, struct span name, struct span value);
/* After the last header: looks at all headers together, and at the request line's version. */
void framing_guard_end(struct framing_guard *guard, const char *version);

#endif
