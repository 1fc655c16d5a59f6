/* Any octets as the parts of a mail message: a written message has the intended headers and no
 * others, and no line that is too long. The input is from, TAB, to, TAB, subject, TAB, text. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "notify/mail_message.h"

#define HEADERS 9

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static struct span take(struct span *rest)
{
    const char *tab = rest->len > 0 ? memchr(rest->ptr, '\t', rest->len) : NULL;
    struct span field = {rest->ptr, tab != NULL ? (size_t)(tab - rest->ptr) : rest->len};

    *rest = tab != NULL ? (struct span){tab + 1, rest->len - field.len - 1} : (struct span){0};
    return field;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = {(const char *)data, size};
    char from[400], to[400], subject[400], text[4096];
    struct buf buf;

    span_text(take(&rest), from, sizeof(from));
    span_text(take(&rest), to, sizeof(to));
    span_text(take(&rest), subject, sizeof(subject));
    span_text(rest, text, sizeof(text));
    const struct mail_message message = {
        .from = from, .to = to, .subject = subject, .text = text, .id = "a", .when = (time_t)size};

    buf_init(&buf, MAIL_MESSAGE_MAX);
    if (mail_message_write(&message, &buf)) {
        unsigned lines = 0, headers = 0;

        buf_append(&buf, "", 1);
        for (const char *line = buf.data; *line != '\0'; line = strstr(line, "\r\n") + 2) {
            size_t len = strcspn(line, "\r\n");

            must(len <= 998 && line[len] == '\r' && line[len + 1] == '\n');
            headers = headers == 0 && len == 0 ? lines : headers;
            lines++;
        }
        must(headers == HEADERS);
    }
    buf_finish(&buf);
    return 0;
}
