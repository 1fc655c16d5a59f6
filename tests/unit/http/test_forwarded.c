#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/forwarded.h"

static struct network_address address_of(const char *text)
{
    struct network_address address;

    assert_true(network_address_parse(span_of(text), &address));
    return address;
}

static void test_client(void **state)
{
    static const struct {
        const char *peer;
        const char *header;
        const char *client;
    } cases[] = {
        /* The header does not come from a trusted proxy. */
        {"198.51.100.1", "", "198.51.100.1"},
        {"198.51.100.1", "192.0.2.1", "198.51.100.1"},
        /* No entry, one proxy, two proxies. */
        {"127.0.0.1", "", "127.0.0.1"},
        {"127.0.0.1", "192.0.2.1", "192.0.2.1"},
        {"127.0.0.1", "192.0.2.1, 10.1.2.3", "192.0.2.1"},
        /* The client's own entries stand before those of the proxies. */
        {"127.0.0.1", "203.0.113.9, 192.0.2.1", "192.0.2.1"},
        {"127.0.0.1", "127.0.0.1,10.0.0.1 ,\t192.0.2.1", "192.0.2.1"},
        {"127.0.0.1", "203.0.113.9, 10.0.0.1, 192.0.2.1, 10.0.0.2", "192.0.2.1"},
        /* All entries are trusted proxies: the first entry counts. */
        {"127.0.0.1", "10.0.0.1, 10.0.0.2", "10.0.0.1"},
        /* Ports, brackets, IPv6. */
        {"127.0.0.1", "192.0.2.1:4711", "192.0.2.1"},
        {"127.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"},
        {"127.0.0.1", "2001:db8::1", "2001:db8::1"},
        {"2001:db8:1::5", "192.0.2.1", "192.0.2.1"},
        /* The chain ends at an entry that is no address, such as one of Forwarded's form. */
        {"127.0.0.1", "for=192.0.2.1", "127.0.0.1"},
        {"127.0.0.1", "192.0.2.1, for=10.0.0.9, 10.0.0.8", "10.0.0.8"},
        {"127.0.0.1", "unknown", "127.0.0.1"},
        {"127.0.0.1", "192.0.2.1, _hidden, 10.0.0.9", "10.0.0.9"},
        {"127.0.0.1", "192.0.2.1,", "127.0.0.1"},
        {"127.0.0.1", "[", "127.0.0.1"},
        {"127.0.0.1", "[]", "127.0.0.1"},
        {"127.0.0.1", ",,,,", "127.0.0.1"},
    };
    struct network proxies[3];
    const struct forwarded_rule rule = {.proxies = proxies, .count = 3};

    (void)state;
    assert_int_equal(network_parse(SPAN_LITERAL("127.0.0.1"), &proxies[0]), NETWORK_OK);
    assert_int_equal(network_parse(SPAN_LITERAL("10.0.0.0/8"), &proxies[1]), NETWORK_OK);
    assert_int_equal(network_parse(SPAN_LITERAL("2001:db8:1::/48"), &proxies[2]), NETWORK_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct network_address peer = address_of(cases[i].peer);
        struct network_address client = forwarded_client(&rule, &peer, span_of(cases[i].header));
        char text[NETWORK_TEXT_SIZE];

        assert_string_equal(network_address_text(&client, text), cases[i].client);
    }
}

/* A peer on a unix socket has no address; without a list of proxies no peer is trusted. */
static void test_nobody(void **state)
{
    const struct forwarded_rule none = {0};
    struct network_address peer = {0};
    struct network_address client = forwarded_client(&none, &peer, SPAN_LITERAL("192.0.2.1"));

    (void)state;
    assert_false(client.known);
    peer = address_of("127.0.0.1");
    assert_false(forwarded_is_proxy(&none, &peer));
    client = forwarded_client(&none, &peer, SPAN_LITERAL("192.0.2.1"));
    assert_memory_equal(&client, &peer, sizeof(peer));
}

static void test_added(void **state)
{
    static const char *const names[] = {"Forwarded", "x-forwarded-for", "X-Forwarded-Anything",
                                        "ORIGIN",    "cookie",          "Sec-Fetch-Site",
                                        "via",       "X-Real-Ip",       "X-Client-IP"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_true(forwarded_is_added(span_of(names[i])));
    }
    assert_false(forwarded_is_added(SPAN_LITERAL("X-Origin")));
    assert_false(forwarded_is_added(SPAN_LITERAL("Host")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client),
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_added),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
