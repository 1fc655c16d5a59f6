/* The alarm about two clocks that differ: one line when they begin to differ, further lines at
 * intervals while they differ, one line when they agree again. The test checks when lines come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/clock_watch.h"

#define MINUTE 60000
#define HOST   1000000

/* Whether the alarm logs a line at `ms` about clocks that are `seconds` apart. */
static bool speaks(struct clock_watch *watch, int64_t seconds, int64_t ms)
{
    struct clock_watch before = *watch;

    clock_watch_compare(watch, HOST + seconds, HOST, ms);
    return before.apart != watch->apart || before.said != watch->said;
}

static void test_alarm(void **state)
{
    struct clock_watch watch = {0};

    (void)state;
    assert_false(speaks(&watch, 0, 5));
    assert_false(speaks(&watch, 30, 5));
    assert_false(speaks(&watch, -30, 5));
    assert_true(speaks(&watch, 31, 5));
    assert_true(watch.apart);
    assert_false(speaks(&watch, 31, 6));
    assert_false(speaks(&watch, -500, 5 + 10 * MINUTE - 1));
    assert_true(speaks(&watch, -500, 5 + 10 * MINUTE));
    assert_false(speaks(&watch, 25, 6 + 10 * MINUTE)); // still apart, too early for a line
    assert_false(speaks(&watch, 31, 7 + 10 * MINUTE));
    assert_true(speaks(&watch, 20, 8 + 10 * MINUTE));
    assert_false(watch.apart);
    assert_false(speaks(&watch, 20, 9 + 10 * MINUTE));
    assert_true(speaks(&watch, -31, 10 + 10 * MINUTE));
    assert_true(watch.apart);
    assert_true(speaks(&watch, 0, 11 + 10 * MINUTE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_alarm)};

    return cmocka_run_group_tests_name("clock-watch", tests, NULL, NULL);
}
