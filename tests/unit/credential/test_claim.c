#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "credential/claim.h"

static struct claim claim_of(struct span authcid, struct span authzid, struct span secret)
{
    return (struct claim){.authcid = authcid, .authzid = authzid, .secret = secret};
}

static void check(struct span authcid, struct span authzid, struct span secret,
                  enum claim_kind expected)
{
    struct claim claim = claim_of(authcid, authzid, secret);

    assert_int_equal(claim_classify(&claim), expected);
}

static void test_malformed(void **state)
{
    const struct span name = SPAN_LITERAL("alice");
    const struct span none = SPAN_LITERAL("");
    const struct span secret = SPAN_LITERAL("secret");
    char *longest = calloc(1, 1025);

    (void)state;
    memset(longest, 'x', 1025);
    check(none, none, secret, CLAIM_MALFORMED);
    check(name, none, none, CLAIM_MALFORMED);
    check(SPAN_LITERAL("al\0ice"), none, secret, CLAIM_MALFORMED);
    check(name, SPAN_LITERAL("\0"), secret, CLAIM_MALFORMED);
    check(name, none, SPAN_LITERAL("sec\0ret"), CLAIM_MALFORMED);
    check(name, none, (struct span){longest, 1025}, CLAIM_MALFORMED);
    check(name, none, (struct span){longest, 1024}, CLAIM_PASSWORD);
    free(longest);
}

static void test_app_password_shape(void **state)
{
    static const struct {
        const char *secret;
        enum claim_kind kind;
    } table[] = {
        {"apwk7f3qzzabcdefghijklmnopqrstuvd", CLAIM_APP_PASSWORD},
        {"apw-k7f3qz-zabcde-fghijk-lmnopq-rstuvd", CLAIM_APP_PASSWORD},
        {"APW K7F3QZ ZABCDE FGHIJK LMNOPQ RSTUVD", CLAIM_APP_PASSWORD},
        {"apwabcdefghijklmnopqrstuvwxyz2345", CLAIM_MISTYPED},
        {"apwabcdefghijklmnopqrstuvwxyz234", CLAIM_PASSWORD},   // one digit too few
        {"apwabcdefghijklmnopqrstuvwxyz23456", CLAIM_PASSWORD}, // one digit too many
        {"apwabcdefghijklmnopqrstuvwxyz2341", CLAIM_PASSWORD},  // 1 is no base32 digit
        {"apxabcdefghijklmnopqrstuvwxyz2345", CLAIM_PASSWORD},
        {"apw_abcdefghijklmnopqrstuvwxyz2345", CLAIM_PASSWORD},
        {"---", CLAIM_PASSWORD},
        {"correct horse battery staple", CLAIM_PASSWORD},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        check(SPAN_LITERAL("alice"), SPAN_LITERAL(""), span_of(table[i].secret), table[i].kind);
    }
}

static void test_password_flaw(void **state)
{
    static const char *const flawed[] = {"", "ends in $",
                                         "apw-abcde-fghij-klmno-pqrst-uvwxy-z2345"};

    (void)state;
    for (size_t i = 0; i < sizeof(flawed) / sizeof(flawed[0]); i++) {
        assert_non_null(claim_password_flaw(span_of(flawed[i])));
    }
    assert_non_null(claim_password_flaw(SPAN_LITERAL("nul\0inside")));
    assert_null(claim_password_flaw(SPAN_LITERAL("co$t of living")));
    assert_null(claim_password_flaw(SPAN_LITERAL(" ")));
    assert_null(claim_password_flaw(SPAN_LITERAL("apwhatever")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_app_password_shape),
        cmocka_unit_test(test_password_flaw),
    };

    return cmocka_run_group_tests_name("claim", tests, NULL, NULL);
}
