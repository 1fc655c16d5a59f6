/* Scheme argon2id: linked statically or, with an argument, loaded from the installed module, where
 * libsodium's memory is kept between hashes. The vectors come from the reference implementation
 * (libargon2) and from Dovecot's doveadm pw. */
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "scheme.h"

extern const struct authd_plugin authd_plugin_argon2id;

static const struct authd_scheme *scheme;

#define SALT  "c2l4dGVlbi1vY3RldHMhIQ"
#define HASH  "davFaqZjlreQKz2zkTD9SYTsReCh4cl87Adal2O2L94"
#define VALID "$argon2id$v=19$m=256,t=3,p=1$" SALT "$" HASH
/* doveadm pw -s ARGON2ID */
#define DOVECOT                                                                                    \
    "$argon2id$v=19$m=65536,t=3,p=1$8uCX9aODBUi21MV8/tvm7Q"                                        \
    "$6O/NcJH8vkD6HL6fhM0Xu9e4+VkeAU0XywqrW3eVonk"

static const char *const vectors[] = {
    VALID,
    "$argon2id$v=19$m=64,t=2,p=1$c29tZXNhbHQ$fLt8E4+7dSflhjsop8bmjfO8MTJnuO5l4Q0XrDUBECY",
    "$argon2id$v=19$m=64,t=1,p=4$" SALT "$9f1RSt3PTKrrTnjkzYF7Q9s8D+WaMqznA5UoMSeWn5c",
    "$argon2id$v=19$m=64,t=1,p=1$" SALT "$2vIFOoxhcRcsGNDHLY/hAw",
    DOVECOT,
};

static const char *const not_hashes[] = {
    "",
    "!",
    "*",
    "x",
    "!" VALID,
    " " VALID,
    VALID " ",
    VALID "\n",
    VALID "=",
    VALID "$",
    "$argon2id$",
    "$argon2id$v=19$m=256,t=3,p=1$",
    "$argon2id$v=19$m=256,t=3,p=1$" SALT,
    "$argon2id$v=19$m=256,t=3,p=1$" SALT "$",
    "$argon2id$v=19$m=256,t=3,p=1$$" HASH,
    "$argon2id$v=19$m=256,t=3,p=1$" SALT "$" HASH "AAAA" HASH HASH,
    "$argon2id$v=19$m=256,t=3,p=1$" SALT SALT SALT SALT "$" HASH,
    "$argon2id$v=19$m=256,t=3,p=1$c2hvcnQ$" HASH,                /* salt of 5 octets */
    "$argon2id$v=19$m=256,t=3,p=1$" SALT "$c2hvcnQ",             /* hash of 5 octets */
    "$argon2id$v=19$m=256,t=3,p=1$" SALT "==$" HASH,             /* padded */
    "$argon2id$v=19$m=256,t=3,p=1$c2l4dGVlbi1vY3RldHMhIR$" HASH, /* stray bits at the end */
    "$argon2id$v=19$m=256,t=3,p=1$c2l4dGVlbi1v!3RldHMhIQ$" HASH,
    "$argon2id$v=16$m=256,t=3,p=1$" SALT "$" HASH,
    "$argon2id$m=256,t=3,p=1$" SALT "$" HASH,
    "$argon2id$v=19$m=256,t=3$" SALT "$" HASH,
    "$argon2id$v=19$m=256,p=1$" SALT "$" HASH,
    "$argon2id$v=19$t=3,m=256,p=1$" SALT "$" HASH,
    "$argon2id$v=19$m=256,m=256,t=3,p=1$" SALT "$" HASH,
    "$argon2id$v=19$m=256,t=3,p=1,p=1$" SALT "$" HASH,
    "$argon2id$v=19$m=256,t=3,p=1,keyid=AA$" SALT "$" HASH,
    "$argon2id$v=19$m=0256,t=3,p=1$" SALT "$" HASH,
    "$argon2id$v=19$m=+256,t=3,p=1$" SALT "$" HASH,
    "$argon2id$v=19$m=-256,t=3,p=1$" SALT "$" HASH,
    "$argon2id$v=19$m=,t=3,p=1$" SALT "$" HASH,
    "$argon2id$v=19$m=0,t=3,p=1$" SALT "$" HASH,
    "$argon2id$v=19$m=256,t=0,p=1$" SALT "$" HASH,
    "$argon2id$v=19$m=256,t=3,p=0$" SALT "$" HASH,
    "$argon2id$v=19$m=7,t=3,p=1$" SALT "$" HASH, /* less than 8 KiB for a lane */
    "$argon2id$v=19$m=31,t=3,p=4$" SALT "$" HASH,
    "$argon2id$v=19$m=4294967295,t=3,p=1$" SALT "$" HASH,
    "$argon2id$v=19$m=4294967552,t=3,p=1$" SALT "$" HASH,           /* 256 more than 32 bits hold */
    "$argon2id$v=19$m=18446744073709551872,t=3,p=1$" SALT "$" HASH, /* the same for 64 bits */
    "$argon2id$v=19$m=256,t=4294967295,p=1$" SALT "$" HASH,
    "$argon2id$v=19$m=256,t=3,p=16777215$" SALT "$" HASH,
    "$argon2i$v=19$m=64,t=1,p=1$" SALT "$rYSNNr+oLOLMu0L3bn8qsXZ6K4DQzYt3zs8ESQSMpXc",
    "$argon2d$v=19$m=64,t=1,p=1$" SALT "$EeY5nREICXv8eMOniH1JowKcdW82dqWdt/EtStIf4Mo",
    "$ARGON2ID$v=19$m=256,t=3,p=1$" SALT "$" HASH,
};

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        assert_true(is_hash(scheme, vectors[i]));
        assert_int_equal(scheme->verify(vectors[i], password_of("correct horse")), AUTHD_MATCH_YES);
        assert_int_equal(scheme->verify(vectors[i], password_of("correct horsf")), AUTHD_MATCH_NO);
        assert_int_equal(scheme->verify(vectors[i], password_of("correct hors")), AUTHD_MATCH_NO);
        assert_int_equal(scheme->verify(vectors[i], password_of("")), AUTHD_MATCH_NO);
    }
}

