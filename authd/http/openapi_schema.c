#include "http/openapi_schema.h"

#include "http/caller_rights.h"

#define SCHEMAS "#/components/schemas/"

static json_t *type_schema(const char *type)
{
    return json_pack("{s:s}", "type", type);
}

static json_t *time_schema(void)
{
    return json_pack("{s:s, s:s}", "type", "string", "format", "date-time");
}

static json_t *nullable(json_t *schema)
{
    return json_pack("{s:[o, o]}", "anyOf", schema, type_schema("null"));
}

static void add_words(json_t *schema, const char *const *words)
{
    json_t *list = json_array();

    if (words == NULL) {
        json_decref(list);
        return;
    }
    for (; *words != NULL; words++) {
        json_array_append_new(list, json_string(*words));
    }
    json_object_set_new(schema, "enum", list);
}

static json_t *text_schema(const char *const *words)
{
    json_t *schema = type_schema("string");

    add_words(schema, words);
    return schema;
}

static void add_description(json_t *schema, const char *description)
{
    if (description != NULL) {
        json_object_set_new(schema, "description", json_string(description));
    }
}

/* ---- answers ------------------------------------------------------------------------------- */

json_t *openapi_reference(const struct response_schema *schema)
{
    return json_pack("{s:s+}", "$ref", SCHEMAS, schema->name);
}

static json_t *member_shape(const struct response_member *member)
{
    return member->schema != NULL ? openapi_reference(member->schema) : type_schema("object");
}

static json_t *list_of(json_t *items)
{
    return json_pack("{s:s, s:o}", "type", "array", "items", items);
}

static json_t *member_type(const struct response_member *member)
{
    switch (member->type) {
    case RESPONSE_TEXT:
        return text_schema(member->words);
    case RESPONSE_BOOLEAN:
        return type_schema("boolean");
    case RESPONSE_INTEGER:
        return type_schema("integer");
    case RESPONSE_TIME:
        return time_schema();
    case RESPONSE_TEXTS:
        return list_of(text_schema(member->words));
    case RESPONSE_OBJECT:
        return member_shape(member);
    case RESPONSE_OBJECTS:
        return list_of(member_shape(member));
    }
    return json_object();
}

static json_t *member_schema(const struct response_member *member)
{
    json_t *schema = member_type(member);

    if ((member->flags & RESPONSE_NULLABLE) != 0) {
        schema = nullable(schema);
    }
    add_description(schema, member->meaning);
    return schema;
}

json_t *openapi_response(const struct response_schema *schema)
{
    json_t *properties = json_object();
    json_t *required = json_array();

    if (schema->members == NULL) {
        json_decref(properties);
        json_decref(required);
        return json_pack("{s:s, s:s}", "type", "string", "description", schema->meaning);
    }
    for (const struct response_member *member = schema->members; member->name != NULL; member++) {
        json_object_set_new(properties, member->name, member_schema(member));
        if ((member->flags & RESPONSE_SOMETIMES) == 0) {
            json_array_append_new(required, json_string(member->name));
        }
    }
    return json_pack("{s:s, s:s, s:o, s:o, s:b}", "type", "object", "description", schema->meaning,
                     "required", required, "properties", properties, "additionalProperties", false);
}

/* ---- requests ------------------------------------------------------------------------------ */

const char *openapi_description(const struct request_member *member,
                                const struct response_schema *answer)
{
    const struct response_member *same =
        answer != NULL ? response_member(answer, member->name) : NULL;

    if (member->description != NULL) {
        return member->description;
    }
    return same != NULL ? same->meaning : NULL;
}

/* x-max-octets stands beside maxLength where the server counts octets of UTF-8, too: JSON Schema
 * has no word for such a bound. */
static json_t *text_of_length(const struct request_member *member, long min, long max)
{
    json_t *schema =
        json_pack("{s:s, s:I, s:I, s:s*}", "type", "string", "minLength", (json_int_t)min,
                  "maxLength", (json_int_t)max, "pattern", member->pattern);

    if (member->octets > 0) {
        json_object_set_new(schema, "x-max-octets", json_integer(member->octets));
    }
    return schema;
}

static json_t *text_member_schema(const struct request_member *member)
{
    json_t *schema = member->words == NULL ? text_of_length(member, member->min, member->max)
                                           : type_schema("string");

    add_words(schema, member->words);
    return schema;
}

static json_t *integer_member_schema(const struct request_member *member)
{
    json_t *schema = json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum",
                               (json_int_t)member->min, "maximum", (json_int_t)member->max);

    if (member->step > 0) {
        json_object_set_new(schema, "multipleOf", json_integer(member->step));
    }
    return schema;
}

static json_t *time_member_schema(const struct request_member *member)
{
    json_t *schema = time_schema();

    if (member->pattern != NULL) {
        json_object_set_new(schema, "pattern", json_string(member->pattern));
    }
    return schema;
}

static json_t *object_member_schema(const struct request_member *member)
{
    json_t *schema =
        member->members != NULL ? openapi_request(member->members, NULL) : type_schema("object");

    if (member->type == REQUEST_OBJECT && member->min > 0) {
        json_object_set_new(schema, "minProperties", json_integer(member->min));
    }
    return schema;
}

static json_t *list_member_schema(const struct request_member *member, json_t *items)
{
    return json_pack("{s:s, s:I, s:I, s:o}", "type", "array", "minItems", (json_int_t)member->min,
                     "maxItems", (json_int_t)member->max, "items", items);
}

static json_t *request_type(const struct request_member *member)
{
    switch (member->type) {
    case REQUEST_TEXT:
        return text_member_schema(member);
    case REQUEST_BOOLEAN:
        return type_schema("boolean");
    case REQUEST_INTEGER:
        return integer_member_schema(member);
    case REQUEST_TEXTS:
        return list_member_schema(member, text_of_length(member, 1, member->item_max));
    case REQUEST_TIME:
        return time_member_schema(member);
    case REQUEST_OBJECT:
        return object_member_schema(member);
    case REQUEST_OBJECTS:
        return list_member_schema(member, object_member_schema(member));
    }
    return json_object();
}

json_t *openapi_request_member(const struct request_member *member)
{
    json_t *schema = request_type(member);

    if ((member->flags & REQUEST_NULLABLE) != 0) {
        schema = nullable(schema);
    }
    if ((member->flags & REQUEST_SENSITIVE) != 0) {
        json_object_set_new(schema, "x-fresh", json_true());
    }
    if (member->roles != 0) {
        json_object_set_new(schema, "x-roles", caller_rights_words(member->roles));
    }
    if (member->resources != 0) {
        json_object_set_new(schema, "x-rights", resource_rights(member->resources, true));
    }
    if ((member->flags & REQUEST_NO_KEYS) != 0) {
        json_object_set_new(schema, "x-no-api-keys", json_true());
    }
    return schema;
}

json_t *openapi_request(const struct request_member *members, const struct response_schema *answer)
{
    json_t *properties = json_object();
    json_t *required = json_array();
    json_t *schema;

    for (const struct request_member *member = members; member->name != NULL; member++) {
        json_t *property = openapi_request_member(member);

        add_description(property, openapi_description(member, answer));
        json_object_set_new(properties, member->name, property);
        if ((member->flags & REQUEST_REQUIRED) != 0) {
            json_array_append_new(required, json_string(member->name));
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
