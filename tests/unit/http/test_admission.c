#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "reading.h"

static const struct request_member members[] = {{.name = "name", .max = 10}, {0}};

static const struct http_route routes[] = {
    {.method = HTTP_GET, .pattern = "/things", .roles = ROLE_ADMIN, .resources = RESOURCE_SITE},
    {.method = HTTP_POST,
     .pattern = "/things",
     .roles = ROLE_ADMIN,
     .flags = ROUTE_FRESH | ROUTE_COOKIE,
     .resources = RESOURCE_SITE,
     .body = members},
    {.method = HTTP_POST, .pattern = "/session", .flags = ROUTE_COOKIE, .body = members},
    {.method = HTTP_GET, .pattern = "/probe", .flags = ROUTE_ANY_HOST},
    {0},
};

static const struct caller nobody = {0};
static const struct caller user = {.kind = CALLER_SESSION, .role = CALLER_USER};
static const struct caller stale = {.kind = CALLER_SESSION, .role = CALLER_ADMIN};
static const struct caller fresh = {.kind = CALLER_SESSION, .role = CALLER_ADMIN, .fresh = true};

static struct arena *arena;

/* What a request over TCP is refused with; the length of its body is `length`. */
static const struct problem *refusal_of(const char *text, const struct caller *caller,
                                        size_t length)
{
    struct reading reading = {.admission = {.caller = *caller}};
    const struct problem *problem = reading_begin(&reading, routes, text, arena);

    assert_null(problem);
    problem = admission_headers(&reading.request);
    if (problem != NULL) {
        return problem;
    }
    if (reading.request.match.route != NULL) {
        admission_decide(&reading.admission, &reading.request);
    }
    reading.request.body_length = length;
    problem = admission_end(&reading.admission, &reading.request);
    assert_true(problem != NULL || admission_wants_body(&reading.admission, &reading.request) ||
                reading.request.match.route->body == NULL);
    return problem;
}

#define HOST   "Host: auth.example.org\n"
#define EVIL   "Host: evil.example\n"
#define LONG   "Content-Length: 1048577\n"
#define PACKED "Content-Encoding: gzip\n"
#define OURS   "X-Requested-With: authd\n"
#define JSON   "Content-Type: application/json; charset=utf-8\n"

