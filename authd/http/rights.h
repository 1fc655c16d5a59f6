/* Whether a caller may call a route at all. Which objects he reaches by it, the database decides.
 * Pure.
 *
 * Threat: a right that is decided in two places differently. The route table alone says who may;
 * this file alone reads it, for the request and for /openapi.json. */
#ifndef HTTP_RIGHTS_H
#define HTTP_RIGHTS_H

#include "core/caller.h"
#include "http/router.h"

enum rights_verdict {
    RIGHTS_ALLOWED,
    RIGHTS_NOBODY,     /* not signed in */
    RIGHTS_ROLE,       /* the role never may */
    RIGHTS_KEY,        /* the API key lacks the right */
    RIGHTS_NO_KEYS,    /* no API key may */
    RIGHTS_NO_SESSION, /* only a session may */
    RIGHTS_STALE,      /* the session must be fresh */
    RIGHTS_MUST_ENROL, /* the session is good for enrolling a second factor only */
};

struct rights {
    enum rights_verdict verdict;
    bool self_only; /* only because everybody may for his own account */
};

struct rights rights_judge(const struct http_route *route, const struct caller *caller);

/* As rights_judge() has let the caller pass: may he set this field? RIGHTS_ALLOWED, RIGHTS_ROLE or
 * RIGHTS_STALE. */
enum rights_verdict rights_field(const struct field *field, const struct caller *caller,
                                 bool self_only);

/* Words of the roles in a mask, without the host's: "user" stands for ROLE_SELF. */
json_t *rights_words(unsigned roles);

#endif
