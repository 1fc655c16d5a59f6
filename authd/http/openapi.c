#include "http/openapi.h"

#include <stdio.h>

#include "http/caller_rights.h"
#include "http/openapi_schema.h"
#include "http/problem.h"

/* The chapters of the document. Each operation belongs to one. */
static const struct {
    const char *name;
    const char *description;
} tags[] = {
    {"sign-in", "Sessions of browsers: signing in and out, and who calls."},
    {"users", "Users and the addresses that they may send as."},
    {"passwords", "Main passwords, and links that reset them."},
    {"app-passwords", "App passwords, one for each device or program of a user."},
    {"totp", "Second factors: authenticator apps, recovery codes and enrolment tickets."},
    {"sessions", "Where users are signed in."},
    {"scopes", "Sending scopes of users, domains, classes and the site."},
    {"domains", "Mail domains."},
    {"classes", "Classes of users, for whom one sending scope holds."},
    {"import", "Many users at once."},
    {"audit", "What was changed, and who logged in."},
    {"api-keys", "Keys of programs that call the API. No API key reaches these operations."},
    {"keys", "Keys that are kept outside the database."},
    {"site", "What users and programs need to know of the site."},
    {"service", "Whether authd runs, and this document."},
};

/* ---- parameters ---------------------------------------------------------------------------- */

static json_t *parameter(const char *in, const char *name, bool required, const char *description,
                         json_t *schema)
{
    return json_pack("{s:s, s:s, s:b, s:s?, s:o}", "in", in, "name", name, "required", required,
                     "description", description, "schema", schema);
}

static json_t *string_schema(void)
{
    return json_pack("{s:s}", "type", "string");
}

static const char *path_description(const char *name)
{
    static const char *const descriptions[][2] = {
        {"user", "A login, the id of a user, or `me` for the caller."},
        {"domain", "The name of a domain."},
        {"class", "The name of a class."},
        {"id", "The id of the object, as the list of its siblings has it."},
        {"purpose", "The purpose of the key: `encryption` or `pepper`."},
    };

    for (size_t i = 0; i < sizeof(descriptions) / sizeof(descriptions[0]); i++) {
        if (strcmp(descriptions[i][0], name) == 0) {
            return descriptions[i][1];
        }
    }
    return NULL;
}

static void add_path_parameters(json_t *parameters, const char *pattern)
{
    for (const char *open = strchr(pattern, '{'); open != NULL; open = strchr(open + 1, '{')) {
        char name[32];

        snprintf(name, sizeof(name), "%.*s", (int)strcspn(open + 1, "}"), open + 1);
        json_array_append_new(
            parameters, parameter("path", name, true, path_description(name), string_schema()));
    }
}

static bool knows_idempotency(const struct http_route *route)
{
    return route->method == HTTP_POST && route->roles != 0 && (route->flags & ROUTE_SESSION) == 0;
}

static bool needs_fresh(const struct http_route *route)
{
    bool needs = (route->flags & ROUTE_FRESH) != 0;

    for (const struct request_member *member = route->body; member != NULL && member->name != NULL;
         member++) {
        needs = needs || (member->flags & REQUEST_SENSITIVE) != 0;
    }
    return needs || (route->flags & ROUTE_WIDENS) != 0;
}

static void add_query_parameters(json_t *parameters, const struct http_route *route)
{
    for (const struct request_member *member = route->query; member != NULL && member->name != NULL;
         member++) {
        json_array_append_new(parameters, parameter("query", member->name,
                                                    (member->flags & REQUEST_REQUIRED) != 0,
                                                    openapi_description(member, route->answer),
                                                    openapi_request_member(member)));
    }
}

static json_t *parameters_of(const struct http_route *route)
{
    json_t *parameters = json_array();

    add_path_parameters(parameters, route->pattern);
    add_query_parameters(parameters, route);
    if ((route->flags & ROUTE_CONDITIONAL) != 0) {
        json_array_append_new(
            parameters,
            parameter("header", "If-Match", false,
                      "The ETag of the object: an object that has changed since is left alone.",
                      string_schema()));
    }
    if (knows_idempotency(route)) {
        json_array_append_new(
            parameters,
            parameter(
                "header", "Idempotency-Key", false,
                "The same request under the same key gets the first answer again, for a day. A "
                "key is 1 to 255 visible ASCII characters, alone or in quotes (a string of "
                "RFC 8941 without parameters).",
                string_schema()));
    }
    return parameters;
}

/* ---- responses ----------------------------------------------------------------------------- */

static json_t *content(const char *type, json_t *schema)
{
    return json_pack("{s:{s:o}}", type, "schema", schema);
}

static json_t *page_schema(const struct response_schema *item)
{
    return json_pack("{s:s, s:[s, s], s:{s:{s:s, s:s, s:o}, s:{s:[s, s], s:s}}, s:b}", "type",
                     "object", "required", "items", "next", "properties", "items", "type", "array",
                     "description", "The items of the page.", "items", openapi_reference(item),
                     "next", "type", "string", "null", "description",
                     "The `cursor` of the next page; null: this page is the last.",
                     "additionalProperties", false);
}

static json_t *success_of(const struct http_route *route, const char *description)
{
    const char *media = route->media != NULL ? route->media : "application/json";
    json_t *schema;

    if (route->media != NULL) {
        schema = string_schema();
    } else if (route->answer == NULL) {
        schema = json_pack("{s:s}", "type", "object");
    } else if ((route->flags & ROUTE_LIST) != 0) {
        schema = page_schema(route->answer);
    } else {
        schema = openapi_reference(route->answer);
    }
    return json_pack("{s:s, s:o}", "description", description, "content", content(media, schema));
}

