#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "http/problem.h"
#include "http/request_schema.h"

static const char *const colours[] = {"red", "green", NULL};

static const struct request_member members[] = {
    {.name = "a", .flags = REQUEST_REQUIRED, .min = 1, .max = 5},
    {.name = "b", .type = REQUEST_INTEGER, .min = 0, .max = 1},
    {0},
};

static const struct request_member fields[] = {
    {.name = "name", .flags = REQUEST_REQUIRED, .min = 1, .max = 5},
    {.name = "colour", .argument = "color", .min = 1, .max = 10, .words = colours},
    {.name = "note", .flags = REQUEST_NULLABLE, .min = 1, .max = 5},
    {.name = "on", .type = REQUEST_BOOLEAN},
    {.name = "count", .type = REQUEST_INTEGER, .min = 1, .max = 10},
    {.name = "list", .type = REQUEST_TEXTS, .max = 2, .item_max = 3},
    {.name = "at", .type = REQUEST_TIME},
    {.name = "one", .type = REQUEST_OBJECT, .members = members},
    {.name = "any", .type = REQUEST_OBJECT},
    {.name = "rows", .type = REQUEST_OBJECTS, .min = 1, .max = 2, .members = members},
    {.name = "secret", .min = 1, .max = 5, .octets = 5},
    {.name = "even", .type = REQUEST_INTEGER, .min = 6, .max = 10, .step = 2},
    {.name = "some", .type = REQUEST_OBJECT, .min = 1},
    {.name = "document", .type = REQUEST_OBJECT, .flags = REQUEST_DESCRIBED, .members = members},
    {0},
};

static json_t *errors_of(const char *text)
{
    json_t *object = json_loads(text, 0, NULL);
    json_t *errors = json_array();

    assert_non_null(object);
    json_decref(request_schema_check(fields, object, errors));
    json_decref(object);
    return errors;
}

/* Bounds are characters, as the description counts them; a document is checked elsewhere. */
static void test_characters(void **state)
{
    json_t *errors = errors_of("{\"name\":\"\u00e4\u00e4\u00e4\u00e4\U0001f511\",\"secret\":"
                               "\"\u00e4\u00e4a\",\"list\":[\"\u00e4\u00e4\u00e4\"],\"even\":8,"
                               "\"some\":{\"x\":1},\"document\":{\"x\":1}}");

    (void)state;
    assert_int_equal(json_array_size(errors), 0);
    json_decref(errors);
}

static void test_good(void **state)
{
    json_t *errors = json_array();
    json_t *object = json_loads("{\"name\":\"a\",\"colour\":\"red\",\"note\":null,\"on\":true,"
                                "\"count\":10,\"list\":[\"a\",\"b\"]}",
                                0, NULL);
    json_t *arguments = request_schema_check(fields, object, errors);

    (void)state;
    assert_int_equal(json_array_size(errors), 0);
    assert_int_equal(json_object_size(arguments), 6);
    assert_string_equal(json_string_value(json_object_get(arguments, "color")), "red");
    assert_true(json_is_null(json_object_get(arguments, "note")));
    json_decref(errors);
    json_decref(object);
    json_decref(arguments);
}

