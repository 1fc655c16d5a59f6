#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/cookie.h"

static void assert_cookie(const char *header, const char *expected)
{
    struct span value = cookie_value(span_of(header), "__Host-authd");

    assert_int_equal(value.len, strlen(expected));
    assert_true(span_is(value, expected));
}

static void test_found(void **state)
{
    (void)state;
    assert_cookie("__Host-authd=abc", "abc");
    assert_cookie("a=b; __Host-authd=abc; c=d", "abc");
    assert_cookie("a;__Host-authd=a=b", "a=b");
    assert_cookie("  __Host-authd = abc ;", "abc");
    assert_cookie("__Host-authd=\"abc\"", "\"abc\"");
}

static void test_none(void **state)
{
    (void)state;
    assert_cookie("", "");
    assert_cookie(";;;=;", "");
    assert_cookie("__Host-authd", "");
    assert_cookie("__Host-authd=", "");
    assert_cookie("__host-authd=abc", "");
    assert_cookie("x__Host-authd=abc", "");
    assert_cookie("__Host-authdx=abc", "");
    assert_cookie("a=\"__Host-authd=abc\"", "");
}

/* Of two cookies with our name, an attacker may have set one: neither is taken. */
static void test_twice(void **state)
{
    (void)state;
    assert_cookie("__Host-authd=abc; __Host-authd=def", "");
    assert_cookie("__Host-authd=abc; a=b; __Host-authd", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
