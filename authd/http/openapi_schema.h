/* JSON Schemas of what requests carry and of what answers hold, as /openapi.json has them. Each
 * function returns a new object, which the caller owns. Pure. */
#ifndef HTTP_OPENAPI_SCHEMA_H
#define HTTP_OPENAPI_SCHEMA_H

#include <jansson.h>

#include "api/response_schema.h"
#include "http/request_schema.h"

/* {"$ref": "#/components/schemas/user"} */
json_t *openapi_reference(const struct response_schema *schema);

/* {"type": "object", "description": …, "required": […], "properties": {…}} */
json_t *openapi_response(const struct response_schema *schema);

/* The description of a member of a request. Without a description of its own, the member means the
 * same as the member of `answer` (may be NULL) of its name. NULL: there is no such member either.
 */
const char *openapi_description(const struct request_member *member,
                                const struct response_schema *answer);

/* The schema of one member of a request, without its description. */
json_t *openapi_request_member(const struct request_member *member);

/* The schema of a body, each property with its description. */
json_t *openapi_request(const struct request_member *members, const struct response_schema *answer);

#endif
