/* Codes as people enter them, and a password with an inline code behind it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "credential/factor_code.h"

struct sample {
    const char *in;
    enum factor_code_kind kind;
    const char *text;
};

static const struct sample samples[] = {
    {"123456", FACTOR_CODE_TOTP, "123456"},
    {"000000", FACTOR_CODE_TOTP, "000000"},
    {"000042", FACTOR_CODE_TOTP, "000042"},
    {"12345678", FACTOR_CODE_TOTP, "12345678"},
    {"123 456", FACTOR_CODE_TOTP, "123456"},
    {" 1 2\t3 4 5 6 ", FACTOR_CODE_TOTP, "123456"},
    {"", FACTOR_CODE_MALFORMED, ""},
    {"   ", FACTOR_CODE_MALFORMED, ""},
    {"-", FACTOR_CODE_MALFORMED, ""},
    {"12345", FACTOR_CODE_MALFORMED, ""},
    {"1234567", FACTOR_CODE_MALFORMED, ""},
    {"123456789", FACTOR_CODE_MALFORMED, ""},
    {"123-456", FACTOR_CODE_MALFORMED, ""},
    {"123456\n", FACTOR_CODE_MALFORMED, ""},
    {"+12345", FACTOR_CODE_MALFORMED, ""},
    {"12345a", FACTOR_CODE_MALFORMED, ""},
    {"\u0661\u0662\u0663\u0664\u0665\u0666", FACTOR_CODE_MALFORMED, ""}, // Arabic-Indic
    {"\uff11\uff12\uff13\uff14\uff15\uff16", FACTOR_CODE_MALFORMED, ""}, // full width
    {"123\u00a0456", FACTOR_CODE_MALFORMED, ""},                         // no-break space
    {"abcd-efgh-ijkl-mnop", FACTOR_CODE_RECOVERY, "abcdefghijklmnop"},
    {"ABCD-EFGH-IJKL-MNOP", FACTOR_CODE_RECOVERY, "abcdefghijklmnop"},
    {"aBcD eFgH iJkL mNoP", FACTOR_CODE_RECOVERY, "abcdefghijklmnop"},
    {"qrstuvwxyz234567", FACTOR_CODE_RECOVERY, "qrstuvwxyz234567"},
    {"2345-6723-4567-2345", FACTOR_CODE_RECOVERY, "2345672345672345"},
    {"abcd-efgh-ijkl-mno", FACTOR_CODE_MALFORMED, ""},
    {"abcd-efgh-ijkl-mnopq", FACTOR_CODE_MALFORMED, ""},
    {"abcd-efgh-ijkl-mno0", FACTOR_CODE_MALFORMED, ""}, // base32 has no 0, 1, 8 and 9
    {"abcd-efgh-ijkl-mno8", FACTOR_CODE_MALFORMED, ""},
    {"abcd_efgh_ijkl_mnop", FACTOR_CODE_MALFORMED, ""},
    {"1111111111111111111", FACTOR_CODE_MALFORMED, ""},
    {"11111111111111111111", FACTOR_CODE_MALFORMED, ""},
};

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        struct factor_code code;

        factor_code_parse(span_of(samples[i].in), &code);
        assert_int_equal(code.kind, samples[i].kind);
        assert_string_equal(code.text, samples[i].text);
    }
}

static void test_parse_is_bounded(void **state)
{
    char in[65];
    struct factor_code code;

    (void)state;
    memset(in, ' ', sizeof(in));
    memcpy(in, "123456", 6);
    factor_code_parse((struct span){in, 64}, &code);
    assert_int_equal(code.kind, FACTOR_CODE_TOTP);
    factor_code_parse((struct span){in, 65}, &code);
    assert_int_equal(code.kind, FACTOR_CODE_MALFORMED);
    factor_code_parse(SPAN_LITERAL("123\0"
                                   "456"),
                      &code);
    assert_int_equal(code.kind, FACTOR_CODE_MALFORMED);
}

static void check_inline(const char *secret, unsigned digits, const char *password,
                         const char *expected)
{
    struct span rest, code;
    bool split = factor_code_inline(span_of(secret), digits, &rest, &code);

    assert_int_equal(split, password != NULL);
    if (password != NULL) {
        assert_true(span_is(rest, password));
        assert_true(span_is(code, expected));
    }
}

static void test_inline(void **state)
{
    (void)state;
    check_inline("secret123456", 6, "secret", "123456");
    check_inline("secret$123456", 6, "secret", "123456");
    check_inline("secret$$123456", 6, "secret$", "123456");
    check_inline("secret12345678", 6, "secret12", "345678");
    check_inline("secret12345678", 8, "secret", "12345678");
    check_inline("secret2024$012345", 6, "secret2024", "012345");
    check_inline("co$t000000", 6, "co$t", "000000");
    check_inline("p 123456", 6, "p ", "123456");
    check_inline("1234567", 6, "1", "234567");
    check_inline("secret", 6, NULL, NULL);
    check_inline("secret12345", 6, NULL, NULL);
    check_inline("secret12345", 8, NULL, NULL);
    check_inline("secret123456 ", 6, NULL, NULL);
    check_inline("secret123 456", 6, NULL, NULL);
    check_inline("123456", 6, NULL, NULL);
    check_inline("$123456", 6, NULL, NULL);
    check_inline("$$123456", 6, "$", "123456");
    check_inline("12345", 6, NULL, NULL);
    check_inline("", 6, NULL, NULL);
    check_inline("secret\u0661\u0662\u0663\u0664\u0665\u0666", 6, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_is_bounded),
        cmocka_unit_test(test_inline),
    };

    return cmocka_run_group_tests_name("factor_code", tests, NULL, NULL);
}
