#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/caller_rights.h"

/* A caller with these properties. */
static struct caller caller_of(enum caller_kind kind, enum caller_role role, bool fresh,
                               const char *rights)
{
    return (struct caller){
        .kind = kind,
        .role = role,
        .fresh = fresh,
        .known = json_pack("{s:o?}", "rights", rights != NULL ? json_loads(rights, 0, NULL) : NULL),
    };
}

static enum caller_rights_verdict verdict_of(const struct http_route *route, struct caller caller,
                                             bool *self_only)
{
    struct caller_rights rights = caller_rights_of(route, &caller);

    if (self_only != NULL) {
        *self_only = rights.self_only;
    }
    json_decref((json_t *)caller.known);
    return rights.verdict;
}

#define SESSION(role) caller_of(CALLER_SESSION, (role), true, NULL)
#define STALE(role)   caller_of(CALLER_SESSION, (role), false, NULL)
#define KEY(rights)   caller_of(CALLER_API_KEY, CALLER_ADMIN, true, (rights))

static void test_roles(void **state)
{
    static const struct http_route route = {.method = HTTP_POST,
                                            .roles = ROLE_SELF | ROLE_DOMAIN_ADMIN | ROLE_ADMIN,
                                            .resources = RESOURCE_USERS};
    static const struct http_route other = {.roles = ROLE_AUDITOR | ROLE_ADMIN};
    static const struct http_route open = {0};
    bool self_only;

    (void)state;
    assert_int_equal(verdict_of(&open, (struct caller){0}, NULL), RIGHTS_ALLOWED);
    assert_int_equal(verdict_of(&route, (struct caller){0}, NULL), RIGHTS_NOBODY);
    assert_int_equal(verdict_of(&route, SESSION(CALLER_NONE), &self_only), RIGHTS_ALLOWED);
    assert_true(self_only);
    assert_int_equal(verdict_of(&route, SESSION(CALLER_USER), &self_only), RIGHTS_ALLOWED);
    assert_true(self_only);
    assert_int_equal(verdict_of(&route, SESSION(CALLER_AUDITOR), &self_only), RIGHTS_ALLOWED);
    assert_true(self_only);
    assert_int_equal(verdict_of(&route, SESSION(CALLER_DOMAIN_ADMIN), &self_only), RIGHTS_ALLOWED);
    assert_false(self_only);
    assert_int_equal(verdict_of(&route, SESSION(CALLER_ADMIN), &self_only), RIGHTS_ALLOWED);
    assert_false(self_only);
    assert_int_equal(verdict_of(&other, SESSION(CALLER_USER), NULL), RIGHTS_ROLE);
    assert_int_equal(verdict_of(&other, SESSION(CALLER_HELPDESK), NULL), RIGHTS_ROLE);
    assert_int_equal(verdict_of(&other, SESSION(CALLER_DOMAIN_ADMIN), NULL), RIGHTS_ROLE);
    assert_int_equal(verdict_of(&other, SESSION(CALLER_AUDITOR), NULL), RIGHTS_ALLOWED);
    assert_int_equal(verdict_of(&other, caller_of(CALLER_HOST, CALLER_ROOT, true, NULL), NULL),
                     RIGHTS_ALLOWED);
}

static void test_fresh(void **state)
{
    static const struct http_route route = {
        .roles = ROLE_ADMIN, .flags = ROUTE_FRESH, .resources = RESOURCE_USERS};
    static const struct http_route session = {.roles = ROLE_SELF, .flags = ROUTE_SESSION};

    (void)state;
    assert_int_equal(verdict_of(&route, STALE(CALLER_ADMIN), NULL), RIGHTS_STALE);
    assert_int_equal(verdict_of(&route, STALE(CALLER_USER), NULL), RIGHTS_ROLE);
    assert_int_equal(verdict_of(&route, SESSION(CALLER_ADMIN), NULL), RIGHTS_ALLOWED);
    assert_int_equal(verdict_of(&route, caller_of(CALLER_HOST, CALLER_ROOT, true, NULL), NULL),
                     RIGHTS_ALLOWED);
    assert_int_equal(verdict_of(&session, caller_of(CALLER_HOST, CALLER_ROOT, true, NULL), NULL),
                     RIGHTS_NO_SESSION);
    assert_int_equal(verdict_of(&session, KEY("[\"*:write\"]"), NULL), RIGHTS_NO_SESSION);
    assert_int_equal(verdict_of(&session, STALE(CALLER_USER), NULL), RIGHTS_ALLOWED);
}

