/* Cleartext passwords become digests that the scheme dovecot reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "crypto/cleartext.h"
#include "crypto/password_scheme.h"

extern const struct authd_plugin authd_plugin_dovecot;

static const uint8_t key[32] = {1};

static const char *const clear[] = {
    "{PLAIN}correct horse",
    "{plain}correct horse",
    "{CLEAR}correct horse",
    "{CLEARTEXT}correct horse",
    "{PLAIN.B64}Y29ycmVjdCBob3JzZQ==",
    "{PLAIN.BASE64}Y29ycmVjdCBob3JzZQ==",
    "{cleartext.Hex}636f727265637420686f727365",
};

static void test_digest_matches(void **state)
{
    const struct authd_scheme *scheme = authd_plugin_dovecot.schemes[0];
    char first[AUTHD_HASH_MAX + 1];

    (void)state;
    assert_true(cleartext_digest(span_of(clear[0]), "a@x.org", key, first));
    for (size_t i = 0; i < sizeof(clear) / sizeof(clear[0]); i++) {
        char made[AUTHD_HASH_MAX + 1];
        struct authd_cost cost;

        assert_true(cleartext_is(span_of(clear[i])));
        assert_true(cleartext_digest(span_of(clear[i]), "a@x.org", key, made));
        assert_true(scheme->cost(made, &cost));
        assert_int_equal(password_verify(scheme, made, SPAN_LITERAL("correct horse")),
                         AUTHD_MATCH_YES);
        assert_int_equal(password_verify(scheme, made, SPAN_LITERAL("correct hors")),
                         AUTHD_MATCH_NO);
        assert_string_equal(made, first); /* the same password of the same user */
    }
}

static void test_salt_depends_on_user_password_and_key(void **state)
{
    static const uint8_t other_key[32] = {2};
    char made[4][AUTHD_HASH_MAX + 1];

    (void)state;
    assert_true(cleartext_digest(SPAN_LITERAL("{PLAIN}secret"), "a@x.org", key, made[0]));
    assert_true(cleartext_digest(SPAN_LITERAL("{PLAIN}secret"), "b@x.org", key, made[1]));
    assert_true(cleartext_digest(SPAN_LITERAL("{PLAIN}secret"), "a@x.org", other_key, made[2]));
    assert_true(cleartext_digest(SPAN_LITERAL("{PLAIN}secreT"), "a@x.org", key, made[3]));
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < i; j++) {
            /* The salt: the last 16 of 80 octets, so about the last 20 characters. */
            assert_string_not_equal(made[i] + 96, made[j] + 96);
        }
    }
}

static void test_what_is_not_in_clear(void **state)
{
    static const char *const hashes[] = {
        "",        "{",         "{}x",          "PLAIN",        "{PLAINx}x",
        "{SSHA}x", "{PLAIN.}x", "{PLAIN.B32}x", "{PLAIN-MD5}x", "$6$x$y",
        "{PLAIN"};
    static const char *const broken[] = {"{PLAIN}", "{PLAIN.HEX}6", "{PLAIN.HEX}zz",
                                         "{PLAIN.B64}Y29ycmVjdCBob3JzZQ=", "{PLAIN.B64}"};
    char made[AUTHD_HASH_MAX + 1];
    char large[1100];

    (void)state;
    for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
        assert_false(cleartext_is(span_of(hashes[i])));
        assert_false(cleartext_digest(span_of(hashes[i]), "a@x.org", key, made));
    }
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        assert_true(cleartext_is(span_of(broken[i])));
        assert_false(cleartext_digest(span_of(broken[i]), "a@x.org", key, made));
    }
    memset(large, 'a', sizeof(large));
    memcpy(large, "{PLAIN}", 7);
    assert_true(cleartext_digest((struct span){large, 7 + PASSWORD_MAX}, "a@x.org", key, made));
    assert_false(cleartext_digest((struct span){large, 8 + PASSWORD_MAX}, "a@x.org", key, made));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digest_matches),
        cmocka_unit_test(test_salt_depends_on_user_password_and_key),
        cmocka_unit_test(test_what_is_not_in_clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