/* A request that is wrong in every way, then mended step by step: what is refused first. */
static void test_order(void **state)
{
    static const struct {
        const char *text;
        const struct caller *caller;
        size_t length;
        enum problem_type type;
        const char *detail;
    } steps[] = {
        {"GET /nothing HTTP/1.1\n" EVIL LONG PACKED, &nobody, 70000, PROBLEM_MISDIRECTED,
         "the Host of the request is not a name of this server"},
        {"GET /nothing HTTP/1.1\n" HOST LONG PACKED, &nobody, 70000, PROBLEM_TOO_LARGE,
         "the body is longer than this server reads"},
        {"GET /nothing HTTP/1.1\n" HOST PACKED, &nobody, 70000, PROBLEM_NOT_FOUND,
         "there is nothing at this path"},
        {"PUT /things HTTP/1.1\n" HOST PACKED, &nobody, 70000, PROBLEM_METHOD_NOT_ALLOWED,
         "this path does not have this method"},
        {"POST /things HTTP/1.1\n" HOST PACKED, &nobody, 70000, PROBLEM_UNAUTHORIZED,
         "nobody is signed in, or the sign-in has ended"},
        {"POST /things HTTP/1.1\n" HOST PACKED, &user, 70000, PROBLEM_CSRF,
         "the request lacks the header X-Requested-With: authd"},
        {"POST /things HTTP/1.1\n" HOST PACKED OURS, &user, 70000, PROBLEM_FORBIDDEN,
         "the role user may not do this"},
        {"POST /things HTTP/1.1\n" HOST PACKED OURS, &stale, 70000, PROBLEM_FRESH_SIGN_IN_REQUIRED,
         "this needs a password that was given in the last minutes"},
        {"GET /things HTTP/1.1\n" HOST PACKED, &stale, 70000, PROBLEM_BAD_REQUEST,
         "this method takes no body"},
        {"POST /things HTTP/1.1\n" HOST PACKED OURS, &fresh, 70000, PROBLEM_TOO_LARGE,
         "the body is longer than 65536 octets"},
        {"POST /things HTTP/1.1\n" HOST PACKED OURS, &fresh, 2, PROBLEM_UNSUPPORTED_MEDIA_TYPE,
         "the body must be application/json"},
        {"POST /things HTTP/1.1\n" HOST PACKED OURS JSON, &fresh, 2, PROBLEM_UNSUPPORTED_MEDIA_TYPE,
         "the body must have no Content-Encoding"},
        {"POST /session HTTP/1.1\n" HOST PACKED, &nobody, 70000, PROBLEM_CSRF,
         "the request lacks the header X-Requested-With: authd"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        const struct problem *problem = refusal_of(steps[i].text, steps[i].caller, steps[i].length);

        assert_non_null(problem);
        assert_string_equal(problem->detail, steps[i].detail);
        assert_int_equal(problem->type, steps[i].type);
    }
    assert_null(refusal_of("POST /things HTTP/1.1\n" HOST OURS JSON, &fresh, 2));
    assert_null(refusal_of("POST /things HTTP/1.1\n" HOST OURS, &fresh, 0));
    assert_null(refusal_of("GET /things HTTP/1.1\n" HOST, &stale, 0));
    assert_null(refusal_of("POST /session HTTP/1.1\n" HOST OURS JSON, &nobody, 2));
}

/* Nothing of a body is kept that is not allowed. */
static void test_wanted(void **state)
{
    struct reading reading = {.admission = {.caller = stale}};

    (void)state;
    assert_null(reading_begin(&reading, routes, "POST /things HTTP/1.1\n" HOST OURS, arena));
    admission_decide(&reading.admission, &reading.request);
    assert_false(admission_wants_body(&reading.admission, &reading.request));

    reading = (struct reading){.admission = {.caller = fresh}};
    assert_null(reading_begin(&reading, routes, "POST /things HTTP/1.1\n" HOST, arena));
    admission_decide(&reading.admission, &reading.request);
    assert_false(admission_wants_body(&reading.admission, &reading.request));

    reading = (struct reading){0};
    assert_null(reading_begin(&reading, routes, "PUT /things HTTP/1.1\n" HOST, arena));
    assert_false(admission_wants_body(&reading.admission, &reading.request));
    assert_int_equal(admission_body_max(NULL), ADMISSION_SWALLOW_MAX);
    assert_int_equal(admission_body_max(&routes[1]), ADMISSION_SWALLOW_MAX);
    assert_int_equal(admission_body_max(&(struct http_route){
                         .body = members, .body_max = ADMISSION_SWALLOW_MAX + 1}),
                     ADMISSION_SWALLOW_MAX + 1);
}

/* A probe knows authd by an address; a method that the path does not have is no probe. */
static void test_any_host(void **state)
{
    (void)state;
    assert_null(refusal_of("GET /probe HTTP/1.1\n" EVIL, &nobody, 0));
    assert_null(refusal_of("GET /probe HTTP/1.0\n", &nobody, 0));
    assert_int_equal(refusal_of("POST /probe HTTP/1.1\n" EVIL, &nobody, 0)->type,
                     PROBLEM_MISDIRECTED);
    assert_int_equal(refusal_of("GET /probe HTTP/1.1\n" EVIL LONG, &nobody, 0)->type,
                     PROBLEM_TOO_LARGE);
    assert_int_equal(refusal_of("GET /things HTTP/1.0\n", &nobody, 0)->type, PROBLEM_MISDIRECTED);
}

static struct credential credential_of(const char *headers)
{
    struct reading reading = {0};
    const char *text = arena_printf(arena, "GET /things HTTP/1.1\n" HOST "%s", headers);

    assert_null(reading_begin(&reading, routes, text, arena));
    return admission_credential(&reading.request);
}

static void test_credential(void **state)
{
    static const struct {
        const char *headers;
        enum caller_kind kind;
        const char *text;
    } cases[] = {
        {"", CALLER_NOBODY, ""},
        {"Authorization: Bearer abc\n", CALLER_API_KEY, "abc"},
        {"Authorization: bearer abc\n", CALLER_API_KEY, "abc"},
        {"Authorization: Basic abc\n", CALLER_API_KEY, ""},
        {"Cookie: a=b; __Host-authd=xyz\n", CALLER_SESSION, "xyz"},
        {"Cookie: a=b\n", CALLER_NOBODY, ""},
        {"Cookie: __Host-authd=x; __Host-authd=y\n", CALLER_NOBODY, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct credential credential = credential_of(cases[i].headers);

        assert_int_equal(credential.kind, cases[i].kind);
        assert_true(span_is(credential.text, cases[i].text));
        assert_null(credential.address);
    }
}

static const char *host_of(uid_t uid, const char *header)
{
    struct reading reading = {
        .client = {.admin_by_peer = true, .peer = {.local = true, .uid = uid}}};
    const char *text = arena_printf(arena, "GET /things HTTP/1.1\n" HOST "%s", header);

    assert_null(reading_begin(&reading, routes, text, arena));
    assert_null(admission_headers(&reading.request));
    return admission_host(&reading.request);
}

static void test_host(void **state)
{
    (void)state;
    assert_string_equal(host_of(0, ""), "root (uid 0)");
    assert_null(host_of(0, "Via: 1.1 proxy\n"));
    assert_null(host_of(0, "Origin: https://auth.example.org\n"));
    assert_null(host_of(geteuid() + 1, ""));
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
        cmocka_unit_test(test_order),    cmocka_unit_test(test_wanted),
        cmocka_unit_test(test_any_host), cmocka_unit_test(test_credential),
        cmocka_unit_test(test_host),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
