/* The one route table: a row is an operation, with method, path, who may, what a request carries,
 * what runs, what is answered, and its description. Parsing, refusal of unknown members, rights and
 * /openapi.json all follow from the row. */
#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include "api/response_schema.h"
#include "http/request_schema.h"
#include "http/resource.h"
#include "http/uri.h"
#include "manage/call.h"

struct http_exchange;

enum http_method { HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE, HTTP_METHODS };

/* Who may call a route or set a member. The host counts as an administrator. */
enum http_role {
    ROLE_SELF = 1u << 0, /* every caller for the own account */
    ROLE_HELPDESK = 1u << 1,
    ROLE_DOMAIN_ADMIN = 1u << 2,
    ROLE_AUDITOR = 1u << 3,
    ROLE_ADMIN = 1u << 4,
};

enum http_route_flag {
    ROUTE_FRESH = 1u << 0,       /* a session must be fresh */
    ROUTE_NO_KEYS = 1u << 1,     /* no API key may call the route */
    ROUTE_SESSION = 1u << 2,     /* only a session may call the route */
    ROUTE_COOKIE = 1u << 3,      /* makes a session, and is guarded like a call of a session */
    ROUTE_LIST = 1u << 4,        /* answers a page, each item as `answer` describes */
    ROUTE_CONDITIONAL = 1u << 5, /* changes one object and knows If-Match */
    ROUTE_CONFLICT = 1u << 6,    /* may answer 409 */
    ROUTE_PROOF = 1u << 7,       /* open to anybody; the body proves who asks; may answer 401 */
    ROUTE_ABSENT = 1u << 8,      /* may answer 404 for what body or query name */
    ROUTE_ALONE = 1u << 9,       /* needs no other service, and never answers 503 */
    ROUTE_DOCUMENT = 1u << 10,   /* `body` only describes the body, which `run` checks */
    ROUTE_ENROL = 1u << 11,      /* open also to a session that must enrol, for the own account */
    ROUTE_FACTOR = 1u << 12,     /* for the own account, the session must have had the factor */
    ROUTE_WIDENS = 1u << 13,     /* a session must be fresh unless the change narrows for sure */
    ROUTE_ANY_HOST = 1u << 14,   /* answers whatever Host says; open to anybody, tells no secret */
    ROUTE_LIMITED = 1u << 15,    /* may answer 429 */
    ROUTE_SITE = 1u << 16,       /* the caller must reach the whole site */
};

#define ROUTE_PARAMETERS_MAX 2
#define ROUTE_BODY_MAX       (64 * 1024)

struct http_route {
    enum http_method method;
    const char *pattern;     /* "/v1/users/{user}": braces take any segment but an empty one */
    const char *name;        /* the operationId: "user_show" */
    const char *summary;     /* one line, without a full stop */
    const char *description; /* what the summary leaves out, in plain sentences */
    const char *tag;         /* the chapter of /openapi.json; NULL: named like the one resource */
    unsigned roles;          /* who may; 0: anybody, without a sign-in */
    unsigned flags;
    /* enum resource: an API key needs the right of each of them to call the route, to read for GET,
     * else to write. It may also call the route to set only members that have resources of their
     * own. 0: no API key may call the route. */
    unsigned resources;
    void (*run)(struct http_exchange *exchange);
    enum statement statement;           /* what a route of the management API runs */
    const struct request_member *query; /* NULL: none */
    const struct request_member *body;  /* NULL: none */
    const char *body_argument; /* the body becomes this one argument; NULL: its members do */
    size_t body_max;           /* octets; 0: ROUTE_BODY_MAX */
    const char *level; /* the argument "level", for routes that share a statement; or NULL */
    const char *media; /* type of the answer; NULL: application/json, as `answer` describes */
    const struct response_schema *answer; /* NULL: an object of any shape */
    unsigned created;                     /* the status of a success that was no dry run; 0: 200 */
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
