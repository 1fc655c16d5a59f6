/* SASL PLAIN: the examples of RFC 4616, section 4, and texts that look almost like a message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mechanism.h"

extern const struct authd_plugin authd_plugin_plain;

static const struct good {
    struct authd_bytes message, authzid, authcid, secret;
} good[] = {
    {OCTETS("\0tim\0tanstaaftanstaaf"), OCTETS(""), OCTETS("tim"), OCTETS("tanstaaftanstaaf")},
    {OCTETS("Ursel\0Kurt\0xipj3plmq"), OCTETS("Ursel"), OCTETS("Kurt"), OCTETS("xipj3plmq")},
    {OCTETS("\0a\0b"), OCTETS(""), OCTETS("a"), OCTETS("b")},
    {OCTETS("\0j\xc3\xbcrgen@example.org\0p\xc3\xa4ss w\xf6rd"), OCTETS(""),
     OCTETS("j\xc3\xbcrgen@example.org"), OCTETS("p\xc3\xa4ss w\xf6rd")},
    {OCTETS("\0a\r\n\tb\0\x01\xff\x7f"), OCTETS(""), OCTETS("a\r\n\tb"), OCTETS("\x01\xff\x7f")},
};

static const struct bad {
    struct authd_bytes message;
    const char *why;
} bad[] = {
    {OCTETS(""), "fewer than two"},
    {OCTETS("tim"), "fewer than two"},
    {OCTETS("\0"), "fewer than two"},
    {OCTETS("\0tim"), "fewer than two"},
    {OCTETS("tim\0tanstaaf"), "fewer than two"},
    {OCTETS("\0\0"), "empty authentication identity"},
    {OCTETS("\0\0secret"), "empty authentication identity"},
    {OCTETS("admin\0\0secret"), "empty authentication identity"},
    {OCTETS("\0tim\0"), "empty password"},
    {OCTETS("\0\0\0"), "more than two"},
    {OCTETS("\0tim\0secret\0"), "more than two"},
    {OCTETS("\0tim\0\0secret"), "more than two"},
    {OCTETS("\0tim\0sec\0ret"), "more than two"},
};

static void test_messages_become_claims(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct exchange exchange;
        exchange_begin(&exchange, &authd_plugin_plain);
        exchange_step(&exchange, good[i].message);
        const struct authd_claim *claim = &exchange.out.claim;
        assert_int_equal(exchange.out.kind, AUTHD_CLAIM);
        assert_int_equal(claim->kind, AUTHD_CLAIM_PASSWORD);
        assert_true(same_octets(claim->authzid, good[i].authzid));
        assert_true(same_octets(claim->authcid, good[i].authcid));
        assert_true(same_octets(claim->secret, good[i].secret));
        exchange_end(&exchange);
    }
}

static void test_other_octets_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct exchange exchange;
        exchange_begin(&exchange, &authd_plugin_plain);
        exchange_step(&exchange, bad[i].message);
        assert_int_equal(exchange.out.kind, AUTHD_REFUSE);
        assert_non_null(strstr(exchange.out.why, bad[i].why));
        exchange_end(&exchange);
    }
}

static void test_absent_response_is_asked_for_once(void **state)
{
    (void)state;
    struct exchange exchange;
    exchange_begin(&exchange, &authd_plugin_plain);
    exchange_step(&exchange, ABSENT);
    assert_int_equal(exchange.out.kind, AUTHD_CHALLENGE);
    assert_int_equal(exchange.out.challenge.len, 0);
    exchange_step(&exchange, OCTETS("\0tim\0secret"));
    assert_int_equal(exchange.out.kind, AUTHD_CLAIM);
    exchange_end(&exchange);

    exchange_begin(&exchange, &authd_plugin_plain);
    exchange_step(&exchange, ABSENT);
    exchange_step(&exchange, ABSENT);
    assert_int_equal(exchange.out.kind, AUTHD_REFUSE);
    exchange_end(&exchange);
}

static void test_largest_response(void **state)
{
    (void)state;
    unsigned char message[AUTHD_RESPONSE_MAX];
    memset(message, 'x', sizeof(message));
    message[0] = '\0';
    message[4] = '\0';
    struct exchange exchange;
    exchange_begin(&exchange, &authd_plugin_plain);
    exchange_step(&exchange, (struct authd_bytes){message, sizeof(message)});
    assert_int_equal(exchange.out.kind, AUTHD_CLAIM);
    assert_int_equal(exchange.out.claim.secret.len, sizeof(message) - 5);
    exchange_end(&exchange);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_become_claims),
        cmocka_unit_test(test_other_octets_are_refused),
        cmocka_unit_test(test_absent_response_is_asked_for_once),
        cmocka_unit_test(test_largest_response),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
