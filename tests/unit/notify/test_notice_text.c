/* The texts of notices, and values that try to add lines or change how other text looks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "notify/mail_message.h"
#include "notify/notice_text.h"

static char *written(const char *kind, json_t *details)
{
    const struct notice notice = {
        .kind = kind,
        .login = "alice@example.org",
        .at = "2026-03-01 12:00:00",
        .details = details,
    };
    struct buf buf;

    buf_init(&buf, 4096);
    notice_write(&notice, &buf);
    buf_append(&buf, "", 1);
    assert_false(buf.overflow);
    char *text = strdup(buf.data);

    buf_finish(&buf);
    json_decref(details);
    return text;
}

static bool is_letter(const char *kind, const char *text)
{
    const struct mail_message letter = {
        .from = "postmaster@example.org",
        .to = "alice@home.example",
        .subject = notice_subject(kind),
        .text = text,
        .id = "0",
    };
    struct buf buf;

    buf_init(&buf, MAIL_MESSAGE_MAX);
    bool good = mail_message_write(&letter, &buf);

    buf_finish(&buf);
    return good;
}

static void test_a_text(void **state)
{
    char *text = written("app-password", json_pack("{s:s, s:s, s:s}", "label", "Scanner", "by",
                                                   "bob@example.org", "client", "192.0.2.9"));
    (void)state;

    assert_string_equal(notice_subject("app-password"), "A new app password for your mail account");
    assert_string_equal(
        text,
        "An app password was made for your mail account. A program that has it sends mail in\n"
        "your name, without a code.\n"
        "\n"
        "  Account: alice@example.org\n"
        "  Name: Scanner\n"
        "  By: bob@example.org\n"
        "  From: 192.0.2.9\n"
        "  When: 2026-03-01 12:00:00 UTC\n"
        "\n"
        "If it was you, there is nothing to do.\n"
        "If you do not know what it is for, revoke it, set a new password, and tell your\n"
        "administrator.\n"
        "\n"
        "This mail comes from your mail server, and nobody reads answers to it. It asks you\n"
        "for nothing: give no password and no code to anybody who refers to it.\n");
    free(text);
}

static void test_every_kind(void **state)
{
    static const char *const kinds[] = {
        "totp-enrolled",      "totp-removed",      "totp-locked", "recovery-codes",
        "recovery-code-used", "recovery-locked",   "wrong-codes", "app-password",
        "recovery-address",   "of-another-version"};
    const char *last = "";
    (void)state;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        char *text = written(kinds[i], NULL);

        assert_true(is_letter(kinds[i], text));
        assert_non_null(strstr(text, "alice@example.org"));
        assert_null(strstr(text, "http"));
        assert_string_not_equal(notice_subject(kinds[i]), last);
        last = notice_subject(kinds[i]);
        free(text);
    }
    assert_string_equal(last, "A change to your mail account");
}

static void test_details(void **state)
{
    char *text = written("totp-locked", json_pack("{s:s, s:i, s:s, s:n}", "until", "soon", "left",
                                                  7, "mail_to", "x@y.example", "by"));
    (void)state;

    assert_non_null(strstr(text, "\n  Locked until: soon\n  Codes left: 7\n  When: "));
    assert_null(strstr(text, "x@y.example"));
    free(text);
    text = written("wrong-codes", json_pack("{s:i, s:s}", "count", 3, "since", "noon"));
    assert_non_null(strstr(text, "\n  Wrong codes: 3\n  Since: noon\n  When: "));
    free(text);
}

/* A user, or an attacker who acts as the user, chooses any label. */
static void test_odd_labels(void **state)
{
    static const struct {
        const char *label;
        const char *shown;
    } table[] = {
        {"Gr\xC3\xBC\xC3\x9F\x65 \xE2\x98\x83", "Gr\xC3\xBC\xC3\x9F\x65 \xE2\x98\x83"},
        {"a\nSubject: b", "a?Subject: b"},
        {"a\r\n.\r\nQUIT", "a??.??QUIT"},
        {"a\xE2\x80\xA8\x62\xC2\x85\x63", "a?b?c"},                  /* LINE SEPARATOR, NEL */
        {"a\xE2\x80\xAE\x62\xE2\x80\x8B\x63\xEF\xBB\xBF", "a?b?c?"}, /* RLO, ZWSP, BOM */
        {"a\x7F\x1B[2J", "a??[2J"},
        {"%s%n", "%s%n"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        char line[100];
        char *text = written("app-password", json_pack("{s:s}", "label", table[i].label));

        snprintf(line, sizeof(line), "\n  Name: %s\n  When: ", table[i].shown);
        assert_non_null(strstr(text, line));
        assert_true(is_letter("app-password", text));
        free(text);
    }
}

static void test_long_labels(void **state)
{
    char label[3000];
    (void)state;

    memset(label, 'x', sizeof(label) - 1);
    label[sizeof(label) - 1] = '\0';
    char *text = written("app-password", json_pack("{s:s}", "label", label));

    assert_true(is_letter("app-password", text));
    assert_int_equal(strspn(strchr(strstr(text, "Name: "), 'x'), "x"), 400);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_text),      cmocka_unit_test(test_every_kind),
        cmocka_unit_test(test_details),     cmocka_unit_test(test_odd_labels),
        cmocka_unit_test(test_long_labels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
