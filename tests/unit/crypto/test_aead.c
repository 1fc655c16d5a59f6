/* Ciphertexts can be decrypted only unchanged, in their own row, with their own key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/aead.h"

static const struct aead_row row = {"password", 7, 7, 3};

static struct key_set keys_of(uint8_t first, uint8_t second)
{
    struct key_set keys = {.keys = {{.octets = {first}}, {.octets = {second}}}, .count = 2};

    key_id_make(&keys.keys[0]);
    key_id_make(&keys.keys[1]);
    return keys;
}

static enum aead_result opens(const struct key_set *keys, const struct aead_row *where,
                              const char *encrypted, const char *text)
{
    char out[AEAD_PLAINTEXT_MAX + 1] = "x";
    size_t length = 0;
    enum aead_result result = aead_decrypt(keys, where, span_of(encrypted), out, &length);

    assert_string_equal(out, result == AEAD_DECRYPTED ? text : "");
    if (result == AEAD_DECRYPTED) {
        assert_int_equal(length, strlen(text));
    }
    return result;
}

static void test_there_and_back(void **state)
{
    const struct key_set keys = keys_of(1, 2);
    char text[AEAD_PLAINTEXT_MAX + 1] = "";
    char encrypted[AEAD_MAX + 1];

    (void)state;
    for (size_t length = 0; length <= AEAD_PLAINTEXT_MAX; length += 73) {
        memset(text, 'a', length);
        text[length] = '\0';
        aead_encrypt(&keys, &row, span_of(text), encrypted);
        assert_int_equal(strlen(encrypted), AEAD_LENGTH(length));
        assert_true(span_is(aead_key_id(span_of(encrypted)), keys.keys[0].id));
        assert_int_equal(opens(&keys, &row, encrypted, text), AEAD_DECRYPTED);
    }
}

static void test_never_twice_the_same(void **state)
{
    const struct key_set keys = keys_of(1, 2);
    char one[AEAD_MAX + 1];
    char other[AEAD_MAX + 1];

    (void)state;
    aead_encrypt(&keys, &row, SPAN_LITERAL("$argon2id$"), one);
    aead_encrypt(&keys, &row, SPAN_LITERAL("$argon2id$"), other);
    assert_string_not_equal(one, other);
    assert_null(strstr(one, "argon2id"));
}

static void test_only_in_its_row(void **state)
{
    static const struct aead_row others[] = {
        {"passwords", 7, 7, 3}, {"passwor", 7, 7, 3},  {"totp", 7, 7, 3},
        {"password", 8, 7, 3},  {"password", 7, 8, 3}, {"password", 7, 7, 4},
        {"password", 7, 7, 2},  {"password", 3, 7, 7}, {"password", 7 + 256, 7, 3},
    };
    const struct key_set keys = keys_of(1, 2);
    char encrypted[AEAD_MAX + 1];

    (void)state;
    aead_encrypt(&keys, &row, SPAN_LITERAL("secret"), encrypted);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(opens(&keys, &others[i], encrypted, ""), AEAD_BROKEN);
    }
    assert_int_equal(opens(&keys, &row, encrypted, "secret"), AEAD_DECRYPTED);
}

static void test_only_under_its_key(void **state)
{
    const struct key_set keys = keys_of(1, 2);
    const struct key_set after = keys_of(2, 1); // rotated
    const struct key_set others = keys_of(3, 4);
    struct key_set renamed = keys;
    char encrypted[AEAD_MAX + 1];

    (void)state;
    aead_encrypt(&keys, &row, SPAN_LITERAL("secret"), encrypted);
    assert_int_equal(opens(&after, &row, encrypted, "secret"), AEAD_DECRYPTED);
    assert_int_equal(opens(&others, &row, encrypted, ""), AEAD_KEY_MISSING);
    memcpy(renamed.keys[1].id, keys.keys[0].id, sizeof(keys.keys[0].id));
    memcpy(renamed.keys[0].id, keys.keys[1].id, sizeof(keys.keys[0].id));
    assert_int_equal(opens(&renamed, &row, encrypted, ""), AEAD_BROKEN);
}

static void test_every_octet_counts(void **state)
{
    const struct key_set keys = keys_of(1, 2);
    char encrypted[AEAD_MAX + 1];

    (void)state;
    aead_encrypt(&keys, &row, SPAN_LITERAL("a secret of some length"), encrypted);
    for (size_t i = 0; i < strlen(encrypted); i++) {
        char old = encrypted[i];

        encrypted[i] = old == 'A' ? 'B' : 'A';
        assert_int_not_equal(opens(&keys, &row, encrypted, ""), AEAD_DECRYPTED);
        encrypted[i] = '\0';
        assert_int_not_equal(opens(&keys, &row, encrypted, ""), AEAD_DECRYPTED);
        encrypted[i] = old;
    }
}

static void test_what_is_not_encrypted(void **state)
{
    static const char *const texts[] = {
        "",
        "!",
        "$argon2id$v=19$m=47104,t=1,p=1$c2FsdA$aGFzaA",
        "$cipher$",
        "$cipher$12345678",
        "$cipher$12345678$",
        "$cipher$123456789$AAAA",
        "$CIPHER$12345678$AAAA",
    };
    const struct key_set keys = keys_of(1, 2);
    char longest[AEAD_MAX + 2];

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(opens(&keys, &row, texts[i], ""), AEAD_BROKEN);
    }
    memset(longest, 'A', sizeof(longest));
    memcpy(longest, "$cipher$", 8);
    memcpy(longest + 8, keys.keys[0].id, KEY_ID_LENGTH);
    longest[AEAD_PREFIX_LENGTH - 1] = '$';
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(opens(&keys, &row, longest, ""), AEAD_BROKEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),     cmocka_unit_test(test_never_twice_the_same),
        cmocka_unit_test(test_only_in_its_row),    cmocka_unit_test(test_only_under_its_key),
        cmocka_unit_test(test_every_octet_counts), cmocka_unit_test(test_what_is_not_encrypted),
    };

    return cmocka_run_group_tests_name("aead", tests, NULL, NULL);
}
