#include "http/cookie.h"

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

struct span cookie_value(struct span header, const char *name)
{
    struct span found = {0};
    unsigned count = 0;

    while (header.len > 0) {
        struct span value = cut(&header, ';');
        struct span key = span_trim(cut(&value, '='));

        if (span_is(key, name)) {
            found = span_trim(value);
            count++;
        }
    }
    return count == 1 ? found : (struct span){0};
}
