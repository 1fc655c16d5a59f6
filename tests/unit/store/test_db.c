/* The pool on a healthy server: order, isolation, deadlines, cancelling, dry runs, the schema
 * check. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "store/lane.h"

static struct fixture fixture;

static int setup(void **state)
{
    (void)state;
    fixture_replace_functions();
    fixture_open_up(&fixture);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_close(&fixture);
    return 0;
}

static void test_pipeline(void **state)
{
    (void)state;
    enum { COUNT = 500 };
    static struct call calls[COUNT];
    for (int i = 0; i < COUNT; i++) {
        if (i % 7 == 3) {
            call_confirm(&fixture, &calls[i], -1, 0);
        } else {
            call_read(&fixture, &calls[i], 0, 10000);
        }
    }
    calls_wait(&fixture, calls, COUNT);
    for (int i = 0; i < COUNT; i++) {
        bool bad = i % 7 == 3;
        assert_int_equal(calls[i].status, bad ? DB_REFUSED : DB_OK);
        assert_string_equal(calls[i].text, bad ? "no" : "t");
        assert_string_equal(calls[i].sqlstate, bad ? "AU422" : "");
    }
    assert_int_equal(fixture.downs, 0);
}

/* The write lane has one connection: units take effect in the order in which they were run. */
static void test_write_order(void **state)
{
    (void)state;
    struct call calls[100];
    for (int i = 0; i < 100; i++) {
        char text[16];
        snprintf(text, sizeof text, "%03d", i);
        call_write(&fixture, &calls[i], text, 0);
    }
    calls_wait(&fixture, calls, 100);
    for (int i = 1; i < 100; i++) {
        assert_int_equal(calls[i].status, DB_OK);
        assert_true(calls[i].order > calls[i - 1].order);
    }
    assert_int_equal(server_number("SELECT count(*) FROM authd.test_note"), 100);
    assert_string_equal(server_sql("SELECT string_agg(text, '' ORDER BY ctid) = "
                                   "string_agg(text, '' ORDER BY text) FROM authd.test_note"),
                        "t");
}

/* Lanes do not hold each other up. */
static void test_lanes(void **state)
{
    (void)state;
    struct call slow, fast;
    call_write(&fixture, &slow, "slow", 400);
    call_read(&fixture, &fast, 0, 10000);
    calls_wait(&fixture, &fast, 1);
    assert_int_equal(slow.done, 0);
    calls_wait(&fixture, &slow, 1);
    assert_int_equal(slow.status, DB_OK);
}

/* A unit that misses its deadline breaks its connection; the reads behind it are tried again on
 * another connection. */
static void test_deadline_in_flight(void **state)
{
    (void)state;
    struct call late, behind[4];
    call_read(&fixture, &late, 1500, 200);
    for (int i = 0; i < 4; i++) {
        call_read(&fixture, &behind[i], 0, 10000);
    }
    calls_wait(&fixture, &late, 1);
    assert_int_equal(late.status, DB_TIMEOUT);
    calls_wait(&fixture, behind, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(behind[i].status, DB_OK);
    }
    assert_int_equal(fixture.downs, 0); /* the other connection was up all the time */
}

/* A unit that misses its deadline in the queue does not break the connection. */
static void test_deadline_in_queue(void **state)
{
    (void)state;
    static struct call running[CONN_UNITS_MAX];
    struct call waiting;
    call_write(&fixture, &running[0], "first", 500);
    for (int i = 1; i < CONN_UNITS_MAX; i++) {
        call_write(&fixture, &running[i], "more", 0);
    }
    waiting = (struct call){.unit = db_unit_create(STATEMENT_USER_SUSPEND)};
    for (int i = 0; i < 2; i++) {
        db_unit_text(waiting.unit, NULL);
    }
    call_run(&fixture, &waiting, 100);
    calls_wait(&fixture, &waiting, 1);
    assert_int_equal(waiting.status, DB_TIMEOUT);
    assert_int_equal(running[0].done, 0);
    calls_wait(&fixture, running, CONN_UNITS_MAX);
    for (int i = 0; i < CONN_UNITS_MAX; i++) {
        assert_int_equal(running[i].status, DB_OK);
    }
}

