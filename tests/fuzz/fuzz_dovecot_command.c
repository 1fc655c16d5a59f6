/* Any octets as a line of a Dovecot client: the command is broken or complete, its spans lie inside
 * the line, and a reply that quotes them is one line with the given fields. */
#include <stdlib.h>

#include "front/dovecot_command.h"
#include "front/dovecot_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char line[DOVECOT_LINE_MAX];
static char response[DOVECOT_LINE_MAX];

static void require(bool truth)
{
    if (!truth) {
        abort();
    }
}

static void inside(struct span span)
{
    require(span.len == 0 || (span.ptr >= line && span.ptr + span.len <= line + sizeof(line)));
}

static void check_command(const struct dovecot_command *command)
{
    size_t length;

    if (command->kind == DOVECOT_BROKEN) {
        require(command->broken != NULL);
        return;
    }
    inside(command->mechanism);
    inside(command->service);
    inside(command->client);
    inside(command->data);
    require(command->kind == DOVECOT_VERSION || command->id != 0);
    require(command->kind != DOVECOT_AUTH || command->mechanism.len > 0);
    if (command->has_data &&
        dovecot_response_decode(command->data, response, sizeof(response), &length)) {
        require(length <= command->data.len);
    }
}

static size_t count(struct span text, char c)
{
    size_t n = 0;

    for (size_t i = 0; i < text.len; i++) {
        n += text.ptr[i] == c;
    }
    return n;
}

static void check_reply(const char *text)
{
    const struct dovecot_reply reply = {.id = 1, .user = text, .reason = text};
    struct buf buf;

    buf_init(&buf, 8 * DOVECOT_LINE_MAX);
    dovecot_reply_append(&buf, &reply);
    require(count(buf_span(&buf), '\n') == 1 && count(buf_span(&buf), '\r') == 0);
    require(count(buf_span(&buf), '\t') == (*text == '\0' ? 1 : 3));
    buf_finish(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dovecot_command command;
    char *text;

    if (size > sizeof(line)) {
        return 0;
    }
    memcpy(line, data, size);
    dovecot_command_parse(line, size, &command);
    check_command(&command);

    text = calloc(1, size + 1);
    memcpy(text, data, size);
    check_reply(text);
    free(text);
    return 0;
}