static void test_other_texts_are_not_hashes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(not_hashes) / sizeof(not_hashes[0]); i++) {
        if (is_hash(scheme, not_hashes[i])) {
            fail_msg("taken for a hash: %s", not_hashes[i]);
        }
        assert_int_equal(scheme->verify(not_hashes[i], password_of("correct horse")),
                         AUTHD_MATCH_ERROR);
    }
    for (size_t len = 0; len < strlen(VALID) - 22;
         len++) { /* every cut that leaves too short a hash */
        char cut[sizeof(VALID)] = {0};
        memcpy(cut, VALID, len);
        assert_false(is_hash(scheme, cut));
    }
    char large[10240];
    memset(large, 'A', sizeof(large) - 1);
    large[sizeof(large) - 1] = '\0';
    memcpy(large, VALID, strlen(VALID));
    assert_false(is_hash(scheme, large));
}

static void test_cost_follows_the_parameters(void **state)
{
    (void)state;
    struct authd_cost small;
    struct authd_cost large;
    assert_true(scheme->cost("$argon2id$v=19$m=19456,t=2,p=1$" SALT "$" HASH, &small));
    assert_int_equal(small.bytes, 19456u * 1024);
    assert_true(scheme->cost("$argon2id$v=19$m=4194304,t=4096,p=1$" SALT "$" HASH, &large));
    assert_int_equal(large.bytes, UINT64_C(4) << 30);
    assert_true(large.work > small.work * 100000);
}

