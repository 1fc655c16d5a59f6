/* saslauthd: connections, with a replacement of login/login that the test controls. */
#include "../loop/until.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "front/saslauthd.h"
#include "login/login.h"

#define ALICE "\0\5alice\0\6secret\0\4smtp\0\13example.org"

/* ---- the replacement of login/login ---- */

struct login {
    char name[64];
    char secret[64];
    char service[64];
    char client[64];
    char peer[64];
    const char *why;
    bool tagged;
    login_done_f *done;
    void *arg;
};

static struct login *current; /* the login under way */
static int begun;
static int cancelled;

static struct login *login_make(const struct login_context *context, login_done_f *done, void *arg)
{
    assert_null(current);
    current = mem_new(struct login);
    current->done = done;
    current->arg = arg;
    current->tagged = context->tagged;
    assert_string_equal(context->mechanism, "PLAIN");
    assert_string_equal(context->front, "saslauthd");
    strcpy(current->service, context->service);
    strcpy(current->client, context->client);
    strcpy(current->peer, context->peer);
    begun++;
    return current;
}

struct login *login_begin(struct core *core, const struct claim *claim,
                          const struct login_context *context, login_done_f *done, void *arg)
{
    (void)core;
    struct login *login = login_make(context, done, arg);
    memcpy(login->name, claim->authcid.ptr, claim->authcid.len);
    memcpy(login->secret, claim->secret.ptr, claim->secret.len);
    assert_int_equal(claim->authzid.len, 0);
    return login;
}

struct login *login_refuse(struct core *core, const char *why, const struct login_context *context,
                           login_done_f *done, void *arg)
{
    (void)core;
    struct login *login = login_make(context, done, arg);
    login->why = why;
    return login;
}

void login_cancel(struct login *login, enum reason reason)
{
    (void)reason;
    assert_ptr_equal(login, current);
    free(login);
    current = NULL;
    cancelled++;
}

static void login_end(enum outcome outcome)
{
    struct login *login = current;
    struct login_result result = {.outcome = outcome, .reference = "abcdefghij"};
    assert_non_null(login);
    current = NULL;
    login->done(&result, login->arg);
    free(login);
}

/* ---- the tests ---- */

struct fixture {
    struct loop *loop;
    struct saslauthd_front *front;
    int client;
};

static int client_connect(struct fixture *fixture)
{
    int fds[2];
    struct peer peer = {.local = true, .text = "unix:101"};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    saslauthd_accept(fixture->front, fds[0], &peer);
    return fds[1];
}

static int setup(void **state)
{
    struct fixture *fixture = mem_new(struct fixture);
    fixture->loop = loop_create();
    fixture->front = saslauthd_create(fixture->loop, NULL);
    fixture->client = client_connect(fixture);
    begun = 0;
    cancelled = 0;
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    close(fixture->client);
    saslauthd_destroy(fixture->front);
    loop_destroy(fixture->loop);
    free(fixture);
    return current != NULL; /* fails if a login was left under way */
}

static void turns(struct fixture *fixture)
{
    loop_turns(fixture->loop, 3);
}

static void client_send(struct fixture *fixture, struct span octets)
{
    assert_int_equal(send(fixture->client, octets.ptr, octets.len, MSG_NOSIGNAL), octets.len);
    turns(fixture);
}

static void client_expect(struct fixture *fixture, struct span expected)
{
    char got[64];
    assert_int_equal(recv(fixture->client, got, sizeof(got), 0), expected.len);
    if (expected.len > 0) {
        assert_memory_equal(got, expected.ptr, expected.len);
    }
}

static void client_expect_nothing(struct fixture *fixture)
{
    char octet;
    assert_int_equal(recv(fixture->client, &octet, 1, 0), -1);
    assert_int_equal(errno, EAGAIN);
}

static void client_expect_eof(struct fixture *fixture)
{
    client_expect(fixture, (struct span){0});
}

static void test_allow(void **state)
{
    struct fixture *fixture = *state;
    client_send(fixture, SPAN_LITERAL(ALICE));
    assert_int_equal(begun, 1);
    assert_string_equal(current->name, "alice@example.org");
    assert_string_equal(current->secret, "secret");
    assert_string_equal(current->service, "smtp");
    assert_string_equal(current->client, "");
    assert_string_equal(current->peer, "unix:101");
    assert_false(current->tagged);
    assert_int_equal(saslauthd_live(fixture->front), 1);
    client_expect_nothing(fixture);
    login_end(OUTCOME_ALLOW);
    turns(fixture);
    client_expect(fixture, SPAN_LITERAL("\0\2OK"));
    client_expect_eof(fixture);
    assert_int_equal(saslauthd_live(fixture->front), 0);
}

static void test_deny(void **state)
{
    struct fixture *fixture = *state;
    client_send(fixture, SPAN_LITERAL(ALICE));
    login_end(OUTCOME_DENY);
    turns(fixture);
    client_expect(fixture, SPAN_LITERAL("\0\15NO abcdefghij"));
    client_expect_eof(fixture);
}

static void test_tempfail_closes_without_an_answer(void **state)
{
    struct fixture *fixture = *state;
    client_send(fixture, SPAN_LITERAL(ALICE));
    login_end(OUTCOME_TEMPFAIL);
    turns(fixture);
    client_expect_eof(fixture);
}

