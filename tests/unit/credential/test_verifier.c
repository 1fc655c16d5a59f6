/* Verifiers fit their kind, row, owner and secret alone, under the pepper that the row names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "credential/verifier.h"

static struct key_set peppers = {.count = 2};
static char verifier[KEYED_HASH_HEX_SIZE];

static struct verifier_row row_of(enum verifier_kind kind, int64_t id, int64_t owner)
{
    return (struct verifier_row){kind, id, owner, verifier, peppers.keys[1].id};
}

static enum verifier_match match(struct verifier_row row, const char *secret)
{
    return verifier_match(&peppers, &row, span_of(secret));
}

static int set_up(void **state)
{
    const struct verifier_row row = row_of(VERIFIER_APP_PASSWORD, 7, 3);

    (void)state;
    for (size_t i = 0; i < peppers.count; i++) {
        memset(peppers.keys[i].octets, (int)i + 1, KEY_LENGTH);
        key_id_make(&peppers.keys[i]);
    }
    verifier_make(&peppers.keys[1], &row, span_of("secret"), verifier);
    return 0;
}

static void test_match(void **state)
{
    (void)state;
    assert_int_equal(match(row_of(VERIFIER_APP_PASSWORD, 7, 3), "secret"), VERIFIER_YES);
    assert_int_equal(match(row_of(VERIFIER_APP_PASSWORD, 7, 3), "Secret"), VERIFIER_NO);
    assert_int_equal(match(row_of(VERIFIER_APP_PASSWORD, 7, 3), ""), VERIFIER_NO);
}

static void test_pasted(void **state)
{
    (void)state;
    assert_int_equal(match(row_of(VERIFIER_API_KEY, 7, 3), "secret"), VERIFIER_NO);
    assert_int_equal(match(row_of(VERIFIER_APP_PASSWORD, 8, 3), "secret"), VERIFIER_NO);
    assert_int_equal(match(row_of(VERIFIER_APP_PASSWORD, 7, 4), "secret"), VERIFIER_NO);
}

static void test_pepper(void **state)
{
    struct verifier_row row = row_of(VERIFIER_APP_PASSWORD, 7, 3);

    (void)state;
    row.key = peppers.keys[0].id;
    assert_int_equal(match(row, "secret"), VERIFIER_NO);
    row.key = "00000000";
    assert_int_equal(match(row, "secret"), VERIFIER_KEY_MISSING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_pasted),
        cmocka_unit_test(test_pepper),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
