/* Codes of second factors: the vectors of RFC 6238, and the steps for which a code is accepted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/totp.h"

#define TEN "1234567890"

static const struct span seeds[] = {
    [TOTP_SHA1] = SPAN_LITERAL(TEN TEN),
    [TOTP_SHA256] = SPAN_LITERAL(TEN TEN TEN "12"),
    [TOTP_SHA512] = SPAN_LITERAL(TEN TEN TEN TEN TEN TEN "1234"),
};

/* RFC 6238, appendix B. */
static void test_vectors(void **state)
{
    static const struct {
        int64_t time;
        const char *codes[3];
    } table[] = {
        {59, {"94287082", "46119246", "90693936"}},
        {1111111109, {"07081804", "68084774", "25091201"}},
        {1111111111, {"14050471", "67062674", "99943326"}},
        {1234567890, {"89005924", "91819424", "93441116"}},
        {2000000000, {"69279037", "90698825", "38618901"}},
        {20000000000, {"65353130", "77737706", "47863826"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        for (int algorithm = TOTP_SHA1; algorithm <= TOTP_SHA512; algorithm++) {
            struct totp totp = {(enum totp_algorithm)algorithm, 8, seeds[algorithm]};
            char code[TOTP_CODE_SIZE];

            totp_code(&totp, table[i].time / TOTP_PERIOD, code);
            assert_string_equal(code, table[i].codes[algorithm]);

            totp.digits = 6; // the last digits of the longer codes
            totp_code(&totp, table[i].time / TOTP_PERIOD, code);
            assert_string_equal(code, table[i].codes[algorithm] + 2);
        }
    }
}

/* RFC 4226, appendix D: codes by number instead of time. */
static void test_vectors_of_hotp(void **state)
{
    static const char *const codes[] = {"755224", "287082", "359152", "969429", "338314",
                                        "254676", "287922", "162583", "399871", "520489"};
    const struct totp totp = {TOTP_SHA1, 6, seeds[TOTP_SHA1]};

    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        char code[TOTP_CODE_SIZE];

        totp_code(&totp, (int64_t)i, code);
        assert_string_equal(code, codes[i]);
    }
}

static void test_steps(void **state)
{
    const struct totp totp = {TOTP_SHA256, 8, seeds[TOTP_SHA256]};
    const int64_t step = 40000000;

    (void)state;
    for (int64_t second = 0; second < TOTP_PERIOD; second++) {
        for (int64_t other = -3; other <= 3; other++) {
            int64_t now = step * TOTP_PERIOD + second;
            char code[TOTP_CODE_SIZE];

            totp_code(&totp, step + other, code);
            assert_int_equal(totp_match(&totp, span_of(code), now, false),
                             other == -1 || other == 0 ? step + other : -1);
            assert_int_equal(totp_match(&totp, span_of(code), now, true),
                             other >= -1 && other <= 1 ? step + other : -1);
        }
    }
}

static void test_lengths(void **state)
{
    const struct totp totp = {TOTP_SHA1, 6, seeds[TOTP_SHA1]};
    const int64_t now = 59; // 287082

    (void)state;
    assert_int_equal(totp_match(&totp, SPAN_LITERAL("287082"), now, false), 1);
    assert_int_equal(totp_match(&totp, SPAN_LITERAL("28708"), now, false), -1);
    assert_int_equal(totp_match(&totp, SPAN_LITERAL("2870820"), now, false), -1);
    assert_int_equal(totp_match(&totp, SPAN_LITERAL("94287082"), now, false), -1);
    assert_int_equal(totp_match(&totp, SPAN_LITERAL(""), now, false), -1);
}

/* When two steps have the same code, the later step is used up, so that the code cannot be used
 * again. */
static void test_latest_of_two(void **state)
{
    const struct totp totp = {TOTP_SHA1, 6, seeds[TOTP_SHA1]};
    const int64_t step = 910738; // a step with the same code as the step before it
    char code[TOTP_CODE_SIZE], before[TOTP_CODE_SIZE];

    (void)state;
    totp_code(&totp, step, code);
    totp_code(&totp, step - 1, before);
    assert_string_equal(code, before);
    assert_int_equal(totp_match(&totp, span_of(code), step * TOTP_PERIOD, false), step);
}

static void test_beginning_of_time(void **state)
{
    const struct totp totp = {TOTP_SHA1, 6, seeds[TOTP_SHA1]};
    char code[TOTP_CODE_SIZE];

    (void)state;
    totp_code(&totp, -1, code); // no step is negative
    assert_int_equal(totp_match(&totp, span_of(code), 0, false), -1);
    assert_int_equal(totp_match(&totp, SPAN_LITERAL("755224"), 0, false), 0);
}

static void test_words(void **state)
{
    enum totp_algorithm algorithm;

    (void)state;
    for (int i = TOTP_SHA1; i <= TOTP_SHA512; i++) {
        assert_true(totp_algorithm_of(totp_algorithm_word((enum totp_algorithm)i), &algorithm));
        assert_int_equal(algorithm, i);
    }
    assert_false(totp_algorithm_of("sha1", &algorithm));
    assert_false(totp_algorithm_of("", &algorithm));
    assert_false(totp_algorithm_of("MD5", &algorithm));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),       cmocka_unit_test(test_vectors_of_hotp),
        cmocka_unit_test(test_steps),         cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_latest_of_two), cmocka_unit_test(test_beginning_of_time),
        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests_name("totp", tests, NULL, NULL);
}
