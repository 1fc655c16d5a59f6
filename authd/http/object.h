/* What the API answers: the members of each object, by name. /openapi.json is made from it, and
 * tests compare real answers with it. Pure. */
#ifndef HTTP_OBJECT_H
#define HTTP_OBJECT_H

#include <jansson.h>

enum member_type {
    MEMBER_TEXT,
    MEMBER_BOOLEAN,
    MEMBER_INTEGER,
    MEMBER_TIME,   /* RFC 3339, UTC */
    MEMBER_TEXTS,  /* a list */
    MEMBER_OBJECT, /* of `object`, or of any shape */
    MEMBER_OBJECTS,
};

enum member_flag {
    MEMBER_NULLABLE = 1u << 0,
    MEMBER_SOMETIMES = 1u << 1, /* may be absent */
};

struct member {
    const char *name;
    enum member_type type;
    unsigned flags;
    const char *object;       /* name of a struct http_object; NULL: any shape */
    const char *const *words; /* NULL-terminated: the only texts; or NULL */
};

struct http_object {
    const char *name;             /* "user" */
    const struct member *members; /* NULL: not an object but a text */
};

/* Ends with a NULL name. */
extern const struct http_object http_objects[];

/* Of this name; NULL: there is none. */
const struct http_object *object_find(const char *name);

/* {"type": "object", "required": […], "properties": {…}} */
json_t *object_schema(const struct http_object *object);

#endif
