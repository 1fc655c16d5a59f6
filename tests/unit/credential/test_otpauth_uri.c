#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "credential/otpauth_uri.h"
#include "credential/recovery_code.h"

static void assert_uri(const char *issuer, const char *login, const char *wanted)
{
    const struct otpauth key = {span_of(issuer), login, "GEZDGNBV", "SHA256", 8, 30};
    struct buf out;

    buf_init(&out, OTPAUTH_URI_MAX);
    otpauth_uri(&key, &out);
    buf_append(&out, "", 1);
    assert_string_equal(out.data, wanted);
    buf_finish(&out);
}

static void test_uri(void **state)
{
    (void)state;
    assert_uri("auth.example.org", "alice@example.org",
               "otpauth://totp/auth.example.org:alice%40example.org?secret=GEZDGNBV"
               "&issuer=auth.example.org&algorithm=SHA256&digits=8&period=30");
    /* No character of a name becomes syntax of the URI. */
    assert_uri("[::1]", "a?b&secret=x:/%#+ \"\xc3\xa4@x",
               "otpauth://totp/%5B%3A%3A1%5D:a%3Fb%26secret%3Dx%3A%2F%25%23%2B%20%22%C3%A4%40x"
               "?secret=GEZDGNBV&issuer=%5B%3A%3A1%5D&algorithm=SHA256&digits=8&period=30");
}

/* Checks one of the three finder patterns, by which a reader locates the QR code. */
static void assert_finder(const json_t *rows, size_t top, size_t left)
{
    static const char *const finder[] = {"1111111", "1000001", "1011101", "1011101",
                                         "1011101", "1000001", "1111111"};

    for (size_t y = 0; y < 7; y++) {
        assert_memory_equal(json_string_value(json_array_get(rows, top + y)) + left, finder[y], 7);
    }
}

static void test_qr(void **state)
{
    json_t *rows = otpauth_qr("otpauth://totp/a:b?secret=GEZDGNBV");
    size_t width = json_array_size(rows);

    (void)state;
    assert_int_equal(width % 4, 1); /* QR codes are 21, 25, 29… modules wide */
    for (size_t y = 0; y < width; y++) {
        const char *row = json_string_value(json_array_get(rows, y));

        assert_int_equal(strlen(row), width);
        assert_int_equal(strspn(row, "01"), width);
    }
    assert_finder(rows, 0, 0);
    assert_finder(rows, 0, width - 7);
    assert_finder(rows, width - 7, 0);
    json_decref(rows);
}

static void test_qr_of_too_much(void **state)
{
    char text[4001];

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_null(otpauth_qr(text));
}

static void test_recovery_codes(void **state)
{
    struct recovery_codes codes;
    struct recovery_codes others;
    struct factor_code read;
    char printable[FACTOR_CODE_PRINTABLE_SIZE];

    (void)state;
    recovery_codes_make(&codes);
    recovery_codes_make(&others);
    for (size_t i = 0; i < RECOVERY_CODES; i++) {
        recovery_code_printable(&codes, i, printable);
        assert_int_equal(strlen(printable), 19);
        assert_int_equal(printable[4], '-');
        factor_code_parse(span_of(printable), &read); /* the printable form can be typed in */
        assert_int_equal(read.kind, FACTOR_CODE_RECOVERY);
        assert_string_equal(read.text, codes.codes[i]);
        for (size_t j = 0; j < RECOVERY_CODES; j++) {
            assert_string_not_equal(codes.codes[i], others.codes[j]);
            assert_true(i == j || strcmp(codes.codes[i], codes.codes[j]) != 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uri),
        cmocka_unit_test(test_qr),
        cmocka_unit_test(test_qr_of_too_much),
        cmocka_unit_test(test_recovery_codes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