/* A session whose user has to enrol a second factor first. */
static void test_must_enrol(void **state)
{
    static const struct http_route route = {.roles = ROLE_SELF | ROLE_ADMIN,
                                            .resources = RESOURCE_USERS};
    static const struct http_route enrol = {.roles = ROLE_SELF | ROLE_ADMIN, .flags = ROUTE_ENROL};
    static const struct http_route others = {.roles = ROLE_ADMIN, .flags = ROUTE_ENROL};
    static const struct http_route fresh = {.roles = ROLE_SELF, .flags = ROUTE_ENROL | ROUTE_FRESH};
    static const struct http_route open = {0};
    struct caller admin = SESSION(CALLER_ADMIN);
    struct caller stale = STALE(CALLER_USER);
    bool self_only;

    (void)state;
    admin.must_enrol = stale.must_enrol = true;
    json_incref((json_t *)admin.known); /* each verdict_of() finishes its caller */
    json_incref((json_t *)admin.known);
    json_incref((json_t *)admin.known);
    assert_int_equal(verdict_of(&route, admin, NULL), RIGHTS_MUST_ENROL);
    assert_int_equal(verdict_of(&enrol, admin, &self_only), RIGHTS_ALLOWED);
    assert_true(self_only);
    assert_int_equal(verdict_of(&others, admin, NULL), RIGHTS_ROLE);
    assert_int_equal(verdict_of(&open, admin, NULL), RIGHTS_ALLOWED);
    assert_int_equal(verdict_of(&fresh, stale, NULL), RIGHTS_STALE);
}

