#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/framing_guard.h"

struct header {
    const char *name;
    const char *value;
};

static struct framing_guard framing_guard_of(const char *version, const struct header *headers)
{
    struct framing_guard guard = {0};

    for (; headers->name != NULL; headers++) {
        framing_guard_header(&guard, span_of(headers->name), span_of(headers->value));
    }
    framing_guard_end(&guard, version);
    return guard;
}

#define HEADERS(...) ((const struct header[]){__VA_ARGS__, {0}})

static void test_good(void **state)
{
    struct framing_guard guard;

    (void)state;
    guard = framing_guard_of("HTTP/1.1", HEADERS({"Host", "x"}, {"Content-Length", "12"},
                                                 {"Content-Type", "application/json"}));
    assert_null(guard.flaw);
    guard = framing_guard_of("HTTP/1.1", HEADERS({"host", "x"}, {"transfer-encoding", "Chunked"}));
    assert_null(guard.flaw);
    guard = framing_guard_of("HTTP/1.0", HEADERS({"Accept", "*/*"}));
    assert_null(guard.flaw);
}

static void test_framing(void **state)
{
    static const struct {
        const char *version;
        struct header headers[4];
    } cases[] = {
        {"HTTP/1.1", {{"Host", "x"}, {"Content-Length", "4"}, {"Transfer-Encoding", "chunked"}}},
        {"HTTP/1.1", {{"Host", "x"}, {"Content-Length", "4"}, {"content-length", "4"}}},
        {"HTTP/1.1", {{"Host", "x"}, {"Content-Length", "4, 4"}}},
        {"HTTP/1.1", {{"Host", "x"}, {"Content-Length", "+4"}}},
        {"HTTP/1.1", {{"Host", "x"}, {"Content-Length", ""}}},
        {"HTTP/1.1", {{"Host", "x"}, {"Transfer-Encoding", "xchunked"}}},
        {"HTTP/1.1", {{"Host", "x"}, {"Transfer-Encoding", "gzip, chunked"}}},
        {"HTTP/1.1",
         {{"Host", "x"}, {"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}}},
        {"HTTP/1.1", {{"Host", "x"}, {"Transfer-Encoding ", "chunked"}}},
        {"HTTP/1.1", {{"Host", "x"}, {"", "chunked"}}},
        {"HTTP/1.1", {{"Host", "x"}, {"Host", "y"}}},
        {"HTTP/1.1", {{"Host", "x"}, {"Content-Type", "a"}, {"Content-Type", "b"}}},
        {"HTTP/1.1", {{"Accept", "x"}}},
        {"HTTP/1.0", {{"Transfer-Encoding", "chunked"}}},
        {"HTTP/1.2", {{"Host", "x"}}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (framing_guard_of(cases[i].version, cases[i].headers).flaw == NULL) {
            fail_msg("accepted: case %zu", i);
        }
    }
}

static void test_nul(void **state)
{
    struct framing_guard guard = {0};

    (void)state;
    framing_guard_header(&guard, SPAN_LITERAL("X-A"), SPAN_LITERAL("a\0b"));
    assert_non_null(guard.flaw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_framing),
        cmocka_unit_test(test_nul),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
