#include "http/idempotency_key.h"

static const char *check_key(struct span key)
{
    for (size_t i = 0; i < key.len; i++) {
        if (key.ptr[i] < '!' || key.ptr[i] > '~') {
            return "is not 1 to 255 visible ASCII characters";
        }
    }
    return key.len > 0 && key.len <= IDEMPOTENCY_KEY_MAX
               ? NULL
               : "is not 1 to 255 visible ASCII characters";
}

/* Takes one character of a string: anything but a quote, or an escaped quote or backslash. */
static bool take_character(struct span *text, char *out)
{
    bool escaped = text->ptr[0] == '\\';

    if (escaped && (text->len < 2 || (text->ptr[1] != '"' && text->ptr[1] != '\\'))) {
        return false;
    }
    *out = text->ptr[escaped];
    text->ptr += 1 + escaped;
    text->len -= 1 + escaped;
    return true;
}

/* Takes the rest of a string whose opening quote was read. `out` has room for the whole text. */
static const char *take_string(struct span text, char *out, struct span *key)
{
    *key = (struct span){out, 0};
    while (text.len > 0 && text.ptr[0] != '"') {
        if (!take_character(&text, &out[key->len])) {
            return "has a backslash that is before neither a quote nor a backslash";
        }
        key->len++;
    }
    if (text.len == 0) {
        return "has no closing quote";
    }
    return text.len == 1 ? NULL : "goes on after its closing quote";
}

const char *idempotency_key_read(struct span header, struct arena *arena, const char **key)
{
    struct span text = span_trim(header);
    struct span found = text;
    const char *flaw = NULL;

    *key = NULL;
    if (text.len > 0 && text.ptr[0] == '"') {
        char *out = arena_copy(arena, text);

        flaw = take_string((struct span){text.ptr + 1, text.len - 1}, out, &found);
    } else if (text.len > 0 && memchr(text.ptr, '"', text.len) != NULL) {
        flaw = "has a quote but does not begin with one";
    }
    if (flaw == NULL) {
        flaw = check_key(found);
    }
    if (flaw == NULL) {
        *key = arena_copy(arena, found);
    }
    return flaw;
}
