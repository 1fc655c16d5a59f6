/* Strict parsing of a stored hash's parameters: a text that does not follow its format exactly is
 * not a hash. Each function moves `*at` past what was read. After false, `*at` is undefined. */
#ifndef PLUGINS_PARSE_H
#define PLUGINS_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline bool take_literal(const char **at, const char *literal)
{
    size_t len = strlen(literal);
    if (strncmp(*at, literal, len) != 0) {
        return false;
    }
    *at += len;
    return true;
}

/* Reads a decimal number from 1 to `max`, without a sign or leading zeros. */
static inline bool take_number(const char **at, uint32_t max, uint32_t *number)
{
    uint64_t value = 0;
    const char *digit = *at;
    for (; *digit >= '0' && *digit <= '9'; digit++) {
        value = value * 10 + (uint64_t)(*digit - '0');
        if (value == 0 || value > max) {
            return false;
        }
    }
    if (digit == *at) {
        return false;
    }
    *at = digit;
    *number = (uint32_t)value;
    return true;
}

#endif
