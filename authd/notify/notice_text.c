#include "notify/notice_text.h"

#include <stdio.h>
#include <unictype.h>
#include <unistr.h>

#define VALUE_MAX 400 /* octets */

static const struct text {
    const char *kind;
    const char *subject;
    const char *happened;
    const char *otherwise; /* what to do if it was not the user */
} texts[] = {
    {"totp-enrolled", "A second factor was set up for your mail account",
     "A second factor was set up for your mail account: its password now works only together\n"
     "with a code from a phone or an authenticator app.",
     "If it was not you, somebody who knows your password holds that phone. Tell your\n"
     "administrator at once."},
    {"totp-removed", "The second factor of your mail account was removed",
     "The second factor of your mail account was removed: codes are no longer asked for.",
     "If you did not ask for it, set a new password, and tell your administrator at once."},
    {"totp-locked", "Too many wrong codes for your mail account",
     "Wrong codes came with the right password of your mail account, too many of them. For a\n"
     "while no code is accepted. App passwords still work.",
     "If it was not you, somebody knows your password: set a new one. If it was you, look\n"
     "whether the clock of your phone is right."},
    {"recovery-codes", "New recovery codes for your mail account",
     "New recovery codes were made for your mail account. The old codes no longer work.",
     "If you did not ask for them, set a new password, and tell your administrator at once."},
    {"recovery-code-used", "A recovery code of your mail account was used",
     "Somebody signed in to your mail account with a recovery code, which is used up now.",
     "If it was not you, somebody knows your password and has your codes. Set a new password,\n"
     "make new recovery codes, and tell your administrator at once."},
    {"recovery-locked", "Too many wrong recovery codes for your mail account",
     "Wrong recovery codes came with the right password of your mail account, too many of\n"
     "them. For a while no recovery code is accepted.",
     "If it was not you, somebody knows your password: set a new one."},
    {"wrong-codes", "Wrong codes came with the password of your mail account",
     "Several wrong codes came with the right password of your mail account within a day.",
     "If it was not you, somebody knows your password and tries codes: set a new password.\n"
     "There is one such mail a day, however many wrong codes come."},
    {"app-password", "A new app password for your mail account",
     "An app password was made for your mail account. A program that has it sends mail in\n"
     "your name, without a code.",
     "If you do not know what it is for, revoke it, set a new password, and tell your\n"
     "administrator."},
    {"raised", "Your mail account has another role",
     "Your mail account was given another role, or more domains to administer. Its password,\n"
     "second factor and app passwords have ended: an administrator sets a new password, and\n"
     "gives you a ticket for enrolling a second factor.",
     "If you do not know of it, tell your administrator."},
    {"recovery-address", "Another recovery address for your mail account",
     "Your mail account was given another recovery address. Links that set a new password, and\n"
     "mails like this one, no longer come here.",
     "If you did not ask for it, tell your administrator at once."},
};

static const struct text general = {
    NULL,
    "A change to your mail account",
    "A security setting of your mail account was changed.",
    "If you do not know of it, tell your administrator.",
};

static const struct {
    const char *detail;
    const char *heading;
} lines[] = {
    {"label", "Name"},      {"by", "By"},     {"client", "From"},       {"until", "Locked until"},
    {"left", "Codes left"}, {"role", "Role"}, {"count", "Wrong codes"}, {"since", "Since"},
};

static const struct text *text_of(const char *kind)
{
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (strcmp(texts[i].kind, kind) == 0) {
            return &texts[i];
        }
    }
    return &general;
}

/* False for controls, for line ends of every kind, and for invisible characters, some of which
 * reverse the order of the text behind them. */
static bool is_printable(ucs4_t c)
{
    return !uc_is_general_category_withtable(c, UC_CATEGORY_MASK_C | UC_CATEGORY_MASK_Zl |
                                                    UC_CATEGORY_MASK_Zp);
}

static void write_value(const char *value, struct buf *out)
{
    const uint8_t *at = (const uint8_t *)value;
    size_t left = strlen(value);

    left = left < VALUE_MAX ? left : VALUE_MAX;
    while (left > 0) {
        ucs4_t c;
        int length = u8_mbtoucr(&c, at, left);

        if (length > 0 && is_printable(c)) {
            buf_append(out, at, (size_t)length);
        } else {
            buf_append_text(out, "?");
        }
        length = length > 0 ? length : 1;
        at += length;
        left -= (size_t)length;
    }
}

static void write_line(const char *heading, const char *value, struct buf *out)
{
    buf_printf(out, "  %s: ", heading);
    write_value(value, out);
    buf_append_text(out, "\n");
}

static void write_details(const json_t *details, struct buf *out)
{
    char number[32];

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        const json_t *value = json_object_get(details, lines[i].detail);

        if (json_is_string(value)) {
            write_line(lines[i].heading, json_string_value(value), out);
        } else if (json_is_integer(value)) {
            snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
            write_line(lines[i].heading, number, out);
        }
    }
}

const char *notice_subject(const char *kind)
{
    return text_of(kind)->subject;
}

void notice_write(const struct notice *notice, struct buf *out)
{
    const struct text *text = text_of(notice->kind);

    buf_printf(out, "%s\n\n", text->happened);
    write_line("Account", notice->login, out);
    write_details(notice->details, out);
    buf_printf(out, "  When: %s UTC\n\n", notice->at);
    buf_printf(out, "If it was you, there is nothing to do.\n%s\n\n", text->otherwise);
    buf_append_text(
        out, "This mail comes from your mail server, and nobody reads answers to it. It asks you\n"
             "for nothing: give no password and no code to anybody who refers to it.\n");
}
