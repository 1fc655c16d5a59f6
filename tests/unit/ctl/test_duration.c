#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "ctl/duration.h"

static void test_durations(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } cases[] = {
        {"30s", 30},    {"5m", 300},
        {"12h", 43200}, {"90d", 7776000},
        {"0s", 0},      {"36500d", 3153600000},
        {"36501d", -1}, {"99999999999999999999999d", -1},
        {"", -1},       {"5", -1},
        {"m", -1},      {"5 m", -1},
        {"5M", -1},     {"5mm", -1},
        {"-5m", -1},    {"+5m", -1},
        {"5w", -1},     {"1.5h", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(duration_parse(cases[i].text), cases[i].seconds);
    }
}

static void test_times(void **state)
{
    static const struct {
        const char *text;
        time_t at; /* -1: none */
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2027-01-31T12:30:45Z", 1801398645},
        {"2027-01-31t12:30:45.999z", 1801398645},
        {"2027-01-31T13:30:45+01:00", 1801398645},
        {"2027-01-31T02:00:45-10:30", 1801398645},
        {"2024-02-29T00:00:00Z", 1709164800},
        {"2016-12-31T23:59:60Z", 1483228800},
        {"2027-02-29T00:00:00Z", -1},
        {"2027-00-01T00:00:00Z", -1},
        {"2027-01-31", -1},
        {"2027-01-31T24:00:00Z", -1},
        {"2027-01-31T12:30:45", -1},
        {"2027-01-31T12:30:45.Z", -1},
        {"2027-01-31T12:30:45Z ", -1},
        {"2027-01-31T12:30:45+0100", -1},
        {"2027-1-31T12:30:45Z", -1},
        {"", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        time_t at = -1;
        bool good = time_parse(cases[i].text, &at);

        assert_int_equal(good ? at : -1, cases[i].at);
    }
}

static void relative_is(const char *at_text, const char *now_text, const char *expected)
{
    struct buf text;
    time_t at;
    time_t now;

    assert_true(time_parse(at_text, &at));
    assert_true(time_parse(now_text, &now));
    buf_init(&text, 64);
    time_relative(&text, at, now);
    buf_append(&text, "", 1);
    assert_string_equal(text.data, expected);
    buf_finish(&text);
}

/* $TZ is Europe/Berlin: days are those of the reader's time zone. */
static void test_relative(void **state)
{
    static const char now[] = "2026-11-24T08:00:00Z";

    (void)state;
    relative_is("2026-11-24T07:12:00Z", now, "today 08:12");
    relative_is("2026-11-24T20:00:00Z", now, "today 21:00");
    relative_is("2026-11-23T23:30:00Z", now, "today 00:30");
    relative_is("2026-11-23T22:30:00Z", now, "yesterday 23:30");
    relative_is("2026-11-22T12:00:00Z", now, "2 days ago");
    relative_is("2026-11-25T12:00:00Z", now, "tomorrow 13:00");
    relative_is("2026-11-30T12:00:00Z", now, "in 6 days");
    relative_is("2027-10-02T12:00:00Z", now, "in 312 days");
    relative_is("2028-10-02T12:00:00Z", now, "2028-10-02");
    relative_is("2020-10-02T12:00:00Z", now, "2020-10-02");
    /* across the end of summer time */
    relative_is("2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z", "2 days ago");
}

static void test_print(void **state)
{
    struct buf text;

    (void)state;
    buf_init(&text, 64);
    time_print(&text, 1801398645);
    assert_memory_equal(text.data, "2027-01-31T12:30:45Z", text.len);
    assert_int_equal(text.len, 20);
    buf_finish(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_relative),
        cmocka_unit_test(test_print),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
