/* The octets of a mail message, and the values for which none is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "notify/mail_message.h"

static const struct mail_message good = {
    .from = "postmaster@example.org",
    .to = "alice@home.example",
    .subject = "Set a new password",
    .text = "one\n\n.\ntwo",
    .id = "0123abcd",
    .when = 1790000000,
};

static char *written(const struct mail_message *message)
{
    struct buf buf;
    char *text = NULL;

    buf_init(&buf, MAIL_MESSAGE_MAX);
    if (mail_message_write(message, &buf)) {
        text = strndup(buf.data, buf.len);
    }
    buf_finish(&buf);
    return text;
}

static void test_a_letter(void **state)
{
    char *text = written(&good);
    (void)state;

    assert_string_equal(text, "Date: Mon, 21 Sep 2026 14:13:20 +0000\r\n"
                              "From: <postmaster@example.org>\r\n"
                              "To: <alice@home.example>\r\n"
                              "Subject: Set a new password\r\n"
                              "Message-ID: <0123abcd@example.org>\r\n"
                              "Auto-Submitted: auto-generated\r\n"
                              "MIME-Version: 1.0\r\n"
                              "Content-Type: text/plain; charset=utf-8\r\n"
                              "Content-Transfer-Encoding: 7bit\r\n"
                              "\r\n"
                              "one\r\n\r\n.\r\ntwo\r\n");
    free(text);
}

static void test_more_than_ascii(void **state)
{
    struct mail_message message = good;
    (void)state;

    message.text = "Gr\xC3\xBC\xC3\x9F\x65\n";
    char *text = written(&message);
    assert_non_null(
        strstr(text, "Content-Transfer-Encoding: 8bit\r\n\r\nGr\xC3\xBC\xC3\x9F\x65\r\n"));
    free(text);
}

static void test_addresses_that_need_utf8(void **state)
{
    struct mail_message message = good;
    (void)state;

    assert_false(mail_message_needs_utf8(&message));
    message.text = "Gr\xC3\xBC\xC3\x9F\x65\n";
    assert_false(mail_message_needs_utf8(&message)); /* 8BITMIME concerns the text */
    message.to = "ann\xC3\xBC@home.example";
    assert_true(mail_message_needs_utf8(&message));
    char *text = written(&message);
    assert_non_null(strstr(text, "\r\nTo: <ann\xC3\xBC@home.example>\r\n"));
    free(text);
    message = good;
    message.from = "p\xC3\xB6st@example.org";
    assert_true(mail_message_needs_utf8(&message));
}

static void assert_refused(const struct mail_message *message)
{
    char *text = written(message);

    if (text != NULL) {
        fail_msg("taken:\n%s", text);
    }
}

static void test_injection(void **state)
{
    static const char *const addresses[] = {
        "",
        "alice",
        "@home.example",
        "alice@",
        "alice@home.example\r\nBcc: eve@evil.example",
        "alice@home.example\nBcc: eve@evil.example",
        "alice@home.example> <eve@evil.example",
        "alice@home.example, eve@evil.example",
        "alice\t@home.example",
        "alice@home.example\x7f",
    };
    struct mail_message message;
    (void)state;

    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        message = good;
        message.to = addresses[i];
        assert_refused(&message);
        message = good;
        message.from = addresses[i];
        assert_refused(&message);
    }
    message = good;
    message.subject = "Set\r\nBcc: eve@evil.example";
    assert_refused(&message);
    message.subject = "Gr\xC3\xBC\xC3\x9F\x65";
    assert_refused(&message);
    message = good;
    message.id = "a\r\nb";
    assert_refused(&message);
    message = good;
    message.text = "one\rtwo\n";
    assert_refused(&message);
}

static void test_bounds(void **state)
{
    char line[MAIL_MESSAGE_LINE_MAX + 2];
    struct mail_message message = good;
    (void)state;

    memset(line, 'x', sizeof(line) - 1);
    line[MAIL_MESSAGE_LINE_MAX + 1] = '\0';
    message.text = line;
    assert_refused(&message);
    line[MAIL_MESSAGE_LINE_MAX] = '\0';
    free(written(&message));

    char *text = malloc(MAIL_MESSAGE_MAX + 1);
    for (size_t i = 0; i < MAIL_MESSAGE_MAX; i++) {
        text[i] = i % 80 == 79 ? '\n' : 'x';
    }
    text[MAIL_MESSAGE_MAX] = '\0';
    message.text = text;
    assert_refused(&message);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_letter),
        cmocka_unit_test(test_more_than_ascii),
        cmocka_unit_test(test_addresses_that_need_utf8),
        cmocka_unit_test(test_injection),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
