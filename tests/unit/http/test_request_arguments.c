#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "core/core.h"
#include "crypto/key.h"
#include "http/request_arguments.h"
#include "reading.h"

static const struct request_member query[] = {
    {.name = "dry_run", .type = REQUEST_BOOLEAN},
    {.name = "limit", .type = REQUEST_INTEGER, .min = 1, .max = 100},
    {.name = "cursor", .min = 1, .max = 2048},
    {.name = "role", .min = 1, .max = 10},
    {0},
};

static const struct request_member body[] = {
    {.name = "name", .argument = "title", .min = 1, .max = 5},
    {.name = "role", .min = 1, .max = 10, .roles = ROLE_ADMIN},
    {.name = "address", .min = 1, .max = 10, .flags = REQUEST_SENSITIVE},
    {0},
};

static const struct http_route routes[] = {
    {.method = HTTP_GET, .pattern = "/things", .flags = ROUTE_LIST, .query = query},
    {.method = HTTP_POST, .pattern = "/things/{thing}", .query = query, .body = body},
    {.method = HTTP_PATCH,
     .pattern = "/things/{thing}",
     .flags = ROUTE_CONDITIONAL,
     .body = body,
     .body_argument = "changes",
     .level = "thing"},
    {.method = HTTP_PUT,
     .pattern = "/things/{thing}",
     .flags = ROUTE_DOCUMENT,
     .body = body,
     .body_argument = "document"},
    {0},
};

static const struct caller admin = {
    .kind = CALLER_SESSION, .role = CALLER_ADMIN, .fresh = true, .name = "admin@example.org"};
static const struct caller user = {.kind = CALLER_SESSION, .role = CALLER_USER};

static const struct key_ring ring = {.peppers = {.keys = {{.octets = {1}}}, .count = 1}};
static const struct core core = {.keys = &ring};
static struct arena *arena;

/* A request up to the end of its body; who asks is there already. */
static void read_request(struct reading *reading, const char *line, const char *headers,
                         const char *text)
{
    const char *whole = arena_printf(arena, "%s HTTP/1.1\nHost: a\n%s", line, headers);

    assert_null(reading_begin(reading, routes, whole, arena));
    reading_body(reading, text);
}

/* The arguments as JSON, or the detail of the problem. */
static const char *arguments_of(const char *line, const char *text, const struct caller *caller)
{
    struct reading reading = {.admission = {.caller = *caller}};
    struct request_arguments input;

    read_request(&reading, line, "", text);

    const struct problem *problem =
        request_arguments_read(&core, &reading.request, &reading.admission, &input);

    buf_finish(&reading.request.body);
    if (problem != NULL) {
        assert_null(input.arguments);
        assert_null(input.filters);
        json_decref(problem->errors);
        return problem->detail;
    }
    char *printed = json_dumps(input.arguments, JSON_COMPACT | JSON_SORT_KEYS);
    const char *copy = arena_copy(arena, span_of(printed));

    free(printed);
    json_decref(input.arguments);
    json_decref(input.filters);
    return copy;
}

static void test_arguments(void **state)
{
    (void)state;
    assert_string_equal(arguments_of("POST /things/7?dry_run=true", "{\"name\":\"x\"}", &admin),
                        "{\"dry_run\":true,\"thing\":\"7\",\"title\":\"x\"}");
    assert_string_equal(arguments_of("POST /things/a%2fb", "", &user), "{\"thing\":\"a/b\"}");
    assert_string_equal(arguments_of("PATCH /things/7", "{\"name\":\"x\"}", &user),
                        "{\"changes\":{\"title\":\"x\"},\"level\":\"thing\",\"thing\":\"7\"}");
    assert_string_equal(arguments_of("PUT /things/7", "{\"any\":[1]}", &user),
                        "{\"document\":{\"any\":[1]},\"thing\":\"7\"}");
    assert_string_equal(arguments_of("GET /things?limit=7&role=user", "", &user),
                        "{\"limit\":7,\"role\":\"user\"}");
}

/* A request that is wrong in every way, then mended step by step. */
static void test_order(void **state)
{
    (void)state;
    assert_string_equal(arguments_of("POST /things/7?x=1", "{", &user),
                        "not JSON at line 1, column 1");
    assert_string_equal(arguments_of("POST /things/7?x=1", "{\"role\":1,\"y\":1}", &user),
                        "x is unknown; this takes dry_run, limit, cursor, role, and 2 more");
    assert_string_equal(arguments_of("POST /things/7", "{\"role\":1,\"address\":\"x\"}", &user),
                        "role is not a text");
    assert_string_equal(arguments_of("POST /things/7", "{\"role\":\"x\",\"address\":\"x\"}", &user),
                        "the role user may not set role");
    assert_string_equal(arguments_of("POST /things/7", "{\"address\":\"x\"}", &user),
                        "address needs a password that was given in the last minutes");
    assert_string_equal(arguments_of("GET /things?cursor=AAAA&limit=x", "", &user),
                        "limit is not a whole number");
    assert_string_equal(arguments_of("GET /things?cursor=AAAA", "", &user),
                        "cursor was not made for this list with these filters");
}

