/* Stored hashes: authd finds the right scheme, and refuses hashes beyond the limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/password_scheme.h"

extern const struct authd_plugin authd_plugin_argon2id;
extern const struct authd_plugin authd_plugin_crypt;

#define OLD                                                                                        \
    "$6$rounds=1000$perlsalt$"                                                                     \
    "pJSSLe6YV1/7f7o3NaFwy54w5r4UqbeoVAKWY7HA7ltiWg/9wIWDr4oNzmm1GB/TxF4W4qbrp3VQCvBjNkTHr/"
#define SMALL "$argon2id$v=19$m=64,t=1,p=1$c2l4dGVlbi1vY3RldHMhIQ$2vIFOoxhcRcsGNDHLY/hAw"
#define DEAR                                                                                       \
    "$argon2id$v=19$m=65536,t=3,p=1$8uCX9aODBUi21MV8/tvm7Q"                                        \
    "$6O/NcJH8vkD6HL6fhM0Xu9e4+VkeAU0XywqrW3eVonk"

#define ARGON2I                                                                                    \
    "$argon2i$v=19$m=64,t=1,p=1$c2l4dGVlbi1vY3RldHMhIQ$rYSNNr+"                                    \
    "oLOLMu0L3bn8qsXZ6K4DQzYt3zs8ESQSMpXc"

static const struct authd_scheme *both[2];

static struct password_schemes schemes_made(void)
{
    both[0] = authd_plugin_crypt.schemes[0];
    both[1] = authd_plugin_argon2id.schemes[0];
    struct password_schemes schemes = {
        .schemes = both,
        .count = 2,
        .parameters = {.memory = 1 << 20, .passes = 1},
        .limit = {.bytes = 32 << 20, .work = 1000000},
    };
    struct err err;
    assert_true(password_schemes_init(&schemes, "argon2id", &err));
    return schemes;
}

static void test_dummy_is_a_hash_like_any_other(void **state)
{
    (void)state;
    struct password_schemes schemes = schemes_made();
    struct password_schemes others = schemes_made();
    struct authd_cost cost;
    assert_ptr_equal(password_scheme(&schemes, schemes.dummy, &cost), schemes.preferred);
    assert_int_equal(cost.bytes, 1 << 20);
    assert_false(password_needs_rehash(&schemes, schemes.dummy, SPAN_LITERAL("any")));
    assert_string_not_equal(schemes.dummy, others.dummy);
    assert_int_equal(password_verify(schemes.preferred, schemes.dummy, SPAN_LITERAL("secret")),
                     AUTHD_MATCH_NO);
}

static void test_init_says_what_is_missing(void **state)
{
    (void)state;
    struct password_schemes schemes = schemes_made();
    struct err err;
    assert_false(password_schemes_init(&schemes, "scrypt", &err));
    assert_non_null(strstr(err.text, "scrypt"));
    assert_false(password_schemes_init(&schemes, "crypt", &err));
    assert_non_null(strstr(err.text, "only verifies"));
    schemes.parameters.memory = 64 << 20;
    assert_false(password_schemes_init(&schemes, "argon2id", &err));
    assert_non_null(strstr(err.text, "hash_memory"));
    schemes.parameters.memory = 0;
    assert_false(password_schemes_init(&schemes, "argon2id", &err));
    assert_non_null(strstr(err.text, "cannot make"));
}

static void test_scheme_is_found_by_prefix(void **state)
{
    (void)state;
    struct password_schemes schemes = schemes_made();
    struct authd_cost cost;
    assert_ptr_equal(password_scheme(&schemes, OLD, &cost), both[0]);
    assert_ptr_equal(password_scheme(&schemes, SMALL, &cost), both[1]);
    static const char *const none[] = {"",  "!",         "*",          "x",    "!" OLD,
                                       "$", "$argon2id", "$argon2id$", ARGON2I};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        assert_null(password_scheme(&schemes, none[i], &cost));
    }
    char large[10240];
    memset(large, 'A', sizeof(large) - 1);
    large[sizeof(large) - 1] = '\0';
    memcpy(large, OLD, strlen(OLD));
    assert_null(password_scheme(&schemes, large, &cost));
}

static void test_what_is_too_dear_is_not_checked(void **state)
{
    (void)state;
    struct password_schemes schemes = schemes_made();
    struct authd_cost cost;
    assert_null(password_scheme(&schemes, DEAR, &cost));
    schemes.limit.bytes = 64 << 20;
    assert_non_null(password_scheme(&schemes, DEAR, &cost));
    schemes.limit.work = cost.work - 1;
    assert_null(password_scheme(&schemes, DEAR, &cost));
    schemes.limit.work = cost.work;
    assert_non_null(password_scheme(&schemes, DEAR, &cost));
}

static void test_verify(void **state)
{
    (void)state;
    schemes_made();
    assert_int_equal(password_verify(both[0], OLD, SPAN_LITERAL("correct horse")), AUTHD_MATCH_YES);
    assert_int_equal(password_verify(both[0], OLD, SPAN_LITERAL("wrong horse")), AUTHD_MATCH_NO);
    assert_int_equal(password_verify(both[1], SMALL, SPAN_LITERAL("correct horse")),
                     AUTHD_MATCH_YES);
}

static void test_hash_and_bounds(void **state)
{
    (void)state;
    struct password_schemes schemes = schemes_made();
    char stored[AUTHD_HASH_MAX + 1];
    char longest[PASSWORD_MAX + 1];
    memset(longest, 'x', sizeof(longest));
    struct span password = {longest, PASSWORD_MAX};
    assert_true(password_hash(&schemes, password, stored));
    assert_int_equal(password_verify(schemes.preferred, stored, password), AUTHD_MATCH_YES);
    password.len++;
    assert_false(password_hash(&schemes, password, stored));
    assert_int_equal(password_verify(schemes.preferred, stored, password), AUTHD_MATCH_NO);
    assert_false(password_hash(&schemes, SPAN_LITERAL(""), stored));

    /* The stored hash of an empty password never matches. */
    assert_true(
        schemes.preferred->hash(&schemes.parameters, (struct authd_bytes){NULL, 0}, stored));
    assert_int_equal(password_verify(schemes.preferred, stored, SPAN_LITERAL("")), AUTHD_MATCH_NO);
}

static void test_weaker(void **state)
{
    (void)state;
    struct password_schemes schemes = schemes_made();
    const struct span password = SPAN_LITERAL("secret");
    assert_true(password_needs_rehash(&schemes, OLD, password));
    assert_true(password_needs_rehash(&schemes, SMALL, password));
    assert_false(password_needs_rehash(&schemes, "x", password));
    assert_false(password_needs_rehash(&schemes, DEAR, password));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dummy_is_a_hash_like_any_other),
        cmocka_unit_test(test_init_says_what_is_missing),
        cmocka_unit_test(test_scheme_is_found_by_prefix),
        cmocka_unit_test(test_what_is_too_dear_is_not_checked),
        cmocka_unit_test(test_verify),
        cmocka_unit_test(test_hash_and_bounds),
        cmocka_unit_test(test_weaker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
