#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/rfc3339.h"
#include "ctl/columns.h"
#include "ctl/run.h"

static void value_is(bool people, enum form form, const char *json, const char *expected)
{
    int64_t now = 0;
    json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
    struct buf text;

    assert_true(rfc3339_parse(SPAN_LITERAL("2026-11-24T08:00:00Z"), &now));

    struct view view = {people, (time_t)now};

    assert_non_null(value);
    buf_init(&text, 1024);

    bool set = value_print(&text, &view, form, value);

    buf_append(&text, "", 1);
    if (expected == NULL) {
        assert_false(set);
    } else {
        assert_true(set);
        assert_string_equal(text.data, expected);
    }
    buf_finish(&text);
    json_decref(value);
}

static void test_values(void **state)
{
    (void)state;
    value_is(true, FORM_TEXT, "\"a\"", "a");
    value_is(true, FORM_TEXT, "null", NULL);
    value_is(true, FORM_TEXT, "5", "5");
    value_is(true, FORM_BOOLEAN, "true", "yes");
    value_is(true, FORM_TEXTS, "[\"a\",\"b\"]", "a,b");
    value_is(true, FORM_TEXTS, "[]", NULL);
    value_is(true, FORM_OBJECT, "{\"v\":1}", "{\"v\":1}");
    value_is(true, FORM_STATE, "true", "suspended");
    value_is(false, FORM_STATE, "false", "active");
    value_is(true, FORM_SET, "true", "set");
    value_is(true, FORM_SET, "false", NULL);
    value_is(true, FORM_ID, "\"7\"", "k7");
    value_is(false, FORM_ID, "\"7\"", "k7");
}

/* A pipe gets the value as in JSON, a terminal gets a readable form. */
static void test_time_values(void **state)
{
    (void)state;
    value_is(false, FORM_TIME, "\"2026-11-24T07:12:00Z\"", "2026-11-24T07:12:00Z");
    value_is(true, FORM_TIME, "\"2026-11-24T07:12:00Z\"", "today 08:12");
    value_is(true, FORM_TIME, "null", NULL);
    value_is(true, FORM_TIME, "\"soon\"", "soon");
    value_is(true, FORM_EXPIRY, "null", "never");
    value_is(false, FORM_EXPIRY, "null", NULL);
    value_is(true, FORM_EXPIRY, "\"2026-11-30T08:00:00Z\"", "in 6 days !");
    value_is(true, FORM_EXPIRY, "\"2027-10-02T08:00:00Z\"", "in 312 days");
    value_is(true, FORM_EXPIRY, "\"2026-11-20T08:00:00Z\"", "4 days ago (expired)");
}

static void counts_are(const char *json, const char *expected)
{
    json_t *value = json_loads(json, 0, NULL);
    struct buf text;

    buf_init(&text, 256);
    confirm_counts(&text, value);
    buf_append(&text, "", 1);
    assert_string_equal(text.data, expected);
    buf_finish(&text);
    json_decref(value);
}

static void test_counts(void **state)
{
    (void)state;
    counts_are("{\"addresses\":[\"a\"],\"ended\":{\"app_passwords\":3,\"sessions\":1,"
               "\"api_keys\":0}}",
               "3 app passwords, 1 session");
    counts_are("{\"users\":2,\"skipped\":1,\"ended\":{\"sessions\":2}}", "2 users, 2 sessions");
    counts_are("{\"addresses\":[\"a\"],\"id\":\"7\",\"rotations\":4}", "1 address");
    counts_are("{}", "");
}

static void test_rules(void **state)
{
    (void)state;
    value_is(true, FORM_RULES, "null", NULL);
    value_is(true, FORM_RULES, "{\"v\":1}", "");
    value_is(true, FORM_RULES,
             "{\"v\":1,\"mode\":\"monitor\",\"envelope_from\":{\"allow\":[\"@self\"]},"
             "\"recipients\":{\"allow\":[],\"deny\":[\"*@x.org\",\"a@y.org\"]},"
             "\"networks\":{\"allow\":[\"192.0.2.0/24\"]},\"tls\":{\"required\":true},"
             "\"mechanisms\":[\"PLAIN\"],\"services\":[\"smtp\"]}",
             "only monitored, from @self, to nobody, not to *@x.org a@y.org, net 192.0.2.0/24, "
             "by PLAIN, for smtp, TLS");
    value_is(true, FORM_RULES,
             "{\"v\":1,\"time\":{\"tz\":\"UTC\",\"windows\":[{\"days\":\"mon-fri\","
             "\"from\":\"07:00\",\"to\":\"19:00\"}]},\"max_size\":10485760,"
             "\"max_recipients\":50,\"expires\":\"2026-12-31T00:00:00Z\","
             "\"rates\":[{\"count\":\"new_recipients\",\"n\":5,\"per\":\"1h\"}]}",
             "mon-fri 07:00-19:00, at most 10 MiB, 50 recipients, until 2026-12-31T00:00:00Z, "
             "5 new recipients/1h");
    /* values of a newer authd, or of another server */
    value_is(true, FORM_RULES, "{\"networks\":7,\"rates\":[1],\"max_size\":\"x\"}", "0 /");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_time_values),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
