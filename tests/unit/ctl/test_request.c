#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/program.h"
#include "ctl/request.h"

#define ARGUMENTS_MAX 32

/* Splits `line` at blanks. */
static bool build(struct request *request, const char *line, struct err *err)
{
    static char copy[2048];
    static char program[] = "called";
    static struct invocation invocation;
    char *argv[ARGUMENTS_MAX] = {program};
    int argc = 1;

    snprintf(copy, sizeof(copy), "%s", line);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
        assert_true(argc < ARGUMENTS_MAX - 1);
        argv[argc++] = word;
    }
    if (!command_parse(&invocation, argc, argv, err)) {
        fail_msg("%s: %s", line, err->text);
    }
    return request_build(request, &invocation, err);
}

static void request_is(const char *line, const char *path, const char *body)
{
    struct request request;
    struct err err = {""};

    if (!build(&request, line, &err)) {
        fail_msg("%s: %s", line, err.text);
    }
    buf_append(&request.path, "", 1);
    assert_string_equal(request.path.data, path);

    char *text = json_dumps(request.body, JSON_COMPACT | JSON_SORT_KEYS);

    assert_string_equal(text, body);
    free(text);
    request_finish(&request);
}

static void refused_is(const char *line, const char *expected)
{
    struct request request;
    struct err err = {""};

    assert_false(build(&request, line, &err));
    assert_string_equal(err.text, expected);
    request_finish(&request);
}

static void test_paths(void **state)
{
    (void)state;
    request_is("user show alice@example.org", "/v1/users/alice%40example.org", "{}");
    request_is("user show a/../b", "/v1/users/a%2F..%2Fb", "{}");
    request_is("user show ..", "/v1/users/%2E%2E", "{}");
    request_is("address remove alice *@x&y=1", "/v1/users/alice/addresses?address=%2A%40x%26y%3D1",
               "{}");
    request_is("app-password show alice k7", "/v1/users/alice/app-passwords/7", "{}");
    request_is("app-password show alice 7", "/v1/users/alice/app-passwords/7", "{}");
    request_is("app-password show alice k7x", "/v1/users/alice/app-passwords/k7x", "{}");
    request_is("scope get site", "/v1/scope", "{}");
    request_is("scope get domain:example.org", "/v1/domains/example.org/scope", "{}");
    request_is("scope get class:a/b", "/v1/classes/a%2Fb/scope", "{}");
    request_is("scope get domain:", "/v1/users/domain%3A/scope", "{}");
    request_is("scope get alice", "/v1/users/alice/scope", "{}");
}

static void test_bodies(void **state)
{
    (void)state;
    request_is("user add alice --address a@x --role admin --address b@x --service", "/v1/users",
               "{\"addresses\":[\"a@x\",\"b@x\"],\"login\":\"alice\",\"role\":\"admin\","
               "\"service\":true}");
    request_is("user set alice display_name=A=B role= domains=x.org,,y.org", "/v1/users/alice",
               "{\"display_name\":\"A=B\",\"domains\":[\"x.org\",\"y.org\"],\"role\":null}");
    request_is("user set alice domains=", "/v1/users/alice", "{\"domains\":[]}");
    request_is("user set alice main=x", "/v1/users/alice", "{\"main\":\"x\"}");
    request_is("user rename alice bob", "/v1/users/alice", "{\"login\":\"bob\"}");
    request_is("app-password add alice --label x --expires 90d --sliding",
               "/v1/users/alice/app-passwords",
               "{\"expires_in\":7776000,\"label\":\"x\",\"sliding\":true}");
    request_is("app-password add alice --label x --expires never", "/v1/users/alice/app-passwords",
               "{\"expires_at\":null,\"label\":\"x\"}");
    request_is("app-password set alice k7 --expires 2027-01-31T00:00:00Z",
               "/v1/users/alice/app-passwords/7", "{\"expires_at\":\"2027-01-31T00:00:00Z\"}");
    request_is("app-password set alice k7 --scope none", "/v1/users/alice/app-passwords/7",
               "{\"scope\":null}");
    request_is("app-password rotate alice k7 --overlap 1h",
               "/v1/users/alice/app-passwords/7/rotate", "{\"overlap\":3600}");
    request_is("api-key add --label b --right users:read --right audit:read --domain x.org",
               "/v1/api-keys",
               "{\"domains\":[\"x.org\"],\"label\":\"b\",\"rights\":[\"users:read\","
               "\"audit:read\"]}");
    /* building the request does not ask for the secret */
    request_is("password set alice --password-stdin --keep-credentials", "/v1/users/alice/password",
               "{\"keep_credentials\":true}");
}

