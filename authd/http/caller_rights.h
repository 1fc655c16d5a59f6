/* Whether a caller may call a route and set the members of its request. The database decides which
 * objects the caller reaches by the route. Pure.
 *
 * Threats: a right that is decided in two places differently: the route table alone says who may,
 * and this file alone reads it, for the request and for /openapi.json. A right of an API key that
 * implies another: each member of a body is checked for the right that it belongs to. */
#ifndef HTTP_CALLER_RIGHTS_H
#define HTTP_CALLER_RIGHTS_H

#include "http/problem.h"
#include "http/router.h"
#include "manage/caller.h"

enum caller_rights_verdict {
    RIGHTS_ALLOWED,
    RIGHTS_NOBODY,     /* nobody is signed in */
    RIGHTS_ROLE,       /* the role never may */
    RIGHTS_REACH,      /* the caller does not reach the whole site */
    RIGHTS_KEY,        /* the API key lacks the right */
    RIGHTS_NO_KEYS,    /* API keys never may */
    RIGHTS_NO_SESSION, /* only a session may, and the caller has none */
    RIGHTS_STALE,      /* the session must be fresh, and is not */
    RIGHTS_MUST_ENROL, /* the session is good for enrolling a second factor only */
};

struct caller_rights {
    enum caller_rights_verdict verdict;
    bool self_only;    /* the caller may call the route for the own account only */
    bool members_only; /* the API key lacks the right of the route, and may call it only to set
                          members that have resources of their own */
};

struct caller_rights caller_rights_of(const struct http_route *route, const struct caller *caller);

/* Whether API keys that have the rights for the route's resources may call the route. */
bool caller_rights_keys(const struct http_route *route);

/* A caller who wants to call a route. */
struct caller_rights_case {
    const struct http_route *route;
    const struct caller *caller;
    struct caller_rights rights; /* of the caller on the route, as caller_rights_of() says */
};

/* Where caller_rights_of() has let the caller pass: may the caller set this member? RIGHTS_ALLOWED,
 * RIGHTS_ROLE, RIGHTS_KEY, RIGHTS_NO_KEYS or RIGHTS_STALE. */
enum caller_rights_verdict caller_rights_member(const struct caller_rights_case *asked,
                                                const struct request_member *member);

/* Refuses a caller who may not call the route; NULL: the caller may. */
const struct problem *caller_rights_check(const struct caller_rights_case *asked,
                                          struct arena *arena);

/* Refuses the first member of a body, or of an item of a list in the body, that the caller may not
 * set, or not without a fresh sign-in. NULL: there is none. The route knows every member of the
 * body itself, and caller_rights_of() has let the caller pass. */
const struct problem *caller_rights_check_body(const struct caller_rights_case *asked,
                                               const json_t *body, struct arena *arena);

/* Words of the roles in a mask, without the host's: "user" stands for ROLE_SELF. */
json_t *caller_rights_words(unsigned roles);

#endif
