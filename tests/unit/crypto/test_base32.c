#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/base32.h"

static void test_vectors(void **state)
{
    /* RFC 4648, section 10, and the seed of RFC 6238 as apps display it. */
    static const struct {
        const char *octets, *letters;
    } vectors[] = {
        {"", ""},
        {"fooba", "MZXW6YTB"},
        {"12345678901234567890", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"},
        {"\xff\xff\xff\xff\xff", "77777777"},
        {"\x01\x02\x03\x04\x05", "AEBAGBAF"},
    };
    char out[64];

    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        base32_encode(span_of(vectors[i].octets), BASE32_UPPER, out);
        assert_string_equal(out, vectors[i].letters);
        assert_int_equal(strlen(out), BASE32_LENGTH(strlen(vectors[i].octets)));
    }
    base32_encode(span_of("fooba"), BASE32_LOWER, out);
    assert_string_equal(out, "mzxw6ytb");
}

static void test_groups(void **state)
{
    char out[64];

    (void)state;
    base32_printable(span_of("abcdefgh"), out);
    assert_string_equal(out, "abcd-efgh");
    assert_int_equal(strlen(out), BASE32_PRINTABLE_LENGTH(8));
    base32_printable(span_of("abcd"), out);
    assert_string_equal(out, "abcd");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_groups),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
