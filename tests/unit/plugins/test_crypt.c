/* Scheme crypt: hashes of perl's crypt (libxcrypt), OpenSSL and Dovecot's doveadm pw, and texts
 * that look almost like hashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scheme.h"

extern const struct authd_plugin authd_plugin_crypt;

#define SCHEME (authd_plugin_crypt.schemes[0])

#define MD5_HASH    "t5zn/gBd0DSKLJ7ZO5pkU1"
#define SHA256_HASH "ydT8c8mnxUFOskSzhFYIiMhQnXPR0AgsaqGCkN5EDB/"
#define SHA512_HASH                                                                                \
    "pJSSLe6YV1/7f7o3NaFwy54w5r4UqbeoVAKWY7HA7ltiWg/9wIWDr4oNzmm1GB/TxF4W4qbrp3VQCvBjNkTHr/"
#define BCRYPT_TAIL   "abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e"
#define YESCRYPT_HASH "pG0KXbHxpjIKguh3BCfALSHrI366WlMzNka7nozr8.8"
#define SCRYPT_HASH   "WMyz/8BuEhlUtMxVvuPLcqz1oTPXwUIR.i/a3ehY9zD"

static const char *const vectors[] = {
    "$1$perlsalt$" MD5_HASH,
    "$1$saltysal$JWxyD80v0SrOaJqbFoBAs1", /* openssl passwd -1 */
    "$1$LOWsVjv5$eow1PGY3Faf.U6bm4fe3Q.", /* doveadm pw -s MD5-CRYPT */
    "$5$saltysalt$" SHA256_HASH,          /* openssl passwd -5 */
    "$5$rounds=1000$perlsalt$F7BtTo2uLx2kQLohnBcP0TbzAz.PuOV5r7PDjdVkuy9",
    "$5$VwKFFvF2n1FKbPEA$uxAkXgOAjxW.zJkmB1oASvTc3jg52MuVawyre2Um0T7", /* doveadm pw */
    "$6$rounds=1000$perlsalt$" SHA512_HASH,
    "$6$rounds=5000$perlsalt$.X1sLEtD45afgX782s1rcvyQ8/ob.QEKRumyTyfByPFL6Xoz99DokBrif8p64lYxp8gyR"
    "ZpVwV033/XlblnRZ/",
    "$6$saltysalt$MBKRieRS9MsDjiJXk44MZ3c9IYPXTEdG44eMlXoU5iFUg.2Ccg7cODUHY5Zl2Oerc1iEpm74LEizgaAl"
    "mBknq1", /* openssl passwd -6 */
    "$6$a-b@c$jDJwgdA2VuItRW9uRcaiEAEl8QiAGHkdq1Tk.LSvS4DhdvKlWiMNE322iPtwlzZ5KWxBJxqM.8NQGdAhcC0d7"
    "1", /* a salt typed by hand */
    "$6$/Bpt8hd3Jgv2kI0H$4G9/xbqVxkm5lIXNLpsHCftOP/AGkYcqytpqNDIMp6tbLBCetYyqkvMOnjcf0YUt.R9ckxj/V"
    "6l21QKfsYzfT1", /* doveadm pw -s SHA512-CRYPT */
    "$2a$04$" BCRYPT_TAIL,
    "$2b$04$" BCRYPT_TAIL,
    "$2y$04$" BCRYPT_TAIL,
    "$2y$04$BeRaPWPuCiimfYzCoXMUOe8RDb4KFvr/zGbT0B5XhgSF1O1MNes1G", /* doveadm pw -s BLF-CRYPT */
    "$y$j75$abcdefghijkl$" YESCRYPT_HASH,
    "$gy$j75$abcdefghijkl$mASCt7sl4rWwBxI0co.Ak8I1tDmVuK6b0qgi0kM1fG7",
    "$7$4/..../....perlsalt$" SCRYPT_HASH,
    "$7$8/..../....perlsalt$Y2mf68aO6Y9GJxtTrs0sNlBdKz21QttymjvujQn5lTA",
};

