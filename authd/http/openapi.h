/* The description of the API for programs and people: OpenAPI 3.1, made from the route table, the
 * request and response schemas and the problem types, so that it says what the server does. */
#ifndef HTTP_OPENAPI_H
#define HTTP_OPENAPI_H

#include <jansson.h>

#include "http/router.h"

/* The caller owns it. */
json_t *openapi_document(const struct http_route *routes);

#endif
