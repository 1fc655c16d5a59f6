#include "http/openapi.h"

#include <stdio.h>

#include "http/object.h"
#include "http/problem.h"
#include "http/rights.h"

#define SCHEMAS "#/components/schemas/"

/* ---- fields -------------------------------------------------------------------------------- */

static json_t *fields_schema(const struct field *fields);

static void add_words(json_t *schema, const char *const *words)
{
    json_t *list = json_array();

    for (; words != NULL && *words != NULL; words++) {
        json_array_append_new(list, json_string(*words));
    }
    if (json_array_size(list) > 0) {
        json_object_set(schema, "enum", list);
    }
    json_decref(list);
}

static json_t *text_schema(const struct field *field)
{
    json_t *schema =
        json_pack("{s:s, s:I, s:I}", "type", "string", "minLength",
                  (json_int_t)(field->min > 0 ? 1 : 0), "maxLength", (json_int_t)field->max);

    add_words(schema, field->words);
    return schema;
}

static json_t *object_shape(const struct field *field)
{
    return field->members != NULL ? fields_schema(field->members)
                                  : json_pack("{s:s}", "type", "object");
}

static json_t *list_schema(const struct field *field, json_t *items)
{
    return json_pack("{s:s, s:I, s:I, s:o}", "type", "array", "minItems", (json_int_t)field->min,
                     "maxItems", (json_int_t)field->max, "items", items);
}

static json_t *bare_schema(const struct field *field)
{
    static const struct field item = {.min = 1, .max = FIELD_TEXT_MAX};

    switch (field->type) {
    case FIELD_TEXT:
        return text_schema(field);
    case FIELD_BOOLEAN:
        return json_pack("{s:s}", "type", "boolean");
    case FIELD_INTEGER:
        return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", (json_int_t)field->min,
                         "maximum", (json_int_t)field->max);
    case FIELD_TEXTS:
        return list_schema(field, text_schema(&item));
    case FIELD_TIME:
        return json_pack("{s:s, s:s}", "type", "string", "format", "date-time");
    case FIELD_OBJECT:
        return object_shape(field);
    case FIELD_OBJECTS:
        return list_schema(field, object_shape(field));
    }
    return json_object();
}

static json_t *field_schema(const struct field *field)
{
    json_t *schema = bare_schema(field);

    if ((field->flags & FIELD_NULLABLE) != 0) {
        schema = json_pack("{s:[o, {s:s}]}", "anyOf", schema, "type", "null");
    }
    if ((field->flags & FIELD_SENSITIVE) != 0) {
        json_object_set_new(schema, "x-fresh", json_true());
    }
    if (field->roles != 0) {
        json_object_set_new(schema, "x-roles", rights_words(field->roles));
    }
    return schema;
}

static json_t *fields_schema(const struct field *fields)
{
    json_t *properties = json_object();
    json_t *required = json_array();
    json_t *schema;

    for (const struct field *field = fields; field->name != NULL; field++) {
        json_object_set_new(properties, field->name, field_schema(field));
        if ((field->flags & FIELD_REQUIRED) != 0) {
            json_array_append_new(required, json_string(field->name));
        }
    }
    schema = json_pack("{s:s, s:o, s:b}", "type", "object", "properties", properties,
                       "additionalProperties", false);
    if (json_array_size(required) > 0) {
        json_object_set(schema, "required", required);
    }
    json_decref(required);
    return schema;
}

/* ---- parameters ---------------------------------------------------------------------------- */

static json_t *parameter(const char *in, const char *name, bool required, json_t *schema)
{
    return json_pack("{s:s, s:s, s:b, s:o}", "in", in, "name", name, "required", required, "schema",
                     schema);
}

static json_t *string_schema(void)
{
    return json_pack("{s:s}", "type", "string");
}

static void add_path_parameters(json_t *parameters, const char *pattern)
{
    for (const char *open = strchr(pattern, '{'); open != NULL; open = strchr(open + 1, '{')) {
        char name[32];

        snprintf(name, sizeof(name), "%.*s", (int)strcspn(open + 1, "}"), open + 1);
        json_array_append_new(parameters, parameter("path", name, true, string_schema()));
    }
}

static bool knows_idempotency(const struct http_route *route)
{
    return route->method == HTTP_POST && route->roles != 0 && (route->flags & ROUTE_SESSION) == 0;
}

