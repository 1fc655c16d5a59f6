#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/router.h"

static struct arena *arena;

static struct http_match match_of(const struct http_route *routes, const char *method,
                                  const char *target)
{
    struct http_match match;
    struct uri uri;

    assert_null(uri_parse(&uri, target, arena));
    router_match(&match, routes, method, &uri);
    return match;
}

static const struct http_route table[] = {
    {.method = HTTP_GET, .pattern = "/"},
    {.method = HTTP_GET, .pattern = "/things"},
    {.method = HTTP_POST, .pattern = "/things"},
    {.method = HTTP_GET, .pattern = "/things/{thing}"},
    {.method = HTTP_DELETE, .pattern = "/things/{thing}/parts/{part}"},
    {0},
};

static void test_match(void **state)
{
    struct http_match match;

    (void)state;
    assert_ptr_equal(match_of(table, "GET", "/").route, &table[0]);
    assert_ptr_equal(match_of(table, "GET", "/things").route, &table[1]);
    assert_ptr_equal(match_of(table, "POST", "/things?x=1").route, &table[2]);
    assert_ptr_equal(match_of(table, "HEAD", "/things").route, &table[1]);

    match = match_of(table, "DELETE", "/things/a%2Fb/parts/2");
    assert_ptr_equal(match.route, &table[4]);
    assert_int_equal(match.parameter_count, 2);
    assert_true(span_is(match.parameters[0].name, "thing"));
    assert_string_equal(match.parameters[0].value, "a/b");
    assert_true(span_is(match.parameters[1].name, "part"));
    assert_string_equal(match.parameters[1].value, "2");
}

static void test_no_match(void **state)
{
    struct http_match match;

    (void)state;
    match = match_of(table, "GET", "/thing");
    assert_null(match.route);
    assert_int_equal(match.allow, 0);
    assert_int_equal(match_of(table, "GET", "/things/").allow, 0);
    assert_int_equal(match_of(table, "GET", "/things/a/parts").allow, 0);
    assert_int_equal(match_of(table, "GET", "/things%2Fa").allow, 0);

    match = match_of(table, "PUT", "/things");
    assert_null(match.route);
    assert_string_equal(router_allow(match.allow, arena), "GET, HEAD, POST");
    assert_null(match_of(table, "get", "/things").route);
    assert_string_equal(router_allow(match_of(table, "HEAD", "/things/1/parts/2").allow, arena),
                        "DELETE");
}

static bool is_open(const struct http_route *route)
{
    static const struct {
        enum http_method method;
        const char *pattern;
    } open[] = {
        {HTTP_GET, "/healthz"},     {HTTP_GET, "/readyz"},    {HTTP_GET, "/openapi.json"},
        {HTTP_POST, "/v1/session"}, {HTTP_POST, "/v1/reset"}, {HTTP_GET, "/reset"},
    };

    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        if (route->method == open[i].method && strcmp(route->pattern, open[i].pattern) == 0) {
            return true;
        }
    }
    return false;
}

/* Every route names the roles that may use it, and the rights that an API key needs; a route of
 * several rights has a chapter of its own choice. Every resource is used. */
static void test_real_table(void **state)
{
    unsigned used = 0;

    (void)state;
    for (const struct http_route *route = http_routes; route->pattern != NULL; route++) {
        assert_non_null(route->run);
        assert_non_null(route->name);
        assert_non_null(route->summary);
        assert_int_equal(route->roles == 0, is_open(route));
        assert_true(route->tag != NULL || (route->resources & (route->resources - 1)) == 0);
        assert_true(route->resources != 0 || is_open(route) ||
                    (route->flags & (ROUTE_SESSION | ROUTE_NO_KEYS)) != 0);
        used |= route->resources;
        if ((route->flags & ROUTE_LIST) != 0) {
            assert_int_equal(route->method, HTTP_GET);
        }
    }
    assert_int_equal(used, (1u << RESOURCE_COUNT) - 1);
    assert_int_equal(match_of(http_routes, "PATCH", "/v1/users/7").route->statement,
                     STATEMENT_USER_SET);
    assert_int_equal(match_of(http_routes, "PUT", "/v1/users/7/password").route->statement,
                     STATEMENT_PASSWORD_SET);
    assert_int_equal(match_of(http_routes, "DELETE", "/v1/users/7/addresses").route->statement,
                     STATEMENT_ADDRESS_REMOVE);
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
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_no_match),
        cmocka_unit_test(test_real_table),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
