#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include "http/client.h"

static struct network proxies[1];

static struct http_client client_of(const struct http_listener *listener, const char *text)
{
    struct http_client client = {.listener = listener};

    snprintf(client.peer.text, sizeof(client.peer.text), "%s", text);
    return client;
}

static void test_address(void **state)
{
    const struct http_listener direct = {.name = "192.0.2.7:80"};
    const struct http_listener proxied = {.trusted_proxies = proxies, .trusted_proxy_count = 1};
    static const struct {
        const char *peer;
        const char *forwarded;
        const char *direct;
        const char *proxied;
    } cases[] = {
        {"192.0.2.1:587", "", "192.0.2.1", "192.0.2.1"},
        {"192.0.2.1:587", ",198.51.100.9", "192.0.2.1", "198.51.100.9"},
        {"192.0.2.1:587", ",203.0.113.5,198.51.100.9", "192.0.2.1", "198.51.100.9"},
        {"192.0.2.1:587", ",198.51.100.9,garbage", "192.0.2.1", "192.0.2.1"},
        {"198.51.100.1:587", ",198.51.100.9", "198.51.100.1", "198.51.100.1"},
        {"[2001:db8::1]:587", "", "2001:db8::1", "2001:db8::1"},
        {"unix:0", ",198.51.100.9", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_client at = client_of(&direct, cases[i].peer);
        struct http_client behind = client_of(&proxied, cases[i].peer);
        char address[NETWORK_TEXT_SIZE];

        at.peer.local = behind.peer.local = strncmp(cases[i].peer, "unix", 4) == 0;
        client_address(&at, span_of(cases[i].forwarded), address);
        assert_string_equal(address, cases[i].direct);
        client_address(&behind, span_of(cases[i].forwarded), address);
        assert_string_equal(address, cases[i].proxied);
    }
}

/* The network that shares a bound on connections; "" stands for none. */
static void test_network(void **state)
{
    struct network proxy;
    const struct http_listener listener = {.trusted_proxies = &proxy, .trusted_proxy_count = 1};
    static const struct {
        const char *peer;
        const char *network;
    } cases[] = {
        {"192.0.2.77:587", "192.0.2.0/24"},
        {"[2001:db8::1:2:3:4]:587", "2001:db8::/64"},
        {"198.51.100.9:587", ""},
        {"unix:0", ""},
    };

    (void)state;
    assert_int_equal(network_parse(SPAN_LITERAL("198.51.100.0/24"), &proxy), NETWORK_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_client client = client_of(&listener, cases[i].peer);
        char text[NETWORK_TEXT_SIZE] = "";

        client.peer.local = strncmp(cases[i].peer, "unix", 4) == 0;

        struct network network = client_network(&client);

        if (network.base.known) {
            network_text(&network, text);
        }
        assert_string_equal(text, cases[i].network);
    }
}

static void test_names(void **state)
{
    const struct http_listener tcp = {.name = "192.0.2.7:80"};
    const struct http_listener path = {.tls = (struct tls_files *)&tcp};
    struct http_client client = client_of(&tcp, "192.0.2.1:587");
    const struct public_url url = {.text = "https://auth.example.org"};
    const struct public_url unset = {0};
    struct origin_names names = client_names(&client, &url);

    (void)state;
    assert_string_equal(names.public_url.text, "https://auth.example.org");
    assert_string_equal(names.listener, "192.0.2.7:80");
    assert_false(names.tls);

    client.listener = &path;
    client.peer.local = true;
    names = client_names(&client, &unset);
    assert_null(names.public_url.text);
    assert_null(names.listener);
    assert_true(names.tls);
}

static void test_administrator(void **state)
{
    const struct http_listener listener = {0};
    struct http_client client = client_of(&listener, "unix:0");

    (void)state;
    client.peer.local = true;
    assert_false(client_is_admin(&client));
    client.admin_by_peer = true;
    assert_true(client_is_admin(&client));
    client.peer.uid = geteuid() + 1;
    assert_false(client_is_admin(&client));
    client.peer.uid = geteuid();
    assert_true(client_is_admin(&client));
    client.peer.local = false;
    assert_false(client_is_admin(&client));
}

static int setup(void **state)
{
    (void)state;
    return network_parse(SPAN_LITERAL("192.0.2.0/24"), &proxies[0]) == NETWORK_OK ? 0 : -1;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_address),
        cmocka_unit_test(test_network),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_administrator),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
