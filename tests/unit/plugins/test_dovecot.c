/* Scheme dovecot: hashes of Dovecot's doveadm pw, and texts that look almost like hashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scheme.h"

extern const struct authd_plugin authd_plugin_dovecot;

#define SCHEME (authd_plugin_dovecot.schemes[0])

#define SSHA    "{SSHA}yihJGpqbZ1Jwr5UDPpxGrcbigId93iYb"
#define PBKDF2  "{PBKDF2}$1$X8smF.wA3AWdElGR$5000$a469a4b2990955da72853ff7c00851450cf7e725"
#define ARGON2I "$argon2i$v=19$m=32768,t=4,p=1$7Dw45OYGxxKOdZIICQlMNQ$"
#define BCRYPT  "$2y$05$SgDIRg1UdpaYEYGUQq68cOKpI.tdpMEMWGy9r3J2jiC52n76jcC/O"

/* doveadm pw -s SCHEME -p "correct horse" (Dovecot 2.3.19) */
static const char *const vectors[] = {
    SSHA,
    "{SSHA.HEX}2020c822454e5eb43ac6b02dcd49abfa9a51f402bf26e067",
    "{SSHA256}5n4BnUu8X+VUhr2btts1t+fa2mjlw99cmsAr94L1Yu3khpxb",
    "{SSHA256.B64}OL8aMfLYwJTGG8rIPg/VpPUxTS/SqdE7/uqtJanJRa666uAj",
    "{SSHA512}"
    "CNVfDwd3Fq3C3ZZpcz7DvfO8IuLP14djdn9nyBp3y4FuNZ2NuzBJ8q51x9nCCk2FfgSYc7Fd65ERvVzTym3nKw6h"
    "zx8=",
    "{SMD5}aVmxop68DTHpq18tQhX0Pd2uGeQ=",
    "{LDAP-MD5}PLTnMmMfR+brlh80VUt83g==",
    "{LDAP-MD5.HEX}3cb4e732631f47e6eb961f34554b7cde",
    "{PLAIN-MD5}3cb4e732631f47e6eb961f34554b7cde",
    "{PLAIN-MD5}PLTnMmMfR+brlh80VUt83g==", /* Dovecot tells hex and base64 apart by the length */
    "{PLAIN-MD5.B64}PLTnMmMfR+brlh80VUt83g==",
    "{SHA}L55TUjtiq8FBorTWAZ0jy6g129A=",
    "{SHA1}L55TUjtiq8FBorTWAZ0jy6g129A=",
    "{SHA256}QQTTb42iwlQ0n4WDZ5Pr4CngyVcGOjTJHC6SAxh7VjE=",
    "{SHA256}4104d36f8da2c254349f85836793ebe029e0c957063a34c91c2e9203187b5631",
    "{SHA256.HEX}4104d36f8da2c254349f85836793ebe029e0c957063a34c91c2e9203187b5631",
    "{sha256.base64}QQTTb42iwlQ0n4WDZ5Pr4CngyVcGOjTJHC6SAxh7VjE=",
    "{SHA512}VraY3v7bWkNbY0r+MyC7rz/"
    "c2SC2xQOkRvx7endrKY1HnRumqLYXgI6wv1ec6aldZoNHvKtxSQhayTyyeZUZew==",
    PBKDF2,
    "{PBKDF2.HEX}24312465306e6a753076546846785667496d422435303030243833623463653432373964303132"
    "3165626164666163396138376636653334333236363230316333",
    "{ARGON2I}" ARGON2I "vSUDLmoDhSVbY+dwuN4SvCiwM5r3K9GkNSTUu9dW33E",
    "{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$X1ueYXkt6BBDnh/"
    "lOY2HdQ$5Ic4h0wuF8N258MmZXLIqsEa7WOwk8RIR"
    "2jmiaLOytg",
    "{BLF-CRYPT}" BCRYPT,
    "{CRYPT}$2y$05$k7W6n0JCtBe/icJ.sOlXTulM2uEkYq66irobWwqrWvFrpItpPVrn.",
    "{SHA256-CRYPT}$5$DBB5cgjq02zt7F2j$z7f5LagTsaDQ.upF7Js83l.4EMO85KcJ25yuBpj2Qv4",
    "{SHA512-CRYPT}$6$SKC13rXrZpMZHV8O$b1289ZOoXzzf."
    "hklfxQirjZdRzi9XoLxaYEvgHJE41sVdS7nLErr99rGm5SRZuDro"
    "5oNQf7mkjAeSPJDWi6F2/",
    "{SHA512-CRYPT}$1$LOWsVjv5$eow1PGY3Faf.U6bm4fe3Q.", /* by crypt(3), as in Dovecot */
    "{MD5-CRYPT}$1$121VqqsD$TRSBPLBdmanOHcRW250oW1",
    "{MD5}$1$J/gQ.Iak$.Ae435bSTKYLvcmmlg6rH/",
    "{PLAIN}correct horse",
    "{CLEAR}correct horse",
    "{CLEARTEXT}correct horse",
    "{PLAIN.B64}Y29ycmVjdCBob3JzZQ==",
    "{PLAIN.HEX}636f727265637420686f727365",
};

