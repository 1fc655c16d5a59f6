/* The stored second factor: it is decrypted and compared, and a ciphertext of another row is found
 * to be broken. Also the verifier of a recovery code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/core.h"
#include "credential/factor_rules.h"
#include "credential/recovery_code.h"
#include "credential/totp_verify.h"
#include "crypto/aead.h"
#include "crypto/totp.h"

#define NOW  1111111111
#define SEED "12345678901234567890"

static struct key_ring ring;
static struct factor_rules rules;
static struct core core = {.keys = &ring, .site = {.factor_rules = &rules}};
static char encrypted[AEAD_MAX + 1];
static struct totp_row row;

static void set_key(struct key_set *set, uint8_t fill)
{
    set->count = 1;
    memset(set->keys[0].octets, fill, KEY_LENGTH);
    key_id_make(&set->keys[0]);
}

static void encrypt_seed(struct span seed)
{
    const struct aead_row place = {TOTP_KIND, 7, 3, 0};

    set_key(&ring.encryption, 1);
    aead_encrypt(&ring.encryption, &place, seed, encrypted);
    row = (struct totp_row){7, 3, encrypted, "SHA1", 8};
}

static enum totp_match match(const char *digits)
{
    int64_t step = -5;
    enum totp_match result = totp_verify(&core, &row, span_of(digits), NOW, &step);

    assert_int_equal(step, result == TOTP_YES ? NOW / TOTP_PERIOD : -5);
    return result;
}

static void test_match(void **state)
{
    (void)state;
    encrypt_seed(SPAN_LITERAL(SEED));
    assert_int_equal(match("14050471"), TOTP_YES);
    assert_int_equal(match("14050472"), TOTP_NO);
    assert_int_equal(match("050471"), TOTP_NO);
    row.digits = 6;
    assert_int_equal(match("050471"), TOTP_YES);
    row.algorithm = "SHA256";
    assert_int_equal(match("050471"), TOTP_NO);
}

static void test_ahead(void **state)
{
    const struct totp totp = {TOTP_SHA1, 8, SPAN_LITERAL(SEED)};
    char code[TOTP_CODE_SIZE];
    int64_t step = 0;

    (void)state;
    encrypt_seed(SPAN_LITERAL(SEED));
    totp_code(&totp, NOW / TOTP_PERIOD + 1, code);
    assert_int_equal(totp_verify(&core, &row, span_of(code), NOW, &step), TOTP_NO);
    rules.ahead = true;
    assert_int_equal(totp_verify(&core, &row, span_of(code), NOW, &step), TOTP_YES);
    rules.ahead = false;
    assert_int_equal(step, NOW / TOTP_PERIOD + 1);
}

static void test_broken(void **state)
{
    (void)state;
    encrypt_seed(SPAN_LITERAL(SEED));
    row.id++;
    assert_int_equal(match("14050471"), TOTP_BROKEN);
    encrypt_seed(SPAN_LITERAL(SEED));
    row.owner++;
    assert_int_equal(match("14050471"), TOTP_BROKEN);
    encrypt_seed(SPAN_LITERAL(SEED));
    row.algorithm = "MD5";
    assert_int_equal(match("14050471"), TOTP_BROKEN);
    encrypt_seed(SPAN_LITERAL(SEED));
    row.seed = SEED;
    assert_int_equal(match("14050471"), TOTP_BROKEN);
    encrypt_seed(SPAN_LITERAL(""));
    assert_int_equal(match("14050471"), TOTP_BROKEN);
    encrypt_seed(SPAN_LITERAL(SEED));
    set_key(&ring.encryption, 2);
    assert_int_equal(match("14050471"), TOTP_KEY_MISSING);
}

static void test_verifiers_differ(void **state)
{
    static const struct span code = SPAN_LITERAL("abcdefghijklmnop");
    char one[KEYED_HASH_HEX_SIZE], again[KEYED_HASH_HEX_SIZE], other[KEYED_HASH_HEX_SIZE];

    (void)state;
    set_key(&ring.peppers, 1);
    recovery_code_verifier(&ring.peppers.keys[0], 3, code, one);
    recovery_code_verifier(&ring.peppers.keys[0], 3, code, again);
    assert_string_equal(one, again);
    assert_int_equal(strspn(one, "0123456789abcdef"), 2 * KEYED_HASH_LENGTH);
    recovery_code_verifier(&ring.peppers.keys[0], 4, code, other);
    assert_string_not_equal(one, other);
    recovery_code_verifier(&ring.peppers.keys[0], 3, SPAN_LITERAL("abcdefghijklmnoq"), other);
    assert_string_not_equal(one, other);
    set_key(&ring.peppers, 2);
    recovery_code_verifier(&ring.peppers.keys[0], 3, code, other);
    assert_string_not_equal(one, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_ahead),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_verifiers_differ),
    };

    return cmocka_run_group_tests_name("factor", tests, NULL, NULL);
}