static void test_made_hashes_verify(void **state)
{
    (void)state;
    const struct authd_hash_parameters parameters = {.memory = 256 * 1024, .passes = 2};
    unsigned char octets[1024];
    for (size_t i = 0; i < sizeof(octets); i++) {
        octets[i] = (unsigned char)i; /* every octet, including NUL */
    }
    char stored[AUTHD_HASH_MAX + 1];
    char again[AUTHD_HASH_MAX + 1];
    struct authd_bytes password = {octets, sizeof(octets)};
    assert_true(scheme->hash(&parameters, password, stored));
    assert_true(scheme->hash(&parameters, password, again));
    assert_string_not_equal(stored, again);
    assert_non_null(strstr(stored, "$m=256,t=2,p=1$"));
    assert_true(is_hash(scheme, stored));
    assert_false(scheme->weaker(stored, &parameters));
    assert_int_equal(scheme->verify(stored, password), AUTHD_MATCH_YES);
    octets[1023] ^= 1;
    assert_int_equal(scheme->verify(stored, password), AUTHD_MATCH_NO);
    octets[1023] ^= 1;
    password.len = 1023;
    assert_int_equal(scheme->verify(stored, password), AUTHD_MATCH_NO);
}

static void test_impossible_parameters_make_no_hash(void **state)
{
    (void)state;
    char stored[AUTHD_HASH_MAX + 1];
    const struct authd_hash_parameters no_memory = {.memory = 1024, .passes = 1};
    const struct authd_hash_parameters no_pass = {.memory = 65536, .passes = 0};
    assert_false(scheme->hash(&no_memory, password_of("x"), stored));
    assert_false(scheme->hash(&no_pass, password_of("x"), stored));
}

static void test_weaker(void **state)
{
    (void)state;
    const struct authd_hash_parameters wanted = {.memory = 46 << 20, .passes = 2};
    static const struct {
        const char *stored;
        bool weaker;
    } cases[] = {
        {"$argon2id$v=19$m=47104,t=2,p=1$" SALT "$" HASH, false},
        {"$argon2id$v=19$m=65536,t=3,p=1$" SALT "$" HASH, false},
        {"$argon2id$v=19$m=47103,t=2,p=1$" SALT "$" HASH, true},
        {"$argon2id$v=19$m=65536,t=1,p=1$" SALT "$" HASH, true},
        {"$argon2id$v=19$m=47104,t=2,p=4$" SALT "$" HASH, true},
        {"$argon2id$v=19$m=47104,t=2,p=1$c29tZXNhbHQ$" HASH, true},
        {"$argon2id$v=19$m=47104,t=2,p=1$" SALT "$2vIFOoxhcRcsGNDHLY/hAw", true},
        {"$6$saltysalt$x", true},
        {"", true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(scheme->weaker(cases[i].stored, &wanted), cases[i].weaker);
    }
}

static void *verify_often(void *wrong_answers)
{
    for (size_t i = 0; i < 100; i++) {
        const char *stored = vectors[i % 4];
        bool good = i % 3 != 0;
        enum authd_match match =
            scheme->verify(stored, password_of(good ? "correct horse" : "wrong horse"));
        *(int *)wrong_answers += match != (good ? AUTHD_MATCH_YES : AUTHD_MATCH_NO);
    }
    return NULL;
}

static void test_threads_do_not_disturb_each_other(void **state)
{
    (void)state;
    pthread_t threads[4];
    int wrong_answers[4] = {0};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, verify_often, &wrong_answers[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(wrong_answers[i], 0);
    }
}

int main(int argc, char **argv)
{
    const struct authd_plugin *plugin = &authd_plugin_argon2id;
    if (argc > 1) {
        void *module = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
        plugin = module != NULL ? dlsym(module, "authd_plugin") : NULL;
        if (plugin == NULL) {
            fprintf(stderr, "%s\n", dlerror());
            return 1;
        }
    }
    scheme = plugin->schemes[0];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_other_texts_are_not_hashes),
        cmocka_unit_test(test_cost_follows_the_parameters),
        cmocka_unit_test(test_made_hashes_verify),
        cmocka_unit_test(test_impossible_parameters_make_no_hash),
        cmocka_unit_test(test_weaker),
        cmocka_unit_test(test_threads_do_not_disturb_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