static const char *const not_hashes[] = {
    "",
    "{",
    "{}",
    "{}secret",
    "{.HEX}00",
    "!",
    "*",
    "x",
    "secret",
    "$6$perlsalt$",
    " {PLAIN}secret",
    "!" SSHA,
    "{SSHA",
    "{SSHA}",
    "{SSHA}*",
    "{SSHA}!",
    "{SSHA}L55TUjtiq8FBorTWAZ0jy6g129A=",      /* no salt */
    "{SSHA}yihJGpqbZ1Jwr5UDPpxGrcbigI",        /* cut */
    "{SSHA}yihJGpqbZ1Jwr5UDPpxGrcbigId93iY",   /* cut, unpadded */
    "{SSHA}yihJGpqbZ1Jwr5UDPpxGrcbigId93iYb=", /* padding that is not needed */
    "{SSHA} yihJGpqbZ1Jwr5UDPpxGrcbigId93iYb",
    "{SSHA}yihJGpqbZ1Jwr5UDPpxGrcbigId93iYb\n",
    "{SSHA.}yihJGpqbZ1Jwr5UDPpxGrcbigId93iYb",
    "{SSHA.B32}yihJGpqbZ1Jwr5UDPpxGrcbigId93iYb",
    "{SSHA.HEX}yihJGpqbZ1Jwr5UDPpxGrcbigId93iYb",
    "{SSHA.HEX.B64}yihJGpqbZ1Jwr5UDPpxGrcbigId93iYb",
    "{SSHA1}yihJGpqbZ1Jwr5UDPpxGrcbigId93iYb",
    "{SSHA.HEX}2020c822454e5eb43ac6b02dcd49abfa9a51f402",        /* no salt */
    "{SSHA.HEX}2020c822454e5eb43ac6b02dcd49abfa9a51f402bf26e06", /* half an octet */
    "{SHA}L55TUjtiq8FBorTWAZ0jy6g129A",
    "{SHA}L55TUjtiq8FBorTWAZ0jy6g129B=", /* stray bits at the end */
    "{SHA}yihJGpqbZ1Jwr5UDPpxGrcbigId93iYb",
    "{SHA256}QQTTb42iwlQ0n4WDZ5Pr4CngyVcGOjTJHC6SAxh7VjE",
    "{SHA256}L55TUjtiq8FBorTWAZ0jy6g129A=",
    "{LDAP-MD5}3cb4",
    "{PLAIN-MD5}",
    "{PBKDF2}",
    "{PBKDF2}$1$$5000$a469a4b2990955da72853ff7c00851450cf7e725",
    "{PBKDF2}$1$salt$0$a469a4b2990955da72853ff7c00851450cf7e725",
    "{PBKDF2}$1$salt$-5$a469a4b2990955da72853ff7c00851450cf7e725",
    "{PBKDF2}$1$salt$05000$a469a4b2990955da72853ff7c00851450cf7e725",
    "{PBKDF2}$1$salt$4294967297$a469a4b2990955da72853ff7c00851450cf7e725",
    "{PBKDF2}$1$salt$5000$a469a4b2990955da72853ff7c00851450cf7e7",
    "{PBKDF2}$1$salt$5000$a469a4b2990955da72853ff7c00851450cf7e725ff",
    "{PBKDF2}$1$salt$5000$",
    "{PBKDF2}$2$salt$5000$a469a4b2990955da72853ff7c00851450cf7e725",
    "{PBKDF2}$1$0123456789012345678901234567890123456789012345678901234567890123456789$5000$"
    "a469a4b2990955da72853ff7c00851450cf7e725",
    "{ARGON2I}",
    "{ARGON2I}" ARGON2I,
    "{ARGON2ID}" ARGON2I "vSUDLmoDhSVbY+dwuN4SvCiwM5r3K9GkNSTUu9dW33E",
    "{ARGON2I}$argon2i$v=19$m=32768,t=4,p=1$$vSUDLmoDhSVbY+dwuN4SvCiwM5r3K9GkNSTUu9dW33E",
    "{ARGON2I}$argon2i$v=19$m=99999999,t=4,p=1$7Dw45OYGxxKOdZIICQlMNQ$"
    "vSUDLmoDhSVbY+dwuN4SvCiwM5r3K9GkNSTUu9dW33E",
    "{CRYPT}",
    "{CRYPT}!",
    "{CRYPT}*",
    "{CRYPT}!!",
    "{CRYPT}x",
    "{CRYPT}tQpw20ZkqyBhw",
    "{CRYPT}!" BCRYPT,
    "{CRYPT}{CRYPT}" BCRYPT,
    "{DES-CRYPT}tQpw20ZkqyBhw",
    "{BLF-CRYPT}$2y$05$",
    "{BLF-CRYPT}$2y$99$SgDIRg1UdpaYEYGUQq68cOKpI.tdpMEMWGy9r3J2jiC52n76jcC/O",
    "{SHA512-CRYPT}$6$perlsalt$",
    "{SHA512-CRYPT}$6$rounds=4294968296$perlsalt$"
    "pJSSLe6YV1/7f7o3NaFwy54w5r4UqbeoVAKWY7HA7ltiWg/9wIWDr4oNzmm1GB/TxF4W4qbrp3VQCvBjNkTHr/",
    "{PLAIN}",
    "{PLAIN}!",
    "{PLAIN}!!",
    "{PLAIN}*",
    "{PLAIN}x",
    "{PLAIN}*LK*",
    "{PLAIN.B64}",
    "{PLAIN.B64}Kg==", /* "*" */
    "{PLAIN.B64}Y29ycmVjdCBob3JzZQ=",
    "{PLAIN.HEX}2a",
    "{PLAIN.HEX}6100", /* a NUL */
    "{PLAIN.B64}YQBi", /* a NUL within */
    "{CRAM-MD5}38b57fd1a0c4b46c814aa05f20318edd71c455380655f2c0ac35c5b359528d29",
    "{SCRAM-SHA-256}4096,YucjPNbxEZnu6zblLPgW2Q==,FfsnVqcEg4zJiIBOVZhsy3ApD/BE/uTFn7gfibrt40Q=,"
    "Mac3dxlEpOIDz0pzQmvxJmgpQJuRquSfrt2R42v4jS8=",
    "{PLAIN-TRUNC}5-secret",
    "{DIGEST-MD5}3cb4e732631f47e6eb961f34554b7cde",
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
        assert_int_equal(SCHEME->verify(vectors[i], password_of("correct hors")), AUTHD_MATCH_NO);
        assert_int_equal(SCHEME->verify(vectors[i], password_of("")), AUTHD_MATCH_NO);
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
        assert_int_equal(SCHEME->verify(not_hashes[i], password_of("*")), AUTHD_MATCH_ERROR);
    }
}

