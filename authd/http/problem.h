/* Refusals as application/problem+json (RFC 9457): one line per type drives status, title and
 * documentation. Pure. */
#ifndef HTTP_PROBLEM_H
#define HTTP_PROBLEM_H

#include <jansson.h>

#include "base/arena.h"

/* X(NAME, status, type, title). A type is stable: programs compare it. */
#define PROBLEMS(X)                                                                                \
    X(BAD_REQUEST, 400, "bad-request", "Bad request")                                              \
    X(MALFORMED_JSON, 400, "malformed-json", "The body is not valid JSON")                         \
    X(UNAUTHORIZED, 401, "unauthorized", "Not signed in")                                          \
    X(FORBIDDEN, 403, "forbidden", "Not allowed")                                                  \
    X(FRESH_SIGN_IN_REQUIRED, 403, "fresh-sign-in-required", "A fresh sign-in is required")        \
    X(SECOND_FACTOR_REQUIRED, 403, "second-factor-required", "A second factor must be enrolled")   \
    X(CURRENT_FACTOR_REQUIRED, 403, "current-factor-required", "The second factor is required")    \
    X(CSRF, 403, "csrf", "Sent by another site")                                                   \
    X(NOT_FOUND, 404, "not-found", "Not found")                                                    \
    X(METHOD_NOT_ALLOWED, 405, "method-not-allowed", "Method not allowed")                         \
    X(CONFLICT, 409, "conflict", "Conflict")                                                       \
    X(PRECONDITION_FAILED, 412, "precondition-failed", "Changed since it was read")                \
    X(TOO_LARGE, 413, "too-large", "The body is too large")                                        \
    X(TARGET_TOO_LONG, 414, "target-too-long", "The request target is too long")                   \
    X(UNSUPPORTED_MEDIA_TYPE, 415, "unsupported-media-type", "Unsupported media type")             \
    X(MISDIRECTED, 421, "misdirected", "Not a name of this server")                                \
    X(IDEMPOTENCY_KEY_REUSED, 422, "idempotency-key-reused", "The key belongs to another request") \
    X(INVALID, 422, "invalid", "A value is not accepted")                                          \
    X(TOO_MANY_REQUESTS, 429, "too-many-requests", "A limit is reached")                           \
    X(HEADERS_TOO_LARGE, 431, "headers-too-large", "The headers are too large")                    \
    X(UNAVAILABLE, 503, "unavailable", "Temporarily unavailable")                                  \
    X(VERSION_NOT_SUPPORTED, 505, "version-not-supported", "HTTP version not supported")

enum problem_type {
#define X(name, status, type, title) PROBLEM_##name,
    PROBLEMS(X)
#undef X
        PROBLEM_COUNT
};

/* Why a request is refused. The pieces that read and check a request return a problem, or NULL
 * if nothing is wrong; only http_exchange_refuse() answers with one. */
struct problem {
    enum problem_type type;
    const char *detail;    /* a sentence about this case */
    const char *hint;      /* what the client can do; may be NULL */
    unsigned retry_after;  /* seconds, the header Retry-After; 0: as http/response.h says */
    const char *reference; /* of the request, as in the log; set by http_exchange_refuse() */
    json_t *errors; /* array of {field, detail}, released by http_exchange_refuse(); may be NULL */
};

/* On the arena; the texts are not copied, `hint` may be NULL. */
struct problem *problem_new(struct arena *arena, enum problem_type type, const char *detail,
                            const char *hint);

unsigned problem_status(enum problem_type type);
const char *problem_word(enum problem_type type);  /* "not-found" */
const char *problem_title(enum problem_type type); /* "Not found" */
json_t *problem_json(const struct problem *problem);

#endif
