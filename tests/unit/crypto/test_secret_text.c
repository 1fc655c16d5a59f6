/* The text of app passwords and API keys: made, read back in every way to type it, and refused
 * after a typing mistake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/secret_text.h"

static enum secret_text_shape parse(const char *text)
{
    struct secret_text out;

    return secret_text_parse(SECRET_TEXT_APP_PASSWORD, span_of(text), &out);
}

static void test_made_ones_are_read_back(void **state)
{
    struct secret_text seen = {""};

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        struct secret_text made, read;
        char printable[SECRET_TEXT_PRINTABLE_LENGTH + 1];

        secret_text_make(SECRET_TEXT_APP_PASSWORD, &made);
        assert_int_equal(strlen(made.text), SECRET_TEXT_LENGTH);
        assert_memory_equal(made.text, "apw", 3);
        assert_int_equal(strspn(made.text, "abcdefghijklmnopqrstuvwxyz234567"), SECRET_TEXT_LENGTH);
        assert_string_not_equal(made.text, seen.text);
        seen = made;

        secret_text_printable(&made, printable);
        assert_int_equal(strlen(printable), SECRET_TEXT_PRINTABLE_LENGTH);
        assert_int_equal(secret_text_parse(SECRET_TEXT_APP_PASSWORD, span_of(printable), &read),
                         SECRET_TEXT_RIGHT);
        assert_string_equal(read.text, made.text);
        assert_int_equal(parse(made.text), SECRET_TEXT_RIGHT);
    }
}

/* Every symbol of the 28 random ones takes every value. */
static void test_every_symbol_occurs(void **state)
{
    unsigned char seen[SECRET_TEXT_LENGTH][256] = {{0}};

    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        struct secret_text made;

        secret_text_make(SECRET_TEXT_APP_PASSWORD, &made);
        for (size_t at = 0; at < SECRET_TEXT_LENGTH; at++) {
            seen[at][(unsigned char)made.text[at]] = 1;
        }
    }
    for (size_t at = SECRET_TEXT_PREFIX_LENGTH; at < SECRET_TEXT_LENGTH; at++) {
        unsigned values = 0;

        for (unsigned c = 0; c < 256; c++) {
            values += seen[at][c];
        }
        assert_int_equal(values, 32);
    }
}

/* A fixed text: a later version of authd must still read it. */
static void known(char out[static SECRET_TEXT_LENGTH + 1])
{
    memcpy(out, "apwk7f3qzzabcdefghijklmnopqrstuvd", SECRET_TEXT_LENGTH + 1);
}

static void test_a_known_one(void **state)
{
    struct secret_text text;
    char printable[SECRET_TEXT_PRINTABLE_LENGTH + 1];
    char in[SECRET_TEXT_LENGTH + 1];

    (void)state;
    known(in);
    assert_int_equal(secret_text_parse("apw", span_of(in), &text), SECRET_TEXT_RIGHT);
    assert_true(span_is(secret_text_selector(&text), "k7f3qzza"));
    assert_true(span_is(secret_text_secret(&text), "bcdefghijklmnopqrstu"));
    secret_text_printable(&text, printable);
    assert_string_equal(printable, "apw-k7f3qz-zabcde-fghijk-lmnopq-rstuvd");
    assert_int_equal(parse(" APW K7F3QZ ZABCDE--FGHIJKLMNOPQ rstu-vd "), SECRET_TEXT_RIGHT);
}

static void test_slips(void **state)
{
    char in[SECRET_TEXT_LENGTH + 1];
    unsigned refused = 0;

    (void)state;
    for (size_t at = SECRET_TEXT_PREFIX_LENGTH; at < SECRET_TEXT_LENGTH; at++) {
        known(in);
        in[at] = in[at] == 'x' ? 'y' : 'x';
        refused += parse(in) == SECRET_TEXT_MISTYPED;
    }
    assert_true(refused >= 29); // one in 1,024 typing mistakes is not noticed
    known(in);
    in[4] = in[5];
    assert_int_equal(parse(in), SECRET_TEXT_MISTYPED);
}

static void test_other_things(void **state)
{
    struct secret_text text;
    char in[SECRET_TEXT_LENGTH + 1];
    char long_one[2048];

    (void)state;
    known(in);
    assert_int_equal(secret_text_parse("apk", span_of(in), &text), SECRET_TEXT_OTHER);
    assert_int_equal(text.text[0], 0);
    assert_int_equal(secret_text_parse("apw", (struct span){in, SECRET_TEXT_LENGTH - 1}, &text),
                     SECRET_TEXT_OTHER);
    assert_int_equal(secret_text_parse("apw", (struct span){in, SECRET_TEXT_LENGTH + 1}, &text),
                     SECRET_TEXT_OTHER); // a NUL at the end
    assert_int_equal(secret_text_parse("apw", (struct span){NULL, 0}, &text), SECRET_TEXT_OTHER);
    in[10] = '1';
    assert_int_equal(parse(in), SECRET_TEXT_OTHER);
    memset(long_one, 'a', sizeof(long_one));
    assert_int_equal(secret_text_parse("apw", (struct span){long_one, sizeof(long_one)}, &text),
                     SECRET_TEXT_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made_ones_are_read_back),
        cmocka_unit_test(test_every_symbol_occurs),
        cmocka_unit_test(test_a_known_one),
        cmocka_unit_test(test_slips),
        cmocka_unit_test(test_other_things),
    };

    return cmocka_run_group_tests_name("secret_text", tests, NULL, NULL);
}