static void test_flaws(void **state)
{
    static const struct {
        const char *body;
        const char *field;
        const char *detail;
    } cases[] = {
        {"{}", "name", "is missing"},
        {"{\"name\":null}", "name", "is not a text"},
        {"{\"name\":1}", "name", "is not a text"},
        {"{\"name\":\"\"}", "name", "is empty"},
        {"{\"name\":\"123456\"}", "name", "is longer than 5 characters"},
        {"{\"name\":\"a\",\"color\":\"red\"}", "color",
         "is unknown; this takes name, colour, note, on, count, list, at, one, any, rows, secret, "
         "even, some, document"},
        {"{\"name\":\"\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\"}", "name",
         "is longer than 5 characters"},
        {"{\"name\":\"a\",\"secret\":\"\u00e4\u00e4\u00e4\"}", "secret", "is longer than 5 octets"},
        {"{\"name\":\"a\",\"list\":[\"a\",\"\"]}", "list[1]", "is empty"},
        {"{\"name\":\"a\",\"list\":[\"abcd\"]}", "list[0]", "is longer than 3 characters"},
        {"{\"name\":\"a\",\"even\":7}", "even", "is not a multiple of 2"},
        {"{\"name\":\"a\",\"some\":{}}", "some", "has fewer than 1 members"},
        {"{\"name\":\"a\",\"document\":[]}", "document", "is not an object"},
        {"{\"name\":\"a\",\"colour\":\"blue\"}", "colour", "is not one of red, green"},
        {"{\"name\":\"a\",\"on\":\"true\"}", "on", "is neither true nor false"},
        {"{\"name\":\"a\",\"count\":0}", "count", "is not between 1 and 10"},
        {"{\"name\":\"a\",\"count\":11}", "count", "is not between 1 and 10"},
        {"{\"name\":\"a\",\"count\":1.5}", "count", "is not a whole number"},
        {"{\"name\":\"a\",\"list\":\"x\"}", "list", "is not a list"},
        {"{\"name\":\"a\",\"list\":[\"a\",\"b\",\"c\"]}", "list", "does not have 0 to 2 items"},
        {"{\"name\":\"a\",\"list\":[\"a\",1]}", "list[1]", "is not a text"},
        {"{\"name\":{\"name\":\"a\"}}", "name", "is not a text"},
        {"{\"name\":\"a\",\"one\":[]}", "one", "is not an object"},
        {"{\"name\":\"a\",\"one\":{}}", "one.a", "is missing"},
        {"{\"name\":\"a\",\"one\":{\"a\":\"x\",\"c\":1}}", "one.c", "is unknown; this takes a, b"},
        {"{\"name\":\"a\",\"any\":\"x\"}", "any", "is not an object"},
        {"{\"name\":\"a\",\"rows\":[]}", "rows", "does not have 1 to 2 items"},
        {"{\"name\":\"a\",\"rows\":[{\"a\":\"x\"},{\"a\":\"x\",\"b\":2}]}", "rows[1].b",
         "is not between 0 and 1"},
        {"{\"name\":\"a\",\"rows\":[1]}", "rows[0]", "is not an object"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *errors = errors_of(cases[i].body);
        const json_t *error = json_array_get(errors, 0);

        assert_int_equal(json_array_size(errors), 1);
        assert_string_equal(json_string_value(json_object_get(error, "field")), cases[i].field);
        assert_string_equal(json_string_value(json_object_get(error, "detail")), cases[i].detail);
        json_decref(errors);
    }
}

static void test_many_flaws(void **state)
{
    struct arena *arena = arena_create();
    json_t *errors = errors_of("{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,"
                               "\"i\":1,\"j\":1,\"k\":1,\"l\":1}");

    (void)state;
    assert_int_equal(json_array_size(errors), 10);

    const struct problem *problem = request_schema_problem(errors, arena);

    assert_int_equal(problem->type, PROBLEM_INVALID);
    assert_string_equal(problem->detail,
                        "a is unknown; this takes name, colour, note, on, count, list, at, one, "
                        "any, rows, secret, even, some, document, and 9 more");
    assert_ptr_equal(problem->errors, errors);
    json_decref(problem->errors);

    problem = request_schema_problem(errors_of("{}"), arena);
    assert_string_equal(problem->detail, "name is missing");
    json_decref(problem->errors);
    assert_null(request_schema_problem(json_array(), arena));
    arena_destroy(arena);
}

static void test_query(void **state)
{
    struct arena *arena = arena_create();
    struct uri uri;

    (void)state;
    assert_null(uri_parse(&uri, "/?name=5&on=true&count=7", arena));

    json_t *object = request_schema_query(fields, &uri);

    assert_true(json_is_string(json_object_get(object, "name")));
    assert_true(json_is_true(json_object_get(object, "on")));
    assert_int_equal(json_integer_value(json_object_get(object, "count")), 7);
    json_decref(object);

    /* A value that cannot be read as its type stays a text, which request_schema_check refuses. */
    assert_null(uri_parse(&uri, "/?on=yes&count=-7&x=1", arena));
    object = request_schema_query(fields, &uri);
    assert_true(json_is_string(json_object_get(object, "on")));
    assert_true(json_is_string(json_object_get(object, "count")));
    assert_true(json_is_string(json_object_get(object, "x")));
    json_decref(object);
    assert_null(uri_parse(&uri, "/?count=7x", arena));
    object = request_schema_query(fields, &uri);
    assert_true(json_is_string(json_object_get(object, "count")));
    json_decref(object);
    arena_destroy(arena);
}

static void test_problem(void **state)
{
    json_t *errors = errors_of("{}");
    json_t *json = problem_json(&(struct problem){.type = PROBLEM_INVALID,
                                                  .detail = "name is missing",
                                                  .reference = "abcdefghij",
                                                  .errors = errors});
    char *text = json_dumps(json, JSON_COMPACT);

    (void)state;
    assert_string_equal(text, "{\"type\":\"invalid\",\"title\":\"A value is not accepted\","
                              "\"status\":422,\"detail\":\"name is missing\","
                              "\"reference\":\"abcdefghij\","
                              "\"errors\":[{\"field\":\"name\",\"detail\":\"is missing\"}]}");
    assert_int_equal(problem_status(PROBLEM_INVALID), 422);
    free(text);
    json_decref(json);
    json_decref(errors);

    json = problem_json(
        &(struct problem){.type = PROBLEM_NOT_FOUND, .detail = "d", .hint = "h", .reference = "r"});
    assert_null(json_object_get(json, "errors"));
    assert_string_equal(json_string_value(json_object_get(json, "hint")), "h");
    json_decref(json);
}

static void test_times(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        {"2026-12-31T23:59:59Z", true},
        {"2028-02-29t00:00:00.123456+14:00", true},
        {"2026-01-01T00:00:00-03:30", true},
        {"2026-12-31", false},
        {"2026-12-31T23:59:59", false},
        {"2026-12-31 23:59:59Z", false},
        {"2026-02-29T00:00:00Z", false},
        {"2026-13-01T00:00:00Z", false},
        {"2026-00-01T00:00:00Z", false},
        {"2026-01-00T00:00:00Z", false},
        {"2026-01-01T24:00:00Z", false},
        {"2026-01-01T00:60:00Z", false},
        {"2026-01-01T00:00:60Z", false},
        {"2026-01-01T00:00:00.Z", false},
        {"2026-01-01T00:00:00+15:00", false},
        {"2026-01-01T00:00:00+1:00", false},
        {"2026-01-01T00:00:00Zx", false},
        {"1969-12-31T00:00:00Z", false},
        {"infinity", false},
        {"now", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *object = json_pack("{s:s, s:s}", "name", "a", "at", cases[i].text);
        json_t *errors = json_array();

        json_decref(request_schema_check(fields, object, errors));
        assert_int_equal(json_array_size(errors) == 0, cases[i].good);
        json_decref(object);
        json_decref(errors);
    }
}

/* A long name is cut at a whole character, so that no answer grows with its request. */
static void test_long_names(void **state)
{
    char body[400] = "{\"name\":\"a\",\"";

    (void)state;
    for (int i = 0; i < 60; i++) {
        strcat(body, i == 0 ? "x" : "\xc3\xa4");
    }
    strcat(body, "\":1}");

    json_t *errors = errors_of(body);
    const char *field = json_string_value(json_object_get(json_array_get(errors, 0), "field"));

    assert_int_equal(strlen(field), 63);
    json_decref(errors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_characters), cmocka_unit_test(test_good),
        cmocka_unit_test(test_flaws),      cmocka_unit_test(test_times),
        cmocka_unit_test(test_long_names), cmocka_unit_test(test_many_flaws),
        cmocka_unit_test(test_query),      cmocka_unit_test(test_problem),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
