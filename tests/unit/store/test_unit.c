/* The parts of store/ that need no server: literals, error classes, connection strings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/conninfo.h"
#include "store/unit.h"

static void array_is(const char *expected, const char *const *values, size_t count)
{
    struct db_unit *unit = db_unit_create(STATEMENT_LOOKUP);
    db_unit_text_array(unit, values, count);
    assert_string_equal(unit->values[0], expected);
    struct unit_list list = TAILQ_HEAD_INITIALIZER(list);
    TAILQ_INSERT_TAIL(&list, unit, link);
    units_drop(&list);
}

static void test_text_array(void **state)
{
    (void)state;
    array_is("{}", NULL, 0);
    array_is("{\"\"}", (const char *const[]){""}, 1);
    array_is("{\"a\",\"NULL\"}", (const char *const[]){"a", "NULL"}, 2);
    array_is("{\"\\\"\",\"\\\\\",\",{}\"}", (const char *const[]){"\"", "\\", ",{}"}, 3);
}

static void test_failures(void **state)
{
    (void)state;
    static const struct {
        const char *sqlstate;
        enum db_status status;
        bool connection_useless;
    } cases[] = {
        {"23505", DB_REFUSED, false}, {"22P02", DB_REFUSED, false}, {"AU404", DB_REFUSED, false},
        {"AU000", DB_REFUSED, false}, {"57P01", DB_DOWN, true},     {"57P02", DB_DOWN, true},
        {"57P03", DB_DOWN, true},     {"08006", DB_DOWN, true},     {"53300", DB_DOWN, false},
        {"40001", DB_DOWN, false},    {"40P01", DB_DOWN, false},    {"57014", DB_TIMEOUT, false},
        {"55P03", DB_TIMEOUT, false}, {"25006", DB_DOWN, true},     {"42501", DB_DOWN, false},
        {"42883", DB_DOWN, true},     {"3F000", DB_DOWN, true},     {"XX000", DB_DOWN, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct unit_failure failure = unit_failure_of(cases[i].sqlstate);
        assert_int_equal(failure.status, cases[i].status);
        assert_int_equal(failure.connection_useless, cases[i].connection_useless);
    }
}

static void test_target(void **state)
{
    (void)state;
    struct conninfo target;
    assert_true(conninfo_init(&target, "postgresql://u:p@h1:1,[::1]:2/db"));
    assert_int_equal(target.endpoints.count, 2);
    assert_string_equal(target.endpoints.list[0].host, "h1");
    assert_string_equal(target.endpoints.list[0].port, "1");
    assert_string_equal(target.endpoints.list[1].host, "::1");
    assert_string_equal(target.endpoints.list[1].port, "2");
    conninfo_finish(&target);

    assert_true(conninfo_init(&target, "host=/run/a,b,c hostaddr=,,192.0.2.1 port=7 user=u"));
    assert_int_equal(target.endpoints.count, 3);
    assert_false(endpoint_is_name(&target.endpoints.list[0]));
    assert_true(endpoint_is_name(&target.endpoints.list[1]));
    assert_false(endpoint_is_name(&target.endpoints.list[2]));
    assert_string_equal(target.endpoints.list[2].port, "7");
    conninfo_finish(&target);

    assert_true(conninfo_init(&target, "dbname=x"));
    assert_int_equal(target.endpoints.count, 1);
    assert_false(endpoint_is_name(&target.endpoints.list[0]));
    conninfo_finish(&target);

    static const char *const wrong[] = {"nonsense", "host=a,b hostaddr=192.0.2.1",
                                        "host=a,b port=1,2,3"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(conninfo_init(&target, wrong[i]));
        conninfo_finish(&target);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_array),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
