/* Helpers for the tests of all schemes. */
#ifndef TEST_SCHEME_H
#define TEST_SCHEME_H

#include <authd/plugin.h>
#include <string.h>

static inline struct authd_bytes password_of(const char *text)
{
    return (struct authd_bytes){(const unsigned char *)text, strlen(text)};
}

static inline bool is_hash(const struct authd_scheme *scheme, const char *stored)
{
    struct authd_cost cost;
    return scheme->cost(stored, &cost);
}

#endif
