/* Ciphertexts can be decrypted only unchanged, in their own row, with their own key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/aead.h"

static const struct sealed_row row = {"password", 7, 7, 3};

static struct key_set keys_of(uint8_t first, uint8_t second)
{
    struct key_set keys = {.keys = {{.octets = {first}}, {.octets = {second}}}, .count = 2};

    key_name(&keys.keys[0]);
    key_name(&keys.keys[1]);
    return keys;
}

static enum sealed_result opens(const struct key_set *keys, const struct sealed_row *where,
                                const char *sealed, const char *text)
{
    char out[SEALED_TEXT_MAX + 1] = "x";
    size_t length = 0;
    enum sealed_result result = sealed_open(keys, where, span_of(sealed), out, &length);

    assert_string_equal(out, result == SEALED_OPENED ? text : "");
    if (result == SEALED_OPENED) {
        assert_int_equal(length, strlen(text));
    }
    return result;
}

static void test_there_and_back(void **state)
{
    const struct key_set keys = keys_of(1, 2);
    char text[SEALED_TEXT_MAX + 1] = "";
    char sealed[SEALED_MAX + 1];

    (void)state;
    for (size_t length = 0; length <= SEALED_TEXT_MAX; length += 73) {
        memset(text, 'a', length);
        text[length] = '\0';
        sealed_make(&keys, &row, span_of(text), sealed);
        assert_int_equal(strlen(sealed), SEALED_LENGTH(length));
        assert_true(span_is(sealed_key(span_of(sealed)), keys.keys[0].id));
        assert_int_equal(opens(&keys, &row, sealed, text), SEALED_OPENED);
    }
}

static void test_never_twice_the_same(void **state)
{
    const struct key_set keys = keys_of(1, 2);
    char one[SEALED_MAX + 1];
    char other[SEALED_MAX + 1];

    (void)state;
    sealed_make(&keys, &row, SPAN_LITERAL("$argon2id$"), one);
    sealed_make(&keys, &row, SPAN_LITERAL("$argon2id$"), other);
    assert_string_not_equal(one, other);
    assert_null(strstr(one, "argon2id"));
}

static void test_only_in_its_row(void **state)
{
    static const struct sealed_row others[] = {
        {"passwords", 7, 7, 3}, {"passwor", 7, 7, 3},  {"totp", 7, 7, 3},
        {"password", 8, 7, 3},  {"password", 7, 8, 3}, {"password", 7, 7, 4},
        {"password", 7, 7, 2},  {"password", 3, 7, 7}, {"password", 7 + 256, 7, 3},
    };
    const struct key_set keys = keys_of(1, 2);
    char sealed[SEALED_MAX + 1];

    (void)state;
    sealed_make(&keys, &row, SPAN_LITERAL("secret"), sealed);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(opens(&keys, &others[i], sealed, ""), SEALED_BROKEN);
    }
    assert_int_equal(opens(&keys, &row, sealed, "secret"), SEALED_OPENED);
}

static void test_only_under_its_key(void **state)
{
    const struct key_set keys = keys_of(1, 2);
    const struct key_set after = keys_of(2, 1); // rotated
    const struct key_set foreign = keys_of(3, 4);
    struct key_set renamed = keys;
    char sealed[SEALED_MAX + 1];

    (void)state;
    sealed_make(&keys, &row, SPAN_LITERAL("secret"), sealed);
    assert_int_equal(opens(&after, &row, sealed, "secret"), SEALED_OPENED);
    assert_int_equal(opens(&foreign, &row, sealed, ""), SEALED_KEY_MISSING);
    memcpy(renamed.keys[1].id, keys.keys[0].id, sizeof(keys.keys[0].id));
    memcpy(renamed.keys[0].id, keys.keys[1].id, sizeof(keys.keys[0].id));
    assert_int_equal(opens(&renamed, &row, sealed, ""), SEALED_BROKEN);
}

static void test_every_octet_counts(void **state)
{
    const struct key_set keys = keys_of(1, 2);
    char sealed[SEALED_MAX + 1];

    (void)state;
    sealed_make(&keys, &row, SPAN_LITERAL("a secret of some length"), sealed);
    for (size_t i = 0; i < strlen(sealed); i++) {
        char old = sealed[i];

        sealed[i] = old == 'A' ? 'B' : 'A';
        assert_int_not_equal(opens(&keys, &row, sealed, ""), SEALED_OPENED);
        sealed[i] = '\0';
        assert_int_not_equal(opens(&keys, &row, sealed, ""), SEALED_OPENED);
        sealed[i] = old;
    }
}

static void test_what_is_not_sealed(void **state)
{
    static const char *const texts[] = {
        "",
        "!",
        "$argon2id$v=19$m=47104,t=1,p=1$c2FsdA$aGFzaA",
        "$sealed$",
        "$sealed$12345678",
        "$sealed$12345678$",
        "$sealed$123456789$AAAA",
        "$SEALED$12345678$AAAA",
    };
    const struct key_set keys = keys_of(1, 2);
    char longest[SEALED_MAX + 2];

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(opens(&keys, &row, texts[i], ""), SEALED_BROKEN);
    }
    memset(longest, 'A', sizeof(longest));
    memcpy(longest, "$sealed$", 8);
    memcpy(longest + 8, keys.keys[0].id, KEY_ID_LENGTH);
    longest[SEALED_PREFIX_LENGTH - 1] = '$';
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(opens(&keys, &row, longest, ""), SEALED_BROKEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),     cmocka_unit_test(test_never_twice_the_same),
        cmocka_unit_test(test_only_in_its_row),    cmocka_unit_test(test_only_under_its_key),
        cmocka_unit_test(test_every_octet_counts), cmocka_unit_test(test_what_is_not_sealed),
    };

    return cmocka_run_group_tests_name("sealed", tests, NULL, NULL);
}
