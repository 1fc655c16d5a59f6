#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/uri.h"

static const char *parse(struct uri *uri, const char *target, struct arena **arena)
{
    *arena = arena_create();
    return uri_parse(uri, target, *arena);
}

static void test_path(void **state)
{
    struct arena *arena;
    struct uri uri;

    (void)state;
    assert_null(parse(&uri, "/v1/users/a%2Fb%40x+y", &arena));
    assert_int_equal(uri.segment_count, 3);
    assert_string_equal(uri.segments[0], "v1");
    assert_string_equal(uri.segments[2], "a/b@x+y");
    assert_int_equal(uri.query_count, 0);
    arena_destroy(arena);

    assert_null(parse(&uri, "/", &arena));
    assert_int_equal(uri.segment_count, 0);
    arena_destroy(arena);

    assert_null(parse(&uri, "/v1/", &arena));
    assert_int_equal(uri.segment_count, 2);
    assert_string_equal(uri.segments[1], "");
    arena_destroy(arena);
}

static void test_query(void **state)
{
    struct arena *arena;
    struct uri uri;

    (void)state;
    assert_null(parse(&uri, "/x?a=1&b=%C3%A4+b%2B&c&d==", &arena));
    assert_int_equal(uri.segment_count, 1);
    assert_int_equal(uri.query_count, 4);
    assert_string_equal(uri.query[0].name, "a");
    assert_string_equal(uri.query[0].value, "1");
    assert_string_equal(uri.query[1].value, "\xc3\xa4 b+");
    assert_string_equal(uri.query[2].name, "c");
    assert_string_equal(uri.query[2].value, "");
    assert_string_equal(uri.query[3].value, "=");
    arena_destroy(arena);
}

static void test_flaws(void **state)
{
    static const char *const targets[] = {
        "",
        "x",
        "http://x/",
        "*",
        "?a=1",
        "/a%00b",
        "/a?b=%00",
        "/a%0d%0a",
        "/a\tb",
        "/a\x7f",
        "/a%",
        "/a%4",
        "/a%zz",
        "/a%4g",
        "/%ff",
        "/%c0%af",
        "/a?x=%ed%a0%80",
        "/a?x=1&x=2",
        "/a?x&%78",
        "/a b",
        "/1/2/3/4/5/6/7/8/9",
        "/?a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        struct arena *arena;
        struct uri uri;

        if (parse(&uri, targets[i], &arena) == NULL) {
            fail_msg("accepted: %s", targets[i]);
        }
        arena_destroy(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_path),
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_flaws),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
