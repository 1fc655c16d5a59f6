/* A request as it is read: request line, headers, body. http/exchange fills the struct; the
 * pieces that check a request only read the struct. Pure.
 *
 * Threat: a request that two programs read differently. http/framing has seen the octets before;
 * what http/uri finds wrong with the target is kept, and request_check() refuses the request before
 * anything else is read. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "base/buf.h"
#include "http/client.h"
#include "http/problem.h"
#include "http/router.h"

/* X(member, name): the headers that are looked at. The first of two headers of one name counts. */
#define REQUEST_HEADERS(X)                                                                         \
    X(authorization, "Authorization")                                                              \
    X(content_encoding, "Content-Encoding")                                                        \
    X(content_length, "Content-Length")                                                            \
    X(content_type, "Content-Type")                                                                \
    X(cookie, "Cookie")                                                                            \
    X(fetch_site, "Sec-Fetch-Site")                                                                \
    X(host, "Host")                                                                                \
    X(idempotency_key, "Idempotency-Key")                                                          \
    X(if_match, "If-Match")                                                                        \
    X(origin, "Origin")                                                                            \
    X(requested_with, "X-Requested-With")                                                          \
    X(user_agent, "User-Agent")

/* Values; NULL: the header is absent. */
struct request_headers {
#define X(member, name) const char *member;
    REQUEST_HEADERS(X)
#undef X
    const char *forwarded; /* all X-Forwarded-For in their order, each after a comma; "": none */
};

struct request {
    struct arena *arena;              /* holds what is made of the request while it is read */
    const char *reference;            /* by which the answer and the log name the request */
    const struct http_client *client; /* who sent the request */
    struct origin_names names;        /* what this server is called where the request came in */
    struct uri uri;                   /* the request target */
    const char *uri_flaw; /* what is wrong with the target, as uri_parse() says; or NULL */
    struct request_headers headers;  /* texts in the caller's buffer: see request_header() */
    unsigned idempotency_keys;       /* how many Idempotency-Key there are */
    bool relayed;                    /* it came through a proxy or from a browser */
    char address[NETWORK_TEXT_SIZE]; /* the client's, as client_address() says; "": not known */
    struct http_match match;         /* the route, or why there is none */
    struct buf body;                 /* what was kept of the body */
    size_t body_length;              /* octets of the body that came, kept or not */
};

/* Reads the target of the request line. The request is zeroed but for its arena and client. */
void request_target(struct request *request, const char *target);

/* Takes one header. `value` ends with a NUL, is not copied, and outlives the request. */
void request_header(struct request *request, struct span name, struct span value);

/* After the last header: what is wrong with the target; NULL: nothing. */
const struct problem *request_check(const struct request *request);

#endif