/* A cut hash may still be a hash, because a salt and a cleartext password may have any length: but
 * it must not match. */
static void test_cut_hashes_do_not_match(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        char cut[AUTHD_HASH_MAX + 1] = {0};
        if (strstr(vectors[i], "ARGON2") != NULL) {
            continue; /* slow */
        }
        for (size_t len = 0; len < strlen(vectors[i]); len++) {
            memcpy(cut, vectors[i], len);
            assert_int_not_equal(SCHEME->verify(cut, password_of("correct horse")),
                                 AUTHD_MATCH_YES);
        }
    }
}

static void test_ten_kilobytes_are_not_a_hash(void **state)
{
    (void)state;
    static const char *const beginnings[] = {"{SSHA}",     "{PLAIN}", "{PBKDF2}$1$a$",
                                             "{CRYPT}$6$", "{",       "{SHA.HEX}"};
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
    assert_true(cost_of(SSHA).work < 100);
    assert_true(cost_of(PBKDF2).work >= 2500);
    assert_true(
        cost_of("{PBKDF2}$1$salt$999999999$a469a4b2990955da72853ff7c00851450cf7e725").work >=
        499999999);
    assert_int_equal(
        cost_of("{ARGON2I}" ARGON2I "vSUDLmoDhSVbY+dwuN4SvCiwM5r3K9GkNSTUu9dW33E").bytes,
        32768 * 1024);
    assert_int_equal(cost_of("{BLF-CRYPT}$2y$31$SgDIRg1UdpaYEYGUQq68cOKpI.tdpMEMWGy9r3J2jiC52n76j"
                             "cC/O")
                         .work,
                     UINT64_C(60) << 31);
    assert_int_equal(cost_of("{BLF-CRYPT}" BCRYPT).counted, 72);
    assert_int_equal(cost_of(SSHA).counted, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_other_texts_are_not_hashes),
        cmocka_unit_test(test_cut_hashes_do_not_match),
        cmocka_unit_test(test_ten_kilobytes_are_not_a_hash),
        cmocka_unit_test(test_cost_follows_the_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
