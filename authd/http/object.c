#include "http/object.h"

#include <stdbool.h>
#include <string.h>

#define REFERENCE "#/components/schemas/"

const struct http_object *object_find(const char *name)
{
    for (const struct http_object *object = http_objects; object->name != NULL; object++) {
        if (strcmp(object->name, name) == 0) {
            return object;
        }
    }
    return NULL;
}

static json_t *type_schema(const char *type)
{
    return json_pack("{s:s}", "type", type);
}

static json_t *shape_schema(const struct member *member)
{
    return member->object != NULL ? json_pack("{s:s+}", "$ref", REFERENCE, member->object)
                                  : type_schema("object");
}

static json_t *text_schema(const struct member *member)
{
    json_t *schema = type_schema("string");

    if (member->words != NULL) {
        json_t *words = json_array();

        for (const char *const *word = member->words; *word != NULL; word++) {
            json_array_append_new(words, json_string(*word));
        }
        json_object_set_new(schema, "enum", words);
    }
    return schema;
}

static json_t *bare_schema(const struct member *member)
{
    switch (member->type) {
    case MEMBER_TEXT:
        return text_schema(member);
    case MEMBER_BOOLEAN:
        return type_schema("boolean");
    case MEMBER_INTEGER:
        return type_schema("integer");
    case MEMBER_TIME:
        return json_pack("{s:s, s:s}", "type", "string", "format", "date-time");
    case MEMBER_TEXTS:
        return json_pack("{s:s, s:o}", "type", "array", "items", type_schema("string"));
    case MEMBER_OBJECT:
        return shape_schema(member);
    case MEMBER_OBJECTS:
        return json_pack("{s:s, s:o}", "type", "array", "items", shape_schema(member));
    }
    return json_object();
}

static json_t *member_schema(const struct member *member)
{
    json_t *schema = bare_schema(member);

    if ((member->flags & MEMBER_NULLABLE) == 0) {
        return schema;
    }
    return json_pack("{s:[o, o]}", "anyOf", schema, type_schema("null"));
}

json_t *object_schema(const struct http_object *object)
{
    json_t *properties = json_object();
    json_t *required = json_array();

    if (object->members == NULL) {
        json_decref(properties);
        json_decref(required);
        return type_schema("string");
    }
    for (const struct member *member = object->members; member->name != NULL; member++) {
        json_object_set_new(properties, member->name, member_schema(member));
        if ((member->flags & MEMBER_SOMETIMES) == 0) {
            json_array_append_new(required, json_string(member->name));
        }
    }
    return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "required", required, "properties",
                     properties, "additionalProperties", false);
}