static void test_keys(void **state)
{
    static const struct http_route get = {.roles = ROLE_ADMIN, .resources = RESOURCE_USERS};
    static const struct http_route post = {.method = HTTP_POST,
                                           .roles = ROLE_ADMIN,
                                           .flags = ROUTE_FRESH,
                                           .resources = RESOURCE_USERS};
    static const struct http_route never = {
        .roles = ROLE_ADMIN, .flags = ROUTE_NO_KEYS, .resources = RESOURCE_USERS};
    static const struct http_route nameless = {.roles = ROLE_ADMIN};
    static const struct {
        const char *rights;
        bool read;
        bool write;
    } cases[] = {
        {"[]", false, false},
        {"[\"users:read\"]", true, false},
        {"[\"*:read\"]", true, false},
        {"[\"users:write\"]", true, true},
        {"[\"audit:read\",\"*:write\"]", true, true},
        {"[\"user:read\",\"users\",\"users:\",\"*\",\":read\",\"users:readx\"]", false, false},
        {"[\"domains:write\"]", false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(verdict_of(&get, KEY(cases[i].rights), NULL),
                         cases[i].read ? RIGHTS_ALLOWED : RIGHTS_KEY);
        assert_int_equal(verdict_of(&post, KEY(cases[i].rights), NULL),
                         cases[i].write ? RIGHTS_ALLOWED : RIGHTS_KEY);
    }
    assert_int_equal(verdict_of(&never, KEY("[\"*:write\"]"), NULL), RIGHTS_NO_KEYS);
    assert_int_equal(verdict_of(&nameless, KEY("[\"*:write\"]"), NULL), RIGHTS_NO_KEYS);
    assert_int_equal(verdict_of(&get, caller_of(CALLER_API_KEY, CALLER_ADMIN, true, NULL), NULL),
                     RIGHTS_KEY);
}

static enum caller_rights_verdict member_verdict(const struct request_member *member,
                                                 const struct caller *caller, bool self_only)
{
    static const struct http_route route = {.method = HTTP_PATCH, .resources = RESOURCE_USERS};
    const struct caller_rights_case asked = {
        .route = &route, .caller = caller, .rights = {.self_only = self_only}};

    return caller_rights_member(&asked, member);
}

static void test_members(void **state)
{
    static const struct request_member all = {.name = "a"};
    static const struct request_member sensitive = {.name = "a", .flags = REQUEST_SENSITIVE};
    static const struct request_member few = {.name = "a", .roles = ROLE_ADMIN};
    const struct caller fresh = {.kind = CALLER_SESSION, .role = CALLER_ADMIN, .fresh = true};
    const struct caller stale = {.kind = CALLER_SESSION, .role = CALLER_ADMIN};
    const struct caller user = {.kind = CALLER_SESSION, .role = CALLER_USER, .fresh = true};

    (void)state;
    assert_int_equal(member_verdict(&all, &stale, false), RIGHTS_ALLOWED);
    assert_int_equal(member_verdict(&sensitive, &stale, false), RIGHTS_STALE);
    assert_int_equal(member_verdict(&sensitive, &fresh, false), RIGHTS_ALLOWED);
    assert_int_equal(member_verdict(&few, &stale, false), RIGHTS_ALLOWED);
    assert_int_equal(member_verdict(&few, &stale, true), RIGHTS_ROLE);
    assert_int_equal(member_verdict(&few, &user, true), RIGHTS_ROLE);
    assert_int_equal(member_verdict(&all, &user, true), RIGHTS_ALLOWED);
}

/* ---- the rights of members ----------------------------------------------------------------- */

static const struct request_member row[] = {
    {.name = "name"},
    {.name = "hash", .resources = RESOURCE_PASSWORDS},
    {0},
};

static const struct request_member patch_members[] = {
    {.name = "name"},
    {.name = "hash", .resources = RESOURCE_PASSWORDS},
    {.name = "policy", .resources = RESOURCE_TOTP | RESOURCE_SCOPES},
    {.name = "role", .flags = REQUEST_NO_KEYS},
    {.name = "rows", .type = REQUEST_OBJECTS, .flags = REQUEST_DESCRIBED, .members = row},
    {0},
};

static const struct http_route patch = {.method = HTTP_PATCH,
                                        .roles = ROLE_ADMIN,
                                        .resources = RESOURCE_USERS | RESOURCE_DOMAINS,
                                        .body = patch_members};

/* What an API key with these rights is told about a body: "" is allowed, NULL is not let in. */
static const char *told(const char *rights, const char *body, struct arena *arena)
{
    struct caller caller = KEY(rights);
    struct caller_rights_case asked = {.route = &patch, .caller = &caller};
    json_t *object = json_loads(body, 0, NULL);
    const struct problem *problem = NULL;

    caller.name = "key 7";
    asked.rights = caller_rights_of(&patch, &caller);
    if (asked.rights.verdict == RIGHTS_ALLOWED) {
        problem = caller_rights_check_body(&asked, object, arena);
    }
    json_decref(object);
    json_decref((json_t *)caller.known);
    if (asked.rights.verdict != RIGHTS_ALLOWED) {
        return NULL;
    }
    return problem != NULL ? problem->detail : "";
}

#define ROUTE_RIGHTS "[\"users:write\", \"domains:write\"]"

static void test_member_rights(void **state)
{
    static const struct {
        const char *rights;
        const char *body;
        const char *detail; /* NULL: the route is closed */
    } cases[] = {
        {ROUTE_RIGHTS, "{\"name\": 1}", ""},
        {ROUTE_RIGHTS, "{}", ""},
        {ROUTE_RIGHTS, "{\"name\": 1, \"hash\": 1}",
         "key 7 lacks the right passwords:write, which hash needs"},
        {ROUTE_RIGHTS, "{\"role\": 1}", "no API key may set role"},
        {"[\"*:write\"]", "{\"role\": 1}", "no API key may set role"},
        {"[\"*:write\"]", "{\"name\": 1, \"hash\": 1, \"policy\": 1}", ""},
        {"[\"*:read\"]", "{\"name\": 1}", NULL},
        {"[\"users:write\"]", "{\"name\": 1}", NULL},
        {"[\"totp:write\"]", "{\"policy\": 1}", NULL},
        {"[\"passwords:read\"]", "{\"hash\": 1}", NULL},
        {"[\"passwords:write\"]", "{\"hash\": 1}", ""},
        {"[\"passwords:write\"]", "{}", "key 7 lacks the right users:write"},
        {"[\"passwords:write\"]", "{\"hash\": 1, \"name\": 1}",
         "key 7 lacks the right users:write, which name needs"},
        {"[\"passwords:write\", \"users:write\"]", "{\"name\": 1}",
         "key 7 lacks the right domains:write, which name needs"},
        {"[\"totp:write\", \"scopes:write\"]", "{\"policy\": 1}", ""},
        {"[\"totp:write\", \"scopes:write\"]", "{\"rows\": [{\"hash\": 1}]}",
         "key 7 lacks the right users:write, which rows needs"},
        {ROUTE_RIGHTS, "{\"rows\": [{\"name\": 1, \"unknown\": 1}, 5]}", ""},
        {ROUTE_RIGHTS, "{\"rows\": [{\"name\": 1}, {\"hash\": null}]}",
         "key 7 lacks the right passwords:write, which hash of rows[1] needs"},
        {ROUTE_RIGHTS, "{\"rows\": [{\"line\": 12, \"hash\": 1}, {\"line\": 13, \"hash\": 1}]}",
         "key 7 lacks the right passwords:write, which hash of line 12 needs"},
    };
    struct arena *arena = arena_create();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *detail = told(cases[i].rights, cases[i].body, arena);

        if (cases[i].detail == NULL) {
            assert_null(detail);
        } else {
            assert_string_equal(detail, cases[i].detail);
        }
    }
    arena_destroy(arena);
}

