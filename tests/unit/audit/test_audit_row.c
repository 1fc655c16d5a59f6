/* What a row must say by itself: a tag of its own call, an action that the call writes, the class
 * and a time that fit its seal. */
#include "audit/audit_row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/audit_call.h"

#define SECOND 1000000LL
#define WAIT   AUDIT_ROW_WAIT_US

static const struct key key = {.id = "0123abcd", .octets = {1, 2, 3}};

struct sample {
    struct audit_call call;
    char *text;
    char tag[AUDIT_TAG_HEX + 1];
    struct audit_row row;
    struct audit_row_place place;
};

static void sample_make(struct sample *sample)
{
    *sample = (struct sample){
        .call = {.operation = "user_set",
                 .rows = 1,
                 .kind = "session",
                 .credential = "session 5",
                 .account = 7,
                 .via = "page",
                 .peer = "192.0.2.1:587",
                 .reference = "k3v7qmzt5a"},
        .place = {.class_word = "change", .since = 1000 * SECOND, .until = 1100 * SECOND},
    };
    audit_call_begin(&sample->call, &key, SPAN_LITERAL("{}"));
    sample->text = audit_call_text(&sample->call);
    audit_mac_tag(key.octets, span_of(sample->text), sample->tag);
    sample->row = (struct audit_row){
        .action = "user_set",
        .class_word = "change",
        .at = 1050 * SECOND,
        .operation = "user_set",
        .call = sample->text,
        .tag = sample->tag,
    };
}

static void assert_kinds(const struct sample *sample, const char *expected)
{
    struct audit_row_flaw flaws[AUDIT_ROW_FLAWS_MAX];
    unsigned count = audit_row_check(&sample->row, &sample->place, &key, flaws);
    char found[128] = "";

    for (unsigned i = 0; i < count; i++) {
        strcat(strcat(found, i > 0 ? " " : ""), flaws[i].kind);
    }
    assert_string_equal(found, expected);
}

static void test_tags(void **state)
{
    (void)state;
    struct sample sample;
    struct sample other;

    sample_make(&sample);
    sample_make(&other);
    assert_kinds(&sample, "");
    assert_string_not_equal(sample.call.nonce, other.call.nonce);
    sample.row.tag = other.tag; /* a call with the same arguments has another nonce */
    assert_kinds(&sample, "tag-wrong");
    sample.row.tag = NULL;
    assert_kinds(&sample, "tag-missing");
    sample.row.tag = "";
    assert_kinds(&sample, "tag-wrong");
    sample.row.tag = sample.tag;
    sample.row.action = "user_delete";
    assert_kinds(&sample, "tag-wrong");
    sample.row.action = "user_set";
    sample.row.nonce = "rows";
    assert_kinds(&sample, "nonce");
    free(sample.text);
    free(other.text);
}

static void test_text(void **state)
{
    (void)state;
    struct audit_call call = {.operation = "audit_logins", .waited = 12};

    memset(call.nonce, '1', AUDIT_TAG_HEX);
    memset(call.arguments, '2', AUDIT_TAG_HEX);

    char *text = audit_call_text(&call);

    assert_string_equal(text, "[\"login\", \"11111111111111111111111111111111\", \"audit_logins\", "
                              "\"22222222222222222222222222222222\", null, 12, null, null, null, "
                              "null, null, null]");
    free(text);
}

/* The digest of the arguments depends on the key, the nonce and the arguments. */
static void test_arguments(void **state)
{
    (void)state;
    struct key other = key;
    char digests[4][AUDIT_TAG_HEX + 1];

    other.octets[0] ^= 1;
    audit_mac_arguments(key.octets, "11", SPAN_LITERAL("a"), digests[0]);
    audit_mac_arguments(other.octets, "11", SPAN_LITERAL("a"), digests[1]);
    audit_mac_arguments(key.octets, "12", SPAN_LITERAL("a"), digests[2]);
    audit_mac_arguments(key.octets, "11", SPAN_LITERAL("b"), digests[3]);
    for (size_t i = 1; i < 4; i++) {
        assert_string_not_equal(digests[0], digests[i]);
    }
}

static void test_actions(void **state)
{
    (void)state;
    static const struct {
        const char *operation, *action;
        bool writes;
    } cases[] = {
        {"user_set", "user_set", true},
        {"user_set", "user_add", false},
        {"user_add", "domain_add", true},
        {"user_add", "user_add", true},
        {"user_delete", "audit_erase", true},
        {"user_set", "audit_erase", false},
        {"import_rows", "user_import", true},
        {"import_rows", "import_rows", false},
        {"audit_logins", "login", true},
        {"audit_logins", "audit_logins", false},
        {"factor_take", "totp_locked", true},
        {"factor_take", "recovery_code_used", false},
        {"audit_prune", "audit_expire", true},
        {"key_forget", "key_remove", true},
        {"domain_revoke_all", "user_revoke_all", true},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(audit_row_writes(cases[i].operation, cases[i].action), cases[i].writes);
    }
}

static void test_times(void **state)
{
    (void)state;
    static const struct {
        int64_t since, at, waited;
        const char *kinds;
    } cases[] = {
        {1000 * SECOND, 1000 * SECOND - WAIT, 0, ""},
        {1000 * SECOND, 1000 * SECOND - WAIT - 1, 0, "time"},
        {1000 * SECOND, 1100 * SECOND, 0, ""},
        {1000 * SECOND, 1100 * SECOND + 1, 0, "time"},
        /* a batch of logins that waited while the database was away */
        {1000 * SECOND, 1000 * SECOND - WAIT - 900 * SECOND, 900000, ""},
        {1000 * SECOND, 1000 * SECOND - WAIT - 900 * SECOND - 1, 900000, "time"},
        {INT64_MIN, INT64_MIN, 0, ""},
        {1000 * SECOND, INT64_MIN, 0, "time"},
        {1000 * SECOND, INT64_MAX, 0, "time"},
        {1000 * SECOND, 1, INT64_MAX, "time"},
        {1000 * SECOND, 1, INT64_MIN, "time"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sample sample;

        sample_make(&sample);
        sample.place.since = cases[i].since;
        sample.row.at = cases[i].at;
        sample.row.waited = cases[i].waited;
        assert_kinds(&sample, cases[i].kinds);
        free(sample.text);
    }
}

/* A row without a good tag cannot claim to have waited. */
static void test_a_wait_without_a_tag(void **state)
{
    (void)state;
    struct sample sample;

    sample_make(&sample);
    sample.row.waited = 900000;
    sample.row.at = 500 * SECOND;
    assert_kinds(&sample, "");
    sample.row.tag = NULL;
    assert_kinds(&sample, "tag-missing time");
    free(sample.text);
}

static void test_classes(void **state)
{
    (void)state;
    struct sample sample;

    sample_make(&sample);
    sample.place.class_word = "login";
    assert_kinds(&sample, "class");
    sample.row.class_word = NULL;
    assert_kinds(&sample, "class");
    free(sample.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tags),      cmocka_unit_test(test_text),
        cmocka_unit_test(test_arguments), cmocka_unit_test(test_actions),
        cmocka_unit_test(test_times),     cmocka_unit_test(test_a_wait_without_a_tag),
        cmocka_unit_test(test_classes),
    };
    return cmocka_run_group_tests_name("audit_row", tests, NULL, NULL);
}
