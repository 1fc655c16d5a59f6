/* saslauthd_message: which octets are a request, in which pieces it may come, and its fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "front/saslauthd_message.h"

#define TEXT(literal) SPAN_LITERAL(literal)

static void put(struct buf *buf, struct span value)
{
    buf_append(buf, (char[]){(char)(value.len >> 8), (char)value.len}, 2);
    buf_append(buf, value.ptr, value.len);
}

static void put_request(struct buf *buf, struct span login, struct span realm)
{
    put(buf, login);
    put(buf, TEXT("secret"));
    put(buf, TEXT("smtp"));
    put(buf, realm);
}

static void assert_span(struct span span, const char *expected)
{
    assert_int_equal(span.len, strlen(expected));
    if (span.len > 0) {
        assert_memory_equal(span.ptr, expected, span.len);
    }
}

/* Parses a copy of the exact size, so that a sanitizer notices a read beyond the input. */
static enum saslauthd_message_state state_of(struct span input, const char *why)
{
    char *copy = mem_calloc(1, input.len + 1);
    char *exact = mem_realloc(NULL, input.len > 0 ? input.len : 1);
    struct saslauthd_message frame;
    memcpy(copy, input.ptr, input.len);
    memcpy(exact, copy, input.len);
    saslauthd_message_parse((struct span){exact, input.len}, &frame);
    if (why) {
        assert_non_null(frame.why);
        assert_string_equal(frame.why, why);
    }
    free(copy);
    free(exact);
    return frame.state;
}

static void test_a_request(void **state)
{
    (void)state;
    struct buf buf;
    struct saslauthd_message frame;
    buf_init(&buf, SASLAUTHD_MESSAGE_MAX);
    put_request(&buf, TEXT("alice"), TEXT("example.org"));
    saslauthd_message_parse(buf_span(&buf), &frame);
    assert_int_equal(frame.state, SASLAUTHD_COMPLETE);
    assert_span(frame.login, "alice");
    assert_span(frame.password, "secret");
    assert_span(frame.service, "smtp");
    assert_span(frame.realm, "example.org");
    assert_span(frame.client, "");
    buf_finish(&buf);
}

static void test_every_part_of_a_request_is_incomplete(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, SASLAUTHD_MESSAGE_MAX);
    put_request(&buf, TEXT("alice"), TEXT("example.org"));
    for (size_t length = 0; length < buf.len; length++) {
        struct span part = {buf.data, length};
        assert_int_equal(state_of(part, NULL), SASLAUTHD_INCOMPLETE);
    }
    assert_int_equal(state_of(buf_span(&buf), NULL), SASLAUTHD_COMPLETE);
    buf_finish(&buf);
}

static void test_empty_fields_are_complete(void **state)
{
    (void)state;
    assert_int_equal(state_of(TEXT("\0\0\0\0\0\0\0"), NULL), SASLAUTHD_INCOMPLETE);
    assert_int_equal(state_of(TEXT("\0\0\0\0\0\0\0\0"), NULL), SASLAUTHD_COMPLETE);
}

static void client_case(const char *client, size_t cut, const char *expected)
{
    struct buf buf;
    struct saslauthd_message frame;
    buf_init(&buf, 100000);
    put_request(&buf, TEXT("alice"), TEXT(""));
    put(&buf, span_of(client));
    saslauthd_message_parse((struct span){buf.data, buf.len - cut}, &frame);
    assert_int_equal(frame.state, SASLAUTHD_COMPLETE);
    assert_span(frame.login, "alice");
    assert_span(frame.client, expected);
    buf_finish(&buf);
}

static void test_the_fifth_string_counts_if_it_is_there(void **state)
{
    (void)state;
    client_case("192.0.2.1;587", 0, "192.0.2.1");
    client_case("2001:db8::1;587", 0, "2001:db8::1");
    client_case("192.0.2.1", 0, "192.0.2.1");
    client_case("192.0.2.1;587", 1, ""); /* the rest of it is not waited for */
    client_case("192.0.2.1;587", 14, "");
    client_case("", 0, "");
    client_case(";", 0, "");
    client_case("mail.example.org;587", 0, "");
    client_case("192.0.2.1 user=root;587", 0, "");
}

/* Whether the fifth string arrives in the same read is chance, so it must not change the answer. */
static void test_a_bad_fifth_string_is_ignored(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    put_request(&buf, TEXT("alice"), TEXT(""));
    size_t four = buf.len;
    put(&buf, TEXT("192.0.2.1\0;587"));
    assert_int_equal(state_of(buf_span(&buf), NULL), SASLAUTHD_COMPLETE);
    buf.len = four;
    buf_append(&buf,
               "\xff\xff"
               "192.0.2.1",
               11);
    assert_int_equal(state_of(buf_span(&buf), NULL), SASLAUTHD_COMPLETE);
    buf_finish(&buf);
}

/* Parses a request whose field `field` has `length` octets and whose other fields are short. */
static enum saslauthd_message_state state_with_length(int field, size_t length, const char *why)
{
    char *octets = mem_calloc(1, length + 1);
    struct buf buf;
    memset(octets, 'x', length);
    buf_init(&buf, 200000);
    for (int i = 0; i < 4; i++) {
        put(&buf, i == field ? (struct span){octets, length} : TEXT("short"));
    }
    enum saslauthd_message_state state = state_of(buf_span(&buf), why);
    buf_finish(&buf);
    free(octets);
    return state;
}