/* Whether a route may answer this status of a refusal. */
static bool may_refuse(const struct http_route *route, unsigned status)
{
    switch (status) {
    case 400: /* wrong framing, or a body that is not JSON */
    case 413:
        return true;
    case 421:
        return (route->flags & ROUTE_ANY_HOST) == 0;
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
    case 429:
        return (route->flags & ROUTE_LIMITED) != 0;
    case 422: /* an unknown query parameter, at least */
        return true;
    default: /* 405 belongs to a path, 414, 431 and 505 to any request; none to an operation */
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

/* "forbidden: Not allowed. csrf: Sent by another site." */
static json_t *sentence_add(json_t *text, enum problem_type type)
{
    const char *before = json_string_value(text);
    json_t *longer = json_sprintf("%s%s%s: %s.", before, before[0] != '\0' ? " " : "",
                                  problem_word(type), problem_title(type));

    json_decref(text);
    return longer;
}

static json_t *problem_of(const struct http_route *route, unsigned status)
{
    json_t *types = json_array();
    json_t *description = json_string("");

    for (int number = 0; number < PROBLEM_COUNT; number++) {
        enum problem_type type = (enum problem_type)number;

        if (problem_status(type) == status && knows_problem(route, type)) {
            json_array_append_new(types, json_string(problem_word(type)));
            description = sentence_add(description, type);
        }
    }
    return json_pack("{s:o, s:o, s:o}", "description", description, "x-problems", types, "content",
                     content("application/problem+json", openapi_reference(&response_problem)));
}

static void add_successes(json_t *responses, const struct http_route *route)
{
    bool dry_run = route->query != NULL && request_schema_find(route->query, "dry_run") != NULL;
    const char *meaning = route->answer != NULL ? route->answer->meaning : route->description;
    char status[16];

    if (route->created != 0) {
        snprintf(status, sizeof(status), "%u", route->created);
        json_object_set_new(responses, status, success_of(route, meaning));
    }
    if (route->created == 0 || dry_run) {
        json_object_set_new(
            responses, "200",
            success_of(route, route->created == 0 ? meaning : "The answer to a dry run."));
    }
}

static json_t *responses_of(const struct http_route *route)
{
    json_t *responses = json_object();
    char status[16];

    add_successes(responses, route);
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

/* Who may, for programs: tests make the table of rights from these members. */
static void add_rights(json_t *operation, const struct http_route *route)
{
    json_object_set_new(operation, "x-roles", caller_rights_words(route->roles));
    json_object_set_new(operation, "x-fresh", json_boolean(route->flags & ROUTE_FRESH));
    json_object_set_new(operation, "x-enrol", json_boolean(route->flags & ROUTE_ENROL));
    if (route->roles == 0) {
        json_object_set_new(operation, "security", json_array());
        return;
    }
    if (caller_rights_keys(route)) {
        json_object_set_new(operation, "x-rights",
                            resource_rights(route->resources, route->method != HTTP_GET));
    } else {
        json_object_set_new(operation, "x-no-api-keys", json_true());
    }
    if ((route->flags & ROUTE_SESSION) != 0) {
        json_object_set_new(operation, "x-session-only", json_true());
    }
}

static json_t *body_of(const struct http_route *route)
{
    bool required = false;

    for (const struct request_member *member = route->body; member->name != NULL; member++) {
        required = required || (member->flags & REQUEST_REQUIRED) != 0;
    }
    return json_pack("{s:b, s:o}", "required", required, "content",
                     content("application/json", openapi_request(route->body, route->answer)));
}

static json_t *operation_of(const struct http_route *route)
{
    json_t *operation =
        json_pack("{s:s, s:s, s:s, s:[s], s:o, s:o}", "operationId", route->name, "summary",
                  route->summary, "description", route->description, "tags",
                  route->tag != NULL ? route->tag : resource_word(route->resources), "parameters",
                  parameters_of(route), "responses", responses_of(route));

    add_rights(operation, route);
    if (route->body != NULL) {
        json_object_set_new(operation, "requestBody", body_of(route));
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

/* ---- the document -------------------------------------------------------------------------- */

static json_t *components(void)
{
    json_t *schemas = json_object();

    for (size_t i = 0; response_schemas[i] != NULL; i++) {
        json_object_set_new(schemas, response_schemas[i]->name,
                            openapi_response(response_schemas[i]));
    }
    return json_pack("{s:o, s:{s:{s:s, s:s, s:s, s:s}, s:{s:s, s:s, s:s}}}", "schemas", schemas,
                     "securitySchemes", "session", "type", "apiKey", "in", "cookie", "name",
                     "__Host-authd", "description", "The cookie that a sign-in sets.", "apiKey",
                     "type", "http", "scheme", "bearer", "description",
                     "An API key, narrowed by its own rights and domains.");
}

static json_t *info(void)
{
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:{s:s}, s:{s:s, s:s}}", "title", "authd", "version", "1", "summary",
        "Users, credentials and sending scopes of a mail service.", "description",
        "The management API of authd, the service behind SMTP AUTH. Roles, sign-in and conventions "
        "are in docs/api.md.",
        "contact", "name", "the authd maintainers", "license", "name", "MIT", "identifier", "MIT");
}

static json_t *tag_list(void)
{
    json_t *list = json_array();

    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        json_array_append_new(list, json_pack("{s:s, s:s}", "name", tags[i].name, "description",
                                              tags[i].description));
    }
    return list;
}

json_t *openapi_document(const struct http_route *routes)
{
    return json_pack("{s:s, s:o, s:[{s:s, s:s}], s:o, s:[{s:[]}, {s:[]}, {}], s:o, s:o}", "openapi",
                     "3.1.0", "info", info(), "servers", "url", "/", "description",
                     "The server that answered this document.", "tags", tag_list(), "security",
                     "session", "apiKey", "paths", paths_of(routes), "components", components());
}
