/* Strict reading of JSON; see scope_reader.h. Flaws quote texts of the document, cut at a whole
 * character: code that prints a flaw has to escape it. */
#include "scope/json_reader.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define QUOTE_MAX 60
#define LIST_MAX  160

void json_reader_flaw(struct json_reader *reader, const char *format, ...)
{
    va_list args;

    if (reader->flaws->count == SCOPE_FLAWS_MAX) {
        return;
    }
    struct scope_flaw *flaw = &reader->flaws->items[reader->flaws->count++];

    span_text(span_of(reader->pointer), flaw->pointer, sizeof(flaw->pointer));
    va_start(args, format);
    vsnprintf(flaw->text, sizeof(flaw->text), format, args);
    va_end(args);
}

const char *json_reader_quote(struct json_reader *reader, struct span text)
{
    size_t len = text.len < QUOTE_MAX ? text.len : QUOTE_MAX;

    while (len > 0 && len < text.len && ((unsigned char)text.ptr[len] & 0xC0) == 0x80) {
        len--;
    }
    return arena_copy(reader->arena, (struct span){text.ptr, len});
}

/* ---- place --------------------------------------------------------------------------------- */

/* Cuts a name that does not fit. Only unknown members have long names, and the reader goes no
 * further down from them. */
size_t json_reader_enter(struct json_reader *reader, const char *name)
{
    size_t mark = strlen(reader->pointer);
    const char *shown = json_reader_quote(reader, span_of(name));
    size_t len = mark;

    reader->pointer[len++] = '/';
    for (const char *c = shown; *c != '\0' && len + 3 < sizeof(reader->pointer); c++) {
        if (*c == '~' || *c == '/') {
            reader->pointer[len++] = '~';
            reader->pointer[len++] = *c == '~' ? '0' : '1';
        } else {
            reader->pointer[len++] = *c;
        }
    }
    reader->pointer[len] = '\0';
    return mark;
}

size_t json_reader_enter_item(struct json_reader *reader, size_t index)
{
    size_t mark = strlen(reader->pointer);

    snprintf(reader->pointer + mark, sizeof(reader->pointer) - mark, "/%zu", index);
    return mark;
}

void json_reader_leave(struct json_reader *reader, size_t mark)
{
    reader->pointer[mark] = '\0';
}

/* ---- objects and lists --------------------------------------------------------------------- */

static void refuse_unknown(struct json_reader *reader, const struct member *members,
                           const char *name)
{
    char list[LIST_MAX] = "";
    size_t mark = json_reader_enter(reader, name);

    for (const struct member *member = members; member->name != NULL; member++) {
        size_t len = strlen(list);

        snprintf(list + len, sizeof(list) - len, "%s%s", len > 0 ? ", " : "", member->name);
    }
    json_reader_flaw(reader, "is unknown: leave it out; allowed here: %s", list);
    json_reader_leave(reader, mark);
}

static void check_names(struct json_reader *reader, const json_t *object,
                        const struct member *members)
{
    for (void *i = json_object_iter((json_t *)object); i != NULL;
         i = json_object_iter_next((json_t *)object, i)) {
        const char *name = json_object_iter_key(i);
        const struct member *member = members;

        while (member->name != NULL && strcmp(member->name, name) != 0) {
            member++;
        }
        if (member->name == NULL) {
            refuse_unknown(reader, members, name);
        }
    }
}

void json_reader_object(struct json_reader *reader, const json_t *value,
                        const struct member *members, void *out)
{
    if (!json_is_object(value)) {
        json_reader_flaw(reader, "is not an object: write {...}");
        return;
    }
    check_names(reader, value, members);
    for (const struct member *member = members; member->name != NULL; member++) {
        const json_t *found = json_object_get(value, member->name);
        size_t mark = json_reader_enter(reader, member->name);

        if (found != NULL) {
            member->read(reader, found, out);
        } else if (member->required) {
            json_reader_flaw(reader, "is missing: add it");
        }
        json_reader_leave(reader, mark);
    }
}

bool json_reader_list(struct json_reader *reader, const json_t *value, size_t max, size_t *count)
{
    *count = json_array_size(value);
    if (!json_is_array(value)) {
        json_reader_flaw(reader, "is not a list: write [...]");
        return false;
    }
    if (*count > max) {
        json_reader_flaw(reader, "has %zu items: at most %zu are allowed", *count, max);
        return false;
    }
    return true;
}

/* ---- values -------------------------------------------------------------------------------- */

bool json_reader_text(struct json_reader *reader, const json_t *value, struct span *out)
{
    if (!json_is_string(value)) {
        json_reader_flaw(reader, "is not a text: write \"...\"");
        return false;
    }
    *out = (struct span){json_string_value(value), json_string_length(value)};
    return true;
}

bool json_reader_boolean(struct json_reader *reader, const json_t *value, bool *out)
{
    if (!json_is_boolean(value)) {
        json_reader_flaw(reader, "is neither true nor false");
        return false;
    }
    *out = json_is_true(value);
    return true;
}

bool json_reader_integer(struct json_reader *reader, const json_t *value, int64_t max, int64_t *out)
{
    if (!json_is_integer(value)) {
        json_reader_flaw(reader, "is not a whole number");
        return false;
    }
    *out = json_integer_value(value);
    if (*out < 1 || *out > max) {
        json_reader_flaw(reader, "is not between 1 and %" PRId64, max);
        return false;
    }
    return true;
}

bool json_reader_word(struct json_reader *reader, const json_t *value, const char *const *words,
                      unsigned *out)
{
    char list[LIST_MAX] = "";
    struct span text;

    if (!json_reader_text(reader, value, &text)) {
        return false;
    }
    for (unsigned i = 0; words[i] != NULL; i++) {
        size_t len = strlen(list);

        if (span_is(text, words[i])) {
            *out = i;
            return true;
        }
        snprintf(list + len, sizeof(list) - len, "%s%s", len > 0 ? ", " : "", words[i]);
    }
    json_reader_flaw(reader, "is \"%s\": write one of %s", json_reader_quote(reader, text), list);
    return false;
}