/* Each verdict is a problem with a sentence and a hint of its own. */
static void test_refusals(void **state)
{
    static const struct http_route get = {.resources = RESOURCE_USERS};
    static const struct http_route post = {.method = HTTP_POST, .resources = RESOURCE_USERS};
    static const struct caller caller = {
        .kind = CALLER_API_KEY, .role = CALLER_HELPDESK, .name = "API key 7"};
    static const struct {
        enum caller_rights_verdict verdict;
        enum problem_type type;
        const char *detail;
    } cases[] = {
        {RIGHTS_NOBODY, PROBLEM_UNAUTHORIZED, "nobody is signed in, or the sign-in has ended"},
        {RIGHTS_ROLE, PROBLEM_FORBIDDEN, "the role helpdesk may not do this"},
        {RIGHTS_KEY, PROBLEM_FORBIDDEN, "API key 7 lacks the right users:read"},
        {RIGHTS_NO_KEYS, PROBLEM_FORBIDDEN, "no API key may do this"},
        {RIGHTS_NO_SESSION, PROBLEM_FORBIDDEN, "only a signed-in user can do this"},
        {RIGHTS_STALE, PROBLEM_FRESH_SIGN_IN_REQUIRED,
         "this needs a password that was given in the last minutes"},
        {RIGHTS_MUST_ENROL, PROBLEM_SECOND_FACTOR_REQUIRED,
         "this account needs a second factor, and this sign-in had none"},
    };
    struct arena *arena = arena_create();
    struct caller_rights_case asked = {.route = &get, .caller = &caller};

    (void)state;
    assert_null(caller_rights_check(&asked, arena));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        asked.rights.verdict = cases[i].verdict;

        const struct problem *problem = caller_rights_check(&asked, arena);

        assert_int_equal(problem->type, cases[i].type);
        assert_string_equal(problem->detail, cases[i].detail);
        assert_non_null(problem->hint);
    }
    asked = (struct caller_rights_case){
        .route = &post, .caller = &caller, .rights = {.verdict = RIGHTS_KEY}};
    assert_string_equal(caller_rights_check(&asked, arena)->detail,
                        "API key 7 lacks the right users:write");
    arena_destroy(arena);
}

/* The first member that is not allowed, in the order of the body. */
static void test_body(void **state)
{
    static const struct request_member members[] = {
        {.name = "all"},
        {.name = "secret", .flags = REQUEST_SENSITIVE},
        {.name = "role", .roles = ROLE_ADMIN},
        {0},
    };
    static const struct http_route route = {.body = members};
    static const struct caller user = {.kind = CALLER_SESSION, .role = CALLER_USER};
    struct caller_rights_case asked = {
        .route = &route, .caller = &user, .rights = {.self_only = true}};
    struct arena *arena = arena_create();
    json_t *body = json_pack("{s:i, s:i, s:i}", "all", 1, "role", 1, "secret", 1);

    (void)state;
    assert_string_equal(caller_rights_check_body(&asked, body, arena)->detail,
                        "the role user may not set role of its own account");
    asked.rights.self_only = false;
    assert_string_equal(caller_rights_check_body(&asked, body, arena)->detail,
                        "the role user may not set role");
    json_object_del(body, "role");
    assert_string_equal(caller_rights_check_body(&asked, body, arena)->detail,
                        "secret needs a password that was given in the last minutes");
    json_object_del(body, "secret");
    assert_null(caller_rights_check_body(&asked, body, arena));
    json_decref(body);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roles),      cmocka_unit_test(test_fresh),
        cmocka_unit_test(test_must_enrol), cmocka_unit_test(test_keys),
        cmocka_unit_test(test_members),    cmocka_unit_test(test_member_rights),
        cmocka_unit_test(test_refusals),   cmocka_unit_test(test_body),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
