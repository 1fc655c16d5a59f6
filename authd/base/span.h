/* A view of octets that the caller does not own, without a NUL at the end. */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
    const char *ptr;
    size_t len;
};

#define SPAN_LITERAL(text) ((struct span){(text), sizeof(text) - 1})

static inline struct span span_of(const char *text)
{
    return (struct span){text, strlen(text)};
}

/* Compares texts that are not secret; secret_equal() compares secrets. */
static inline bool span_equal(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* The text without the blanks and tabs around it: OWS of RFC 9110 section 5.6.3. */
static inline struct span span_trim(struct span text)
{
    while (text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\t')) {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t')) {
        text.len--;
    }
    return text;
}

/* FNV-1a hash. An attacker can make collisions: use it only where a collision does no harm. */
static inline uint64_t span_hash(struct span span)
{
    uint64_t number = 0xcbf29ce484222325;

    for (size_t i = 0; i < span.len; i++) {
        number = (number ^ (unsigned char)span.ptr[i]) * 0x100000001b3;
    }
    return number;
}

/* Writes a NUL-terminated copy of at most `size` - 1 octets to `out`. Returns `out`. `size` is at
 * least 1. The text ends at the first NUL of `span`. */
static inline char *span_text(struct span span, char *out, size_t size)
{
    size_t length = span.len < size ? span.len : size - 1;

    out[0] = '\0';
    if (length > 0) {
        memcpy(out, span.ptr, length);
        out[length] = '\0';
    }
    return out;
}

static inline bool span_is(struct span a, const char *text)
{
    return span_equal(a, span_of(text));
}

#endif