/* A page's cursor leads on in its own list, whatever the size of the page. */
static void test_page(void **state)
{
    struct reading reading = {.admission = {.caller = user}};
    json_t *page = json_pack("{s:[], s:[s, i]}", "items", "next", "x", 7);
    struct request_arguments input;

    (void)state;
    read_request(&reading, "GET /things?role=user&limit=1", "", "");
    assert_null(request_arguments_read(&core, &reading.request, &reading.admission, &input));
    request_arguments_page(&core, &reading.request, input.filters, page);

    const char *cursor =
        arena_copy(arena, span_of(json_string_value(json_object_get(page, "next"))));

    assert_string_equal(
        arguments_of(arena_printf(arena, "GET /things?role=user&cursor=%s", cursor), "", &user),
        "{\"after\":[\"x\",7],\"role\":\"user\"}");
    assert_string_equal(
        arguments_of(arena_printf(arena, "GET /things?cursor=%s", cursor), "", &user),
        "cursor was not made for this list with these filters");

    json_object_set_new(page, "next", json_null());
    request_arguments_page(&core, &reading.request, input.filters, page);
    assert_true(json_is_null(json_object_get(page, "next")));
    buf_finish(&reading.request.body);
    json_decref(page);
    json_decref(input.arguments);
    json_decref(input.filters);
}

/* The context, the caller's; NULL: `detail` is that of the problem. */
static json_t *context_of(const char *line, const char *headers, bool dry_run, const char **detail)
{
    struct reading reading = {.admission = {.caller = admin}};
    json_t *context;

    read_request(&reading, line, headers, "{\"name\":\"x\"}");

    const struct problem *problem =
        request_arguments_context(&core, &reading.request, &reading.admission, dry_run, &context);

    buf_finish(&reading.request.body);
    assert_true((problem == NULL) != (context == NULL));
    *detail = problem != NULL ? problem->detail : NULL;
    return context;
}

static void test_context(void **state)
{
    const char *detail;
    json_t *context = context_of("POST /things/7", "User-Agent: smtp-authctl/1\n", false, &detail);

    (void)state;
    assert_string_equal(json_string_value(json_object_get(context, "role")), "admin");
    assert_string_equal(json_string_value(json_object_get(context, "via")), "ctl");
    assert_string_equal(json_string_value(json_object_get(context, "reference")), "abcdefghij");
    assert_true(json_is_null(json_object_get(context, "client")));
    assert_null(json_object_get(context, "if_match"));
    assert_null(json_object_get(context, "idempotency"));
    json_decref(context);

    context = context_of("PATCH /things/7", "If-Match: *\n", false, &detail);
    assert_string_equal(json_string_value(json_object_get(context, "if_match")), "*");
    assert_string_equal(json_string_value(json_object_get(context, "via")), "api");
    json_decref(context);

    /* One key, one digest for the same request; another request has another. */
    context = context_of("POST /things/7", "Idempotency-Key: k\n", false, &detail);

    json_t *again = context_of("POST /things/7", "Idempotency-Key: k\n", false, &detail);
    json_t *other = context_of("POST /things/8", "Idempotency-Key: k\n", false, &detail);

    json_t *quoted = context_of("POST /things/7", "Idempotency-Key: \"k\"\n", false, &detail);
    json_t *dry = context_of("POST /things/7", "Idempotency-Key: k\n", true, &detail);

    assert_true(json_equal(context, again));
    assert_true(json_equal(context, quoted));
    assert_null(json_object_get(dry, "idempotency"));
    json_decref(quoted);
    json_decref(dry);
    assert_false(
        json_equal(json_object_get(context, "idempotency"), json_object_get(other, "idempotency")));
    json_decref(context);
    json_decref(again);
    json_decref(other);
}

static void test_conditions(void **state)
{
    static const struct {
        const char *line;
        const char *headers;
        bool dry_run;
        const char *detail;
    } cases[] = {
        {"POST /things/7", "If-Match: bad\nIdempotency-Key: a b\n", false,
         "this method knows no If-Match"},
        {"PATCH /things/7", "If-Match: bad\nIdempotency-Key: a b\n", false,
         "If-Match is neither * nor a list of ETags"},
        {"PATCH /things/7", "If-Match: *\nIdempotency-Key: a b\n", false,
         "only POST knows an Idempotency-Key"},
        {"POST /things/7", "Idempotency-Key: a b\n", false,
         "the Idempotency-Key is not 1 to 255 visible ASCII characters"},
        {"POST /things/7", "Idempotency-Key: \"a\n", false,
         "the Idempotency-Key has no closing quote"},
        {"POST /things/7", "Idempotency-Key: a\nidempotency-key: a\n", false,
         "the request has more than one Idempotency-Key"},
        {"POST /things/7", "Idempotency-Key: \"a\n", true,
         "the Idempotency-Key has no closing quote"},
        {"PATCH /things/7", "Idempotency-Key: a\n", true, "only POST knows an Idempotency-Key"},
        {"POST /things/7", "Idempotency-Key: \"a\"\n", true, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *detail;

        json_decref(context_of(cases[i].line, cases[i].headers, cases[i].dry_run, &detail));
        if (cases[i].detail == NULL) {
            assert_null(detail);
        } else {
            assert_non_null(detail);
            assert_string_equal(detail, cases[i].detail);
        }
    }
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
        cmocka_unit_test(test_arguments),  cmocka_unit_test(test_order),
        cmocka_unit_test(test_page),       cmocka_unit_test(test_context),
        cmocka_unit_test(test_conditions),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
