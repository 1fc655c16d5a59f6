#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "http/openapi.h"
#include "http/openapi_schema.h"

static json_t *document;

/* A description is a sentence or more. */
static void has_description(const json_t *object, const char *where)
{
    const char *text = json_string_value(json_object_get(object, "description"));

    if (text == NULL || strlen(text) < 5 || strchr(".?", text[strlen(text) - 1]) == NULL) {
        fail_msg("%s: description %s", where, text != NULL ? text : "missing");
    }
}

static void check_properties(const json_t *schema, const char *where);

/* Schemas stand within schemas as items, choices and properties. */
static void check_schema(const json_t *schema, const char *where)
{
    size_t i;
    json_t *choice;

    if (schema == NULL) {
        return;
    }
    check_properties(schema, where);
    check_schema(json_object_get(schema, "items"), where);
    json_array_foreach(json_object_get(schema, "anyOf"), i, choice)
    {
        check_schema(choice, where);
    }
}

static void check_properties(const json_t *schema, const char *where)
{
    const char *name;
    json_t *property;

    json_object_foreach(json_object_get(schema, "properties"), name, property)
    {
        char path[256];

        snprintf(path, sizeof(path), "%s.%s", where, name);
        has_description(property, path);
        check_schema(property, path);
    }
}

static void check_content(const json_t *message, const char *where)
{
    const char *type;
    json_t *content;

    json_object_foreach(json_object_get(message, "content"), type, content)
    {
        check_schema(json_object_get(content, "schema"), where);
    }
}

static json_t *declared_tag(const char *name)
{
    size_t i;
    json_t *tag;

    json_array_foreach(json_object_get(document, "tags"), i, tag)
    {
        if (strcmp(json_string_value(json_object_get(tag, "name")), name) == 0) {
            return tag;
        }
    }
    fail_msg("the tag %s is not declared", name);
    return NULL;
}

static void check_operation(const json_t *operation, const char *where)
{
    const json_t *names = json_object_get(operation, "tags");
    const char *status;
    json_t *response;
    size_t i;
    json_t *parameter;

    assert_true(strlen(json_string_value(json_object_get(operation, "operationId"))) > 0);
    assert_true(strlen(json_string_value(json_object_get(operation, "summary"))) > 0);
    has_description(operation, where);
    assert_int_equal(json_array_size(names), 1);
    json_object_set_new(declared_tag(json_string_value(json_array_get(names, 0))), "used",
                        json_true());
    json_array_foreach(json_object_get(operation, "parameters"), i, parameter)
    {
        has_description(parameter, json_string_value(json_object_get(parameter, "name")));
    }
    check_content(json_object_get(operation, "requestBody"), where);
    json_object_foreach(json_object_get(operation, "responses"), status, response)
    {
        has_description(response, where);
        check_content(response, where);
    }
}

static void test_operations(void **state)
{
    const char *pattern;
    json_t *path;
    size_t count = 0;
    size_t i;
    json_t *tag;

    (void)state;
    json_object_foreach(json_object_get(document, "paths"), pattern, path)
    {
        const char *method;
        json_t *operation;

        json_object_foreach(path, method, operation)
        {
            check_operation(operation,
                            json_string_value(json_object_get(operation, "operationId")));
            count++;
        }
    }
    assert_true(count > 50);
    json_array_foreach(json_object_get(document, "tags"), i, tag)
    {
        has_description(tag, json_string_value(json_object_get(tag, "name")));
        assert_true(json_is_true(json_object_get(tag, "used")));
    }
}

static void test_schemas(void **state)
{
    const char *name;
    json_t *schema;

    (void)state;
    json_object_foreach(json_object_get(json_object_get(document, "components"), "schemas"), name,
                        schema)
    {
        has_description(schema, name);
        check_schema(schema, name);
    }
}

static void test_head(void **state)
{
    const json_t *info = json_object_get(document, "info");

    (void)state;
    has_description(info, "info");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(info, "license"), "identifier")), "MIT");
    assert_int_equal(json_array_size(json_object_get(document, "servers")), 1);
}

/* A request and an answer that mean the same share the sentence. */
static void test_description(void **state)
{
    static const struct request_member own = {.name = "role", .description = "Only this role."};
    static const struct request_member same = {.name = "role"};
    static const struct request_member unknown = {.name = "nothing"};

    (void)state;
    assert_string_equal(openapi_description(&own, &response_user), "Only this role.");
    assert_string_equal(openapi_description(&same, &response_user), "The role of the user.");
    assert_null(openapi_description(&unknown, &response_user));
    assert_null(openapi_description(&same, NULL));
}

/* What the description says of the bounds of a request. */
static void test_bounds(void **state)
{
    static const struct request_member members[] = {
        {.name = "text", .min = 2, .max = 5, .octets = 9, .pattern = "^x$"},
        {.name = "list",
         .type = REQUEST_TEXTS,
         .min = 1,
         .max = 7,
         .item_max = 5,
         .pattern = "^x$"},
        {.name = "number", .type = REQUEST_INTEGER, .min = 6, .max = 8, .step = 2},
        {.name = "time", .type = REQUEST_TIME, .pattern = "^x$"},
        {.name = "object", .type = REQUEST_OBJECT, .min = 1},
    };
    static const char *const expected[] = {
        "{\"maxLength\":5,\"minLength\":2,\"pattern\":\"^x$\",\"type\":\"string\","
        "\"x-max-octets\":9}",
        "{\"items\":{\"maxLength\":5,\"minLength\":1,\"pattern\":\"^x$\",\"type\":\"string\"},"
        "\"maxItems\":7,\"minItems\":1,\"type\":\"array\"}",
        "{\"maximum\":8,\"minimum\":6,\"multipleOf\":2,\"type\":\"integer\"}",
        "{\"format\":\"date-time\",\"pattern\":\"^x$\",\"type\":\"string\"}",
        "{\"minProperties\":1,\"type\":\"object\"}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        json_t *schema = openapi_request_member(&members[i]);
        char *text = json_dumps(schema, JSON_COMPACT | JSON_SORT_KEYS);

        assert_string_equal(text, expected[i]);
        free(text);
        json_decref(schema);
    }
}

static int setup(void **state)
{
    (void)state;
    document = openapi_document(http_routes);
    return document == NULL;
}

static int teardown(void **state)
{
    (void)state;
    json_decref(document);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operations), cmocka_unit_test(test_schemas),
        cmocka_unit_test(test_head),       cmocka_unit_test(test_description),
        cmocka_unit_test(test_bounds),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
