/* The stored lines of imported app passwords. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "credential/imported_app_password.h"

static size_t parse(const char *text,
                    struct imported_app_password out[static IMPORTED_APP_PASSWORDS_MAX])
{
    static char lines[1024];

    assert_true(strlen(text) < sizeof(lines));
    strcpy(lines, text);
    return imported_app_password_parse(lines, out);
}

static void test_lines(void **state)
{
    struct imported_app_password out[IMPORTED_APP_PASSWORDS_MAX];

    (void)state;
    assert_int_equal(parse("12 3 - $6$salt$hash\n9007199254740993 1 ab12@77 {SSHA}x=", out), 2);
    assert_int_equal(out[0].id, 12);
    assert_int_equal(out[0].version, 3);
    assert_string_equal(out[0].scope, "-");
    assert_string_equal(out[0].encrypted, "$6$salt$hash");
    assert_int_equal(out[1].id, 9007199254740993);
    assert_string_equal(out[1].scope, "ab12@77");
    assert_string_equal(out[1].encrypted, "{SSHA}x=");
}

static void test_bounds(void **state)
{
    struct imported_app_password out[IMPORTED_APP_PASSWORDS_MAX];
    char text[1024] = "";

    (void)state;
    for (unsigned i = 0; i <= IMPORTED_APP_PASSWORDS_MAX; i++) {
        strcat(text, "1 1 - x\n");
    }
    assert_int_equal(parse(text, out), IMPORTED_APP_PASSWORDS_MAX);
    assert_int_equal(imported_app_password_parse(NULL, out), 0);
}

static void test_what_is_no_line(void **state)
{
    static const char *const flawed[] = {"", "\n", "1", "1 1", "1 1 -", "x 1 - h", "0 1 - h", " "};
    struct imported_app_password out[IMPORTED_APP_PASSWORDS_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(flawed) / sizeof(flawed[0]); i++) {
        assert_int_equal(parse(flawed[i], out), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_what_is_no_line),
    };

    return cmocka_run_group_tests_name("imported_password", tests, NULL, NULL);
}
