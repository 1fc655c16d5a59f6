#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rfc3339.h"
#include "ctl/relative_time.h"

static void relative_is(const char *at_text, const char *now_text, const char *expected)
{
    struct buf text;
    int64_t at;
    int64_t now;

    assert_true(rfc3339_parse(span_of(at_text), &at));
    assert_true(rfc3339_parse(span_of(now_text), &now));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_relative),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
