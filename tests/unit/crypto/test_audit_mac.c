/* The chain of seals: compared with another implementation; and every change of a seal changes its
 * MAC. */
#include "crypto/audit_mac.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Made by Python's hashlib.blake2b(digest_size=32, key=bytes(range(32))). */
#define ROW       "cc26da06a626e9f2b0be5dad000d1b7ae36d7835c0bd392f74c1c69d6d35ea7b"
#define EMPTY     "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"
#define LIST      "2ff16e46aec23ebd0f60cbd8130ae7ce4a7f7afebeff94352985b7ad7720ef7b"
#define MAC       "d1adc31694af1b90a6642f75462ec7efc658ceff6841dfb1bb1e9a49a250ad55"
#define TAG       "123eea46ca01fcaa6551e0ebb67ed870"
#define ARGUMENTS "4f35e56adc06d1bbfc5a1c138dff0c7f"
#define ZEROS     "0000000000000000000000000000000000000000000000000000000000000000"

static uint8_t key[AUDIT_MAC_OCTETS];

static const struct audit_seal sample = {
    .number = 2,
    .at = 1234567,
    .drained = 1234000,
    .count = 2,
    .class_word = "login",
    .previous = ZEROS,
    .list = LIST,
};

static void test_values_of_another_implementation(void **state)
{
    (void)state;
    char row[AUDIT_MAC_HEX + 1];
    char empty[AUDIT_MAC_HEX + 1];
    char out[AUDIT_MAC_HEX + 1];
    struct audit_mac_list list;

    audit_mac_row(SPAN_LITERAL("row"), row);
    assert_string_equal(row, ROW);
    audit_mac_row(SPAN_LITERAL(""), empty);
    assert_string_equal(empty, EMPTY);
    audit_mac_list_init(&list);
    audit_mac_list_add(&list, 7, row);
    audit_mac_list_add(&list, 9, empty);
    audit_mac_list_finish(&list, out);
    assert_string_equal(out, LIST);
    audit_mac_seal(key, &sample, out);
    assert_string_equal(out, MAC);
    audit_mac_tag(key, SPAN_LITERAL("[]"), out);
    assert_string_equal(out, TAG);
    audit_mac_arguments(key, "00", SPAN_LITERAL("{}"), out);
    assert_string_equal(out, ARGUMENTS);
}

static void assert_other(const struct audit_seal *seal)
{
    char out[AUDIT_MAC_HEX + 1];

    audit_mac_seal(key, seal, out);
    assert_string_not_equal(out, MAC);
}

static void test_every_part_counts(void **state)
{
    (void)state;
    struct audit_seal seals[] = {sample, sample, sample, sample, sample, sample, sample};

    seals[0].number = 3;
    seals[1].at++;
    seals[2].count = 1;
    seals[3].class_word = "change";
    seals[4].previous = LIST;
    seals[5].list = ZEROS;
    seals[6].drained++;
    for (size_t i = 0; i < sizeof(seals) / sizeof(seals[0]); i++) {
        assert_other(&seals[i]);
    }
    key[31] ^= 1;
    assert_other(&sample);
    key[31] ^= 1;
}

static void list_of(const int64_t *ids, const char *const *digests, size_t count, char *out)
{
    struct audit_mac_list list;

    audit_mac_list_init(&list);
    for (size_t i = 0; i < count; i++) {
        audit_mac_list_add(&list, ids[i], digests[i]);
    }
    audit_mac_list_finish(&list, out);
}

static void test_list_binds_ids_digests_and_order(void **state)
{
    (void)state;
    char out[AUDIT_MAC_HEX + 1];

    list_of((const int64_t[]){7, 9}, (const char *const[]){ROW, EMPTY}, 2, out);
    assert_string_equal(out, LIST);
    list_of((const int64_t[]){9, 7}, (const char *const[]){ROW, EMPTY}, 2, out);
    assert_string_not_equal(out, LIST);
    list_of((const int64_t[]){9, 7}, (const char *const[]){EMPTY, ROW}, 2, out);
    assert_string_not_equal(out, LIST);
    list_of((const int64_t[]){7, 9}, (const char *const[]){ROW, EMPTY}, 1, out);
    assert_string_not_equal(out, LIST);
    list_of((const int64_t[]){-7, INT64_MIN}, (const char *const[]){ROW, EMPTY}, 2, out);
    assert_string_not_equal(out, LIST);
}

static int make_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(key); i++) {
        key[i] = (uint8_t)i;
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_of_another_implementation),
        cmocka_unit_test(test_every_part_counts),
        cmocka_unit_test(test_list_binds_ids_digests_and_order),
    };
    return cmocka_run_group_tests_name("audit_mac", tests, make_key, NULL);
}
