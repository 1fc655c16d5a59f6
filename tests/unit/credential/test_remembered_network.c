/* Which client addresses have a network that may be remembered after a code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "credential/remembered_network.h"

static const struct {
    const char *client;
    const char *network; /* "": no network may be remembered */
} table[] = {
    {"192.0.2.77", "192.0.2.0/24"},
    {"::ffff:192.0.2.77", "192.0.2.0/24"}, // another spelling of the host above
    {"2001:db8:1:2::77", "2001:db8:1:2::/64"},
    {"fe80::1%eth0", "fe80::/64"},
    {"198.51.99.1", "198.51.99.0/24"},
    {"198.51.100.1", ""},
    {"::ffff:198.51.100.1", ""},
    {"2001:db8:5::1", ""},
    {"127.0.0.1", ""},
    {"127.1.2.3", ""},
    {"::1", ""},
    {"::ffff:127.0.0.1", ""},
    {"", ""},
    {"unknown", ""},
    {"192.0.2.77:25", ""},
};

static void test_networks(void **state)
{
    struct network shared[2];
    struct factor_remember rules = {3600, 10, 24, 64, shared, 2};
    char out[NETWORK_TEXT_SIZE];

    (void)state;
    assert_int_equal(network_parse(SPAN_LITERAL("198.51.100.0/24"), &shared[0]), NETWORK_OK);
    assert_int_equal(network_parse(SPAN_LITERAL("2001:db8:5::/48"), &shared[1]), NETWORK_OK);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_int_equal(remembered_network_of(&rules, table[i].client, out),
                         table[i].network[0] != '\0');
        assert_string_equal(out, table[i].network);
    }
    rules.seconds = 0;
    assert_false(remembered_network_of(&rules, "192.0.2.77", out));
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_networks)};

    return cmocka_run_group_tests_name("factor_remember", tests, NULL, NULL);
}