static const char *const not_hashes[] = {
    "",
    "!",
    "!!",
    "*",
    "*0",
    "x",
    "secret",
    "{PLAIN}secret",
    "!$6$rounds=1000$perlsalt$" SHA512_HASH,
    "*$1$perlsalt$" MD5_HASH,
    "$",
    "$6",
    "$6$",
    "$6$$",
    "$6$perlsalt",
    "$6$perlsalt$",
    "$6$$" SHA512_HASH,
    "$6$perlsalt$" SHA512_HASH ".",
    "$6$perlsalt$" SHA256_HASH,
    "$6$seventeen-octets!$" SHA512_HASH,
    "$6$seventeen-octets-$" SHA512_HASH,
    "$6$perl:salt$" SHA512_HASH,
    "$6$perl\nsalt$" SHA512_HASH,
    "$6$perl\xe4salt$" SHA512_HASH,
    "$6$rounds=$perlsalt$" SHA512_HASH,
    "$6$rounds=999$perlsalt$" SHA512_HASH,
    "$6$rounds=01000$perlsalt$" SHA512_HASH,
    "$6$rounds=-1000$perlsalt$" SHA512_HASH,
    "$6$rounds=1000000000$perlsalt$" SHA512_HASH,
    "$6$rounds=4294968296$perlsalt$" SHA512_HASH,           /* 1000 more than 32 bits hold */
    "$6$rounds=18446744073709552616$perlsalt$" SHA512_HASH, /* the same for 64 bits */
    "$6$rounds=1000x$perlsalt$" SHA512_HASH,
    "$6$rounds=1000" SHA512_HASH,
    "$6$rounds=1000$rounds=1000$perlsalt$" SHA512_HASH,
    "$5$perlsalt$" SHA512_HASH,
    "$5$saltysalt$ydT8c8mnxUFOskSzhFYIiMhQnXPR0AgsaqGCkN5ED=/",
    "$1$$" MD5_HASH,
    "$1$ninechars$" MD5_HASH,
    "$1$perlsalt$" MD5_HASH "1",
    "$1$perlsalt$t5zn/gBd0DSKLJ7ZO5pkU",
    "$2b$04$",
    "$2b$03$" BCRYPT_TAIL,
    "$2b$32$" BCRYPT_TAIL,
    "$2b$99$" BCRYPT_TAIL,
    "$2b$4$" BCRYPT_TAIL,
    "$2b$ 4$" BCRYPT_TAIL,
    "$2b$0",
    "$2b$04$" BCRYPT_TAIL "e",
    "$2$04$" BCRYPT_TAIL,
    "$2x$04$" BCRYPT_TAIL,
    "$2c$04$" BCRYPT_TAIL,
    "$y$",
    "$y$j",
    "$y$j75",
    "$y$j75$$" YESCRYPT_HASH,
    "$y$j75$abcdefghijkl$",
    "$y$j75$abcdefghijkl$" YESCRYPT_HASH "8",
    "$y$.75$abcdefghijkl$" YESCRYPT_HASH,  /* another flavour */
    "$y$j7z$abcdefghijkl$" YESCRYPT_HASH,  /* r in several digits */
    "$y$jz5$abcdefghijkl$" YESCRYPT_HASH,  /* N in several digits */
    "$y$jj5$abcdefghijkl$" YESCRYPT_HASH,  /* N = 2^48 */
    "$y$j75.$abcdefghijkl$" YESCRYPT_HASH, /* p, t or g follow */
    "$y$j75..$abcdefghijkl$" YESCRYPT_HASH,
    "$7$",
    "$7$4/....",
    "$7$4/..../....$" SCRYPT_HASH,
    "$7$./..../....perlsalt$" SCRYPT_HASH, /* N = 1 */
    "$7$z/..../....perlsalt$" SCRYPT_HASH, /* N = 2^63 */
    "$7$4...../....perlsalt$" SCRYPT_HASH, /* r = 0 */
    "$7$4/.........perlsalt$" SCRYPT_HASH, /* p = 0 */
    "$7$4zzzzz/....perlsalt$" SCRYPT_HASH, /* r = 2^30 - 1 */
    "$7$4zzzzzzzzzzperlsalt$" SCRYPT_HASH,
    "$7$4/..../....perl-salt$" SCRYPT_HASH,
    "$sha1$20000$perlsalt$aaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "$md5$perlsalt$$aaaaaaaaaaaaaaaaaaaaaa",
    "$3$$8846f7eaee8fb117ad06bdd830b7586c",
    "_J9..rasmBYk8r9AiWNc",
    "rasmusle5ZZZZ",
};

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        if (!is_hash(SCHEME, vectors[i])) {
            fail_msg("not taken for a hash: %s", vectors[i]);
        }
        if (SCHEME->verify(vectors[i], password_of("correct horse")) != AUTHD_MATCH_YES) {
            fail_msg("does not match: %s", vectors[i]);
        }
        assert_int_equal(SCHEME->verify(vectors[i], password_of("correct horsf")), AUTHD_MATCH_NO);
        assert_int_equal(SCHEME->verify(vectors[i], password_of("")), AUTHD_MATCH_NO);
    }
}

static void test_prefixes_are_all_covered(void **state)
{
    (void)state;
    for (const char *const *prefix = SCHEME->prefixes; *prefix != NULL; prefix++) {
        bool seen = false;
        for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
            seen = seen || strncmp(vectors[i], *prefix, strlen(*prefix)) == 0;
        }
        assert_true(seen);
    }
}

static void test_other_texts_are_not_hashes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(not_hashes) / sizeof(not_hashes[0]); i++) {
        if (is_hash(SCHEME, not_hashes[i])) {
            fail_msg("taken for a hash: %s", not_hashes[i]);
        }
        assert_int_equal(SCHEME->verify(not_hashes[i], password_of("correct horse")),
                         AUTHD_MATCH_ERROR);
    }
}

