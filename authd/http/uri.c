#include "http/uri.h"

#include <unistr.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

static bool is_control(unsigned char c)
{
    return c < 0x20 || c == 0x7f;
}

/* `plus` decodes + as a blank, as forms write a blank. NULL: `flaw` says why `in` cannot be
 * decoded. */
static const char *decode(struct arena *arena, struct span in, bool plus, const char **flaw)
{
    char *out = arena_alloc(arena, in.len + 1);
    size_t len = 0;

    for (size_t i = 0; i < in.len; i++) {
        char c = in.ptr[i];

        if (c == '%') {
            int high = i + 1 < in.len ? hex_digit(in.ptr[i + 1]) : -1;
            int low = i + 2 < in.len ? hex_digit(in.ptr[i + 2]) : -1;

            if (high < 0 || low < 0) {
                *flaw = "has a % that is not followed by two hexadecimal digits";
                return NULL;
            }
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == ' ') {
            *flaw = "has a blank";
            return NULL;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        if (is_control((unsigned char)c)) {
            *flaw = "has a control character";
            return NULL;
        }
        out[len++] = c;
    }
    if (u8_check((const uint8_t *)out, len) != NULL) {
        *flaw = "is not UTF-8";
        return NULL;
    }
    return out;
}

/* The part of `rest` before the first `separator`; `rest` goes on behind it. */
static struct span cut(struct span *rest, char separator)
{
    const char *end = rest->len > 0 ? memchr(rest->ptr, separator, rest->len) : NULL;
    struct span part = {rest->ptr, end != NULL ? (size_t)(end - rest->ptr) : rest->len};
    size_t taken = end != NULL ? part.len + 1 : part.len;

    rest->ptr += taken;
    rest->len -= taken;
    return part;
}

static const char *parse_path(struct uri *uri, struct span path, struct arena *arena)
{
    const char *flaw = NULL;

    if (path.len == 0 || path.ptr[0] != '/') {
        return "does not begin with /";
    }
    path.ptr++;
    path.len--;
    if (path.len == 0) {
        return NULL;
    }
    for (bool more = true; more;) {
        more = memchr(path.ptr, '/', path.len) != NULL;
        if (uri->segment_count == URI_SEGMENTS_MAX) {
            return "has too many segments";
        }

        const char *segment = decode(arena, cut(&path, '/'), false, &flaw);

        if (segment == NULL) {
            return flaw;
        }
        uri->segments[uri->segment_count++] = segment;
    }
    return NULL;
}

static const char *parse_query(struct uri *uri, struct span query, struct arena *arena)
{
    const char *flaw = NULL;

    while (query.len > 0) {
        struct span value = cut(&query, '&');
        struct span name = cut(&value, '=');

        if (uri->query_count == URI_PARAMETERS_MAX) {
            return "has too many query parameters";
        }

        struct uri_parameter *parameter = &uri->query[uri->query_count];

        parameter->name = decode(arena, name, true, &flaw);
        parameter->value = decode(arena, value, true, &flaw);
        if (flaw != NULL) {
            return flaw;
        }
        for (size_t i = 0; i < uri->query_count; i++) {
            if (strcmp(uri->query[i].name, parameter->name) == 0) {
                return "has a query parameter twice";
            }
        }
        uri->query_count++;
    }
    return NULL;
}

const char *uri_parse(struct uri *uri, const char *target, struct arena *arena)
{
    struct span query = span_of(target);
    struct span path = cut(&query, '?');

    *uri = (struct uri){0};

    const char *flaw = parse_path(uri, path, arena);

    return flaw != NULL ? flaw : parse_query(uri, query, arena);
}
