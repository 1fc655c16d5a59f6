/* The pool while PostgreSQL loses connections, hangs, stops and comes back. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static bool is_up(void *arg)
{
    (void)arg;
    return fixture.up;
}

static bool is_down(void *arg)
{
    return !is_up(arg);
}

/* Checks that a read and a write work again. */
static void works(void)
{
    loop_run_until(fixture.loop, is_up, NULL);
    struct call calls[2];
    call_read(&fixture, &calls[0], 0, 10000);
    call_write(&fixture, &calls[1], "works", 0);
    calls_wait(&fixture, calls, 2);
    assert_int_equal(calls[0].status, DB_OK);
    assert_int_equal(calls[1].status, DB_OK);
}

/* An administrator ends the backends: reads are repeated, writes are not. */
static void test_backends_terminated(void **state)
{
    (void)state;
    struct call read, write, queued[3];
    call_read(&fixture, &read, 700, 10000);
    call_write(&fixture, &write, "ended", 700);
    server_wait_sleepers(&fixture, 2);
    for (int i = 0; i < 3; i++) {
        call_read(&fixture, &queued[i], 0, 10000);
    }
    server_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
               "WHERE usename = 'authd_service'");
    calls_wait(&fixture, &write, 1);
    assert_int_equal(write.status, DB_DOWN);
    calls_wait(&fixture, &read, 1);
    calls_wait(&fixture, queued, 3);
    assert_int_equal(read.status, DB_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(queued[i].status, DB_OK);
    }
    works();
    assert_string_equal(server_sql("SELECT string_agg(text, ',') FROM authd.test_note"), "works");
}

/* A read that loses its connection is tried on both old connections and on one new connection, then
 * given up. */
static void test_read_breaks_twice(void **state)
{
    (void)state;
    struct call read;
    call_read(&fixture, &read, 5000, 10000);
    for (int i = 0; i < 3; i++) {
        server_wait_sleepers(&fixture, 1);
        assert_int_equal(read.done, 0);
        server_sql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                   "WHERE usename = 'authd_service' AND wait_event = 'PgSleep'");
    }
    calls_wait(&fixture, &read, 1);
    assert_int_equal(read.status, DB_DOWN);
    works();
}

/* While the server is stopped, every unit fails soon; after it is started, units work without a
 * restart of authd. */
static void test_stopped(void **state)
{
    (void)state;
    struct call flight[40], write, late[5];
    for (int i = 0; i < 40; i++) {
        call_read(&fixture, &flight[i], 3000, 10000);
    }
    call_write(&fixture, &write, "stopped", 3000);
    server_wait_sleepers(&fixture, 3);
    server_control("stop -m immediate");
    calls_wait(&fixture, flight, 40);
    calls_wait(&fixture, &write, 1);
    assert_int_equal(write.status, DB_DOWN);
    for (int i = 0; i < 40; i++) {
        assert_int_equal(flight[i].status, DB_DOWN);
    }
    loop_run_until(fixture.loop, is_down, NULL);
    assert_int_equal(fixture.downs, 1);
    assert_null(strchr(fixture.text, '\n'));
    for (int i = 0; i < 5; i++) {
        call_read(&fixture, &late[i], 0, 10000); /* fails before its deadline */
    }
    calls_wait(&fixture, late, 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(late[i].status, DB_DOWN);
    }
    server_control("start");
    works();
    assert_int_equal(fixture.ups, 2);
    assert_int_equal(fixture.downs, 1);
    assert_int_equal(server_number("SELECT count(*) FROM authd.test_note WHERE text = 'stopped'"),
                     0);
}

/* One backend is killed: PostgreSQL ends all connections and recovers. */
static void test_backend_killed(void **state)
{
    (void)state;
    struct call read, write;
    call_read(&fixture, &read, 500, 10000);
    call_write(&fixture, &write, "killed", 500);
    server_wait_sleepers(&fixture, 2);
    kill((pid_t)server_number("SELECT pid FROM pg_stat_activity WHERE usename = 'authd_service' "
                              "AND wait_event = 'PgSleep' AND query LIKE '%user_suspend%'"),
         SIGKILL);
    calls_wait(&fixture, &read, 1);
    calls_wait(&fixture, &write, 1);
    assert_int_equal(write.status, DB_DOWN);
    assert_true(read.status == DB_OK || read.status == DB_DOWN); /* recovery may be quick */
    works();
}

