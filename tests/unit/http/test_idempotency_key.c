#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "http/idempotency_key.h"

#define UUID "8e03978e-40d5-43dd-bc93-6894a57f9324"

static struct arena *arena;

static const char *key_of(struct span header)
{
    const char *key;
    const char *flaw = idempotency_key_read(header, arena, &key);

    assert_true((flaw == NULL) == (key != NULL));
    return key;
}

static const char *flaw_of(const char *header)
{
    const char *key;

    return idempotency_key_read(span_of(header), arena, &key);
}

static void test_key(void **state)
{
    static const char *const cases[][2] = {
        {UUID, UUID},
        {"\"" UUID "\"", UUID},
        {" \t" UUID "\t ", UUID},
        {" \t\"" UUID "\"\t ", UUID},
        {"a", "a"},
        {"\"a\"", "a"},
        {"a;b,c\\d'e", "a;b,c\\d'e"},
        {"\"a;b,c\\\\d'e\"", "a;b,c\\d'e"},
        {"\"\\\"\"", "\""},
        {"\"\\\\\"", "\\"},
        {"\"\\\\\\\"\"", "\\\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *key = key_of(span_of(cases[i][0]));

        assert_non_null(key);
        assert_string_equal(key, cases[i][1]);
    }
}

static void test_flaw(void **state)
{
    static const char letters[] = "is not 1 to 255 visible ASCII characters";
    static const char open[] = "has no closing quote";
    static const char stray[] = "has a quote but does not begin with one";
    static const char more[] = "goes on after its closing quote";
    static const char escape[] = "has a backslash that is before neither a quote nor a backslash";
    static const char *const cases[][2] = {
        {"", letters},         {" ", letters},
        {"\"\"", letters},     {"a b", letters},
        {"\"a b\"", letters},  {"\"a\tb\"", letters},
        {"\303\244", letters}, {"\"\303\244\"", letters},
        {"\"", open},          {"\"a", open},
        {"\"a\\\"", open},     {"a\"", stray},
        {"a\"b\"", stray},     {"\"a\"b", more},
        {"\"a\"\"b\"", more},  {"\"a\";x", more},
        {"\"a\" ;x=1", more},  {"\"a\", \"b\"", more},
        {"\"a\\b\"", escape},  {"\"a\\", escape},
        {"\"\\", escape},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *flaw = flaw_of(cases[i][0]);

        assert_non_null(flaw);
        assert_string_equal(flaw, cases[i][1]);
    }
    assert_null(key_of((struct span){"a\0b", 3}));
    assert_null(key_of((struct span){"\"a\0b\"", 5}));
    assert_null(key_of((struct span){NULL, 0}));
}

/* The bound is that of the key, not of its spelling. */
static void test_bound(void **state)
{
    char text[2 * IDEMPOTENCY_KEY_MAX + 8];

    (void)state;
    memset(text, 'x', sizeof(text));
    assert_int_equal(strlen(key_of((struct span){text, 255})), 255);
    assert_null(key_of((struct span){text, 256}));
    text[0] = '"';
    text[256] = '"';
    assert_int_equal(strlen(key_of((struct span){text, 257})), 255);
    text[256] = 'x';
    text[257] = '"';
    assert_null(key_of((struct span){text, 258}));
    memset(text + 1, '\\', 510);
    text[511] = '"';
    assert_int_equal(strlen(key_of((struct span){text, 512})), 255);
}

static int setup(void **state)
{
    (void)state;
    arena = arena_create();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_destroy(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key),
        cmocka_unit_test(test_flaw),
        cmocka_unit_test(test_bound),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
