/* What a request may carry: each route lists its members, and any other member is refused by name.
 * Pure.
 *
 * Threat: mass assignment, values of a type or size that the code behind does not expect, and a
 * typing mistake that silently does nothing. */
#ifndef HTTP_REQUEST_SCHEMA_H
#define HTTP_REQUEST_SCHEMA_H

#include <jansson.h>

#include "http/problem.h"
#include "http/uri.h"

enum request_type {
    REQUEST_TEXT, /* bounds: characters, as JSON Schema counts them */
    REQUEST_BOOLEAN,
    REQUEST_INTEGER, /* bounds: the value */
    REQUEST_TEXTS,   /* a list of texts that are not empty; bounds: items */
    REQUEST_TIME,    /* as base/rfc3339 reads it */
    REQUEST_OBJECT, /* an object of `members`, any without these; bound: the least number of them */
    REQUEST_OBJECTS, /* a list of such objects; bounds: items */
};

enum request_flag {
    REQUEST_REQUIRED = 1u << 0,
    REQUEST_NULLABLE = 1u << 1,  /* null takes the value away */
    REQUEST_SENSITIVE = 1u << 2, /* a session that sets the member must be fresh */
    REQUEST_NO_KEYS = 1u << 3,   /* no API key may set the member */
    REQUEST_DESCRIBED = 1u << 4, /* `members` only describe the object, which `run` checks */
};

/* Texts without control characters, as names for people are. */
#define REQUEST_PRINTABLE "^[^\\u0000-\\u001f\\u007f-\\u009f]+$"

struct request_member {
    const char *name;
    const char *argument; /* the name for the database function; NULL: the same */
    enum request_type type;
    unsigned flags;
    unsigned
        roles; /* who may set the member, as in struct http_route; 0: every caller of the route */
    unsigned resources; /* enum resource: an API key needs the right to write each of them, in place
                           of the route's, to set the member; 0: the rights of the route */
    long min;
    long max;
    long item_max; /* characters of each text of a list */
    long octets;   /* of a text in UTF-8, for what has its bound in octets; 0: no such bound */
    long step;     /* of an integer: all values are multiples of the step; 0: any are */
    const char *pattern;      /* of a text, or of each text of a list: a regular expression for the
                                 description. The function behind the route refuses other texts. */
    const char *const *words; /* the only texts allowed, ends with NULL; NULL: any text */
    const struct request_member *members; /* of an object; ends with a NULL name; NULL: any */
    const char *description;              /* one sentence; NULL: what the answer's member means */
};

/* Checks a body, or what `request_schema_query` made of a query: appends {field, detail} to
 * `errors` for each flaw. `members` ends with a NULL name. Returns the arguments, which are
 * incomplete after any error. */
json_t *request_schema_check(const struct request_member *members, const json_t *object,
                             json_t *errors);

/* The query as an object, with integers and booleans where `members` has these types. */
json_t *request_schema_query(const struct request_member *members, const struct uri *uri);

/* A problem with `errors`, which are taken over. Its sentence has the first error, and how many
 * more there are. NULL: there are no errors. */
const struct problem *request_schema_problem(json_t *errors, struct arena *arena);

/* The member of this name; NULL: there is none. */
const struct request_member *request_schema_find(const struct request_member *members,
                                                 const char *name);

#endif
