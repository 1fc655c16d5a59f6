/* The one route table: method, path, right, fields, what runs, what a success is called. Parsing,
 * rights and documentation all follow from it. */
#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include "core/account.h"
#include "http/field.h"
#include "http/uri.h"

struct exchange;

enum http_method { HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE, HTTP_METHODS };

enum http_right {
    RIGHT_ANYONE,
    RIGHT_ADMIN, /* administrator of the site */
};

#define ROUTE_PARAMETERS_MAX 2

struct http_route {
    enum http_method method;
    const char
        *pattern; /* "/v1/users/{user}": a segment in braces takes any text, not an empty one */
    enum http_right right;
    void (*run)(struct exchange *exchange);
    enum statement statement;  /* what it runs, for routes of the management API */
    const struct field *query; /* NULL: none */
    const struct field *body;  /* NULL: none */
    const char *body_argument; /* the body becomes this one argument; NULL: its members do */
    unsigned created;          /* the status when it was not a dry run; 0: 200 */
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

extern const struct http_route http_routes[];

#endif
