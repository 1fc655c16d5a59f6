/* Rows of an import: what becomes of good rows, and which flaws bad rows get. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "credential/stored_hash.h"
#include "crypto/key.h"
#include "manage/import_rows.h"

extern const struct authd_plugin authd_plugin_argon2id;
extern const struct authd_plugin authd_plugin_crypt;
extern const struct authd_plugin authd_plugin_dovecot;

#define SSHA "{SSHA}yihJGpqbZ1Jwr5UDPpxGrcbigId93iYb"

static json_t *prepared(json_t *rows)
{
    const struct authd_scheme *schemes[] = {authd_plugin_argon2id.schemes[0],
                                            authd_plugin_crypt.schemes[0],
                                            authd_plugin_dovecot.schemes[0]};
    const struct key_ring keys = {.peppers = {.keys = {{.octets = {7}}}, .count = 1}};
    const struct core core = {
        .keys = &keys,
        .schemes = {.schemes = schemes, .count = 3, .limit = {.bytes = 256 << 20, .work = 2000000}},
        .default_domain = "example.org",
    };

    import_prepare(&core, rows);
    return rows;
}

static void becomes(const char *row, const char *expected)
{
    json_t *rows = json_array();

    json_array_append_new(rows, json_loads(row, 0, NULL));
    prepared(rows);

    char *got = json_dumps(json_array_get(rows, 0), JSON_COMPACT | JSON_SORT_KEYS);

    assert_string_equal(got, expected);
    free(got);
    json_decref(rows);
}

static void test_good_rows(void **state)
{
    (void)state;
    becomes("{\"line\":3,\"login\":\"a\",\"display_name\":\"A\",\"addresses\":[\"b\"],"
            "\"class\":\"c\",\"suspended\":true,\"recovery_address\":\"r\"}",
            "{\"addresses\":[\"b\"],\"class\":\"c\",\"display_name\":\"A\",\"line\":3,"
            "\"login\":\"a\",\"recovery_address\":\"r\",\"suspended\":true}");
    becomes("{\"login\":\"a\",\"password_hash\":\"" SSHA "\"}",
            "{\"login\":\"a\",\"password_hash\":\"" SSHA "\"}");
    becomes("{\"login\":\"a\",\"networks\":[\"192.0.2.0/24\",\"10.1.2.3\"]}",
            "{\"login\":\"a\",\"scope\":\"{\\\"networks\\\":{\\\"allow\\\":[\\\"10.1.2.3/32\\\","
            "\\\"192.0.2.0/24\\\"]},\\\"v\\\":1}\"}");
}

static void test_no_way_in(void **state)
{
    static const char *const locked[] = {"!", "*", "!!", "x", "!$6$a$b", "*LK*"};
    static const char *const refused[] = {
        "{SSHA}",
        "{CRYPT}!",
        "{PLAIN}*",
        "{PLAIN}!",
        "{SSHA}L55TUjtiq8FBorTWAZ0jy6g129A=",
        "secret",
        "$apr1$a$b",
        "rqXexS6ZhobKA",
        ("$6$rounds=999999999$perlsalt$pJSSLe6YV1/7f7o3NaFwy54w5r4Uqb"
         "eoVAKWY7HA7ltiWg/9wIWDr4oNzmm1GB/TxF4W4qbrp3VQCvBjNkTHr/")};
    char row[512];

    (void)state;
    for (size_t i = 0; i < sizeof(locked) / sizeof(locked[0]); i++) {
        snprintf(row, sizeof(row), "{\"login\":\"a\",\"password_hash\":\"%s\"}", locked[i]);
        becomes(row, "{\"login\":\"a\",\"note\":\"it is locked, so it has no password\"}");
    }
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        snprintf(row, sizeof(row), "{\"login\":\"a\",\"password_hash\":\"%s\"}", refused[i]);
        becomes(
            row,
            "{\"flaw\":\"authd cannot check its password hash within the "
            "configured limits\",\"hint\":\"Import the user without it, then send a reset link.\","
            "\"login\":\"a\"}");
    }
}

static void test_clear_passwords_become_digests(void **state)
{
    json_t *rows =
        json_loads("[{\"login\":\"A\",\"password_hash\":\"{PLAIN}my secret\"},"
                   "{\"login\":\"a@example.org\",\"password_hash\":\"{PLAIN}my secret\"}]",
                   0, NULL);

    (void)state;
    prepared(rows);

    const char *one = json_string_value(json_object_get(json_array_get(rows, 0), "password_hash"));
    const char *two = json_string_value(json_object_get(json_array_get(rows, 1), "password_hash"));

    assert_int_equal(strncmp(one, "{SSHA512}", 9), 0);
    assert_string_equal(one, two); /* another spelling of the same login */
    json_decref(rows);
}

