/* Where each request of a connection ends, read octet by octet before libmicrohttpd reads the
 * request. Pure.
 *
 * Threat: request smuggling, which needs two programs that see the end of a request in different
 * places. libmicrohttpd 0.9.75 joins folded lines, takes a bare LF for a line's end, cuts values at
 * a NUL, and skips whatever follows the size of a chunk; it shows nothing of this. So the octets
 * themselves are checked against the grammar of RFC 9112, as strictly as the grammar allows: lines
 * end in CRLF, no line is folded, one blank parts the words of the request line, and chunks have
 * neither extensions nor trailers, and no blank follows a number. No client needs any of these. One
 * empty line before a request is skipped (RFC 9112 section 2.2). */
#ifndef HTTP_FRAMING_H
#define HTTP_FRAMING_H

#include "http/framing_guard.h"
#include "http/problem.h"

#define FRAMING_HEAD_MAX    (16 * 1024)   /* octets of request line and headers */
#define FRAMING_HEADERS_MAX 100           /* header lines */
#define FRAMING_CHUNKED_MAX (1024 * 1024) /* octets of all chunks together */

enum framing_state {
    FRAMING_REQUEST_LINE = 0,
    FRAMING_HEADERS,
    FRAMING_BODY, /* of known length */
    FRAMING_CHUNK_SIZE,
    FRAMING_CHUNK_SIZE_LF,
    FRAMING_CHUNK_DATA,
    FRAMING_CHUNK_DATA_CR,
    FRAMING_CHUNK_DATA_LF,
    FRAMING_LAST_CR, /* behind the chunk of size 0 */
    FRAMING_LAST_LF,
    FRAMING_WHOLE,   /* the request has ended */
    FRAMING_REFUSED, /* see `problem` and `flaw` */
};

/* One request. A zeroed struct waits for its first octet. */
struct framing {
    enum framing_state state;
    enum problem_type problem;
    const char *flaw;    /* the end of a sentence that begins with "the request" */
    size_t skip;         /* octets of an empty line before the request */
    size_t seen;         /* octets of the head that were looked at */
    size_t line;         /* where in the head the present line begins */
    unsigned headers;    /* header lines so far */
    const char *version; /* "HTTP/1.1" or "HTTP/1.0" */
    struct framing_guard guard;
    unsigned digits; /* of the present chunk's size */
    uint64_t left;   /* octets of the body or of the chunk that are still to come */
    uint64_t chunks; /* octets of all chunks so far */
};

/* `octets` are all that came since the head's first one. Returns the length of the head, with
 * `skip`, once the head is whole; 0: it is not whole yet, or refused. */
size_t framing_head(struct framing *framing, struct span octets);

/* Takes octets that follow the head. Returns how many of these belong to the request and are
 * framed well; the next call begins behind them. */
size_t framing_body(struct framing *framing, struct span octets);

static inline bool framing_in_head(const struct framing *framing)
{
    return framing->state <= FRAMING_HEADERS;
}

#endif
