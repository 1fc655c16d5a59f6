#include "notify/mail_message.h"

#include <stdio.h>

static bool is_header_text(const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < ' ' || c == 0x7f) {
            return false;
        }
    }
    return true;
}

static bool is_ascii(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text > 0x7e) {
            return false;
        }
    }
    return true;
}

/* Whether the text can stand in angle brackets in a header: no brackets, no blanks, a domain. */
static bool is_address(const char *text)
{
    const char *at = strrchr(text, '@');

    return at != NULL && at != text && at[1] != '\0' && is_header_text(text) &&
           strpbrk(text, "<> ") == NULL;
}

static void write_headers(const struct mail_message *message, struct buf *out)
{
    char date[64];
    struct tm when;

    /* RFC 5322 wants the English names of the C locale, the only locale that authd uses. */
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", gmtime_r(&message->when, &when));
    buf_printf(out, "Date: %s\r\n", date);
    buf_printf(out, "From: <%s>\r\n", message->from);
    buf_printf(out, "To: <%s>\r\n", message->to);
    buf_printf(out, "Subject: %s\r\n", message->subject);
    buf_printf(out, "Message-ID: <%s@%s>\r\n", message->id, strrchr(message->from, '@') + 1);
    buf_append_text(out, "Auto-Submitted: auto-generated\r\n"); /* RFC 3834: no vacation replies */
    buf_append_text(out, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n");
    buf_printf(out, "Content-Transfer-Encoding: %s\r\n\r\n",
               is_ascii(message->text) ? "7bit" : "8bit");
}

/* False: a line is too long, or holds a control character. */
static bool write_text(const char *text, struct buf *out)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");

        for (size_t i = 0; i < len; i++) {
            unsigned char c = (unsigned char)text[i];

            if ((c < ' ' && c != '\t') || c == 0x7f) {
                return false;
            }
        }
        if (len > MAIL_MESSAGE_LINE_MAX) {
            return false;
        }
        buf_append(out, text, len);
        buf_append_text(out, "\r\n");
        text += len + (text[len] == '\n');
    }
    return true;
}

bool mail_message_needs_utf8(const struct mail_message *message)
{
    return !is_ascii(message->from) || !is_ascii(message->to);
}

bool mail_message_write(const struct mail_message *message, struct buf *out)
{
    if (!is_address(message->from) || !is_address(message->to) ||
        !is_header_text(message->subject) || !is_ascii(message->subject) ||
        !is_header_text(message->id) || !is_ascii(message->id)) {
        return false;
    }
    write_headers(message, out);
    return write_text(message->text, out) && !out->overflow;
}
