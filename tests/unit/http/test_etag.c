#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/etag.h"

#define ONE "0123456789abcdef0123456789abcdef"
#define TWO "fedcba9876543210fedcba9876543210"

static void test_condition(void **state)
{
    static const struct {
        const char *header;
        enum etag_result result;
        const char *list;
    } cases[] = {
        {"*", ETAG_ANY, ""},
        {" * ", ETAG_ANY, ""},
        {"\"" ONE "\"", ETAG_LIST, ONE},
        {"\"" ONE "\", \"" TWO "\"", ETAG_LIST, ONE "," TWO},
        {"\"" ONE "\",\"" TWO "\" ,, ", ETAG_LIST, ONE "," TWO},
        {", \"" ONE "\"", ETAG_LIST, ONE},
        {"W/\"" ONE "\"", ETAG_LIST, ""},
        {"W/\"" ONE "\", \"" TWO "\"", ETAG_LIST, TWO},
        {"\"short\"", ETAG_LIST, ""},
        {"\"\"", ETAG_LIST, ""},
        {"\"a,b\", \"" TWO "\"", ETAG_LIST, TWO},
        {"", ETAG_MALFORMED, ""},
        {",", ETAG_MALFORMED, ""},
        {ONE, ETAG_MALFORMED, ""},
        {"\"" ONE, ETAG_MALFORMED, ""},
        {"\"" ONE "\" \"" TWO "\"", ETAG_MALFORMED, ""},
        {"w/\"" ONE "\"", ETAG_MALFORMED, ""},
        {"W/ \"" ONE "\"", ETAG_MALFORMED, ""},
        {"*, \"" ONE "\"", ETAG_MALFORMED, ""},
        {"\"a b\"", ETAG_MALFORMED, ""},
        {"\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\",\"12\",\"13\","
         "\"14\",\"15\",\"16\",\"17\"",
         ETAG_MALFORMED, ""},
    };
    struct arena *arena = arena_create();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *list;

        assert_int_equal(etag_condition(span_of(cases[i].header), arena, &list), cases[i].result);
        if (cases[i].result == ETAG_LIST) {
            assert_string_equal(list, cases[i].list);
        }
    }
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_condition),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