/* With a hung server, units fail at their deadline; units that still wait are served when the
 * server goes on. */
static void test_hung(void **state)
{
    (void)state;
    server_signal(SIGSTOP);
    struct call reads[10], write;
    for (int i = 0; i < 10; i++) {
        call_read(&fixture, &reads[i], 0, 400);
    }
    call_write(&fixture, &write, "hung", 0);
    calls_wait(&fixture, reads, 10);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(reads[i].status, DB_TIMEOUT);
    }
    loop_run_until(fixture.loop, is_down, NULL);
    assert_int_equal(write.done, 0); /* its deadline is far away */
    struct call waiting;
    call_read(&fixture, &waiting, 0, 10000); /* the pool is trying to connect */
    loop_turns(fixture.loop, 50);
    assert_int_equal(waiting.done, 0);
    server_signal(SIGCONT);
    calls_wait(&fixture, &waiting, 1);
    assert_int_equal(waiting.status, DB_OK);
    calls_wait(&fixture, &write, 1);
    assert_int_equal(write.status, DB_OK);
    works();
}

/* Attempts to connect that hang end at their own limit, and then the lane counts as down. */
static void test_hung_for_long(void **state)
{
    (void)state;
    server_signal(SIGSTOP);
    struct call reads[2], next; /* one on each connection */
    call_read(&fixture, &reads[0], 0, 300);
    call_read(&fixture, &reads[1], 0, 300);
    calls_wait(&fixture, reads, 2);
    assert_int_equal(reads[0].status, DB_TIMEOUT);
    assert_int_equal(reads[1].status, DB_TIMEOUT);
    call_read(&fixture, &next, 0, 60000);
    calls_wait(&fixture, &next, 1);
    assert_int_equal(next.status, DB_DOWN);
    assert_string_equal(fixture.text, "the database did not answer in time");
    server_signal(SIGCONT);
    works();
}

static bool was_reported_down(void *arg)
{
    (void)arg;
    return fixture.downs > 0;
}

static void test_unreachable(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "host=/nonexistent user=x password=sesame",
        "host=127.0.0.1 port=1 user=x password=sesame",
        "host=no-such-host.invalid user=x password=sesame",
        "host=/nonexistent password=sesame sesame",
    };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        fixture_open(&fixture, urls[i]);
        loop_run_until(fixture.loop, was_reported_down, NULL);
        assert_null(strstr(fixture.text, "sesame"));
        assert_null(strchr(fixture.text, '\n'));
        struct call call;
        call_read(&fixture, &call, 0, 30000);
        calls_wait(&fixture, &call, 1);
        assert_int_equal(call.status, DB_DOWN);
        assert_int_equal(fixture.downs, 1);
        assert_int_equal(fixture.ups + fixture.unusables, 0);
        fixture_close(&fixture);
    }
}

/* Hosts are tried in turn, and names are resolved on the worker. */
static void test_several_hosts(void **state)
{
    (void)state;
    char url[256];
    const char *socket = strchr(getenv("AUTHD_TEST_PG"), '/');
    snprintf(url, sizeof url,
             "target_session_attrs=read-write user=authd_service dbname=authd "
             "host=/nonexistent,localhost,%.*s port=1,1,5432",
             (int)strcspn(socket, " "), socket);
    fixture_open(&fixture, url);
    works();
    assert_int_equal(fixture.ups, 1);
    fixture_close(&fixture);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_backends_terminated),
        TEST(test_read_breaks_twice),
        TEST(test_stopped),
        TEST(test_backend_killed),
        TEST(test_hung),
        TEST(test_hung_for_long),
        cmocka_unit_test(test_unreachable),
        cmocka_unit_test(test_several_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
