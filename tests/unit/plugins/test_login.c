/* SASL LOGIN: exchanges as clients of the Dovecot protocol lead them, each as a list of responses
 * and expected answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mechanism.h"

extern const struct authd_plugin authd_plugin_login;

#define LONGEST_NAME 512

enum reply { ASKS_NAME = 1, ASKS_PASSWORD, CLAIMS, REFUSES };

static const struct exchange_case {
    const char *what;
    struct {
        struct authd_bytes response;
        enum reply reply;
    } steps[3];
} exchange_cases[] = {
    {"no initial response",
     {{ABSENT, ASKS_NAME}, {OCTETS("ann"), ASKS_PASSWORD}, {OCTETS("secret"), CLAIMS}}},
    {"empty initial response",
     {{OCTETS(""), ASKS_NAME}, {OCTETS("ann"), ASKS_PASSWORD}, {OCTETS("secret"), CLAIMS}}},
    {"initial response is the name", {{OCTETS("ann"), ASKS_PASSWORD}, {OCTETS("secret"), CLAIMS}}},
    {"empty name", {{ABSENT, ASKS_NAME}, {OCTETS(""), REFUSES}}},
    {"absent name", {{ABSENT, ASKS_NAME}, {ABSENT, REFUSES}}},
    {"empty password", {{OCTETS("ann"), ASKS_PASSWORD}, {OCTETS(""), REFUSES}}},
    {"NUL in the name", {{ABSENT, ASKS_NAME}, {OCTETS("ann\0root"), REFUSES}}},
    {"NUL alone as initial response", {{OCTETS("\0"), REFUSES}}},
    {"a PLAIN message", {{OCTETS("\0ann\0secret"), REFUSES}}},
    {"NUL in the password", {{OCTETS("ann"), ASKS_PASSWORD}, {OCTETS("sec\0ret"), REFUSES}}},
};

static enum reply reply_of(const struct authd_step_out *out)
{
    if (out->kind == AUTHD_CLAIM) {
        return CLAIMS;
    }
    if (out->kind == AUTHD_REFUSE) {
        assert_non_null(out->why);
        return REFUSES;
    }
    assert_int_equal(out->kind, AUTHD_CHALLENGE);
    if (same_octets(out->challenge, OCTETS("Username:"))) {
        return ASKS_NAME;
    }
    assert_true(same_octets(out->challenge, OCTETS("Password:")));
    return ASKS_PASSWORD;
}

static void test_exchanges(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(exchange_cases) / sizeof(exchange_cases[0]); i++) {
        const struct exchange_case *exchange_case = &exchange_cases[i];
        struct exchange exchange;
        exchange_begin(&exchange, &authd_plugin_login);
        for (size_t k = 0; k < 3 && exchange_case->steps[k].reply != 0; k++) {
            exchange_step(&exchange, exchange_case->steps[k].response);
            if (reply_of(&exchange.out) != exchange_case->steps[k].reply) {
                fail_msg("%s: step %zu", exchange_case->what, k);
            }
        }
        exchange_end(&exchange);
    }
}

static void test_claim_outlives_the_name_response(void **state)
{
    (void)state;
    struct exchange exchange;
    exchange_begin(&exchange, &authd_plugin_login);
    exchange_step(&exchange, OCTETS("ann@example.org"));
    exchange_step(&exchange, OCTETS("\xff\x01 secret"));
    assert_int_equal(exchange.out.claim.kind, AUTHD_CLAIM_PASSWORD);
    assert_true(same_octets(exchange.out.claim.authcid, OCTETS("ann@example.org")));
    assert_true(same_octets(exchange.out.claim.authzid, OCTETS("")));
    assert_true(same_octets(exchange.out.claim.secret, OCTETS("\xff\x01 secret")));
    exchange_end(&exchange);
}

static void test_name_is_bounded(void **state)
{
    (void)state;
    unsigned char name[LONGEST_NAME + 1];
    memset(name, 'a', sizeof(name));
    struct exchange exchange;
    exchange_begin(&exchange, &authd_plugin_login);
    exchange_step(&exchange, (struct authd_bytes){name, LONGEST_NAME});
    assert_int_equal(exchange.out.kind, AUTHD_CHALLENGE);
    exchange_end(&exchange);

    exchange_begin(&exchange, &authd_plugin_login);
    exchange_step(&exchange, (struct authd_bytes){name, LONGEST_NAME + 1});
    assert_int_equal(exchange.out.kind, AUTHD_REFUSE);
    exchange_end(&exchange);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exchanges),
        cmocka_unit_test(test_claim_outlives_the_name_response),
        cmocka_unit_test(test_name_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