static bool needs_fresh(const struct http_route *route)
{
    bool needs = (route->flags & ROUTE_FRESH) != 0;

    for (const struct field *field = route->body; field != NULL && field->name != NULL; field++) {
        needs = needs || (field->flags & FIELD_SENSITIVE) != 0;
    }
    return needs;
}

static json_t *parameters_of(const struct http_route *route)
{
    json_t *parameters = json_array();

    add_path_parameters(parameters, route->pattern);
    for (const struct field *field = route->query; field != NULL && field->name != NULL; field++) {
        json_array_append_new(parameters,
                              parameter("query", field->name, (field->flags & FIELD_REQUIRED) != 0,
                                        field_schema(field)));
    }
    if ((route->flags & ROUTE_CONDITIONAL) != 0) {
        json_array_append_new(parameters, parameter("header", "If-Match", false, string_schema()));
    }
    if (knows_idempotency(route)) {
        json_array_append_new(parameters,
                              parameter("header", "Idempotency-Key", false, string_schema()));
    }
    return parameters;
}

/* ---- responses ----------------------------------------------------------------------------- */

static json_t *content(const char *type, json_t *schema)
{
    return json_pack("{s:{s:o}}", type, "schema", schema);
}

static json_t *reference_to(const char *name)
{
    return json_pack("{s:s+}", "$ref", SCHEMAS, name);
}

static json_t *page_schema(const char *object)
{
    return json_pack("{s:s, s:[s, s], s:{s:{s:s, s:o}, s:{s:[s, s]}}, s:b}", "type", "object",
                     "required", "items", "next", "properties", "items", "type", "array", "items",
                     reference_to(object), "next", "type", "string", "null", "additionalProperties",
                     false);
}

static json_t *success_of(const struct http_route *route)
{
    json_t *schema;

    if (route->answer == NULL) {
        schema = json_pack("{s:s}", "type", "object");
    } else if ((route->flags & ROUTE_LIST) != 0) {
        schema = page_schema(route->answer);
    } else {
        schema = reference_to(route->answer);
    }
    return json_pack("{s:s, s:o}", "description", "Done", "content",
                     content("application/json", schema));
}

/* Which refusals a route knows, beside those that all know. */
static bool may_refuse(const struct http_route *route, unsigned status)
{
    switch (status) {
    case 400: /* framing, or not JSON */
    case 413:
    case 421:
        return true;
    case 503:
        return (route->flags & ROUTE_ALONE) == 0;
    case 401:
        return route->roles != 0 || (route->flags & (ROUTE_COOKIE | ROUTE_PROOF)) != 0;
    case 403:
        return route->roles != 0 || (route->flags & ROUTE_COOKIE) != 0;
    case 404:
        return strchr(route->pattern, '{') != NULL || (route->flags & ROUTE_ABSENT) != 0;
    case 409:
        return (route->flags & ROUTE_CONFLICT) != 0;
    case 412:
        return (route->flags & ROUTE_CONDITIONAL) != 0;
    case 415:
        return route->body != NULL;
    case 422: /* an unknown query parameter, at least */
        return true;
    default: /* 405 is no operation's */
        return false;
    }
}

static bool knows_problem(const struct http_route *route, enum problem_type type)
{
    switch ((int)type) {
    case PROBLEM_IDEMPOTENCY_KEY_REUSED:
        return knows_idempotency(route);
    case PROBLEM_MALFORMED_JSON:
        return route->body != NULL;
    case PROBLEM_CSRF:
        return route->method != HTTP_GET;
    case PROBLEM_FORBIDDEN:
        return route->roles != 0;
    case PROBLEM_FRESH_SIGN_IN_REQUIRED:
        return needs_fresh(route);
    case PROBLEM_SECOND_FACTOR_REQUIRED:
        return route->roles != 0 && (route->flags & ROUTE_ENROL) == 0;
    case PROBLEM_CURRENT_FACTOR_REQUIRED:
        return (route->flags & ROUTE_FACTOR) != 0;
    default:
        return true;
    }
}

static json_t *problem_of(const struct http_route *route, unsigned status)
{
    json_t *types = json_array();
    const char *title = NULL;

    for (int number = 0; number < PROBLEM_COUNT; number++) {
        enum problem_type type = (enum problem_type)number;

        if (problem_status(type) == status && knows_problem(route, type)) {
            json_array_append_new(types, json_string(problem_word(type)));
            title = title != NULL ? title : problem_title(type);
        }
    }
    return json_pack("{s:s, s:o, s:o}", "description", title, "x-problems", types, "content",
                     content("application/problem+json", reference_to("problem")));
}

