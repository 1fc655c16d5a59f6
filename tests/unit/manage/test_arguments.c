#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "manage/arguments.h"

/* The prepared arguments as text, or the detail of the refusal. */
static char *prepared(const char *text)
{
    char detail[ARGUMENTS_DETAIL_MAX];
    json_t *arguments = json_loads(text, 0, NULL);

    assert_non_null(arguments);
    bool good = arguments_prepare(arguments, "example.org", detail);
    json_t *result = good ? json_incref(arguments) : json_string(detail);
    char *out = json_dumps(result, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

    json_decref(arguments);
    json_decref(result);
    return out;
}

static void test_prepare(void **state)
{
    static const struct {
        const char *in;
        const char *out;
    } cases[] = {
        {"{\"user\":\"Alice\"}", "{\"user\":\"alice@example.org\"}"},
        {"{\"user\":\"12\"}", "{\"user\":\"12\",\"user_login\":\"12@example.org\"}"},
        {"{\"user\":\"ME\"}", "{\"user\":\"me\"}"},
        {"{\"login\":\"me\"}",
         "\"login is \\\"me\\\", which stands for the caller: write it with its domain\""},
        {"{\"login\":\"BOB@EXAMPLE.ORG\"}", "{\"login\":\"bob@example.org\"}"},
        {"{\"domain\":\"B\xc3\xbc"
         "cher.example\"}",
         "{\"domain\":\"xn--bcher-kva.example\"}"},
        {"{\"addresses\":[\"A@Example.org\",\"*@Example.org\"]}",
         "{\"addresses\":[\"a@example.org\",\"*@example.org\"]}"},
        {"{\"changes\":{\"login\":\"Carol\",\"domains\":[\"Example.NET\"]}}",
         "{\"changes\":{\"domains\":[\"example.net\"],\"login\":\"carol@example.org\"}}"},
        {"{\"rows\":[{\"login\":\"Dave\"},{\"login\":\"a b\"}]}",
         "{\"rows\":[{\"login\":\"dave@example.org\"},{\"flaw\":\"login has a control character or "
         "a "
         "blank\",\"login\":\"a b\"}]}"},
        {"{\"login\":null,\"addresses\":[1],\"domain\":2}",
         "{\"addresses\":[1],\"domain\":2,\"login\":null}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *out = prepared(cases[i].in);

        assert_string_equal(out, cases[i].out);
        free(out);
    }
}

static void test_refused(void **state)
{
    static const char *const cases[] = {
        "{\"user\":\"a b\"}",
        "{\"login\":\"\"}",
        "{\"address\":\"nobody\"}",
        "{\"addresses\":[\"a@example.org\",\"\"]}",
        "{\"recovery_address\":\"*@example.org\"}",
        "{\"domain\":\"-.example\"}",
        "{\"domains\":[\"a@b\"]}",
        "{\"changes\":{\"recovery_address\":\"*@example.org\"}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *out = prepared(cases[i]);

        assert_int_equal(out[0], '"');
        free(out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prepare),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