static void test_cut_hashes_are_not_hashes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        char cut[AUTHD_HASH_MAX + 1] = {0};
        for (size_t len = 0; len < strlen(vectors[i]); len++) {
            memcpy(cut, vectors[i], len);
            if (is_hash(SCHEME, cut)) {
                fail_msg("taken for a hash: %s", cut);
            }
        }
    }
}

static void test_ten_kilobytes_are_not_a_hash(void **state)
{
    (void)state;
    static const char *const beginnings[] = {"$1$", "$6$rounds=", "$2b$04$", "$y$j75$",
                                             "$7$4/..../...."};
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        char large[10240];
        memset(large, '1', sizeof(large) - 1);
        large[sizeof(large) - 1] = '\0';
        memcpy(large, beginnings[i], strlen(beginnings[i]));
        assert_false(is_hash(SCHEME, large));
    }
}

static struct authd_cost cost_of(const char *stored)
{
    struct authd_cost cost = {0};
    assert_true(SCHEME->cost(stored, &cost));
    return cost;
}

static void test_cost_follows_the_parameters(void **state)
{
    (void)state;
    const uint64_t mib = UINT64_C(1) << 20;
    struct authd_cost cost = cost_of("$y$j9T$abcdefghijkl$" YESCRYPT_HASH); /* N = 4096, r = 32 */
    assert_true(cost.bytes >= 16 * mib && cost.bytes < 17 * mib);
    cost = cost_of("$7$CU..../....perlsalt$" SCRYPT_HASH); /* N = 16384, r = 32 */
    assert_true(cost.bytes >= 64 * mib && cost.bytes < 65 * mib);
    assert_true(cost_of("$y$jS5$abcdefghijkl$" YESCRYPT_HASH).bytes > 1000000 * mib);
    assert_true(cost_of("$7$U/..../....perlsalt$" SCRYPT_HASH).bytes >= 512 * 1024 * mib);
    assert_int_equal(cost_of("$6$rounds=999999999$perlsalt$" SHA512_HASH).work, 999999999 / 4);
    assert_int_equal(cost_of("$2b$31$" BCRYPT_TAIL).work, UINT64_C(60) << 31);
    assert_true(cost_of("$1$perlsalt$" MD5_HASH).bytes >= 32768);
}

static void test_limits_of_the_formats(void **state)
{
    (void)state;
    static const char of_72[] = "$2b$04$abcdefghijklmnopqrstuuBzzIgyKkz7xMWYSzkIjUSnxEQFQ0WNe";
    static const char of_511[] =
        "$6$rounds=1000$perlsalt$fkLviZRIK4fHiIsUO3aahCQTL2rNU9ee5/m.CoK.w.L8K"
        "hXU0Z9gNz88g8sd0QOBjjwnH.7Ld21ra65Rj8cax1";
    static const char of_8_bit[] = "$2a$04$abcdefghijklmnopqrstuuCDFPJD1hekfRShscUtEn/eIDrkmoPLu";
    unsigned char octets[1024];
    memset(octets, 'a', sizeof(octets));

    /* bcrypt ignores octets after the 72nd; the other schemes do not. */
    assert_int_equal(SCHEME->verify(of_72, (struct authd_bytes){octets, 71}), AUTHD_MATCH_NO);
    assert_int_equal(SCHEME->verify(of_72, (struct authd_bytes){octets, 72}), AUTHD_MATCH_YES);
    assert_int_equal(SCHEME->verify(of_72, (struct authd_bytes){octets, 73}), AUTHD_MATCH_YES);
    assert_int_equal(SCHEME->verify(of_511, (struct authd_bytes){octets, 510}), AUTHD_MATCH_NO);
    assert_int_equal(SCHEME->verify(of_511, (struct authd_bytes){octets, 511}), AUTHD_MATCH_YES);

    assert_int_equal(SCHEME->verify(of_511, (struct authd_bytes){octets, 512}), AUTHD_MATCH_NO);
    assert_int_equal(SCHEME->verify(of_511, (struct authd_bytes){octets, 1024}), AUTHD_MATCH_NO);
    assert_int_equal(SCHEME->verify(of_8_bit, password_of("p\xc3\xa4ss\xff")), AUTHD_MATCH_YES);

    /* A NUL would end the password for libxcrypt. */
    static const unsigned char with_nul[] = "correct horse\0battery";
    assert_int_equal(
        SCHEME->verify(vectors[0], (struct authd_bytes){with_nul, sizeof(with_nul) - 1}),
        AUTHD_MATCH_NO);
    assert_int_equal(SCHEME->verify(vectors[0], (struct authd_bytes){with_nul, 14}),
                     AUTHD_MATCH_NO);
    assert_int_equal(SCHEME->verify(vectors[0], (struct authd_bytes){with_nul, 13}),
                     AUTHD_MATCH_YES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_prefixes_are_all_covered),
        cmocka_unit_test(test_other_texts_are_not_hashes),
        cmocka_unit_test(test_cut_hashes_are_not_hashes),
        cmocka_unit_test(test_ten_kilobytes_are_not_a_hash),
        cmocka_unit_test(test_cost_follows_the_parameters),
        cmocka_unit_test(test_limits_of_the_formats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
