#include "front/dovecot_command.h"

#include <sodium.h>

#include "base/secret.h"

#define ESCAPE '\x01'

static char unescaped(char c)
{
    switch (c) {
    case '0':
        return '\0';
    case '1':
        return ESCAPE;
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case 'n':
        return '\n';
    default:
        return c;
    }
}

static struct span field_unescape(char *field, size_t length)
{
    size_t out = 0;

    for (size_t in = 0; in < length; in++) {
        if (field[in] != ESCAPE) {
            field[out++] = field[in];
        } else if (in + 1 < length) {
            field[out++] = unescaped(field[++in]);
        } // an escape at the end is dropped
    }
    return (struct span){field, out};
}

/* The rest of a line. */
struct cursor {
    char *next; // NULL: the line is used up
    size_t left;
};

static bool cursor_field(struct cursor *cursor, struct span *field)
{
    char *start = cursor->next;
    size_t length = cursor->left;
    char *tab;

    if (start == NULL) {
        return false;
    }
    tab = memchr(start, '\t', length);
    if (tab != NULL) {
        length = (size_t)(tab - start);
        cursor->next = tab + 1;
        cursor->left -= length + 1;
    } else {
        cursor->next = NULL;
    }
    *field = field_unescape(start, length);
    return true;
}

static bool parse_number(struct span text, uint32_t *number)
{
    uint64_t value = 0;

    if (text.len == 0 || text.len > 10) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(text.ptr[i] - '0');
    }
    *number = (uint32_t)value;
    return value <= UINT32_MAX;
}

static bool parse_id(struct cursor *cursor, uint32_t *id)
{
    struct span field;

    return cursor_field(cursor, &field) && parse_number(field, id) && *id != 0;
}

static void broken(struct dovecot_command *command, const char *why)
{
    *command = (struct dovecot_command){.kind = DOVECOT_BROKEN, .broken = why};
}

static void parse_version(struct cursor *cursor, struct dovecot_command *command)
{
    struct span major_text, minor_text, extra;
    uint32_t major;

    if (!cursor_field(cursor, &major_text) || !parse_number(major_text, &major) ||
        !cursor_field(cursor, &minor_text) || !parse_number(minor_text, &command->minor) ||
        cursor_field(cursor, &extra)) {
        broken(command, "VERSION needs two numbers");
        return;
    }
    if (major != 1) {
        broken(command, "a protocol version that authd does not speak");
        return;
    }
    command->kind = DOVECOT_VERSION;
}

static void parse_cpid(struct cursor *cursor, struct dovecot_command *command)
{
    if (!parse_id(cursor, &command->id)) {
        broken(command, "CPID needs a number above 0");
        return;
    }
    command->kind = DOVECOT_CPID;
}

static bool key_is(struct span field, const char *key, struct span *value)
{
    size_t length = strlen(key);

    if (field.len <= length || memcmp(field.ptr, key, length) != 0 || field.ptr[length] != '=') {
        return false;
    }
    *value = (struct span){field.ptr + length + 1, field.len - length - 1};
    return true;
}

/* Takes one parameter of AUTH. Unknown parameters are ignored, as Dovecot does. */
static void parse_parameter(struct span field, struct dovecot_command *command)
{
    struct span value;

    if (key_is(field, "service", &value) || key_is(field, "protocol", &value)) {
        command->service = value;
    } else if (key_is(field, "rip", &value)) {
        command->client = value;
    } else if (span_is(field, "secured") || key_is(field, "secured", &value)) {
        command->secured = true;
    } else if (key_is(field, "resp", &value)) {
        command->has_data = true;
        command->data = value;
    }
}

static void parse_auth(struct cursor *cursor, struct dovecot_command *command)
{
    struct span field;

    if (!parse_id(cursor, &command->id)) {
        broken(command, "AUTH needs an id above 0");
        return;
    }
    if (!cursor_field(cursor, &command->mechanism) || command->mechanism.len == 0) {
        broken(command, "AUTH needs a mechanism");
        return;
    }
    while (cursor_field(cursor, &field)) {
        if (command->has_data) {
            broken(command, "a parameter follows resp=");
            return;
        }
        parse_parameter(field, command);
    }
    command->kind = DOVECOT_AUTH;
}

/* Everything after the id is the response. A further TAB makes the response invalid base64: from
 * version 1.3 on it would separate a channel binding, which authd does not offer. */
static void parse_cont(struct cursor *cursor, struct dovecot_command *command)
{
    if (!parse_id(cursor, &command->id) || cursor->next == NULL) {
        broken(command, "CONT needs an id and a response");
        return;
    }
    command->kind = DOVECOT_CONT;
    command->has_data = true;
    command->data = (struct span){cursor->next, cursor->left};
}

static void parse_cancel(struct cursor *cursor, struct dovecot_command *command)
{
    struct span extra;

    if (!parse_id(cursor, &command->id) || cursor_field(cursor, &extra)) {
        broken(command, "CANCEL needs an id");
        return;
    }
    command->kind = DOVECOT_CANCEL;
}

static const struct {
    const char *word;
    void (*parse)(struct cursor *cursor, struct dovecot_command *command);
} commands[] = {
    {"AUTH", parse_auth},       {"CONT", parse_cont}, {"CANCEL", parse_cancel},
    {"VERSION", parse_version}, {"CPID", parse_cpid},
};

void dovecot_command_parse(char *line, size_t length, struct dovecot_command *command)
{
    struct cursor cursor = {line, length};
    struct span word;

    *command = (struct dovecot_command){0};
    cursor_field(&cursor, &word);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (span_is(word, commands[i].word)) {
            commands[i].parse(&cursor, command);
            return;
        }
    }
    broken(command, "unknown command");
}

bool dovecot_response_decode(struct span data, char *out, size_t capacity, size_t *length)
{
    *length = 0;
    while (data.len > 0 && (data.ptr[data.len - 1] == ' ' || data.ptr[data.len - 1] == '\r')) {
        data.len--;
    }
    if (data.len == 0 || span_is(data, "=")) {
        return true;
    }
    if (sodium_base642bin((unsigned char *)out, capacity, data.ptr, data.len, NULL, length, NULL,
                          sodium_base64_VARIANT_ORIGINAL) == 0) {
        return true;
    }
    secret_wipe(out, capacity); // the buffer may hold what was decoded before the fault
    return false;
}
