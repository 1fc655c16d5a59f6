/* Encrypted hashes can be decrypted in their own row only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/core.h"
#include "credential/stored_hash.h"

#define HASH "$6$salt$hash"

static struct key_ring keys = {
    .encryption = {.keys = {{.octets = {1}}, {.octets = {2}}}, .count = 2},
};
static struct core core = {.keys = &keys};

static int name_keys(void **state)
{
    (void)state;
    key_id_make(&keys.encryption.keys[0]);
    key_id_make(&keys.encryption.keys[1]);
    return 0;
}

static void test_a_password_opens_in_its_row(void **state)
{
    char encrypted[AEAD_MAX + 1];
    char out[AUTHD_HASH_MAX + 1];

    (void)state;
    stored_hash_encrypt_password(&core, 7, 3, HASH, encrypted);
    assert_null(strstr(encrypted, HASH));
    assert_int_equal(stored_hash_decrypt_password(&core, 7, 3, encrypted, out),
                     STORED_HASH_DECRYPTED);
    assert_string_equal(out, HASH);
    assert_int_equal(stored_hash_decrypt_password(&core, 8, 3, encrypted, out), STORED_HASH_BROKEN);
    assert_int_equal(stored_hash_decrypt_password(&core, 7, 4, encrypted, out), STORED_HASH_BROKEN);
    assert_int_equal(stored_hash_decrypt_password(&core, 7, 0, encrypted, out), STORED_HASH_BROKEN);
    assert_int_equal(stored_hash_decrypt_app_password(&core, 7, 7, encrypted, out),
                     STORED_HASH_BROKEN);
    assert_string_equal(out, ""); /* the output was wiped */
}

static void test_an_app_password_opens_in_its_row(void **state)
{
    char encrypted[AEAD_MAX + 1];
    char out[AUTHD_HASH_MAX + 1];

    (void)state;
    stored_hash_encrypt_app_password(&core, 5, 7, HASH, encrypted);
    assert_int_equal(stored_hash_decrypt_app_password(&core, 5, 7, encrypted, out),
                     STORED_HASH_DECRYPTED);
    assert_string_equal(out, HASH);
    assert_int_equal(stored_hash_decrypt_app_password(&core, 6, 7, encrypted, out),
                     STORED_HASH_BROKEN);
    assert_int_equal(stored_hash_decrypt_app_password(&core, 5, 8, encrypted, out),
                     STORED_HASH_BROKEN);
    assert_int_equal(stored_hash_decrypt_password(&core, 5, 7, encrypted, out), STORED_HASH_BROKEN);
}

static void test_what_is_not_encrypted_is_nothing(void **state)
{
    static const char *const texts[] = {"", HASH, "$cipher$", "$cipher$00000000", "{SHA}x"};
    char out[AUTHD_HASH_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(stored_hash_decrypt_password(&core, 7, 3, texts[i], out),
                         STORED_HASH_BROKEN);
    }
    assert_int_equal(stored_hash_decrypt_password(&core, 7, 3, "$cipher$00000000$AAAA", out),
                     STORED_HASH_KEY_MISSING);
}

/* An encrypted hash with a NUL inside: a scheme would read only a part of it. */
static void test_a_hash_has_no_nul(void **state)
{
    const struct aead_row row = {"password", 7, 7, 3};
    char encrypted[AEAD_MAX + 1];
    char out[AUTHD_HASH_MAX + 1];

    (void)state;
    aead_encrypt(&keys.encryption, &row, SPAN_LITERAL("!\0x"), encrypted);
    assert_int_equal(stored_hash_decrypt_password(&core, 7, 3, encrypted, out), STORED_HASH_BROKEN);
}

static void test_an_older_key_opens(void **state)
{
    const struct key_set old = {.keys = {keys.encryption.keys[1]}, .count = 1};
    const struct aead_row row = {"password", 7, 7, 3};
    char encrypted[AEAD_MAX + 1];
    char out[AUTHD_HASH_MAX + 1];

    (void)state;
    aead_encrypt(&old, &row, SPAN_LITERAL(HASH), encrypted);
    assert_int_equal(stored_hash_decrypt_password(&core, 7, 3, encrypted, out),
                     STORED_HASH_DECRYPTED);
    assert_string_equal(out, HASH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_password_opens_in_its_row),
        cmocka_unit_test(test_an_app_password_opens_in_its_row),
        cmocka_unit_test(test_what_is_not_encrypted_is_nothing),
        cmocka_unit_test(test_a_hash_has_no_nul),
        cmocka_unit_test(test_an_older_key_opens),
    };
    return cmocka_run_group_tests(tests, name_keys, NULL);
}
