#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "api/response_schema.h"

static bool is_listed(const struct response_schema *schema)
{
    for (size_t i = 0; response_schemas[i] != NULL; i++) {
        if (response_schemas[i] == schema) {
            return true;
        }
    }
    return false;
}

static bool is_sentence(const char *text)
{
    return text != NULL && strlen(text) > 5 && text[strlen(text) - 1] == '.';
}

static void check_member(const struct response_schema *schema, const struct response_member *member)
{
    bool object = member->type == RESPONSE_OBJECT || member->type == RESPONSE_OBJECTS;
    bool text = member->type == RESPONSE_TEXT || member->type == RESPONSE_TEXTS;

    if (!is_sentence(member->meaning)) {
        fail_msg("%s.%s has no meaning", schema->name, member->name);
    }
    if (response_member(schema, member->name) != member) {
        fail_msg("%s.%s is there twice", schema->name, member->name);
    }
    if ((member->schema != NULL && !object) || (member->words != NULL && !text)) {
        fail_msg("%s.%s has another type", schema->name, member->name);
    }
    if (member->schema != NULL && !is_listed(member->schema)) {
        fail_msg("%s.%s is of a schema that is not listed", schema->name, member->name);
    }
}

static void test_members(void **state)
{
    (void)state;
    for (size_t i = 0; response_schemas[i] != NULL; i++) {
        const struct response_schema *schema = response_schemas[i];

        if (!is_sentence(schema->meaning)) {
            fail_msg("%s has no meaning", schema->name);
        }
        for (const struct response_member *member = schema->members;
             member != NULL && member->name != NULL; member++) {
            check_member(schema, member);
        }
    }
}

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; response_schemas[i] != NULL; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(response_schemas[i]->name, response_schemas[j]->name);
        }
    }
}

static void test_lookup(void **state)
{
    (void)state;
    assert_string_equal(response_member(&response_user, "role")->name, "role");
    assert_null(response_member(&response_user, "rol"));
    assert_null(response_member(&response_address, "role"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_lookup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
