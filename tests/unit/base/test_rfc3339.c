/* Times: what is taken and refused, and every day of a thousand years, counted by the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/rfc3339.h"

#define NONE (-1)

static void test_parse(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds; /* NONE: refused */
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2027-01-31T12:30:45Z", 1801398645},
        {"2027-01-31t12:30:45.999z", 1801398645},
        {"2027-01-31T12:30:45.123456789Z", 1801398645},
        {"2027-01-31T13:30:45+01:00", 1801398645},
        {"2027-01-31T02:00:45-10:30", 1801398645},
        {"2027-01-31T12:30:45-00:00", 1801398645},
        {"2024-02-29T00:00:00Z", 1709164800},
        {"2000-02-29T00:00:00Z", 951782400},
        {"9999-12-31T23:59:59Z", 253402300799},
        {"2026-01-01T00:00:00+14:59", 1767171660},

        {"2027-02-29T00:00:00Z", NONE},
        {"2100-02-29T00:00:00Z", NONE},
        {"2027-04-31T00:00:00Z", NONE},
        {"2027-00-01T00:00:00Z", NONE},
        {"2027-13-01T00:00:00Z", NONE},
        {"2027-01-00T00:00:00Z", NONE},
        {"2027-01-32T00:00:00Z", NONE},
        {"2027-01-31T24:00:00Z", NONE},
        {"2027-01-31T00:60:00Z", NONE},
        {"2016-12-31T23:59:60Z", NONE},
        {"1969-12-31T23:59:59Z", NONE},
        {"1970-01-01T00:00:00+00:01", NONE},
        {"9999-12-31T23:59:59-00:01", NONE},
        {"2027-01-31", NONE},
        {"2027-01-31 12:30:45Z", NONE},
        {"2027-01-31T12:30:45", NONE},
        {"2027-01-31T12:30Z", NONE},
        {"2027-01-31T12:30:45.Z", NONE},
        {"2027-01-31T12:30:45,5Z", NONE},
        {"2027-01-31T12:30:45.1234567890Z", NONE},
        {"2027-01-31T12:30:45Z ", NONE},
        {" 2027-01-31T12:30:45Z", NONE},
        {"2027-01-31T12:30:45+0100", NONE},
        {"2027-01-31T12:30:45+01", NONE},
        {"2027-01-31T12:30:45+15:00", NONE},
        {"2027-01-31T12:30:45+01:60", NONE},
        {"2027-1-31T12:30:45Z", NONE},
        {"2027-01-31T12:30:4xZ", NONE},
        {"2027-01-31T-1:30:45Z", NONE},
        {"02027-01-31T12:30:45Z", NONE},
        {"now", NONE},
        {"", NONE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t seconds = NONE;

        if (rfc3339_parse(span_of(cases[i].text), &seconds) != (cases[i].seconds != NONE) ||
            seconds != cases[i].seconds) {
            fail_msg("%s became %lld", cases[i].text, (long long)seconds);
        }
    }
}

static void test_not_a_text(void **state)
{
    int64_t seconds;

    (void)state;
    assert_false(rfc3339_parse((struct span){NULL, 0}, &seconds));
    assert_false(rfc3339_parse(SPAN_LITERAL("2027-01-31T12:30:45Z\0"), &seconds));
    assert_false(rfc3339_parse(SPAN_LITERAL("2027-01-31T12:30:45\0Z"), &seconds));
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return month == 2 && leap ? 29 : days[month - 1];
}

static void test_every_day(void **state)
{
    int64_t at = 12345; /* 03:25:45 */

    (void)state;
    for (int year = 1970; year < 3000; year++) {
        for (int month = 1; month <= 12; month++) {
            for (int day = 1; day <= 31; day++) {
                char wanted[64];
                char text[RFC3339_SIZE];
                int64_t seconds = NONE;

                snprintf(wanted, sizeof(wanted), "%04d-%02d-%02dT03:25:45Z", year, month, day);
                if (day > days_in(year, month)) {
                    assert_false(rfc3339_parse(span_of(wanted), &seconds));
                    continue;
                }
                if (!rfc3339_parse(span_of(wanted), &seconds) || seconds != at ||
                    strcmp(rfc3339_text(at, text), wanted) != 0) {
                    fail_msg("%s became %lld, %lld became %s", wanted, (long long)seconds,
                             (long long)at, text);
                }
                at += 86400;
            }
        }
    }
}

static void test_text_of_no_time(void **state)
{
    static const int64_t rows[] = {-1, 253402300800, INT64_MIN, INT64_MAX};
    char text[RFC3339_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_string_equal(rfc3339_text(rows[i], text), "");
    }
    assert_string_equal(rfc3339_text(0, text), "1970-01-01T00:00:00Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_not_a_text),
        cmocka_unit_test(test_every_day),
        cmocka_unit_test(test_text_of_no_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
