/* Keys and verifiers: the contents that a key file may have; a verifier depends on every part of
 * its input, and different inputs are never hashed as the same octets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/key.h"

#define LINE_A "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
#define LINE_B "ff0102030405060708090A0B0C0D0E0F101112131415161718191a1b1c1d1e1f\n"
#define LINE_C "0a0102030405060708090A0B0C0D0E0f101112131415161718191a1b1c1d1e1f\n"

static struct key_set set_of(const char *text)
{
    struct key_set set;

    key_set_parse(span_of(text), &set);
    return set;
}

static void test_key_files(void **state)
{
    const struct key_set set = set_of(LINE_A LINE_B);
    char line[KEY_LINE_LENGTH];

    (void)state;
    assert_int_equal(set.count, 2);
    assert_int_equal(set.keys[0].octets[1], 1);
    assert_int_equal(set.keys[1].octets[0], 0xff);
    assert_int_equal(strlen(set.keys[0].id), KEY_ID_LENGTH);
    assert_string_not_equal(set.keys[0].id, set.keys[1].id);
    assert_ptr_equal(key_find(&set, span_of(set.keys[1].id)), &set.keys[1]);
    assert_null(key_find(&set, SPAN_LITERAL("00000000")));
    assert_null(key_find(&set, SPAN_LITERAL("")));
    key_format(&set.keys[0], line);
    assert_memory_equal(line, LINE_A, KEY_LINE_LENGTH);
}

static void test_what_is_no_key_file(void **state)
{
    static const char *const flawed[] = {
        "",
        "\n",
        "00\n",
        LINE_A "\n",
        LINE_A "00",
        LINE_A LINE_A, // the same key twice
        "0000000000000000000000000000000000000000000000000000000000000000\n",
        "g00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f ",
        "0x0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
    };
    char many[(KEY_SET_MAX + 1) * KEY_LINE_LENGTH];
    struct key_set set;

    (void)state;
    for (size_t i = 0; i < sizeof(flawed) / sizeof(flawed[0]); i++) {
        assert_int_equal(set_of(flawed[i]).count, 0);
    }
    for (size_t i = 0; i <= KEY_SET_MAX; i++) {
        key_format(&(struct key){.octets = {(uint8_t)(i + 1)}}, many + i * KEY_LINE_LENGTH);
    }
    assert_int_equal(key_set_parse((struct span){many, sizeof(many) - KEY_LINE_LENGTH}, &set),
                     KEY_SET_MAX);
    assert_int_equal(key_set_parse((struct span){many, sizeof(many)}, &set), 0);
}

static void test_another_key_becomes_the_first(void **state)
{
    struct key_set set = set_of(LINE_A LINE_B LINE_C);
    const struct key_set before = set;

    (void)state;
    key_set_promote(&set, 0);
    assert_memory_equal(&set, &before, sizeof(set));
    key_set_promote(&set, 2);
    assert_string_equal(set.keys[0].id, before.keys[2].id);
    assert_string_equal(set.keys[1].id, before.keys[0].id);
    assert_string_equal(set.keys[2].id, before.keys[1].id);
    assert_memory_equal(set.keys[0].octets, before.keys[2].octets, KEY_LENGTH);
    assert_int_equal(set.count, 3);
}

static void test_every_part_counts(void **state)
{
    const struct key_set set = set_of(LINE_A LINE_B);
    const struct keyed_input inputs[] = {
        {"app-password", 1, 2, SPAN_LITERAL("secret")},
        {"app-passwords", 1, 2, SPAN_LITERAL("ecret")},
        {"app-passwor", 1, 2, SPAN_LITERAL("dsecret")},
        {"api-key", 1, 2, SPAN_LITERAL("secret")},
        {"app-password", 2, 1, SPAN_LITERAL("secret")},
        {"app-password", 1, 3, SPAN_LITERAL("secret")},
        {"app-password", 257, 2, SPAN_LITERAL("secret")},
        {"app-password", 1, 2, SPAN_LITERAL("secrets")},
        {"app-password", 1, 2, SPAN_LITERAL("")},
        {"app-password", 1, 2, SPAN_LITERAL("secret\0")},
    };
    enum { COUNT = sizeof(inputs) / sizeof(inputs[0]) };
    uint8_t hashes[2 * COUNT][KEYED_HASH_LENGTH];

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        keyed_hash(&set.keys[0], &inputs[i], hashes[i]);
        keyed_hash(&set.keys[1], &inputs[i], hashes[COUNT + i]);
    }
    for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
        for (size_t other = 0; other < i; other++) {
            assert_memory_not_equal(hashes[i], hashes[other], KEYED_HASH_LENGTH);
        }
    }
}

/* Values of Python's hashlib: a later version of authd must still check verifiers of today. */
static void test_known_values(void **state)
{
    static const uint8_t verifier[KEYED_HASH_LENGTH] = {
        0x50, 0xb2, 0x00, 0xb4, 0x5c, 0x64, 0xac, 0xd3, 0x1b, 0xdf, 0xd7,
        0x46, 0xe8, 0xa8, 0xaf, 0xc2, 0x1f, 0x62, 0x72, 0x43, 0x5f, 0xda,
        0x74, 0xe6, 0x30, 0x7e, 0xfc, 0xdc, 0xd4, 0xd9, 0x31, 0xdf};
    static const uint8_t subkey[KEY_LENGTH] = {0xef, 0xb0, 0xcc, 0xb2, 0x1b, 0x54, 0x53, 0x59,
                                               0x92, 0x48, 0xb7, 0xe1, 0xf4, 0xa6, 0x77, 0x55,
                                               0x6a, 0xc9, 0x62, 0x90, 0xdb, 0xa4, 0x47, 0xa3,
                                               0x6f, 0x82, 0x9a, 0x1d, 0x35, 0xcf, 0x0b, 0x04};
    const struct key_ring ring = {.peppers = set_of(LINE_A)};
    uint8_t out[KEYED_HASH_LENGTH];

    (void)state;
    assert_string_equal(ring.peppers.keys[0].id, "6d159902");
    keyed_hash(&ring.peppers.keys[0],
               &(struct keyed_input){"app-password", 7, 42, SPAN_LITERAL("bcdefghijklmnopqrstu")},
               out);
    assert_memory_equal(out, verifier, sizeof(out));
    key_derive(&ring, "cursor", out);
    assert_memory_equal(out, subkey, sizeof(out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_files),
        cmocka_unit_test(test_what_is_no_key_file),
        cmocka_unit_test(test_another_key_becomes_the_first),
        cmocka_unit_test(test_every_part_counts),
        cmocka_unit_test(test_known_values),
    };

    return cmocka_run_group_tests_name("keyed", tests, NULL, NULL);
}