static void test_types(void **state)
{
    (void)state;
    becomes("{\"line\":1,\"login\":5}", "{\"flaw\":\"login is not a text of 1 to 2048 octets\","
                                        "\"line\":1}");
    becomes("{\"login\":\"a\",\"addresses\":[5],\"password_hash\":\"" SSHA "\"}",
            "{\"flaw\":\"addresses is not a list of at most 256 such texts\",\"login\":\"a\"}");
    becomes("{\"line\":-1,\"login\":\"a\"}", "{\"flaw\":\"line is not a number\",\"login\":\"a\"}");
    becomes("{\"login\":\"a\",\"suspended\":1}",
            "{\"flaw\":\"suspended is not true or false\",\"login\":\"a\"}");
    /* Members that only authd may write. */
    for (size_t i = 0; i < 5; i++) {
        static const char *const names[] = {"scope", "note", "hint", "flaw", "role"};
        char row[128];

        snprintf(row, sizeof(row), "{\"login\":\"a\",\"%s\":\"x\"}", names[i]);
        becomes(row, "{\"flaw\":\"the row has an unknown member\",\"login\":\"a\"}");
    }
    becomes("{\"login\":\"a\",\"networks\":[]}", "{\"login\":\"a\",\"scope\":\"{\\\"networks\\\":{"
                                                 "\\\"allow\\\":[]},\\\"v\\\":1}\"}");
}

static void test_bad_networks(void **state)
{
    static const char *const networks[] = {"192.0.2.0/33", "local", "1.2.3"};
    char row[128];

    (void)state;
    for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
        json_t *rows = json_array();

        snprintf(row, sizeof(row), "{\"login\":\"a\",\"networks\":[\"%s\"]}", networks[i]);
        json_array_append_new(rows, json_loads(row, 0, NULL));
        prepared(rows);
        assert_non_null(json_object_get(json_array_get(rows, 0), "flaw"));
        assert_null(json_object_get(json_array_get(rows, 0), "scope"));
        json_decref(rows);
    }
}

static void test_addresses_are_bounded(void **state)
{
    json_t *rows = json_array();
    size_t refused = 0;

    (void)state;
    for (size_t i = 0; i < 20; i++) {
        json_t *row = json_pack("{s:s, s:[]}", "login", "a", "addresses");

        for (size_t j = 0; j < 250; j++) {
            json_array_append_new(json_object_get(row, "addresses"), json_string("a@x.org"));
        }
        json_array_append_new(rows, row);
    }
    prepared(rows);
    for (size_t i = 0; i < 20; i++) {
        refused += json_object_get(json_array_get(rows, i), "flaw") != NULL;
    }
    assert_int_equal(refused, 16);
    json_decref(rows);
}

static void test_hashes_are_encrypted(void **state)
{
    struct key_ring keys = {
        .peppers = {.keys = {{.octets = {7}}, {.octets = {8}}}, .count = 2},
        .encryption = {.keys = {{.octets = {9}}}, .count = 1},
    };
    const struct core core = {.keys = &keys};
    json_t *rows =
        json_loads("[{\"login\":\"a@x.org\",\"password_hash\":\"" SSHA "\"},"
                   "{\"login\":\"b@x.org\"},"
                   "{\"login\":\"c@x.org\",\"password_hash\":\"" SSHA "\",\"flaw\":\"a bad name\"},"
                   "{\"password_hash\":\"" SSHA "\"}]",
                   0, NULL);
    json_t *accounts = json_loads("[{\"account\":5,\"new\":true,\"cipher_version\":6}]", 0, NULL);
    json_t *logins = import_logins(rows);
    char out[AUTHD_HASH_MAX + 1];

    (void)state;
    key_id_make(&keys.encryption.keys[0]);
    assert_int_equal(json_array_size(logins), 1);
    assert_string_equal(json_string_value(json_array_get(logins, 0)), "a@x.org");
    assert_true(import_rows_encrypt(&core, rows, accounts));

    json_t *row = json_array_get(rows, 0);

    assert_int_equal(
        stored_hash_decrypt_password(&core, 5, 6,
                                     json_string_value(json_object_get(row, "password_hash")), out),
        STORED_HASH_DECRYPTED);
    assert_string_equal(out, SSHA);
    assert_int_equal(json_integer_value(json_object_get(row, "account_id")), 5);
    assert_int_equal(json_integer_value(json_object_get(row, "password_cipher_version")), 6);
    assert_true(json_is_true(json_object_get(row, "account_new")));
    assert_int_equal(json_array_size(json_object_get(row, "imported")), 2);
    for (size_t i = 1; i < json_array_size(rows); i++) { /* no hash is left unencrypted */
        assert_null(json_object_get(json_array_get(rows, i), "password_hash"));
    }
    assert_false(import_rows_encrypt(&core, rows, json_object_get(row, "nothing")));
    json_decref(logins);
    json_decref(accounts);
    json_decref(rows);
}

/* The same hash and key make the same digest, and another key makes another one. */
static void test_digests_are_keyed(void **state)
{
    const struct key keys[] = {{.octets = {7}}, {.octets = {8}}};
    const uint8_t hash[IMPORT_HASH_LENGTH] = {1};
    uint8_t first[KEYED_HASH_LENGTH], other[KEYED_HASH_LENGTH];

    (void)state;
    import_rows_digest(&keys[0], 5, hash, first);
    import_rows_digest(&keys[0], 5, hash, other);
    assert_memory_equal(first, other, sizeof(first));
    import_rows_digest(&keys[0], 6, hash, other);
    assert_memory_not_equal(first, other, sizeof(first));
    import_rows_digest(&keys[1], 5, hash, other);
    assert_memory_not_equal(first, other, sizeof(first));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_rows),
        cmocka_unit_test(test_no_way_in),
        cmocka_unit_test(test_clear_passwords_become_digests),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_bad_networks),
        cmocka_unit_test(test_addresses_are_bounded),
        cmocka_unit_test(test_hashes_are_encrypted),
        cmocka_unit_test(test_digests_are_keyed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
