#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reading.h"

static const struct http_route routes[] = {{.method = HTTP_GET, .pattern = "/things"}, {0}};

static struct arena *arena;

static const char *flaw_of(const char *text)
{
    struct reading reading = {0};
    const struct problem *problem = reading_begin(&reading, routes, text, arena);

    if (problem == NULL) {
        return "none";
    }
    assert_int_equal(problem->type, PROBLEM_BAD_REQUEST);
    assert_null(problem->hint);
    return problem->detail;
}

static void test_headers(void **state)
{
    struct reading reading = {0};
    const struct request_headers *headers = &reading.request.headers;

    (void)state;
    assert_null(reading_begin(&reading, routes,
                              "GET /things?a=1 HTTP/1.1\nhost: example.org\nIf-Match: one\n"
                              "IF-MATCH: two\nX-Forwarded-For: 192.0.2.1\nIdempotency-Key: \n"
                              "If-Matches: three\nx-forwarded-for: 192.0.2.2, 192.0.2.3\n",
                              arena));
    assert_string_equal(headers->host, "example.org");
    assert_string_equal(headers->if_match, "one");
    assert_string_equal(headers->idempotency_key, "");
    assert_null(headers->cookie);
    assert_string_equal(headers->forwarded, ",192.0.2.1,192.0.2.2, 192.0.2.3");
    assert_ptr_equal(reading.request.match.route, &routes[0]);
    assert_true(reading.request.relayed);
}

static void test_no_header(void **state)
{
    struct reading reading = {0};

    (void)state;
    assert_null(reading_begin(&reading, routes, "GET /things HTTP/1.0\n", arena));
    assert_string_equal(reading.request.headers.forwarded, "");
    assert_null(reading.request.headers.host);
}

static void test_target(void **state)
{
    (void)state;
    assert_string_equal(flaw_of("GET /things HTTP/1.1\nHost: a\n"), "none");
    assert_string_equal(flaw_of("GET /%zz HTTP/1.1\nHost: a\n"),
                        "the request target has a % that is not followed by two hexadecimal "
                        "digits");
}

static int setup(void **state)
{
    (void)state;
    arena = arena_create();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_destroy(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_no_header),
        cmocka_unit_test(test_target),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