static void test_queries(void **state)
{
    (void)state;
    request_is("user list", "/v1/users", "{}");
    request_is("user list --match a&b --suspended --unused 90d --limit 5 --sort -login",
               "/v1/users?match=a%26b&suspended=true&unused_days=90&sort=-login", "{}");
    request_is("address who a@x", "/v1/users?address=a%40x", "{}");
}

static void test_flaws(void **state)
{
    (void)state;
    refused_is("user set alice role", "\"role\" is not KEY=VALUE");
    refused_is("user set alice =x", "\"=x\" is not KEY=VALUE");
    refused_is("user set alice role=a role=b", "role is given twice");
    refused_is("user list --unused 36h", "--unused takes days, like 90d, not \"36h\"");
    refused_is("app-password add a --label x --expires soon",
               "--expires takes 90d, a time like 2027-01-31T00:00:00Z, or never, not \"soon\"");
    refused_is("app-password rotate a 1 --overlap 90",
               "--overlap takes a time like 30s, 5m, 12h or 90d, not \"90\"");
    refused_is("app-password set a 1",
               "app-password set needs something to set; see called help app-password set");
    refused_is("scope set site no/such/file",
               "cannot read no/such/file: No such file or directory");
}

static void file_holds(const char *text, size_t len)
{
    FILE *file = fopen("test_request.json", "w");

    assert_non_null(file);
    fwrite(text, 1, len, file);
    fclose(file);
}

static void test_documents(void **state)
{
    static const char good[] = "{\"v\": 1,\n \"mode\": \"enforce\"}\n";
    static const char broken[] = "{\"v\": 1,\n \"mode\": }\n";
    static const char doubled[] = "{\"v\": 1, \"v\": 2}";
    static const char zero[] = "{\"v\": 1}\0{}";
    static const char list[] = "[1]";
    struct request request;
    struct err err;

    (void)state;
    file_holds(good, sizeof(good) - 1);
    request_is("scope set alice test_request.json", "/v1/users/alice/scope",
               "{\"mode\":\"enforce\",\"v\":1}");
    request_is("scope check test_request.json", "/v1/scope", "{\"mode\":\"enforce\",\"v\":1}");
    request_is("scope check test_request.json alice", "/v1/users/alice/scope",
               "{\"mode\":\"enforce\",\"v\":1}");
    request_is("app-password add alice --label x --scope test_request.json",
               "/v1/users/alice/app-passwords",
               "{\"label\":\"x\",\"scope\":{\"mode\":\"enforce\",\"v\":1}}");

    file_holds(broken, sizeof(broken) - 1);
    assert_false(build(&request, "scope set alice test_request.json", &err));
    request_finish(&request);
    assert_non_null(strstr(err.text, "test_request.json, line 2, column "));

    file_holds(list, sizeof(list) - 1);
    refused_is("scope set alice test_request.json", "test_request.json holds no JSON object");
    file_holds(doubled, sizeof(doubled) - 1);
    assert_false(build(&request, "scope set alice test_request.json", &err));
    request_finish(&request);
    file_holds(zero, sizeof(zero) - 1);
    assert_false(build(&request, "scope set alice test_request.json", &err));
    request_finish(&request);
    remove("test_request.json");
}

static void test_fill(void **state)
{
    static const char *const words[] = {"alice", "a{1}b"};
    struct buf text;

    (void)state;
    buf_init(&text, 64);
    request_fill(&text, "{1} has {2}{x", words);
    buf_append(&text, "", 1);
    assert_string_equal(text.data, "alice has a{1}b{x");
    buf_finish(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),     cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_queries),   cmocka_unit_test(test_flaws),
        cmocka_unit_test(test_documents), cmocka_unit_test(test_fill),
    };

    program_set("called", NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
