#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/origin.h"

static const struct origin_names both = {
    .public_url = {"https://auth.example.org", "auth.example.org", 443, true},
    .listener = "127.0.0.1:8587"};
static const struct origin_names six = {
    .public_url = {"https://auth.example.org:8443", "auth.example.org", 8443, true},
    .listener = "[::1]:8587",
    .tls = true};
static const struct origin_names local = {
    .public_url = {"http://[::1]:8587", "[::1]", 8587, false}};
static const struct origin_names far = {.listener = "192.0.2.7:80"};
static const struct origin_names none = {0};

static void test_host(void **state)
{
    static const struct {
        const struct origin_names *names;
        const char *host;
        bool ours;
    } cases[] = {
        {&both, "auth.example.org", true},
        {&both, "AUTH.Example.ORG:443", true},
        {&both, "127.0.0.1:8587", true},
        {&both, "localhost:8587", true},
        {&six, "auth.example.org:8443", true},
        {&six, "[::1]:8587", true},
        {&six, "localhost:8587", true},
        {&local, "[::1]:8587", true},
        {&far, "192.0.2.7", true},
        {&far, "192.0.2.7:80", true},

        {&both, "", false},
        {&both, "evil.example", false},
        {&both, "auth.example.org:80", false},
        {&both, "auth.example.org.", false},
        {&both, "auth.example.org.evil.example", false},
        {&both, "auth.example.org:0443", false},
        {&both, "127.0.0.1", false},
        {&both, "127.0.0.2:8587", false},
        {&both, "localhost", false},
        {&both, "127.0.0.1:8587:1", false},
        {&both, "127.0.0.1:", false},
        {&both, ":8587", false},
        {&six, "auth.example.org", false},
        {&six, "[::1]", false},
        {&local, "[::1]", false},
        {&local, "[::1]:80", false},
        {&six, "[::1]x:8587", false},
        {&six, "::1:8587", false},
        {&far, "localhost", false},
        {&none, "localhost", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(origin_is_host(cases[i].names, span_of(cases[i].host)), cases[i].ours);
    }
}

static void test_forgery(void **state)
{
    static const struct {
        struct origin_headers headers;
        bool ours;
    } cases[] = {
        {{NULL, NULL, "authd"}, true},
        {{"https://auth.example.org", "same-origin", "authd"}, true},
        {{"https://auth.example.org:443", "none", "authd"}, true},
        {{"http://127.0.0.1:8587", "same-origin", "authd"}, true},
        {{"http://localhost:8587", "same-origin", "authd"}, true},

        {{NULL, NULL, NULL}, false},
        {{NULL, NULL, "XMLHttpRequest"}, false},
        {{"https://auth.example.org", "same-origin", NULL}, false},
        {{"https://evil.example", NULL, "authd"}, false},
        {{"http://auth.example.org", NULL, "authd"}, false},
        {{"https://auth.example.org.evil.example", NULL, "authd"}, false},
        {{"https://auth.example.org/", NULL, "authd"}, false},
        {{"https://auth.example.org:8443", NULL, "authd"}, false},
        {{"null", NULL, "authd"}, false},
        {{"", NULL, "authd"}, false},
        {{NULL, "cross-site", "authd"}, false},
        {{NULL, "same-site", "authd"}, false},
        {{NULL, "", "authd"}, false},
        {{"https://auth.example.org", "cross-site", "authd"}, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(origin_flaw(&both, &cases[i].headers) == NULL, cases[i].ours);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_host),
        cmocka_unit_test(test_forgery),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
