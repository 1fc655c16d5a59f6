/* Logins that wait to be recorded: a batch lists them, folds equal ones, counts the lost ones, and
 * turns names of any octets into JSON that PostgreSQL accepts. */
#include "audit/audit_batch.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct audit_batch batch;

static void add(enum outcome outcome, struct span login, const char *client)
{
    audit_batch_add(
        &batch,
        &(struct audit_login){
            .outcome = outcome,
            .reason = outcome == OUTCOME_ALLOW ? REASON_GOOD_PASSWORD : REASON_WRONG_PASSWORD,
            .login = login,
            .account = 7,
            .credential = "#p1",
            .client = client,
            .peer = "unix:0",
            .service = "smtp",
            .mechanism = "PLAIN",
            .front = "dovecot",
            .reference = outcome == OUTCOME_ALLOW ? NULL : "abcdefghij",
            .tls = true,
        },
        1000);
}

static json_t *printed(void)
{
    const struct audit_batch_name name = {"0123456789abcdef", 5};
    struct buf out;

    buf_init(&out, 64 * 1024 * 1024);
    audit_batch_print(&batch, &name, 1250, &out);
    assert_false(out.overflow);

    json_t *json = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);

    assert_non_null(json);
    buf_finish(&out);
    return json;
}

static void add_many(unsigned count, unsigned names, enum outcome outcome)
{
    char login[32];

    for (unsigned i = 0; i < count; i++) {
        snprintf(login, sizeof(login), "user%u@example.org", i % names);
        add(outcome, span_of(login), "192.0.2.1");
    }
}

static void test_what_is_printed(void **state)
{
    (void)state;

    add(OUTCOME_DENY, SPAN_LITERAL("alice@example.org"), "192.0.2.1");
    json_t *json = printed();
    json_t *expected = json_loads(
        "{\"node\": \"0123456789abcdef\", \"number\": 5, \"lost\": 0, \"logins\": [{\"age\": 250, "
        "\"outcome\": \"deny\", \"reason\": \"wrong-password\", \"user\": \"alice@example.org\", "
        "\"account\": 7, \"credential\": \"#p1\", \"client\": \"192.0.2.1\", \"peer\": \"unix:0\", "
        "\"service\": \"smtp\", \"mechanism\": \"PLAIN\", \"front\": \"dovecot\", \"tls\": true, "
        "\"reference\": \"abcdefghij\", \"count\": 1}]}",
        0, NULL);

    assert_true(json_equal(json, expected));
    json_decref(json);
    json_decref(expected);
    audit_batch_clear(&batch);
}

static void test_any_octets(void **state)
{
    (void)state;
    static const char octets[] = "a\0b\"\\\n\x7f\xc3\xa9\xff\xc3\xed\xa0\x80\xf4\x90\x80\x80z";
    static const char login[] = "user";

    add(OUTCOME_DENY, (struct span){octets, sizeof(octets) - 1}, "\xc3");
    json_t *json = printed();
    json_t *row = json_array_get(json_object_get(json, "logins"), 0);

    assert_string_equal(json_string_value(json_object_get(row, login)),
                        "a\xef\xbf\xbd"
                        "b\"\\\n\x7f\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
                        "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz");
    assert_string_equal(json_string_value(json_object_get(row, "client")), "\xef\xbf\xbd");
    json_decref(json);
    audit_batch_clear(&batch);
}

static void test_alike_are_counted_only_when_there_are_many(void **state)
{
    (void)state;

    add_many(AUDIT_FOLD_FROM, 1, OUTCOME_ALLOW);
    assert_int_equal(batch.count, AUDIT_FOLD_FROM);
    add_many(50, 1, OUTCOME_ALLOW);
    assert_int_equal(batch.count, AUDIT_FOLD_FROM);
    add(OUTCOME_ALLOW, SPAN_LITERAL("user0@example.org"), "192.0.2.2");
    assert_int_equal(batch.count, AUDIT_FOLD_FROM + 1);
    add_many(5, 1, OUTCOME_DENY); /* denied logins are never folded */
    assert_int_equal(batch.count, AUDIT_FOLD_FROM + 6);
    assert_int_equal(audit_batch_logins(&batch), AUDIT_FOLD_FROM + 56);
    assert_int_equal(batch.lost, 0);
    audit_batch_clear(&batch);
    assert_int_equal(audit_batch_logins(&batch), 0);
}

static void test_what_does_not_fit_is_counted(void **state)
{
    (void)state;

    add_many(2 * AUDIT_BATCH_MAX, 2 * AUDIT_BATCH_MAX, OUTCOME_ALLOW);
    assert_int_equal(batch.count, AUDIT_BATCH_MAX);
    assert_int_equal(batch.lost, AUDIT_BATCH_MAX);
    add_many(10, 10, OUTCOME_ALLOW); /* equal to waiting logins: folded */
    assert_int_equal(batch.lost, AUDIT_BATCH_MAX);
    add_many(10, 10, OUTCOME_DENY);
    assert_int_equal(batch.lost, AUDIT_BATCH_MAX + 10);
    assert_int_equal(audit_batch_logins(&batch), 2 * AUDIT_BATCH_MAX + 20);

    json_t *json = printed();

    assert_int_equal(json_array_size(json_object_get(json, "logins")), AUDIT_BATCH_MAX);
    assert_int_equal(json_integer_value(json_object_get(json, "lost")), AUDIT_BATCH_MAX + 10);
    json_decref(json);
    audit_batch_clear(&batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_printed),
        cmocka_unit_test(test_any_octets),
        cmocka_unit_test(test_alike_are_counted_only_when_there_are_many),
        cmocka_unit_test(test_what_does_not_fit_is_counted),
    };
    return cmocka_run_group_tests_name("audit_batch", tests, NULL, NULL);
}
