/* Durations: what is taken, in seconds and in milliseconds, and how they are written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/duration.h"

#define NONE (-1)

static const struct {
    const char *text;
    int64_t seconds; /* NONE: refused */
    int64_t ms;
} cases[] = {
    {"30s", 30, 30000},
    {"5m", 300, 300000},
    {"12h", 43200, 43200000},
    {"90d", 7776000, 7776000000},
    {"0s", 0, 0},
    {"0d", 0, 0},
    {"500ms", NONE, 500},
    {"0ms", NONE, 0},
    {"36500d", DURATION_MAX, DURATION_MAX * 1000},
    {"3153600000s", DURATION_MAX, DURATION_MAX * 1000},
    {"3153600000000ms", NONE, DURATION_MAX * 1000},
    {"36501d", NONE, NONE},
    {"3153600001s", NONE, NONE},
    {"3153600000001ms", NONE, NONE},
    {"213503982335d", NONE, NONE}, /* 2^64 ms and some hours */
    {"99999999999999999999999d", NONE, NONE},
    {"007d", NONE, NONE},
    {"00s", NONE, NONE},
    {"", NONE, NONE},
    {"5", NONE, NONE},
    {"m", NONE, NONE},
    {"5 m", NONE, NONE},
    {" 5m", NONE, NONE},
    {"5m ", NONE, NONE},
    {"5M", NONE, NONE},
    {"5mm", NONE, NONE},
    {"5m30s", NONE, NONE},
    {"-5m", NONE, NONE},
    {"+5m", NONE, NONE},
    {"5w", NONE, NONE},
    {"1.5h", NONE, NONE},
};

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t seconds = NONE;
        int64_t ms = NONE;

        assert_int_equal(duration_parse(span_of(cases[i].text), &seconds),
                         cases[i].seconds != NONE);
        assert_int_equal(seconds, cases[i].seconds);
        assert_int_equal(duration_parse_ms(span_of(cases[i].text), &ms), cases[i].ms != NONE);
        assert_int_equal(ms, cases[i].ms);
    }
}

static void test_not_a_text(void **state)
{
    int64_t seconds;

    (void)state;
    assert_false(duration_parse((struct span){NULL, 0}, &seconds));
    assert_false(duration_parse(SPAN_LITERAL("5m\0"), &seconds));
    assert_false(duration_parse(SPAN_LITERAL("5\0m"), &seconds));
}

static void test_text(void **state)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {
        {1, "1s"},
        {59, "59s"},
        {60, "1m"},
        {61, "61s"},
        {3600, "1h"},
        {5400, "90m"},
        {86400, "1d"},
        {90000, "25h"},
        {86401, "86401s"},
        {7776000, "90d"},
        {DURATION_MAX, "36500d"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[DURATION_SIZE];

        assert_string_equal(duration_text(rows[i].seconds, text), rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_not_a_text),
        cmocka_unit_test(test_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