static void test_write_never_repeated(void **state)
{
    (void)state;
    struct call late = {.unit = db_unit_create(STATEMENT_USER_SUSPEND)}, behind;
    db_unit_text(late.unit, NULL);
    db_unit_text(late.unit, "{\"text\": \"late\", \"ms\": 600}");
    call_run(&fixture, &late, 200);
    call_write(&fixture, &behind, "behind", 0);
    calls_wait(&fixture, &late, 1);
    calls_wait(&fixture, &behind, 1);
    assert_int_equal(late.status, DB_TIMEOUT);
    assert_int_equal(behind.status, DB_DOWN);
    loop_turns(fixture.loop, 3);
    struct call after;
    call_write(&fixture, &after, "after", 0); /* waits for the new connection */
    calls_wait(&fixture, &after, 1);
    assert_int_equal(after.status, DB_OK);
    assert_true(server_number("SELECT count(*) FROM authd.test_note WHERE text = 'behind'") <= 1);
}

static void test_cannot_tell_is_retried_once(void **state)
{
    (void)state;
    struct call call;
    call_confirm(&fixture, &call, -3, 0);
    calls_wait(&fixture, &call, 1);
    assert_int_equal(call.status, DB_DOWN);
    /* The sequence began at 1, and the unit was run twice. */
    assert_int_equal(server_number("SELECT last_value FROM authd.test_calls"), 3);
    assert_int_equal(fixture.downs, 0);
}

static void test_queue_limit(void **state)
{
    (void)state;
    enum { COUNT = LANE_QUEUE_MAX + 20 };
    static struct call calls[COUNT];
    for (int i = 0; i < COUNT; i++) {
        call_read(&fixture, &calls[i], 0, 10000);
    }
    calls_wait(&fixture, calls, COUNT);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(calls[i].status, i < LANE_QUEUE_MAX ? DB_OK : DB_TIMEOUT);
    }
}

static void test_cancel(void **state)
{
    (void)state;
    struct call queued, sent, other;
    call_read(&fixture, &queued, 0, 10000);
    db_cancel(queued.unit); /* before the end of the turn, so never sent */
    call_read(&fixture, &other, 0, 10000);
    calls_wait(&fixture, &other, 1);
    assert_int_equal(queued.done, 0);
    assert_int_equal(server_number("SELECT last_value FROM authd.test_calls"), 2);

    call_write(&fixture, &sent, "cancelled", 300);
    server_wait_sleepers(&fixture, 1);
    db_cancel(sent.unit); /* in flight: takes effect, without a callback */
    call_write(&fixture, &other, "other", 0);
    calls_wait(&fixture, &other, 1);
    assert_int_equal(other.status, DB_OK);
    assert_int_equal(sent.done, 0);
    assert_int_equal(server_number("SELECT count(*) FROM authd.test_note"), 2);

    call_read(&fixture, &queued, 0, 10000);
    call_read(&fixture, &sent, 1500, 150); /* cancelled and late: its connection is dropped */
    loop_turns(fixture.loop, 2);
    db_cancel(sent.unit);
    server_wait_sleepers(&fixture, 1);
    calls_wait(&fixture, &queued, 1);
}

