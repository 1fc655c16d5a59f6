#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/request_body.h"

static struct arena *arena;

static const char *flaw_of(const char *text, size_t len)
{
    const char *flaw = NULL;
    json_t *body = request_body_parse((struct span){text, len}, arena, &flaw);

    assert_int_equal(body == NULL, flaw != NULL);
    json_decref(body);
    return flaw;
}

#define FLAW(text) flaw_of((text), sizeof(text) - 1)

static void test_good(void **state)
{
    (void)state;
    assert_null(FLAW(""));
    assert_null(FLAW("{}"));
    assert_null(FLAW(" {\"a\":[{\"b\":null}],\"c\":\"{[\\\"[[[[[[[[[[[[[[[[[[[[\"}\n"));
    assert_null(FLAW("{\"a\":[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}"));
}

static void test_flaws(void **state)
{
    (void)state;
    assert_string_equal(FLAW("{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}"),
                        "nested deeper than 16 levels");
    assert_string_equal(FLAW("[]"), "the body is not an object");
    assert_string_equal(FLAW("\"text\""), "not JSON at line 1, column 6");
    assert_string_equal(FLAW("{\"a\":1,\n\"a\":2}"), "line 2: duplicate object key near '\"a\"'");
    assert_string_equal(FLAW("{\"a\":\"\\u0000\"}"), "line 1: a NUL in a text");
    assert_string_equal(FLAW("{\"a\":\"\xff\"}"), "line 1: not UTF-8");
    assert_string_equal(FLAW("{\"a\":\"\\ud800\"}"), "not JSON at line 1, column 13");
    assert_string_equal(FLAW("{} {}"), "not JSON at line 1, column 4");
    assert_string_equal(FLAW("{\"password\":\"secret\""), "not JSON at line 1, column 20");
    assert_string_equal(FLAW("{\"a\":1e999}"), "not JSON at line 1, column 10");
    assert_non_null(FLAW("\0"));
    assert_non_null(FLAW("{\"a\":"));
    assert_non_null(FLAW("{\"a\":99999999999999999999}"));
    assert_non_null(FLAW("{'a':1}"));
    assert_non_null(FLAW("\xef\xbb\xbf{}"));
}

static int setup(void **state)
{
    (void)state;
    arena = arena_create();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_destroy(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_flaws),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