static void test_every_field_has_its_limit(void **state)
{
    (void)state;
    static const struct {
        size_t max;
        const char *why;
    } fields[] = {
        {SASLAUTHD_NAME_MAX, "login too long"},
        {SASLAUTHD_PASSWORD_MAX, "password too long"},
        {SASLAUTHD_NAME_MAX, "service too long"},
        {SASLAUTHD_NAME_MAX, "realm too long"},
    };
    for (int i = 0; i < 4; i++) {
        size_t max = fields[i].max;
        assert_int_equal(state_with_length(i, 0, NULL), SASLAUTHD_COMPLETE);
        assert_int_equal(state_with_length(i, 256, NULL), SASLAUTHD_COMPLETE);
        assert_int_equal(state_with_length(i, max, NULL), SASLAUTHD_COMPLETE);
        assert_int_equal(state_with_length(i, max + 1, fields[i].why), SASLAUTHD_MALFORMED);
        assert_int_equal(state_with_length(i, 65535, fields[i].why), SASLAUTHD_MALFORMED);
    }
}

static void test_a_length_too_long_is_refused_at_once(void **state)
{
    (void)state;
    assert_int_equal(state_of(TEXT("\x04\x01"), "login too long"), SASLAUTHD_MALFORMED);
    assert_int_equal(state_of(TEXT("\x04"), NULL), SASLAUTHD_INCOMPLETE);
    assert_int_equal(state_of(TEXT("\x04\x00"), NULL), SASLAUTHD_INCOMPLETE);
}

static void test_nul_in_any_field(void **state)
{
    (void)state;
    static const char *const why[] = {"NUL in login", "NUL in password", "NUL in service",
                                      "NUL in realm"};
    static const struct span bad[] = {SPAN_LITERAL("\0"), SPAN_LITERAL("a\0"), SPAN_LITERAL("\0b"),
                                      SPAN_LITERAL("a\0b")};
    for (int field = 0; field < 4; field++) {
        for (int i = 0; i < 4; i++) {
            struct buf buf;
            buf_init(&buf, 1000);
            for (int j = 0; j < 4; j++) {
                put(&buf, j == field ? bad[i] : TEXT("good"));
            }
            assert_int_equal(state_of(buf_span(&buf), why[field]), SASLAUTHD_MALFORMED);
            buf_finish(&buf);
        }
    }
}

static void login_case(const char *login, const char *realm, const char *expected)
{
    struct saslauthd_message frame = {
        .state = SASLAUTHD_COMPLETE, .login = span_of(login), .realm = span_of(realm)};
    struct buf buf;
    buf_init(&buf, SASLAUTHD_LOGIN_MAX);
    saslauthd_login_append(&buf, &frame);
    assert_false(buf.overflow);
    assert_span(buf_span(&buf), expected);
    buf_finish(&buf);
}

static void test_login_and_realm_are_joined_one_way(void **state)
{
    (void)state;
    login_case("alice", "example.org", "alice@example.org");
    login_case("alice", "", "alice");
    login_case("alice@example.org", "", "alice@example.org");
    login_case("", "example.org", "");
    /* A login that has its domain already. */
    login_case("alice@example.org", "example.org", "alice@example.org");
    login_case("alice@Example.ORG", "example.org", "alice@Example.ORG");
    /* libsasl splits alice@example.org@evil.example this way: it must become no login, rather than
     * another user's. */
    login_case("alice@example.org", "evil.example", "alice@example.org@evil.example");
    login_case("example.org", "example.org", "example.org@example.org");
    login_case("alice@sub.example.org", "example.org", "alice@sub.example.org@example.org");
}

static void test_the_longest_login_fits(void **state)
{
    (void)state;
    char octets[SASLAUTHD_NAME_MAX];
    memset(octets, 'x', sizeof(octets));
    struct saslauthd_message frame = {.login = {octets, sizeof(octets)},
                                      .realm = {octets, sizeof(octets)}};
    struct buf buf;
    buf_init(&buf, SASLAUTHD_LOGIN_MAX);
    saslauthd_login_append(&buf, &frame);
    assert_false(buf.overflow);
    assert_int_equal(buf.len, SASLAUTHD_LOGIN_MAX);
    buf_finish(&buf);
}

static void test_answers(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 64);
    saslauthd_answer_append(&buf, true, NULL);
    assert_int_equal(buf.len, 4);
    assert_memory_equal(buf.data, "\0\2OK", 4);
    buf.len = 0;
    saslauthd_answer_append(&buf, false, "abcdefghij");
    assert_int_equal(buf.len, 15);
    assert_memory_equal(buf.data, "\0\15NO abcdefghij", 15);
    buf_finish(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request),
        cmocka_unit_test(test_every_part_of_a_request_is_incomplete),
        cmocka_unit_test(test_empty_fields_are_complete),
        cmocka_unit_test(test_the_fifth_string_counts_if_it_is_there),
        cmocka_unit_test(test_a_bad_fifth_string_is_ignored),
        cmocka_unit_test(test_every_field_has_its_limit),
        cmocka_unit_test(test_a_length_too_long_is_refused_at_once),
        cmocka_unit_test(test_nul_in_any_field),
        cmocka_unit_test(test_login_and_realm_are_joined_one_way),
        cmocka_unit_test(test_the_longest_login_fits),
        cmocka_unit_test(test_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