static void test_dry_run(void **state)
{
    (void)state;
    struct call dry = {.unit = db_unit_create(STATEMENT_USER_SUSPEND)}, wet;
    db_unit_text(dry.unit, NULL);
    db_unit_text(dry.unit, "{\"text\": \"dry\", \"ms\": 0}");
    db_unit_dry_run(dry.unit);
    call_run(&fixture, &dry, 10000);
    call_write(&fixture, &wet, "wet", 0);
    calls_wait(&fixture, &dry, 1);
    calls_wait(&fixture, &wet, 1);
    assert_int_equal(dry.status, DB_OK);
    assert_non_null(strstr(dry.text, "dry"));
    assert_int_equal(wet.status, DB_OK);
    assert_string_equal(server_sql("SELECT string_agg(text, ',') FROM authd.test_note"), "wet");
    assert_int_equal(server_number("SELECT last_value FROM authd.test_calls"), 3); /* both ran */

    struct call refused = {.unit = db_unit_create(STATEMENT_USER_SUSPEND)};
    db_unit_text(refused.unit, NULL);
    db_unit_text(refused.unit, "not json");
    db_unit_dry_run(refused.unit);
    call_run(&fixture, &refused, 10000);
    calls_wait(&fixture, &refused, 1);
    assert_int_equal(refused.status, DB_REFUSED);
    assert_string_equal(refused.sqlstate, "22P02");
}

/* ---- the schema check --------------------------------------------------------------------------
 */

static bool told(void *arg)
{
    (void)arg;
    return fixture.unusables > 0;
}

static bool is_usable(void *arg)
{
    (void)arg;
    return fixture.up;
}

static void unusable_with(const char *break_sql, const char *mend_sql, const char *words)
{
    server_sql(break_sql);
    fixture_open(&fixture, getenv("AUTHD_TEST_PG"));
    loop_run_until(fixture.loop, told, NULL);
    loop_turns(fixture.loop, 300);
    assert_int_equal(fixture.ups, 0);
    if (strstr(fixture.text, words) == NULL) {
        fail_msg("%s", fixture.text);
    }
    struct call call;
    call_read(&fixture, &call, 0, 10000);
    calls_wait(&fixture, &call, 1);
    assert_int_equal(call.status, DB_DOWN);
    assert_int_equal(fixture.unusables, 1); /* one callback for all connections */
    assert_int_equal(fixture.downs, 1);
    server_sql(mend_sql);
    loop_run_until(fixture.loop, is_usable, NULL);
    assert_int_equal(fixture.ups, 1);
    fixture_close(&fixture);
}

static void test_schema(void **state)
{
    (void)state;
    unusable_with("ALTER SCHEMA authd RENAME TO away", "ALTER SCHEMA away RENAME TO authd",
                  "has no authd schema: run smtp-authd -c FILE --migrate");
    unusable_with("REVOKE USAGE ON SCHEMA authd FROM authd_service",
                  "GRANT USAGE ON SCHEMA authd TO authd_service",
                  "run smtp-authd -c FILE --migrate");
    unusable_with("ALTER FUNCTION authd.confirm RENAME TO away",
                  "ALTER FUNCTION authd.away RENAME TO confirm", "cannot be used");
    unusable_with("UPDATE authd.schema_info SET function_set = function_set + 9,"
                  " oldest_compatible = function_set + 9",
                  "UPDATE authd.schema_info SET function_set = function_set - 9,"
                  " oldest_compatible = 1",
                  "install a newer authd");
    unusable_with("ALTER TABLE authd.schema_info DROP CONSTRAINT schema_info_migration_check;"
                  "UPDATE authd.schema_info SET migration = migration - 100",
                  "UPDATE authd.schema_info SET migration = migration + 100",
                  "older than this authd");
    unusable_with("ALTER TABLE authd.schema_info DROP CONSTRAINT schema_info_function_set_check,"
                  " DROP CONSTRAINT schema_info_check;"
                  "UPDATE authd.schema_info SET function_set = function_set - 100",
                  "UPDATE authd.schema_info SET function_set = function_set + 100",
                  "older than this authd");
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_pipeline),
        TEST(test_write_order),
        TEST(test_lanes),
        TEST(test_deadline_in_flight),
        TEST(test_deadline_in_queue),
        TEST(test_write_never_repeated),
        TEST(test_cannot_tell_is_retried_once),
        TEST(test_queue_limit),
        TEST(test_cancel),
        TEST(test_dry_run),
        cmocka_unit_test(test_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
