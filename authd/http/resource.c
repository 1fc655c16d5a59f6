#include "http/resource.h"

#include <string.h>

static const char *const words[RESOURCE_COUNT] = {
#define X(name, word) [RESOURCE_NUMBER_##name] = word,
    RESOURCES(X)
#undef X
};

#define EVERY_RESOURCE ((1u << RESOURCE_COUNT) - 1)

const char *resource_word(unsigned set)
{
    for (size_t i = 0; i < RESOURCE_COUNT; i++) {
        if ((set & (1u << i)) != 0) {
            return words[i];
        }
    }
    return NULL;
}

const char *resource_access(bool write)
{
    return write ? "write" : "read";
}

/* The set that the first `len` octets of a right name. */
static unsigned set_of(const char *right, size_t len)
{
    if (len == 1 && right[0] == '*') {
        return EVERY_RESOURCE;
    }
    for (size_t i = 0; i < RESOURCE_COUNT; i++) {
        if (strlen(words[i]) == len && strncmp(words[i], right, len) == 0) {
            return 1u << i;
        }
    }
    return 0;
}

unsigned resource_granted(const json_t *rights, bool write)
{
    unsigned set = 0;
    size_t index;
    json_t *item;

    json_array_foreach((json_t *)rights, index, item)
    {
        const char *right = json_string_value(item);
        const char *colon = right != NULL ? strchr(right, ':') : NULL;

        if (colon != NULL && (strcmp(colon + 1, resource_access(true)) == 0 ||
                              (!write && strcmp(colon + 1, resource_access(false)) == 0))) {
            set |= set_of(right, (size_t)(colon - right));
        }
    }
    return set;
}

json_t *resource_rights(unsigned set, bool write)
{
    json_t *rights = json_array();

    for (size_t i = 0; i < RESOURCE_COUNT; i++) {
        if ((set & (1u << i)) != 0) {
            json_array_append_new(rights, json_sprintf("%s:%s", words[i], resource_access(write)));
        }
    }
    return rights;
}
