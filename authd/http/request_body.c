#include "http/request_body.h"

/* Describes a flaw in the parser's own words only if these words have nothing of the body but the
 * name of a member. */
static const char *parser_flaw(const json_error_t *error, struct arena *arena)
{
    switch ((int)json_error_code(error)) {
    case json_error_duplicate_key:
        return arena_printf(arena, "line %d: %s", error->line, error->text);
    case json_error_invalid_utf8:
        return arena_printf(arena, "line %d: not UTF-8", error->line);
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return arena_printf(arena, "line %d: a NUL in a text", error->line);
    default:
        return arena_printf(arena, "not JSON at line %d, column %d", error->line, error->column);
    }
}

/* How deep arrays and objects nest, whatever else is wrong with the text. */
static unsigned depth_of(struct span text)
{
    unsigned depth = 0;
    unsigned deepest = 0;
    bool quoted = false;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (quoted && c == '\\') {
            i++;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && (c == '{' || c == '[')) {
            depth++;
            deepest = depth > deepest ? depth : deepest;
        } else if (!quoted && (c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return deepest;
}

json_t *request_body_parse(struct span text, struct arena *arena, const char **flaw)
{
    json_error_t error;

    if (text.len == 0) {
        return json_object();
    }
    if (depth_of(text) > REQUEST_BODY_DEPTH_MAX) {
        *flaw = arena_printf(arena, "nested deeper than %d levels", REQUEST_BODY_DEPTH_MAX);
        return NULL;
    }

    json_t *body = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &error);

    if (body == NULL) {
        *flaw = parser_flaw(&error, arena);
    } else if (!json_is_object(body)) {
        *flaw = "the body is not an object";
        json_decref(body);
        body = NULL;
    }
    return body;
}