static json_t *responses_of(const struct http_route *route)
{
    json_t *responses = json_object();
    bool dry_run = route->query != NULL && field_find(route->query, "dry_run") != NULL;
    char status[16];

    if (route->created != 0) {
        snprintf(status, sizeof(status), "%u", route->created);
        json_object_set_new(responses, status, success_of(route));
    }
    if (route->created == 0 || dry_run) {
        json_object_set_new(responses, "200", success_of(route));
    }
    for (int type = 0; type < PROBLEM_COUNT; type++) {
        unsigned code = problem_status((enum problem_type)type);

        snprintf(status, sizeof(status), "%u", code);
        if (may_refuse(route, code) && json_object_get(responses, status) == NULL) {
            json_object_set_new(responses, status, problem_of(route, code));
        }
    }
    return responses;
}

/* ---- operations ---------------------------------------------------------------------------- */

/* What says who may: a machine makes the table of rights from it. */
static void add_rights(json_t *operation, const struct http_route *route)
{
    json_object_set_new(operation, "x-roles", rights_words(route->roles));
    json_object_set_new(operation, "x-fresh", json_boolean(route->flags & ROUTE_FRESH));
    json_object_set_new(operation, "x-enrol", json_boolean(route->flags & ROUTE_ENROL));
    if (route->roles == 0) {
        json_object_set_new(operation, "security", json_array());
        return;
    }
    if ((route->flags & ROUTE_NO_KEYS) == 0 && (route->flags & ROUTE_SESSION) == 0 &&
        route->resource != NULL) {
        json_object_set_new(
            operation, "x-right",
            json_sprintf("%s:%s", route->resource, route->method == HTTP_GET ? "read" : "write"));
    }
    if ((route->flags & ROUTE_SESSION) != 0) {
        json_object_set_new(operation, "x-session-only", json_true());
    }
}

static json_t *operation_of(const struct http_route *route)
{
    json_t *operation =
        json_pack("{s:s, s:s, s:o, s:o}", "operationId", route->name, "summary", route->summary,
                  "parameters", parameters_of(route), "responses", responses_of(route));

    add_rights(operation, route);
    if (route->body != NULL) {
        bool required = false;

        for (const struct field *field = route->body; field->name != NULL; field++) {
            required = required || (field->flags & FIELD_REQUIRED) != 0;
        }
        json_object_set_new(operation, "requestBody",
                            json_pack("{s:b, s:o}", "required", required, "content",
                                      content("application/json", fields_schema(route->body))));
    }
    return operation;
}

static json_t *paths_of(const struct http_route *routes)
{
    static const char *const methods[HTTP_METHODS] = {
        [HTTP_GET] = "get",     [HTTP_POST] = "post",     [HTTP_PUT] = "put",
        [HTTP_PATCH] = "patch", [HTTP_DELETE] = "delete",
    };
    json_t *paths = json_object();

    for (const struct http_route *route = routes; route->pattern != NULL; route++) {
        json_t *path = json_object_get(paths, route->pattern);

        if (path == NULL) {
            path = json_object();
            json_object_set_new(paths, route->pattern, path);
        }
        json_object_set_new(path, methods[route->method], operation_of(route));
    }
    return paths;
}

static json_t *components(void)
{
    json_t *schemas = json_object();

    for (const struct http_object *object = http_objects; object->name != NULL; object++) {
        json_object_set_new(schemas, object->name, object_schema(object));
    }
    return json_pack("{s:o, s:{s:{s:s, s:s, s:s}, s:{s:s, s:s}}}", "schemas", schemas,
                     "securitySchemes", "session", "type", "apiKey", "in", "cookie", "name",
                     "__Host-authd", "apiKey", "type", "http", "scheme", "bearer");
}

json_t *openapi_document(const struct http_route *routes)
{
    return json_pack("{s:s, s:{s:s, s:s, s:s}, s:[{s:[]}, {s:[]}, {}], s:o, s:o}", "openapi",
                     "3.1.0", "info", "title", "authd", "version", "1", "description",
                     "Roles, sign-in and conventions are in docs/api.md.", "security", "session",
                     "apiKey", "paths", paths_of(routes), "components", components());
}