static void test_one_octet_at_a_time(void **state)
{
    struct fixture *fixture = *state;
    struct span request = SPAN_LITERAL(ALICE);
    for (size_t i = 0; i < request.len; i++) {
        assert_int_equal(begun, 0);
        client_send(fixture, (struct span){request.ptr + i, 1});
    }
    assert_int_equal(begun, 1);
    login_end(OUTCOME_ALLOW);
}

static void test_a_fifth_string_in_the_same_write(void **state)
{
    struct fixture *fixture = *state;
    client_send(fixture, SPAN_LITERAL(ALICE "\0\15"
                                            "192.0.2.1;587"));
    assert_string_equal(current->client, "192.0.2.1");
    login_end(OUTCOME_ALLOW);
}

static void test_what_follows_a_request_is_ignored(void **state)
{
    struct fixture *fixture = *state;
    client_send(fixture, SPAN_LITERAL(ALICE ALICE));
    client_send(fixture, SPAN_LITERAL(ALICE));
    assert_int_equal(begun, 1);
    login_end(OUTCOME_ALLOW);
    client_send(fixture, SPAN_LITERAL(ALICE));
    assert_int_equal(begun, 1);
    client_expect(fixture, SPAN_LITERAL("\0\2OK"));
    client_expect_eof(fixture);
}

static void test_malformed_is_refused_like_any_other(void **state)
{
    struct fixture *fixture = *state;
    client_send(fixture, SPAN_LITERAL("\0\5al\0ce\0\6secret\0\4smtp\0\0"));
    assert_string_equal(current->why, "NUL in login");
    login_end(OUTCOME_DENY);
    turns(fixture);
    client_expect(fixture, SPAN_LITERAL("\0\15NO abcdefghij"));
    client_expect_eof(fixture);
}

static void test_the_client_leaves_before_the_answer(void **state)
{
    struct fixture *fixture = *state;
    client_send(fixture, SPAN_LITERAL(ALICE));
    close(fixture->client);
    turns(fixture);
    assert_int_equal(cancelled, 1);
    assert_int_equal(saslauthd_live(fixture->front), 0);
    fixture->client = client_connect(fixture); /* for teardown */
}

static void test_the_client_leaves_before_its_request_is_whole(void **state)
{
    struct fixture *fixture = *state;
    client_send(fixture, SPAN_LITERAL("\0\5ali"));
    shutdown(fixture->client, SHUT_WR);
    turns(fixture);
    client_expect_eof(fixture);
    assert_int_equal(begun, 0);
}

static void test_a_client_that_stops_sending_gets_its_answer(void **state)
{
    struct fixture *fixture = *state;
    client_send(fixture, SPAN_LITERAL(ALICE));
    shutdown(fixture->client, SHUT_WR);
    turns(fixture);
    assert_int_equal(cancelled, 0);
    login_end(OUTCOME_ALLOW);
    turns(fixture);
    client_expect(fixture, SPAN_LITERAL("\0\2OK"));
    client_expect_eof(fixture);
}

static bool is_cut_off(void *arg)
{
    char octet;
    return recv(((struct fixture *)arg)->client, &octet, 1, MSG_PEEK) == 0;
}

static void test_a_slow_client_is_cut_off(void **state)
{
    struct fixture *fixture = *state;
    client_send(fixture, SPAN_LITERAL("\0\5ali"));
    loop_run_until(fixture->loop, is_cut_off, fixture);
    assert_int_equal(begun, 0);
}

static void test_drain(void **state)
{
    struct fixture *fixture = *state;
    client_send(fixture, SPAN_LITERAL(ALICE));
    int idle = client_connect(fixture);
    saslauthd_drain(fixture->front);
    char octet;
    assert_int_equal(recv(idle, &octet, 1, 0), 0);
    close(idle);
    idle = client_connect(fixture); /* after the drain began */
    assert_int_equal(recv(idle, &octet, 1, 0), 0);
    close(idle);
    assert_int_equal(saslauthd_live(fixture->front), 1);
    login_end(OUTCOME_ALLOW);
    turns(fixture);
    client_expect(fixture, SPAN_LITERAL("\0\2OK"));
    assert_int_equal(saslauthd_live(fixture->front), 0);
}

static void test_destroy_cancels(void **state)
{
    struct fixture *fixture = *state;
    client_send(fixture, SPAN_LITERAL(ALICE));
    saslauthd_destroy(fixture->front);
    fixture->front = NULL;
    assert_int_equal(cancelled, 1);
    client_expect_eof(fixture);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_allow),
        TEST(test_deny),
        TEST(test_tempfail_closes_without_an_answer),
        TEST(test_one_octet_at_a_time),
        TEST(test_a_fifth_string_in_the_same_write),
        TEST(test_what_follows_a_request_is_ignored),
        TEST(test_malformed_is_refused_like_any_other),
        TEST(test_the_client_leaves_before_the_answer),
        TEST(test_the_client_leaves_before_its_request_is_whole),
        TEST(test_a_client_that_stops_sending_gets_its_answer),
        TEST(test_a_slow_client_is_cut_off),
        TEST(test_drain),
        TEST(test_destroy_cancels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
