#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "front/dovecot_reply.h"

static void reply_is(const struct dovecot_reply *reply, const char *expected)
{
    struct buf buf;

    buf_init(&buf, 4096);
    dovecot_reply_append(&buf, reply);
    assert_false(buf.overflow);
    assert_int_equal(buf.len, strlen(expected));
    assert_memory_equal(buf.data, expected, buf.len);
    buf_finish(&buf);
}

static void test_replies(void **state)
{
    (void)state;
    reply_is(&(struct dovecot_reply){.kind = DOVECOT_OK, .id = 1, .user = "alice#p1@example.org"},
             "OK\t1\tuser=alice#p1@example.org\n");
    reply_is(&(struct dovecot_reply){.id = 2, .user = "bob@example.org", .reason = "No"},
             "FAIL\t2\tuser=bob@example.org\treason=No\n");
    reply_is(&(struct dovecot_reply){.id = 3, .user = "", .code = DOVECOT_CODE_AUTHZ},
             "FAIL\t3\tcode=authz_fail\n");
    reply_is(&(struct dovecot_reply){.id = 4, .code = DOVECOT_CODE_TEMPFAIL, .reason = "Later"},
             "FAIL\t4\ttemp\tcode=temp_fail\treason=Later\n");
    reply_is(&(struct dovecot_reply){.kind = DOVECOT_CHALLENGE,
                                     .id = 5,
                                     .challenge = SPAN_LITERAL("Username:")},
             "CONT\t5\tVXNlcm5hbWU6\n");
    reply_is(&(struct dovecot_reply){.kind = DOVECOT_CHALLENGE, .id = UINT32_MAX},
             "CONT\t4294967295\t\n");
}

static void test_values_add_no_field(void **state)
{
    (void)state;
    reply_is(
        &(struct dovecot_reply){.kind = DOVECOT_OK, .id = 1, .user = "a\tuser=root\nOK\t2\r\x01"},
        "OK\t1\tuser=a\x01"
        "tuser=root\x01"
        "nOK\x01"
        "t2\x01"
        "r\x01"
        "1\n");
}

static void test_handshake(void **state)
{
    static const struct authd_mechanism plain = {.name = "PLAIN", .flags = AUTHD_MECH_PLAINTEXT};
    static const struct authd_mechanism scram = {.name = "SCRAM-SHA-256",
                                                 .flags = AUTHD_MECH_MUTUAL};
    static const struct authd_mechanism *const mechanisms[] = {&plain, &scram, NULL};
    static const char start[] =
        "VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tSCRAM-SHA-256\tmutual-auth\nSPID\t";
    struct buf buf;

    (void)state;
    buf_init(&buf, DOVECOT_HANDSHAKE_MAX);
    dovecot_handshake_append(&buf, mechanisms, 17);
    buf_append(&buf, "", 1);
    assert_false(buf.overflow);
    assert_memory_equal(buf.data, start, sizeof(start) - 1);
    assert_non_null(strstr(buf.data, "\nCUID\t17\nCOOKIE\t"));
    assert_string_equal(buf.data + buf.len - 1 - 5 - 33, strstr(buf.data, "COOKIE\t") + 7);
    assert_string_equal(buf.data + buf.len - 1 - 5, "DONE\n");
    buf_finish(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replies),
        cmocka_unit_test(test_values_add_no_field),
        cmocka_unit_test(test_handshake),
    };

    return cmocka_run_group_tests_name("dovecot_reply", tests, NULL, NULL);
}
