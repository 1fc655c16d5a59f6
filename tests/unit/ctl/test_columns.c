#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "ctl/columns.h"
#include "ctl/nouns.h"
#include "ctl/print.h"
#include "ctl/table.h"

static void has_member(const struct columns *columns, const char *member)
{
    if (response_member(columns->schema, member) == NULL) {
        fail_msg("%s has no member %s", columns->schema->name, member);
    }
}

/* Columns name only what authd answers. */
static void test_members(void **state)
{
    (void)state;
    for (size_t i = 0; columns_all[i] != NULL; i++) {
        const struct columns *columns = columns_all[i];
        size_t count = 0;

        if (columns->called != NULL) {
            has_member(columns, columns->called);
        }
        for (const struct column *column = columns->list; column != NULL && column->heading != NULL;
             column++) {
            if (column->member != NULL) {
                has_member(columns, column->member);
            } else {
                assert_null(columns->schema->members);
            }
            count++;
        }
        for (const struct member_form *form = columns->forms; form != NULL && form->member != NULL;
             form++) {
            has_member(columns, form->member);
        }
        assert_true(count <= TABLE_COLUMNS_MAX);
    }
}

static bool is_listed(const struct columns *columns)
{
    for (size_t i = 0; columns_all[i] != NULL; i++) {
        if (columns_all[i] == columns) {
            return true;
        }
    }
    return columns == NULL;
}

static void test_every_command_uses_a_listed_one(void **state)
{
    (void)state;
    for (size_t i = 0; nouns[i] != NULL; i++) {
        assert_true(is_listed(nouns[i]->columns));
        for (const struct command *command = nouns[i]->commands; command->verb != NULL; command++) {
            const struct columns *columns =
                command->columns != NULL ? command->columns : nouns[i]->columns;

            assert_true(is_listed(columns));
            if (command->output == OUTPUT_LIST && columns != NULL) {
                assert_non_null(columns->list);
            }
        }
    }
}

static void test_forms(void **state)
{
    (void)state;
    assert_int_equal(columns_form(&columns_user, "login"), FORM_TEXT);
    assert_int_equal(columns_form(&columns_user, "addresses"), FORM_TEXTS);
    assert_int_equal(columns_form(&columns_user, "created_at"), FORM_TIME);
    assert_int_equal(columns_form(&columns_user, "password_generation"), FORM_NUMBER);
    assert_int_equal(columns_form(&columns_user, "suspended"), FORM_BOOLEAN);
    assert_int_equal(columns_form(&columns_user, "of_a_newer_authd"), FORM_TEXT);
    assert_int_equal(columns_form(&columns_app_password, "id"), FORM_ID);
    assert_int_equal(columns_form(&columns_app_password, "expires_at"), FORM_EXPIRY);
    assert_int_equal(columns_form(&columns_app_password, "scope"), FORM_OBJECT);
    assert_int_equal(columns_form(&columns_reset_link, "expires_at"), FORM_TIME);
    assert_int_equal(columns_form(&columns_audit_report, "flaws"), FORM_OBJECT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_every_command_uses_a_listed_one),
        cmocka_unit_test(test_forms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
