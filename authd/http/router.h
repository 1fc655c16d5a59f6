/* The one route table: method, path, who may, fields, what runs, what a success is called. Parsing,
 * refusal of unknown members, rights and /openapi.json all follow from it. */
#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include "core/account.h"
#include "http/field.h"
#include "http/uri.h"

struct exchange;

enum http_method { HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE, HTTP_METHODS };

/* Whose role opens a route or a field. The host is an administrator here. */
enum http_role {
    ROLE_SELF = 1u << 0, /* everybody, for his own account */
    ROLE_HELPDESK = 1u << 1,
    ROLE_DOMAIN_ADMIN = 1u << 2,
    ROLE_AUDITOR = 1u << 3,
    ROLE_ADMIN = 1u << 4,
};

enum http_route_flag {
    ROUTE_FRESH = 1u << 0,       /* a session must be fresh */
    ROUTE_NO_KEYS = 1u << 1,     /* no API key opens it */
    ROUTE_SESSION = 1u << 2,     /* only a session does */
    ROUTE_COOKIE = 1u << 3,      /* makes a session: guarded as if there were one */
    ROUTE_LIST = 1u << 4,        /* answers a page of `answer`s */
    ROUTE_CONDITIONAL = 1u << 5, /* changes one object: knows If-Match */
    ROUTE_CONFLICT = 1u << 6,    /* may answer 409 */
    ROUTE_SECRET = 1u << 7,      /* the answer has a secret, once */
    ROUTE_PROOF = 1u << 8,       /* open to anybody, and proves itself: may answer 401 */
    ROUTE_ABSENT = 1u << 9,      /* may answer 404 for what its body or query names */
    ROUTE_ALONE = 1u << 10,      /* asks nobody, so it always knows */
    ROUTE_DOCUMENT = 1u << 11,   /* `body` only describes its body, which `run` checks */
    ROUTE_ENROL = 1u << 12,      /* open also to a session that must enrol first, for its own */
    ROUTE_FACTOR = 1u << 13,     /* for one's own, the session must have had the factor */
};

#define ROUTE_PARAMETERS_MAX 2
#define ROUTE_BODY_MAX       (64 * 1024)

struct http_route {
    enum http_method method;
    const char
        *pattern;     /* "/v1/users/{user}": a segment in braces takes any text, not an empty one */
    const char *name; /* operationId: "user_show" */
    const char *summary; /* one line for people */
    unsigned roles;      /* who may; 0: anybody, without a sign-in */
    unsigned flags;
    const char *resource; /* "users": an API key needs users:read for GET, else users:write */
    void (*run)(struct exchange *exchange);
    enum statement statement;  /* what it runs, for routes of the management API */
    const struct field *query; /* NULL: none */
    const struct field *body;  /* NULL: none */
    const char *body_argument; /* the body becomes this one argument; NULL: its members do */
    size_t body_max;           /* octets; 0: ROUTE_BODY_MAX */
    const char *level;  /* the argument "level", for routes that share a statement; or NULL */
    const char *answer; /* the name of a struct http_object; NULL: only a status */
    unsigned created;   /* the status when it was not a dry run; 0: 200 */
};

struct http_parameter {
    struct span name; /* as in the pattern */
    const char *value;
};

/* A route with its parameters filled in. */
struct http_match {
    const struct http_route *route; /* NULL: see `allow` */
    struct http_parameter parameters[ROUTE_PARAMETERS_MAX];
    size_t parameter_count;
    unsigned allow; /* bits 1 << http_method that the path has; 0: no such path */
};

/* `routes` ends with a NULL pattern. HEAD is answered as GET, without a body. */
void router_match(struct http_match *match, const struct http_route *routes, const char *method,
                  const struct uri *uri);

/* "GET, HEAD, PATCH" */
const char *router_allow(unsigned allow, struct arena *arena);

/* Octets of the body that a route takes; NULL: none. */
size_t router_body_max(const struct http_route *route);

/* "GET" */
const char *router_method(enum http_method method);

extern const struct http_route http_routes[];

#endif
