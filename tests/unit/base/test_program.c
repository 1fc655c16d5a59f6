/* The name by which the program was called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/program.h"

static void test_called(void **state)
{
    static const struct {
        const char *called;
        const char *name;
    } cases[] = {
        {"smtp-authctl", "smtp-authctl"},
        {"/usr/bin/authctl", "authctl"},
        {"./x/authctl_1.2+b", "authctl_1.2+b"},
        {"abcdefghijklmnopqrstuvwx", "abcdefghijklmnopqrstuvwx"},
        {"abcdefghijklmnopqrstuvwxy", "installed"},
        {NULL, "installed"},
        {"", "installed"},
        {"/usr/bin/", "installed"},
        {"..", "installed"},
        {"-authctl", "installed"},
        {"auth ctl", "installed"},
        {"auth;ctl", "installed"},
        {"auth%sctl", "installed"},
        {"auth\033[2Jctl", "installed"},
        {"auth\nctl", "installed"},
        {"auth\xc3\xa4", "installed"},
    };

    (void)state;
    assert_string_equal(program_name(), "authd");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        program_set(cases[i].called, "installed");
        assert_string_equal(program_name(), cases[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_called)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
