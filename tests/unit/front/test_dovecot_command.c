#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "front/dovecot_command.h"

static char line[DOVECOT_LINE_MAX + 1];

static struct dovecot_command parse(struct span text)
{
    struct dovecot_command command;

    memcpy(line, text.ptr, text.len);
    dovecot_command_parse(line, text.len, &command);
    return command;
}

#define PARSE(literal) parse(SPAN_LITERAL(literal))

static void assert_span(struct span span, const char *expected)
{
    assert_int_equal(span.len, strlen(expected));
    assert_memory_equal(span.ptr, expected, span.len);
}

static void test_broken(void **state)
{
    static const struct span table[] = {
#define T(text) {text, sizeof(text) - 1}
        T(""),
        T("\t"),
        T("NOISE"),
        T("auth\t1\tPLAIN"),
        T(" AUTH\t1\tPLAIN"),
        T("VERSION"),
        T("VERSION\t1"),
        T("VERSION\t1\t"),
        T("VERSION\t1\t2\t3"),
        T("VERSION\tone\t2"),
        T("VERSION\t-1\t2"),
        T("VERSION\t2\t0"),
        T("CPID"),
        T("CPID\t"),
        T("CPID\t0"),
        T("CPID\t4294967296"),
        T("CPID\t99999999999999999999"),
        T("CPID\t 1"),
        T("AUTH"),
        T("AUTH\t1"),
        T("AUTH\t1\t"),
        T("AUTH\t0\tPLAIN"),
        T("AUTH\t4294967296\tPLAIN"),
        T("AUTH\t-1\tPLAIN"),
        T("AUTH\t1x\tPLAIN"),
        T("AUTH\t1\tPLAIN\tresp=AA==\tsecured"),
        T("AUTH\t1\tPLAIN\tresp=AA==\tresp=AA=="),
        T("AUTH\t1\tPLAIN\tresp=\t"),
        T("CONT"),
        T("CONT\t1"),
        T("CONT\t0\tAA=="),
        T("CANCEL"),
        T("CANCEL\t0"),
        T("CANCEL\t1\t2"),
#undef T
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct dovecot_command command = parse(table[i]);

        assert_int_equal(command.kind, DOVECOT_BROKEN);
        assert_non_null(command.broken);
    }
}

static void test_handshake(void **state)
{
    (void)state;
    assert_int_equal(PARSE("VERSION\t1\t99").kind, DOVECOT_VERSION);
    assert_int_equal(PARSE("VERSION\t1\t99").minor, 99);
    assert_int_equal(PARSE("CPID\t4294967295").id, UINT32_MAX);
}

static void test_auth_parameters(void **state)
{
    struct dovecot_command command =
        PARSE("AUTH\t7\tplain\tservice=smtp\tnologin\tlip=192.0.2.1\trip=198.51.100.9\tsecured"
              "\tunknown=x\tresp=AGFsaWNlAHNlY3JldA==");

    (void)state;
    assert_int_equal(command.kind, DOVECOT_AUTH);
    assert_int_equal(command.id, 7);
    assert_span(command.mechanism, "plain");
    assert_span(command.service, "smtp");
    assert_span(command.client, "198.51.100.9");
    assert_true(command.secured);
    assert_true(command.has_data);
    assert_span(command.data, "AGFsaWNlAHNlY3JldA==");

    command = PARSE("AUTH\t7\tPLAIN");
    assert_int_equal(command.kind, DOVECOT_AUTH);
    assert_false(command.secured);
    assert_false(command.has_data);
    assert_int_equal(command.service.len, 0);
    assert_int_equal(command.client.len, 0);

    assert_true(PARSE("AUTH\t1\tPLAIN\tsecured=tls").secured);
    assert_false(PARSE("AUTH\t1\tPLAIN\tsecuredx").secured);
    assert_span(PARSE("AUTH\t1\tPLAIN\tprotocol=imap").service, "imap");
    assert_int_equal(PARSE("AUTH\t1\tPLAIN\trip=\tresp=").client.len, 0);
    assert_true(PARSE("AUTH\t1\tPLAIN\tresp=").has_data);
    assert_span(PARSE("AUTH\t1\tPLAIN\tresp==").data, "=");
    assert_span(PARSE("AUTH\t1\tPLAIN\tservice=a=b").service, "a=b");
}

static void test_escapes(void **state)
{
    struct dovecot_command command = PARSE("AUTH\t1\tPLAIN\tservice=a\x01"
                                           "tb\x01"
                                           "1c\x01"
                                           "0d\x01"
                                           "re\x01"
                                           "nf\x01xg\x01");

    (void)state;
    assert_int_equal(command.kind, DOVECOT_AUTH);
    assert_int_equal(command.service.len, 13);
    assert_memory_equal(command.service.ptr,
                        "a\tb\x01"
                        "c\0d\re\nfxg",
                        13);
    /* An escaped TAB begins no new field. */
    command = PARSE("AUTH\t1\tPLAIN\tservice=x\x01tresp=AA==");
    assert_false(command.has_data);
}

static void test_cont(void **state)
{
    struct dovecot_command command = PARSE("CONT\t4\t");

    (void)state;
    assert_int_equal(command.kind, DOVECOT_CONT);
    assert_int_equal(command.id, 4);
    assert_int_equal(command.data.len, 0);
    assert_span(PARSE("CONT\t4\tAA==").data, "AA==");
    assert_span(PARSE("CONT\t4\tAA==\tx").data, "AA==\tx"); // the decoder refuses it later
}

static void decodes(const char *data, const char *expected, size_t length)
{
    char out[64];
    size_t got = 99;

    assert_true(dovecot_response_decode(span_of(data), out, sizeof(out), &got));
    assert_int_equal(got, length);
    assert_memory_equal(out, expected, length);
}

static void test_decode(void **state)
{
    static const char *const bad[] = {
        "A",     "AA",    "AAA",        "AA=", "A===",   "AA==AA==", "AA==x", "AA*=", " AAAA",
        "AA AA", "AAA\t", "AAAA\tAAAA", "==",  "AAAA==", "AAAA====", "-_-_",  "AB==", "AAAA=\xff"};
    char out[64];
    size_t length;

    (void)state;
    decodes("", "", 0);
    decodes("=", "", 0);
    decodes("AGEAYg==", "\0a\0b", 4);
    decodes("AGEAYg==  ", "\0a\0b", 4);
    decodes("QUJD", "ABC", 3);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(dovecot_response_decode(span_of(bad[i]), out, sizeof(out), &length));
    }
    /* A response that does not fit is refused, not cut. */
    assert_false(dovecot_response_decode(SPAN_LITERAL("QUJDREVG"), out, 3, &length));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_handshake),
        cmocka_unit_test(test_auth_parameters),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_cont),
        cmocka_unit_test(test_decode),
    };

    return cmocka_run_group_tests_name("dovecot_command", tests, NULL, NULL);
}
